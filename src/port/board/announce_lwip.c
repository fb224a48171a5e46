/* SPDX-License-Identifier: MIT
 *
 * announce_lwip.c: see announce.h: by lwIP's responder, where lwIP was built with one (LWIP_MDNS_RESPONDER).
 *
 * The responder takes every datagram for its port and believes what it says of its own length; here one is looked at before:
 * it comes from the local network (RFC 6762, 11), can have as many records as it claims, and there were not too
 * many of them lately.  All others are dropped, which costs a board little.
 *
 * Layer 6.  lwIP 2.1 and 2.2, raw interface.
 */
#include "which.h"

#if TH_BOARD_LWIP

#include "announce.h"
#include "lwip/apps/mdns.h"

#if LWIP_MDNS_RESPONDER

#include <string.h>

#include "lwip/init.h"
#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/udp.h"

/* Since 2.2 it announces twice by itself, and knows how long its records are good. */
#define RESPONDER_IS_NEW (LWIP_VERSION_MAJOR > 2 || LWIP_VERSION_MINOR > 1)

enum {
    PORT = 5353,
    HEADER_BYTES = 12, QUESTION_BYTES = 5, RECORD_BYTES = 11,   /* the least of each: RFC 1035, 4.1 */
    AT_ONCE = 40, ONE_EACH_MS = 25,     /* datagrams that are looked at */
    AGAIN_MS = 1000,                    /* to the second announcement: RFC 6762, 8.3 */
    NAMES = 30,                         /* tried before it gives up */
    HOST_TTL_S = 120, SERVICE_TTL_S = 4500,                     /* RFC 6762, 10 */
};

const bool th_announce_is_there = true;

static const struct th_announced *announced;
static struct netif *interface;         /* an access point's, later, is another */
static s8_t slots[2] = { -1, -1 };
static unsigned n_names;                /* tried */
static bool taken, again;               /* the name is somebody else's; announce once more */
static uint32_t again_ms;

static struct {
    udp_recv_fn next;
    void *arg;
    unsigned left;
    uint32_t since_ms;
} gate;

/* --------------------------------------------------------------------------------------
 * What comes in
 */
static bool is_neighbour(const ip_addr_t *from, const struct netif *n)
{
#if LWIP_IPV6
    if (IP_IS_V6(from))
        return ip6_addr_islinklocal(ip_2_ip6(from));
#endif
    return ip4_addr_netcmp(ip_2_ip4(from), netif_ip4_addr(n), netif_ip4_netmask(n));
}

static bool is_possible(const struct pbuf *p)
{
    uint8_t h[HEADER_BYTES];

    if (pbuf_copy_partial(p, h, sizeof h, 0) != sizeof h)
        return false;
    uint32_t least = (uint32_t)(h[4] << 8 | h[5]) * QUESTION_BYTES;
    for (int i = 6; i < HEADER_BYTES; i += 2)
        least += (uint32_t)(h[i] << 8 | h[i + 1]) * RECORD_BYTES;
    return least <= p->tot_len - (uint32_t)HEADER_BYTES;
}

static bool is_in_time(void)
{
    uint32_t passed = (th_board_ms() - gate.since_ms) / ONE_EACH_MS;

    if (passed >= AT_ONCE - gate.left) {
        gate.left = AT_ONCE;
        gate.since_ms = th_board_ms();
    } else {
        gate.left += passed;
        gate.since_ms += passed * ONE_EACH_MS;
    }
    return gate.left > 0 && gate.left-- > 0;
}

static void on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
    (void)arg;
    if (is_neighbour(from, ip_current_input_netif()) && is_possible(p) && is_in_time())
        gate.next(gate.arg, pcb, p, from, port);
    else
        pbuf_free(p);
}

/* The responder keeps its pcb to itself. */
static bool put_gate(void)
{
    for (struct udp_pcb *pcb = udp_pcbs; pcb; pcb = pcb->next)
        if (pcb->local_port == PORT && pcb->recv) {
            gate.next = pcb->recv;
            gate.arg = pcb->recv_arg;
            gate.left = AT_ONCE;
            gate.since_ms = th_board_ms();
            pcb->recv = on_datagram;
            return true;
        }
    return false;
}

