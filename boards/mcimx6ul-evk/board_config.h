/* SPDX-License-Identifier: MIT
 *
 * board_config.h: addresses and sizes of the i.MX 6UltraLite evaluation kit: Cortex-A7.  Its
 * Ethernet and SD blocks are those of the i.MX RT1062 (Teensy 4.1), at other addresses.
 */
#ifndef BOARD_CONFIG_H
#define BOARD_CONFIG_H

#define BOARD_NAME              "mcimx6ul-evk"

#define ENET_BASE               0x02188000      /* RT1062: 0x402d8000 */
#define USDHC_BASE              0x02190000      /* RT1062: 0x402c0000 */
#define USDHC_CLOCK_HZ          198000000u

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
