/* SPDX-License-Identifier: MIT
 *
 * pico_w5500.c: port/pico's link by a W5500 on a development machine: the real driver, the model of the chip
 * (tests/unit/w5500_model.h), and a played lwIP whose buffers are chains of small pieces.  `pico_w5500 SCENARIO`;
 * tests/manifests/run names them.
 */
#include <hardware/gpio.h>
#include <pico/unique_id.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
#include "port/pico/pico.h"
#include "unit/w5500_model.h"

#define EXPECT(truth) \
    ((truth) ? (void)0 : (printf("line %d: %s\n%s", __LINE__, #truth, told), exit(1)))

enum { PIECE = 100 };

static struct w5500_model chip;
static struct thimble_w5500_hooks wires;
static char told[4096];
static struct netif *interface;
static bool link_up, no_memory;
static unsigned pbufs, timers;
static uint8_t last[2048];
static size_t last_len, n_in;

uint32_t th_board_ms(void) { return wires.millis(wires.ctx); }

void th_board_log(enum th_log level, const char *format, ...)
{
    size_t len = strlen(told);
    va_list arguments;
    (void)level;
    va_start(arguments, format);
    vsnprintf(told + len, sizeof told - len - 1, format, arguments);
    va_end(arguments);
    strcat(told, "\n");
}

/* --------------------------------------------------------------------------------------
 * Pins and bus
 */

bool th_pico_pin_is_free(int pin) { return pin >= 0; }
bool th_pico_spi_open(struct th_pico_spi *bus, const struct th_pico_spi_pins *pins, const char *who)
{
    (void)bus, (void)who;
    return pins->cs == 17 && pins->sck == 18 && pins->mosi == 19 && pins->miso == 16;
}
void th_pico_spi_speed(struct th_pico_spi *bus, uint32_t hz) { (void)bus; EXPECT(hz == 33300000); }
void th_pico_spi_select(struct th_pico_spi *bus, bool on) { (void)bus; wires.select(wires.ctx, on); }
void th_pico_spi_transfer(struct th_pico_spi *bus, const uint8_t *tx, uint8_t *rx, size_t n)
{
    (void)bus;
    wires.transfer(wires.ctx, tx, rx, n);
}

void gpio_init(uint pin) { (void)pin; }
void gpio_pull_up(uint pin) { (void)pin; }
void gpio_set_dir(uint pin, bool out) { (void)pin, (void)out; }
void gpio_put(uint pin, bool high) { EXPECT(pin == 20); wires.reset(wires.ctx, !high); }
bool gpio_get(uint pin) { EXPECT(pin == 21); return !wires.interrupt(wires.ctx); }
void pico_get_unique_board_id(pico_unique_board_id_t *id) { memcpy(id->id, "\1\2\3\4\5\6\7\10", 8); }

/* --------------------------------------------------------------------------------------
 * lwIP
 */

struct pbuf *pbuf_alloc(pbuf_layer layer, u16_t length, pbuf_type type)
{
    (void)layer, (void)type;
    if (no_memory)
        return NULL;
    u16_t n = length < PIECE ? length : PIECE;
    struct pbuf *p = calloc(1, sizeof *p);
    pbufs++;
    *p = (struct pbuf){ .payload = malloc(n), .len = n, .tot_len = length };
    if (length > n)
        p->next = pbuf_alloc(layer, (u16_t)(length - n), type);
    return p;
}

u8_t pbuf_free(struct pbuf *p)
{
    while (p) {
        struct pbuf *next = p->next;
        free(p->payload);
        free(p);
        p = next;
        pbufs--;
    }
    return 1;
}

err_t ethernet_input(struct pbuf *p, struct netif *n)
{
    EXPECT(n == interface);
    last_len = 0;
    n_in++;
    for (struct pbuf *q = p; q; q = q->next) {
        memcpy(last + last_len, q->payload, q->len);
        last_len += q->len;
    }
    if (last[0] == 0xbd)                /* not wanted: it stays the driver's */
        return ERR_MEM;
    pbuf_free(p);
    return ERR_OK;
}

err_t etharp_output(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
    (void)n, (void)p, (void)to;
    return ERR_OK;
}

struct netif *netif_add(struct netif *n, const ip4_addr_t *ip, const ip4_addr_t *mask, const ip4_addr_t *gateway,
                        void *state, netif_init_fn init, netif_input_fn input)
{
    (void)ip, (void)mask, (void)gateway, (void)state;
    interface = n;
    n->input = input;
    return init(n) == ERR_OK ? n : NULL;
}
void netif_set_default(struct netif *n) { (void)n; }
void netif_set_up(struct netif *n) { (void)n; }
void netif_set_link_up(struct netif *n) { (void)n; link_up = true; }
void netif_set_link_down(struct netif *n) { (void)n; link_up = false; }
u8_t netif_is_link_up(const struct netif *n) { (void)n; return link_up; }
void lwip_init(void) {}
void sys_check_timeouts(void) { timers++; }

/* --------------------------------------------------------------------------------------
 * Scenarios
 */

static void begin(void)
{
    static struct thimble_settings settings;
    w5500_model_make(&chip);
    wires = w5500_model_config(&chip).hooks;
    thimble_settings_init(&settings);
    EXPECT(th_pico_link_start(&settings) == interface && interface);
    EXPECT(memcmp(interface->hwaddr, "\2\4\5\6\7\10", 6) == 0 && interface->mtu == 1500);
}

static void turn(uint32_t ms)
{
    w5500_model_wait_ms(&chip, ms);
    th_pico_link_poll();
}

static void frames(void)
{
    uint8_t frame[1514];
    begin();
    turn(0);
    EXPECT(link_up && strstr(told, "100 Mbit/s, full duplex"));
    EXPECT(memcmp(chip.common + 9, interface->hwaddr, 6) == 0);

    for (size_t len = 60; len <= sizeof frame; len += 97) {
        for (size_t i = 0; i < len; i++)
            frame[i] = (uint8_t)(i * 7 + len);
        EXPECT(w5500_model_arrive(&chip, frame, len, 0));
        turn(0);
        EXPECT(last_len == len && memcmp(last, frame, len) == 0);

        struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
        size_t at = 0;
        for (struct pbuf *q = p; q; at += q->len, q = q->next)
            memcpy(q->payload, frame + at, q->len);
        EXPECT(interface->linkoutput(interface, p) == ERR_OK);
        EXPECT(chip.out_len == len && memcmp(chip.out, frame, len) == 0);
        pbuf_free(p);
    }
    EXPECT(timers > 10 && pbufs == 0 && chip.violations == 0);
}

/* Without memory, or for one that lwIP does not want, the frame is gone and nothing else. */
static void dropped(void)
{
    uint8_t frame[200] = { 0xbd };
    begin();
    turn(0);
    no_memory = true;
    EXPECT(w5500_model_arrive(&chip, frame, sizeof frame, 0));
    turn(0);
    EXPECT(n_in == 0);
    no_memory = false;
    EXPECT(w5500_model_arrive(&chip, frame, sizeof frame, 0));
    turn(0);
    EXPECT(n_in == 1);
    frame[0] = 2;
    EXPECT(w5500_model_arrive(&chip, frame, sizeof frame, 0));
    turn(0);
    EXPECT(n_in == 2 && last[0] == 2 && pbufs == 0);

    for (int i = 0; i < 14; i++)        /* a storm does not keep the disk from its turn */
        EXPECT(w5500_model_arrive(&chip, frame, sizeof frame, 0));
    turn(0);
    EXPECT(n_in == 10);
    turn(0);
    EXPECT(n_in == 16);
}

static void link(void)
{
    begin();
    turn(0);
    chip.link = false;
    turn(101);
    EXPECT(!link_up && th_pico_link_trouble() == TH_NETWORK_NO_LINK);
    struct pbuf *p = pbuf_alloc(PBUF_RAW, 60, PBUF_POOL);
    EXPECT(interface->linkoutput(interface, p) == ERR_IF);
    pbuf_free(p);
    w5500_model_fail(&chip, W5500_FAULT_HIGH, 0);       /* and now the chip goes, too */
    turn(101);
    EXPECT(th_pico_link_trouble() == TH_NETWORK_NO_DEVICE);
    w5500_model_heal(&chip);
    chip.link = true;
    turn(2000);
    turn(101);
    EXPECT(link_up && strstr(told, "was restarted 1 times"));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } scenarios[] = { { "frames", frames }, { "dropped", dropped }, { "link", link } };
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        if (argc == 2 && strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            return 0;
        }
    }
    printf("no such scenario\n");
    return 1;
}