/* --------------------------------------------------------------------------------------
 * What is said
 */

/* A string of more than 63 bytes is not taken: a name that long is left out. */
static void put_targets(struct mdns_service *service, void *ctx)
{
    char text[TH_ANNOUNCE_TEXT];
    size_t len;

    (void)ctx;
    for (unsigned n = 0; (len = th_announce_text(announced, n, text)) > 0; n++)
        mdns_resp_add_service_txtitem(service, text, (u8_t)len);
}

static void put_page(struct mdns_service *service, void *ctx)
{
    static const char path[] = "path=/";

    (void)ctx;
    mdns_resp_add_service_txtitem(service, path, sizeof path - 1);
}

static s8_t add_service(const char *name, const char *type, u16_t port, service_get_txt_fn_t put_text)
{
#if RESPONDER_IS_NEW
    return mdns_resp_add_service(interface, name, type, DNSSD_PROTO_TCP, port, put_text, NULL);
#else
    return mdns_resp_add_service(interface, name, type, DNSSD_PROTO_TCP, port, SERVICE_TTL_S, put_text, NULL);
#endif
}

static bool add_all(void)
{
    char host[TH_ANNOUNCE_LABEL], name[TH_ANNOUNCE_LABEL];

    th_announce_host(announced, n_names, host);
    th_announce_service(host, name);
#if RESPONDER_IS_NEW
    err_t err = mdns_resp_add_netif(interface, host);
#else
    err_t err = mdns_resp_add_netif(interface, host, HOST_TTL_S);
#endif
    if (err != ERR_OK)
        return false;
    slots[0] = add_service(name, "_iscsi", announced->port, put_targets);
    if (slots[0] >= 0 && announced->http_port)
        slots[1] = add_service(name, "_http", announced->http_port, put_page);
    return slots[0] >= 0 && (slots[1] >= 0 || !announced->http_port);
}

/* Called within the responder, which must not be told of another name then. */
#if RESPONDER_IS_NEW
static void on_name(struct netif *n, u8_t result, s8_t slot)
{
    (void)n, (void)slot;
#else
static void on_name(struct netif *n, u8_t result)
{
    (void)n;
#endif
    taken = result != MDNS_PROBING_SUCCESSFUL;
    if (taken)
        return;
    char host[TH_ANNOUNCE_LABEL];
    th_announce_host(announced, n_names, host);
    th_board_log(TH_LOG_INFO, "announce: this is %s.local", host);
    again = !RESPONDER_IS_NEW;
    again_ms = th_board_ms();
}

static void take_another_name(void)
{
    char host[TH_ANNOUNCE_LABEL], name[TH_ANNOUNCE_LABEL];

    taken = false;
    th_announce_host(announced, n_names, host);
    if (n_names == NAMES) {
        th_board_log(TH_LOG_WARNING, "announce: there is a %s, too; given up", host);
        mdns_resp_remove_netif(interface);
        return;
    }
    th_board_log(TH_LOG_INFO, "announce: there is a %s already", host);
    th_announce_host(announced, ++n_names, host);
    th_announce_service(host, name);
    mdns_resp_rename_netif(interface, host);
    for (unsigned i = 0; i < 2; i++)
        if (slots[i] >= 0)
            mdns_resp_rename_service(interface, slots[i], name);
}

void th_announce_start(const struct th_announced *what)
{
    announced = what;
    interface = netif_default;
    n_names = 1;
    mdns_resp_register_name_result_cb(on_name);
    mdns_resp_init();
    if (!interface || !put_gate() || !add_all())
        th_board_log(TH_LOG_ERROR, "announce: no memory");
}

void th_announce_poll(void)
{
    if (taken)
        take_another_name();
    if (again && th_board_ms() - again_ms >= AGAIN_MS) {
        again = false;
        mdns_resp_announce(interface);
    }
}

#else

const bool th_announce_is_there = false;

void th_announce_start(const struct th_announced *what)
{
    (void)what;
    th_board_log(TH_LOG_WARNING, "announce: this firmware cannot");
}

void th_announce_poll(void)
{
}

#endif

#else

/* ISO C wants something in every file. */
typedef int th_announce_is_not_by_lwip;

#endif
