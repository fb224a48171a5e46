/* SPDX-License-Identifier: MIT
 *
 * pico_wifi.c: the link by the radio of a Pico W (CYW43439): networks of thimble.ini in their order, again and again
 * with pauses that grow.
 *
 * Layer 6.  The radio's driver is cyw43-driver, which has a licence of its own: see docs/boards/pico-w.md.  It runs
 *
 *     where the firmware polls it             pico-sdk, pico_cyw43_arch_lwip_poll
 *     in an interrupt, under a lock           pico-sdk, pico_cyw43_arch_lwip_threadsafe_background; arduino-pico
 *
 * In the second case we have the lock for good and let go of it once in each turn, in let_radio_work():
 * what the interrupt would have done is done there, in our own context, so that the engine and lwIP are never
 * entered from two sides.  pico-sdk's driver has an lwIP interface of its own; arduino-pico wants to be given one.
 */
#include "pico.h"

#if TH_PICO_WIFI

#include <pico/cyw43_arch.h>
#include <pico/rand.h>
#include <string.h>

#include "../board/wifi_order.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#ifndef CYW43_WL_GPIO_LED_PIN
#define CYW43_WL_GPIO_LED_PIN 0
#endif

static const struct thimble_settings *settings;
static struct netif *interface;
static struct th_wifi_order order;
static uint8_t networks[THIMBLE_SETTINGS_WIFI];         /* places in settings->wifi that are given */
static bool radio_runs, led_is_on;

/* --------------------------------------------------------------------------------------
 * The radio
 */

static void let_radio_work(void)
{
#if defined(PICO_CYW43_ARCH_POLL) && PICO_CYW43_ARCH_POLL
    cyw43_arch_poll();
#else
    cyw43_arch_lwip_end();
    cyw43_arch_lwip_begin();
#endif
}

/* [wifi] country: two letters; the radio asks before it is started, so the first network's counts. */
static uint32_t country(void)
{
    const char *code = NULL;
    for (unsigned i = 0; i < THIMBLE_SETTINGS_WIFI && !code; i++)
        code = thimble_settings_text(settings, settings->wifi[i].country);
    return code && strlen(code) == 2 ? CYW43_COUNTRY(code[0], code[1], 0) : CYW43_COUNTRY_WORLDWIDE;
}

#ifdef ARDUINO

/* The core has started the radio before setup(), and gives one interface what comes in: the access point's while there is
 * one, for then no network is joined. */
static struct netif own, own_point;
static struct netif *receiver;

struct netif *th_pico_radio_netif(void)
{
    return receiver;
}

static bool start_driver(void)
{
    return cyw43_is_initialized(&cyw43_state);
}

static err_t frame_out(struct netif *n, struct pbuf *p)
{
    int which = n == &own ? CYW43_ITF_STA : CYW43_ITF_AP;
    return cyw43_send_ethernet(&cyw43_state, which, p->tot_len, p, true) ? ERR_IF : ERR_OK;
}

static err_t netif_start(struct netif *n)
{
    n->name[0] = 'w';
    n->name[1] = n == &own ? '0' : '1';
    n->mtu = 1500;
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    n->hwaddr_len = ETH_HWADDR_LEN;
    cyw43_wifi_get_mac(&cyw43_state, n == &own ? CYW43_ITF_STA : CYW43_ITF_AP, n->hwaddr);
    n->output = etharp_output;
    n->linkoutput = frame_out;
    return ERR_OK;
}

static struct netif *make_interface(void)
{
    lwip_init();
    if (!netif_add(&own, NULL, NULL, NULL, NULL, netif_start, ethernet_input))
        return NULL;
    netif_set_default(&own);
    netif_set_up(&own);
    receiver = &own;
    return &own;
}

#if TH_BOARD_SETUP

static struct netif *make_point(void)
{
    ip4_addr_t ip, mask;

    IP4_ADDR(&ip, 192, 168, 4, 1);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    if (!netif_add(&own_point, &ip, &mask, &ip, NULL, netif_start, ethernet_input))
        return NULL;
    netif_set_up(&own_point);
    netif_set_link_up(&own_point);
    receiver = &own_point;
    return &own_point;
}

static void end_point(void)
{
    receiver = &own;
    netif_remove(&own_point);
}

#endif

/* Nobody else does, unless the sketch uses the core's own network library. */
static void run_timers(void)
{
    sys_check_timeouts();
}

#else

static bool start_driver(void)
{
    return radio_runs || cyw43_arch_init_with_country(country()) == 0;
}

static struct netif *make_interface(void)
{
    return &cyw43_state.netif[CYW43_ITF_STA];   /* made and set up by the driver */
}

#if TH_BOARD_SETUP

static struct netif *make_point(void)
{
    return &cyw43_state.netif[CYW43_ITF_AP];    /* the same */
}

static void end_point(void)             /* the driver takes it away when it makes the next */
{
    netif_set_down(&cyw43_state.netif[CYW43_ITF_AP]);
}

