/* SPDX-License-Identifier: MIT
 *
 * board_config.h: addresses and sizes of the MPS2 board with image AN500: Cortex-M7 at 25 MHz.
 */
#ifndef BOARD_CONFIG_H
#define BOARD_CONFIG_H

/* [guide: board config] */
#define BOARD_NAME              "mps2-an500"
#define BOARD_CLOCK_HZ          25000000u

#define LAN9118_BASE            0xa0000000

/* lwipopts.h.  The controller holds six frames: two initiators may write at once. */
#define TCP_WND                 (3 * TCP_MSS)
#define TCP_SND_BUF             (16 * TCP_MSS)
#define TCP_SND_QUEUELEN        48
#define TCP_QUEUE_OOSEQ         1
#define MEMP_NUM_TCP_PCB        12
#define MEMP_NUM_TCP_SEG        96
#define PBUF_POOL_SIZE          48
#define MEM_SIZE                32768

/* thimble_board_config.h and thimble_board.h */
#define THIMBLE_TX_SLOTS        8
#define THIMBLE_BOARD_CONNECTIONS 8
#define THIMBLE_BOARD_SESSIONS  8
#define THIMBLE_BOARD_QUEUE_DEPTH 32
#define THIMBLE_BOARD_BUFFERS   16
#define THIMBLE_BOARD_BUFFER_BYTES 16384
/* [end] */

#endif
