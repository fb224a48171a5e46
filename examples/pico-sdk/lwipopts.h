/* SPDX-License-Identifier: MIT
 *
 * lwipopts.h: how lwIP is built for an RP2040 that serves a disk.  Each option is documented in lwIP's own lwip/opt.h;
 * here is only what differs from its defaults, and why.  About 84 KiB of RAM.
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

/* One loop, no operating system: the raw API, called from main() only. */
#define NO_SYS                          1
#define SYS_LIGHTWEIGHT_PROT            0
#define LWIP_NETCONN                    0
#define LWIP_SOCKET                     0

/* What is there: IPv4 by DHCP, ICMP echo, TCP. */
#define LWIP_IPV4                       1
#define LWIP_IPV6                       0
#define LWIP_DHCP                       1
#define DHCP_DOES_ARP_CHECK             0       /* saves 2 s at the start */
#define LWIP_DHCP_DOES_ACD_CHECK        0
#define LWIP_RAW                        0
#define LWIP_DNS                        0
#define IP_REASSEMBLY                   0       /* a TCP peer does not fragment */
#define IP_FRAG                         0
#define LWIP_STATS                      0
#define LWIP_NETIF_HOSTNAME             1
#define LWIP_TCP_KEEPALIVE              1

/* HOSTNAME.local, by multicast DNS.  Its replies, of up to 1450 bytes, are made in MEM_SIZE. */
#define LWIP_IGMP                       1
#define LWIP_MDNS_RESPONDER             1
#define LWIP_MDNS_SEARCH                0
#define MDNS_MAX_SERVICES               2       /* iSCSI, HTTP */
#define LWIP_NUM_NETIF_CLIENT_DATA      1
#define LWIP_NETIF_EXT_STATUS_CALLBACK  1       /* tells it of addresses and links */
#define MEMP_NUM_SYS_TIMEOUT            (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 8)

/* The radio's driver and the W5500's want frames without pad bytes in front. */
#define ETH_PAD_SIZE                    0
#define MEM_ALIGNMENT                   4

/* Connections: THIMBLE_BOARD_CONNECTIONS (4), one that waits, two that are going; three for HTTP. */
#define MEMP_NUM_TCP_PCB                10
#define MEMP_NUM_TCP_PCB_LISTEN         2
#define MEMP_NUM_UDP_PCB                5       /* DHCP, syslog, multicast DNS; two of the access point */
#define TCP_LISTEN_BACKLOG              1

/* Eight segments each way: what a link of a few MB/s has on its way within some milliseconds. */
#define TCP_MSS                         1460
#define TCP_WND                         (8 * TCP_MSS)
#define TCP_SND_BUF                     (8 * TCP_MSS)
#define TCP_SND_QUEUELEN                40
#define MEMP_NUM_TCP_SEG                96
#define MEMP_NUM_PBUF                   96      /* pieces sent without a copy */
#define TCP_OVERSIZE                    0       /* headers are of known length: no spare room */
#define TCP_MAXRTX                      8       /* gives up a dead peer in about two minutes */

/* Frames that have come in: a window of each connection, for it may wait until a disk has room, and eight that are
 * being looked at.  Fewer would let four stopped connections keep out the acknowledgements that free them. */
#define PBUF_POOL_SIZE                  40
#define PBUF_POOL_BUFSIZE               1524

/* Headers of segments on their way out (about 120 bytes each), acknowledgements, DHCP. */
#define MEM_SIZE                        12288

#define LWIP_CHKSUM_ALGORITHM           3       /* 32 bits at a time */

/* Numbers that a stranger must not guess: where a connection's sequence numbers start. */
#define LWIP_RAND()                     get_rand_32()
#define LWIP_HOOK_FILENAME              "lwip_hooks.h"
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) get_rand_32()

#endif
