/* SPDX-License-Identifier: MIT
 *
 * netif.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_LWIP_NETIF_H
#define TEST_LWIP_NETIF_H

#include "lwip/pbuf.h"

typedef struct {
    u32_t addr;
} ip4_addr_t;
extern const ip4_addr_t ip4_addr_zero;
#define IP4_ADDR_ANY4 (&ip4_addr_zero)
#define IP4ADDR_STRLEN_MAX 16
#define IP4_ADDR(ip, a, b, c, d) \
    ((ip)->addr = (u32_t)(a) | (u32_t)(b) << 8 | (u32_t)(c) << 16 | (u32_t)(d) << 24)
#define ip4_addr_get_u32(ip) ((ip)->addr)
#define ip4_addr_set_u32(ip, value) ((ip)->addr = (value))
#define ip4_addr_isany_val(ip) ((ip).addr == 0)
u32_t lwip_htonl(u32_t value);
char *ip4addr_ntoa_r(const ip4_addr_t *ip, char *text, int size);

struct netif;
typedef err_t (*netif_init_fn)(struct netif *n);
typedef err_t (*netif_input_fn)(struct pbuf *p, struct netif *n);
typedef err_t (*netif_output_fn)(struct netif *n, struct pbuf *p, const ip4_addr_t *to);
typedef err_t (*netif_linkoutput_fn)(struct netif *n, struct pbuf *p);

enum { NETIF_FLAG_BROADCAST = 2, NETIF_FLAG_ETHARP = 8, NETIF_FLAG_ETHERNET = 16 };

struct netif {
    netif_input_fn input;
    netif_output_fn output;
    netif_linkoutput_fn linkoutput;
    u16_t mtu;
    u8_t hwaddr[6], hwaddr_len, flags;
    char name[2];
};

extern struct netif *netif_default;
struct netif *netif_add(struct netif *n, const ip4_addr_t *ip, const ip4_addr_t *mask, const ip4_addr_t *gateway,
                        void *state, netif_init_fn init, netif_input_fn input);
void netif_set_addr(struct netif *n, const ip4_addr_t *ip, const ip4_addr_t *mask, const ip4_addr_t *gateway);
void netif_set_default(struct netif *n);
void netif_set_up(struct netif *n);
void netif_set_down(struct netif *n);
void netif_remove(struct netif *n);
void netif_set_link_up(struct netif *n);
void netif_set_link_down(struct netif *n);
void netif_set_hostname(struct netif *n, const char *name);
u8_t netif_is_link_up(const struct netif *n);
const ip4_addr_t *netif_ip4_addr(const struct netif *n);

#endif
