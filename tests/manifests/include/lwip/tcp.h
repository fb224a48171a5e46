/* SPDX-License-Identifier: MIT
 *
 * tcp.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_LWIP_TCP_H
#define TEST_LWIP_TCP_H

#include "lwip/netif.h"

typedef struct {
    u32_t addr[4];
    u8_t type;
} ip_addr_t;

enum { IPADDR_TYPE_ANY = 46, TCP_PRIO_MIN = 1, TCP_WRITE_FLAG_COPY = 1, TCP_WRITE_FLAG_MORE = 2 };
#define TCP_MSS 1460

extern const ip_addr_t ip_addr_any_type;
#define IPADDR_STRLEN_MAX 46
#define IP_ANY_TYPE (&ip_addr_any_type)
#define IP_IS_V4(a) ((a)->type == 0)
#define IP_IS_V6(a) ((a)->type == 6)
const ip4_addr_t *ip_2_ip4(const ip_addr_t *ip);
char *ipaddr_ntoa_r(const ip_addr_t *addr, char *text, int size);

struct tcp_pcb {
    ip_addr_t local_ip, remote_ip;
    u16_t local_port;
};

typedef err_t (*tcp_accept_fn)(void *arg, struct tcp_pcb *pcb, err_t err);
typedef err_t (*tcp_recv_fn)(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err);
typedef err_t (*tcp_sent_fn)(void *arg, struct tcp_pcb *pcb, u16_t len);
typedef err_t (*tcp_poll_fn)(void *arg, struct tcp_pcb *pcb);
typedef void (*tcp_err_fn)(void *arg, err_t err);

struct tcp_pcb *tcp_new_ip_type(u8_t type);
err_t tcp_bind(struct tcp_pcb *pcb, const ip_addr_t *at, u16_t port);
struct tcp_pcb *tcp_listen_with_backlog(struct tcp_pcb *pcb, u8_t backlog);
void tcp_arg(struct tcp_pcb *pcb, void *arg);
void tcp_accept(struct tcp_pcb *pcb, tcp_accept_fn f);
void tcp_recv(struct tcp_pcb *pcb, tcp_recv_fn f);
void tcp_sent(struct tcp_pcb *pcb, tcp_sent_fn f);
void tcp_poll(struct tcp_pcb *pcb, tcp_poll_fn f, u8_t interval);
void tcp_err(struct tcp_pcb *pcb, tcp_err_fn f);
void tcp_recved(struct tcp_pcb *pcb, u16_t len);
void tcp_setprio(struct tcp_pcb *pcb, u8_t prio);
void tcp_nagle_disable(struct tcp_pcb *pcb);
u16_t tcp_sndbuf(const struct tcp_pcb *pcb);
err_t tcp_write(struct tcp_pcb *pcb, const void *data, u16_t len, u8_t flags);
err_t tcp_output(struct tcp_pcb *pcb);
err_t tcp_close(struct tcp_pcb *pcb);
void tcp_abort(struct tcp_pcb *pcb);

#endif
