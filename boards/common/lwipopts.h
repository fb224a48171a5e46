/* SPDX-License-Identifier: MIT
 *
 * lwipopts.h: how lwIP is built for the boards.  Each option is documented in lwIP's own
 * lwip/opt.h; here is only what differs from its defaults, and why.
 *
 * The numbers are those of a machine with 64 KiB of RAM: about 20 KiB for the whole of
 * TCP/IP.  A board with more room sets the ones marked (*) in its board_config.h.
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#include "board_config.h"

/* One loop, no operating system: the raw API, called from main() only. */
#define NO_SYS                          1
#define SYS_LIGHTWEIGHT_PROT            0
#define LWIP_NETCONN                    0
#define LWIP_SOCKET                     0

/* What is there: IPv4 by DHCP, ICMP echo, TCP; IPv6 where a board wants it. */
#define LWIP_IPV4                       1
#ifndef LWIP_IPV6
#define LWIP_IPV6                       0       /* (*) about 15 KiB of flash */
#endif
#define LWIP_ARP                        1
#define ARP_QUEUEING                    1       /* else of two SYNs at once one waits 3 s */
#define ARP_QUEUE_LEN                   4
#define MEMP_NUM_ARP_QUEUE              4
#define LWIP_ETHERNET                   1
#define LWIP_ICMP                       1
#define LWIP_DHCP                       1
#define LWIP_DHCP_CHECK_LINK_UP         0
#define DHCP_DOES_ARP_CHECK             0       /* saves 2 s at the start */
#define LWIP_UDP                        1       /* for DHCP, syslog, and what TH_BOARD_STATUS adds */
#define LWIP_RAW                        LWIP_IPV6
#define LWIP_DNS                        0
#define IP_REASSEMBLY                   0       /* a TCP peer does not fragment */
#define IP_FRAG                         0
#define LWIP_NETIF_HOSTNAME             1
#define LWIP_NETIF_STATUS_CALLBACK      1
#define LWIP_SUPPORT_CUSTOM_PBUF        1       /* net.c, the frame in reserve */
#define LWIP_SINGLE_NETIF               0

/* Frames keep two pad bytes in front: the IP header is then on a word, which an ARMv6-M needs and
 * all like. */
#define ETH_PAD_SIZE                    2
#define MEM_ALIGNMENT                   4

/* Connections: four served at a time, one being refused or arriving, one going.  Only those
 * that are being closed, never a served one, may be given up for a new one. */
#ifndef MEMP_NUM_TCP_PCB
#define MEMP_NUM_TCP_PCB                6       /* (*) 156 bytes each */
#endif
#ifndef MEMP_NUM_TCP_PCB_LISTEN
#define MEMP_NUM_TCP_PCB_LISTEN         2
#endif
#ifndef MEMP_NUM_UDP_PCB
#define MEMP_NUM_UDP_PCB                2       /* DHCP, syslog */
#endif
#define TCP_LISTEN_BACKLOG              1

/* A segment fills a frame.  The window is what one connection may have on its way to us, and so
 * the most pool buffers that it holds while its data waits for a place.  Two segments keep a
 * local network of 100 Mbit/s busy, and the pool below is enough for all four connections. */
#define TCP_MSS                         1460
#ifndef TCP_WND
#define TCP_WND                         (2 * TCP_MSS)           /* (*) */
#endif
#ifndef TCP_SND_BUF
#define TCP_SND_BUF                     (6 * TCP_MSS)           /* (*) two Data-In PDUs of 4 KiB */
#endif
#ifndef TCP_SND_QUEUELEN
#define TCP_SND_QUEUELEN                20                      /* (*) */
#endif
#ifndef MEMP_NUM_TCP_SEG
#define MEMP_NUM_TCP_SEG                24      /* (*) 16 bytes each */
#endif
#define MEMP_NUM_PBUF                   MEMP_NUM_TCP_SEG        /* pieces sent without a copy */
#define TCP_OVERSIZE                    0       /* headers are of known length: no spare room */
#ifndef TCP_QUEUE_OOSEQ
#define TCP_QUEUE_OOSEQ                 0       /* (*) would hold pool buffers */
#endif
#define TCP_MAXRTX                      8       /* gives up a dead peer in about two minutes */
#define LWIP_TCP_KEEPALIVE              1

/* Frames that have come in: two of each connection, and two that are being looked at.  1524: 2
 * pad, 1514 frame, 4 check sequence, a multiple of 4. */
#ifndef PBUF_POOL_SIZE
#define PBUF_POOL_SIZE                  10      /* (*) 1540 bytes each */
#endif
#define PBUF_POOL_BUFSIZE               1524

/* Headers of segments on their way out (about 120 bytes each), acknowledgements, DHCP. */
#ifndef MEM_SIZE
#define MEM_SIZE                        2560    /* (*) */
#endif

/* The memory of lwIP's own timers, and one for us. */
#define LWIP_TIMERS                     1

#define LWIP_CHKSUM_ALGORITHM           3       /* 32 bits at a time */

/* Checked by us before use: what a peer may do wrong is no assertion's matter. */
#define LWIP_NOASSERT                   1

/* SNMP, port/board/status_lwip.c: on boards whose board_config.h sets TH_BOARD_STATUS. */
#ifndef LWIP_SNMP
#if defined(TH_BOARD_STATUS) && TH_BOARD_STATUS
#define LWIP_SNMP                       1
#else
#define LWIP_SNMP                       0
#endif
#endif
#define LWIP_STATS                      LWIP_SNMP
#if LWIP_SNMP
#define MIB2_STATS                      1
#define SNMP_LWIP_MIB2                  1
#define SNMP_MAX_OCTET_STRING_LEN       224
#define SNMP_MAX_COMMUNITY_STR_LEN      33
#define SNMP_LWIP_GETBULK_MAX_REPETITIONS 20
#endif

/* Multicast DNS, port/board/announce_lwip.c: on boards whose board_config.h sets TH_BOARD_ANNOUNCE. */
#if defined(TH_BOARD_ANNOUNCE) && TH_BOARD_ANNOUNCE
#define LWIP_IGMP                       1
#define LWIP_MDNS_RESPONDER             1
#define MDNS_MAX_SERVICES               2       /* iSCSI, HTTP */
#define LWIP_NUM_NETIF_CLIENT_DATA      1
#define LWIP_NETIF_EXT_STATUS_CALLBACK  1       /* tells it of addresses and links */
#define MEMP_NUM_SYS_TIMEOUT            (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 1)
#endif

/* Numbers that a stranger must not guess: where a connection's sequence numbers start. */
#define LWIP_HOOK_FILENAME              "net_hooks.h"
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) random_u32()

#endif
