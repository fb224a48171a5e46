/* SPDX-License-Identifier: MIT
 *
 * board_config.h: addresses and sizes of the Stellaris LM3S6965 evaluation board: Cortex-M3
 * at 50 MHz, 256 KiB of flash, 64 KiB of RAM.  The sizes of lwipopts.h and
 * thimble_board_config.h are made for this board.
 */
#ifndef BOARD_CONFIG_H
#define BOARD_CONFIG_H

#define BOARD_NAME              "lm3s6965evb"
#define BOARD_CLOCK_HZ          50000000u

#define STELLARIS_ENET_BASE     0x40048000

/* There is flash enough. */
#define THIMBLE_SCSI_CDROM      1

/* HOSTNAME.local, and the memory that its responder wants: 0.5 KiB for good, a reply of 1 KiB now and then. */
#ifndef TH_BOARD_ANNOUNCE
#define TH_BOARD_ANNOUNCE       1
#endif
#if TH_BOARD_ANNOUNCE
#define MEMP_NUM_UDP_PCB        3
#define MEMP_NUM_IGMP_GROUP     3
#define MEM_SIZE                (2560 + 1664)
#endif

#endif
