/* SPDX-License-Identifier: MIT
 *
 * point.c: see point.h.
 *
 * Layer 6.
 */
#include "which.h"

#if TH_BOARD_SETUP

#include <stdio.h>

#include "point.h"

enum { POINT_PASSWORD = 1, POINT_OPEN, POINT_NO };      /* [setup] access-point */
enum { LOOK_MS = 1000 };

static struct thimble_point point;
static bool begun, running;
static unsigned n_guests;
static uint32_t looked_ms;

static void start(bool open)
{
    char name[THIMBLE_SETUP_SSID], password[THIMBLE_POINT_PASSWORD + 1] = "";
    uint8_t mac[6];

    if (!th_point_mac(mac) || (!open && !th_point_password(password))) {
        th_board_log(TH_LOG_ERROR, "setup: no password can be kept, so there is no access point");
        return;
    }
    snprintf(name, sizeof name, "thimble-%02X%02X", mac[4], mac[5]);
    const char *address = th_point_start(name, password);
    if (address)
        th_board_log(TH_LOG_WARNING, "setup: join %s, %s%s, and open http://%s/setup", name,
                     open ? "which is open" : "password ", password, address);
}

static void stop(void)
{
    th_point_stop();
    n_guests = 0;
    th_board_log(TH_LOG_INFO, "setup: the access point is off");
}

enum th_point th_point_poll(const struct thimble_settings *s, bool joined, bool any_network, bool alone)
{
    uint32_t now_ms = th_board_ms();

    if (s->setup.access_point == POINT_NO)
        return TH_POINT_OFF;
    if (!begun)
        thimble_point_init(&point, now_ms);
    point.alone = alone;
    begun = true;
    if (running && now_ms - looked_ms >= LOOK_MS) {
        looked_ms = now_ms;
        n_guests = th_point_guests();
    }
    bool wanted = thimble_point_next(&point, joined, any_network, n_guests, now_ms);
    if (wanted && !running)
        start(s->setup.access_point == POINT_OPEN);
    else if (!wanted && running)
        stop();
    running = wanted;
    return !running ? TH_POINT_OFF : n_guests > 0 ? TH_POINT_GUESTS : TH_POINT_ON;
}

#else

/* ISO C wants something in every file. */
typedef int th_point_is_not_compiled;

#endif
