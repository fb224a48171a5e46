/* SPDX-License-Identifier: MIT
 *
 * pico_point.c: a Pico W as an access point, for the form of device/setup.h: addresses for its guests (device/lease.h) and
 * answers to their questions for names, by UDP of lwIP's raw interface.
 *
 * Layer 6.  The access point's interface to lwIP is pico_wifi.c's; the page is board/web_lwip.c's.
 */
#include "pico.h"

#if TH_BOARD_PICO && TH_BOARD_SETUP

#include <pico/cyw43_arch.h>
#include <stdio.h>
#include <string.h>

#include "../../device/lease.h"
#include "../board/point.h"
#include "../board/remote.h"
#include "../board/web_lwip.h"
#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/udp.h"

enum { HTTP_PORT = 80, DNS_PORT = 53, DHCP_PORT = 67, DHCP_GUEST_PORT = 68, GUESTS_MAX = 10 };

static const uint8_t own[4] = { 192, 168, 4, 1 };       /* cyw43-driver's choice, and that of ESP-IDF */

static struct thimble_leases leases;
static struct udp_pcb *dhcp, *names;
static struct netif *guests;            /* NULL: there is no access point */
static uint16_t http_port = HTTP_PORT;

/* --------------------------------------------------------------------------------------
 * Datagrams
 */
static void say(struct udp_pcb *pcb, const void *data, size_t len, const uint8_t ip[4], u16_t port)
{
    struct pbuf *p = len ? pbuf_alloc(PBUF_TRANSPORT, (u16_t)len, PBUF_RAM) : NULL;
    ip_addr_t to;

    if (!p)
        return;
    IP_ADDR4(&to, ip[0], ip[1], ip[2], ip[3]);
    if (pbuf_take(p, data, (u16_t)len) == ERR_OK)
        udp_sendto_if(pcb, p, &to, port, guests);
    pbuf_free(p);
}

/* True: it is a guest's, and in `to`. */
static bool take(struct pbuf *p, uint8_t *to, size_t size, size_t *len)
{
    bool from_guest = guests && ip_current_input_netif() == guests;

    *len = from_guest ? pbuf_copy_partial(p, to, (u16_t)size, 0) : 0;
    pbuf_free(p);
    return from_guest;
}

static void on_lease(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
    static uint8_t message[THIMBLE_LEASE_MESSAGE_BYTES], answer[THIMBLE_LEASE_ANSWER_BYTES];
    uint8_t to[4];
    size_t len;

    (void)arg, (void)from, (void)port;
    if (!take(p, message, sizeof message, &len))
        return;
    len = thimble_lease_answer(&leases, message, len, th_board_ms(), answer, to);
    if (len > 0)
        say(pcb, answer, len, to, DHCP_GUEST_PORT);
}

static void on_question(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
    static uint8_t question[THIMBLE_NAME_ANSWER_BYTES], answer[THIMBLE_NAME_ANSWER_BYTES];
    uint32_t ip = ip4_addr_get_u32(ip_2_ip4(from));
    uint8_t to[4];
    size_t len;

    (void)arg;
    memcpy(to, &ip, sizeof to);         /* in the network's order already */
    if (!take(p, question, sizeof question, &len))
        return;
    len = thimble_name_answer(question, len, own, answer);
    if (len > 0)
        say(pcb, answer, len, to, port);
}

static struct udp_pcb *listen_at(u16_t port, udp_recv_fn f)
{
    struct udp_pcb *pcb = udp_new();

    if (pcb && udp_bind(pcb, IP_ANY_TYPE, port) == ERR_OK) {
        udp_recv(pcb, f, NULL);
        return pcb;
    }
    if (pcb)
        udp_remove(pcb);
    th_board_log(TH_LOG_ERROR, "setup: no memory for port %u", (unsigned)port);
    return NULL;
}

/* --------------------------------------------------------------------------------------
 * The access point
 */
const char *th_point_start(const char *name, const char *password)
{
    ip4_addr_t ip;

    IP4_ADDR(&ip, own[0], own[1], own[2], own[3]);
    if (!names)
        names = listen_at(DNS_PORT, on_question);
    if (!dhcp)
        dhcp = listen_at(DHCP_PORT, on_lease);
    if (!names || !dhcp)
        return NULL;
    thimble_leases_init(&leases, own);
    guests = th_pico_point_up(name, password);
    if (!th_web_lwip.keep)
        th_web_new_token(&th_web_lwip);
    th_web_lwip.keep = th_pico_keep;
    th_web_lwip.restart = th_restart_ask;
    int n = snprintf(th_web_lwip.point, sizeof th_web_lwip.point, "%u.%u.%u.%u", own[0], own[1], own[2], own[3]);
    if (http_port != HTTP_PORT)
        snprintf(th_web_lwip.point + n, sizeof th_web_lwip.point - (size_t)n, ":%u", (unsigned)http_port);
    th_web_lwip_point(ip4_addr_get_u32(&ip));
    th_web_lwip_start(http_port);
    return th_web_lwip.point;
}

void th_point_stop(void)
{
    th_web_lwip_point(0);
    if (guests)
        th_pico_point_down();
    guests = NULL;
}

unsigned th_point_guests(void)
{
    static uint8_t macs[GUESTS_MAX * 6];
    int n = GUESTS_MAX;                 /* so many fit */

    if (!guests)
        return 0;
    cyw43_wifi_ap_get_stas(&cyw43_state, &n, macs);
    return n > 0 ? (unsigned)n : 0;
}

bool th_point_mac(uint8_t mac[6])
{
    return cyw43_wifi_get_mac(&cyw43_state, CYW43_ITF_STA, mac) == 0;
}

bool th_pico_point_poll(const struct thimble_settings *s, bool joined, bool any_network)
{
    http_port = s->status.http_port ? s->status.http_port : HTTP_PORT;
    return th_point_poll(s, joined, any_network, true) != TH_POINT_OFF;
}

void th_remote_poll(bool serves)
{
    (void)serves;
    th_restart_poll();
}

#else

/* ISO C wants something in every file. */
typedef int th_pico_point_is_not_compiled;

#endif
