/* SPDX-License-Identifier: MIT
 *
 * large_board.h: sizes of a board that has RAM by the megabyte, and the services that there is room for then.  Its
 * board_config.h includes this.
 */
#ifndef LARGE_BOARD_H
#define LARGE_BOARD_H

/* lwipopts.h */
#define LWIP_IPV6               1
#define MEMP_NUM_TCP_PCB        12
#define MEMP_NUM_TCP_SEG        96
#define PBUF_POOL_SIZE          48
#define MEM_SIZE                32768
#define TCP_WND                 (16 * TCP_MSS)
#define TCP_SND_BUF             (16 * TCP_MSS)
#define TCP_SND_QUEUELEN        48
#define TCP_QUEUE_OOSEQ         1

/* The status page and SNMP, which want counters; HOSTNAME.local. */
#ifndef TH_BOARD_STATUS
#define TH_BOARD_STATUS         1
#endif
#ifndef TH_BOARD_ANNOUNCE
#define TH_BOARD_ANNOUNCE       1
#endif
#ifndef THIMBLE_STATS
#define THIMBLE_STATS           1
#endif
/* What of these initiators are told: page 85h names the page, the log pages have what the driver counts. */
#ifndef THIMBLE_SCSI_VPD
#define THIMBLE_SCSI_VPD        1
#endif
#ifndef THIMBLE_SCSI_LOG
#define THIMBLE_SCSI_LOG        1
#endif
#define MEMP_NUM_UDP_PCB        4
#define MEMP_NUM_TCP_PCB_LISTEN 3

/* thimble_board_config.h */
#define THIMBLE_LWIP_HELD_MAX   16
#define THIMBLE_TX_SLOTS        8

/* thimble_board.h; memory for RAM disks and a cache */
#define FIRMWARE_MEMORY_BYTES   (1 << 20)
#define THIMBLE_BOARD_CONNECTIONS 8
#define THIMBLE_BOARD_SESSIONS  8
#define THIMBLE_BOARD_QUEUE_DEPTH 32
#define THIMBLE_BOARD_BUFFERS   16
#define THIMBLE_BOARD_BUFFER_BYTES 16384

#endif