#endif

static void run_timers(void)            /* the driver's context does */
{
}

#endif

/* --------------------------------------------------------------------------------------
 * Networks
 */

static void join(unsigned number)
{
    const struct thimble_settings_wifi *w = &settings->wifi[networks[number]];
    const char *ssid = thimble_settings_text(settings, w->ssid);
    const char *password = thimble_settings_text(settings, w->password);

    th_board_log(TH_LOG_INFO, "network: looking for WiFi %s", ssid);
    int err = cyw43_wifi_join(&cyw43_state, strlen(ssid), (const uint8_t *)ssid,
                              password ? strlen(password) : 0, (const uint8_t *)password,
                              password ? CYW43_AUTH_WPA2_AES_PSK : CYW43_AUTH_OPEN, NULL,
                              CYW43_CHANNEL_NONE);
    if (err)
        th_wifi_order_ended(&order, false, th_board_ms(), get_rand_32());
}

#if TH_BOARD_SETUP

/* The driver makes the newest interface lwIP's default; it stays the one that networks are joined with. */
struct netif *th_pico_point_up(const char *name, const char *password)
{
    if (order.state == TH_WIFI_JOINING)
        cyw43_wifi_leave(&cyw43_state, CYW43_ITF_STA);
    cyw43_wifi_ap_set_ssid(&cyw43_state, strlen(name), (const uint8_t *)name);
    cyw43_wifi_ap_set_password(&cyw43_state, strlen(password), (const uint8_t *)password);
    cyw43_wifi_ap_set_auth(&cyw43_state, password[0] ? CYW43_AUTH_WPA2_AES_PSK : CYW43_AUTH_OPEN);
    cyw43_wifi_set_up(&cyw43_state, CYW43_ITF_AP, true, country());
    struct netif *point = make_point();
    netif_set_default(interface);
    return point;
}

void th_pico_point_down(void)
{
    cyw43_wifi_set_up(&cyw43_state, CYW43_ITF_AP, false, country());
    end_point();
}

#endif

static void follow_radio(void)
{
    bool up = netif_is_link_up(interface) != 0;
    int status = cyw43_wifi_link_status(&cyw43_state, CYW43_ITF_STA);

    if (up && order.state != TH_WIFI_JOINED) {
        th_wifi_order_joined(&order);
        th_board_log(TH_LOG_INFO, "network: WiFi joined");
    } else if (!up && order.state == TH_WIFI_JOINED) {
        th_board_log(TH_LOG_WARNING, "network: WiFi lost");
        th_wifi_order_ended(&order, false, th_board_ms(), get_rand_32());
    } else if (!up && order.state == TH_WIFI_JOINING && status <= CYW43_LINK_DOWN) {
        th_wifi_order_ended(&order, status == CYW43_LINK_BADAUTH, th_board_ms(), get_rand_32());
    }

#if TH_BOARD_SETUP
    if (th_pico_point_poll(settings, order.state == TH_WIFI_JOINED, order.n > 0))
        return;
#endif
    int number = th_wifi_order_next(&order, th_board_ms(), get_rand_32());
    if (number >= 0)
        join((unsigned)number);
}

/* --------------------------------------------------------------------------------------
 * The link
 */

struct netif *th_pico_link_start(const struct thimble_settings *s)
{
    unsigned n = 0;
    settings = s;
    for (unsigned i = 0; i < THIMBLE_SETTINGS_WIFI; i++)
        if (thimble_settings_text(s, s->wifi[i].ssid))
            networks[n++] = (uint8_t)i;

    if (!start_driver()) {
        th_board_log(TH_LOG_ERROR, "network: the radio does not answer");
        return NULL;
    }
#if !defined(PICO_CYW43_ARCH_POLL) || !PICO_CYW43_ARCH_POLL
    if (!radio_runs)
        cyw43_arch_lwip_begin();        /* for good: see let_radio_work() */
#endif
    radio_runs = true;
    cyw43_wifi_set_up(&cyw43_state, CYW43_ITF_STA, true, country());
    cyw43_wifi_pm(&cyw43_state, CYW43_NONE_PM);         /* a disk is not to sleep */
    interface = make_interface();
    th_wifi_order_init(&order, n);
    return interface;
}

void th_pico_link_poll(void)
{
    let_radio_work();
    run_timers();
    follow_radio();
}

enum th_network_trouble th_pico_link_trouble(void)
{
    return radio_runs ? order.trouble : TH_NETWORK_NO_DEVICE;
}

/* Each change is a request to the radio, which takes its time. */
void th_pico_radio_led(bool on)
{
    if (radio_runs && on != led_is_on)
        cyw43_arch_gpio_put(CYW43_WL_GPIO_LED_PIN, on);
    if (radio_runs)
        led_is_on = on;
}

#else

/* ISO C wants something in every file. */
typedef int th_pico_wifi_is_not_compiled;

#endif
