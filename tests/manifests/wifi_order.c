/* SPDX-License-Identifier: MIT
 *
 * wifi_order.c: the order of WiFi networks (src/port/board/wifi_order.h) with a clock that the test turns.
 *
 * Compiled and run by tests/manifests/esp32.  Exit code 0, or a line about what was wrong.
 */
#include <stdio.h>
#include <stdlib.h>

#include "port/board/wifi_order.h"

#define EXPECT(truth)                                    \
    do {                                                 \
        if (!(truth)) {                                  \
            printf("line %d: %s\n", __LINE__, #truth);   \
            exit(1);                                     \
        }                                                \
    } while (0)

static struct th_wifi_order o;
static uint32_t now_ms;

static int next(void) { return th_wifi_order_next(&o, now_ms, 0); }
static void ended(bool refused) { th_wifi_order_ended(&o, refused, now_ms, 0); }

/* Time until a network is to be joined. */
static uint32_t pause_before(int expected)
{
    uint32_t since_ms = now_ms;
    int number;
    while ((number = next()) < 0) {
        now_ms += 10;
        EXPECT(now_ms - since_ms <= 60000);
    }
    EXPECT(number == expected);
    return now_ms - since_ms;
}

static void none_is_named(void)
{
    th_wifi_order_init(&o, 0);
    EXPECT(o.trouble == TH_NETWORK_WIFI_NOT_SET);
    now_ms += 100000;
    EXPECT(next() < 0);
}

static void in_their_order(void)
{
    th_wifi_order_init(&o, 3);
    EXPECT(o.trouble == TH_NETWORK_NO_TROUBLE);
    for (int i = 0; i < 3; i++) {
        EXPECT(pause_before(i) == 0);
        EXPECT(next() < 0);             /* it is being joined */
        EXPECT(o.trouble == TH_NETWORK_NO_TROUBLE);
        ended(false);
    }
    EXPECT(o.trouble == TH_NETWORK_WIFI_NOT_FOUND);
}

static void pauses_grow(void)
{
    uint32_t before_ms = 0;
    for (int round = 0; round < 10; round++) {
        uint32_t pause_ms = pause_before(0);
        EXPECT(pause_ms >= 500 && pause_ms >= before_ms && pause_ms <= 60000);
        before_ms = pause_ms;
        ended(false);
        EXPECT(pause_before(1) == 0);
        ended(round == 5);
        EXPECT(o.trouble == (round == 5 ? TH_NETWORK_WIFI_REFUSED : TH_NETWORK_WIFI_NOT_FOUND));
        EXPECT(pause_before(0) > 0);
        ended(false);
        EXPECT(pause_before(1) == 0);
        ended(false);
    }
    EXPECT(before_ms >= 30000);
}

static void lost_and_back(void)
{
    EXPECT(pause_before(0) > 0);
    ended(false);
    EXPECT(pause_before(1) == 0);
    th_wifi_order_joined(&o);
    EXPECT(o.trouble == TH_NETWORK_NO_TROUBLE);
    now_ms += 1000000;
    EXPECT(next() < 0);
    ended(false);                       /* lost: the first one may be back, too */
    EXPECT(pause_before(0) == 0);
    ended(false);
    EXPECT(pause_before(1) == 0);
    ended(false);
    uint32_t pause_ms = pause_before(0);
    EXPECT(pause_ms >= 500 && pause_ms <= 1010);        /* the pauses begin anew */
}

static void nothing_is_heard(void)
{
    ended(false);
    ended(true);                        /* an echo: the pause goes on with what was known */
    EXPECT(o.trouble != TH_NETWORK_WIFI_REFUSED);
    EXPECT(pause_before(1) == 0);
    now_ms += TH_WIFI_JOIN_MS - 1;
    EXPECT(next() < 0);
    now_ms += 1;
    EXPECT(next() < 0 && o.state == TH_WIFI_PAUSE);
    EXPECT(pause_before(0) > 0);
}

int main(void)
{
    now_ms = UINT32_MAX - 5000;         /* the clock wraps */
    none_is_named();
    in_their_order();
    th_wifi_order_init(&o, 2);
    EXPECT(pause_before(0) == 0);
    ended(false);
    EXPECT(pause_before(1) == 0);
    ended(false);
    pauses_grow();
    lost_and_back();
    nothing_is_heard();
    return 0;
}
