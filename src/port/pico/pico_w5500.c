/* SPDX-License-Identifier: MIT
 *
 * pico_w5500.c: the link by a W5500: frames between device/w5500.h and lwIP, each moved once each way, by DMA
 * between the chip and lwIP's own memory.
 *
 * Layer 6.  lwIP without an operating system (NO_SYS): its timers run here, in the main loop.
 */
#include "pico.h"

#if TH_PICO_W5500

#include <hardware/gpio.h>
#include <pico/unique_id.h>
#include <string.h>

#include "../../device/w5500.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#if defined(ETH_PAD_SIZE) && ETH_PAD_SIZE != 0
#error "pico_w5500.c has frames without pad bytes: ETH_PAD_SIZE must be 0"
#endif

enum { FRAMES_A_TURN = 8 };             /* then the disk has its turn */

static struct th_pico_spi bus;
static struct thimble_w5500 chip;
static struct netif interface;
static int interrupt_pin, reset_pin;

/* --------------------------------------------------------------------------------------
 * The chip's wires
 */

static void transfer(void *ctx, const uint8_t *tx, uint8_t *rx, size_t n)
{
    th_pico_spi_transfer(ctx, tx, rx, n);
}

static void select_chip(void *ctx, bool on)
{
    th_pico_spi_select(ctx, on);
}

static uint32_t millis(void *ctx)
{
    (void)ctx;
    return th_board_ms();
}

static void reset(void *ctx, bool on)
{
    (void)ctx;
    gpio_put((uint)reset_pin, !on);
}

static bool interrupt(void *ctx)
{
    (void)ctx;
    return !gpio_get((uint)interrupt_pin);
}

static bool open_wires(const struct thimble_settings *s)
{
    const struct th_pico_spi_pins pins = {
        .cs = thimble_settings_pin(s, THIMBLE_PIN_ETH_CS, THIMBLE_BOARD_ETH_CS),
        .sck = thimble_settings_pin(s, THIMBLE_PIN_ETH_SCK, THIMBLE_BOARD_ETH_SCK),
        .mosi = thimble_settings_pin(s, THIMBLE_PIN_ETH_MOSI, THIMBLE_BOARD_ETH_MOSI),
        .miso = thimble_settings_pin(s, THIMBLE_PIN_ETH_MISO, THIMBLE_BOARD_ETH_MISO),
    };
    interrupt_pin = thimble_settings_pin(s, THIMBLE_PIN_ETH_INT, THIMBLE_BOARD_ETH_INT);
    reset_pin = thimble_settings_pin(s, THIMBLE_PIN_ETH_RESET, THIMBLE_BOARD_ETH_RESET);
    if (!th_pico_spi_open(&bus, &pins, "network"))
        return false;
    th_pico_spi_speed(&bus, THIMBLE_BOARD_ETH_HZ);
    if (th_pico_pin_is_free(interrupt_pin)) {
        gpio_init((uint)interrupt_pin);
        gpio_pull_up((uint)interrupt_pin);
    }
    if (th_pico_pin_is_free(reset_pin)) {
        gpio_init((uint)reset_pin);
        gpio_put((uint)reset_pin, true);
        gpio_set_dir((uint)reset_pin, GPIO_OUT);
    }
    return true;
}

/* The chip has no address of its own: one that is administered locally, of the number of the board's flash memory. */
static void own_mac(uint8_t mac[6])
{
    pico_unique_board_id_t board;
    pico_get_unique_board_id(&board);
    mac[0] = 0x02;
    memcpy(mac + 1, board.id + sizeof board.id - 5, 5);
}

/* --------------------------------------------------------------------------------------
 * Frames
 */

static err_t frame_out(struct netif *n, struct pbuf *p)
{
    (void)n;
    if (!thimble_w5500_send(&chip, p->tot_len))
        return ERR_IF;
    for (const struct pbuf *q = p; q; q = q->next)
        thimble_w5500_put(&chip, q->payload, q->len);
    thimble_w5500_sent(&chip);
    return ERR_OK;
}

/* Without memory the frame is dropped; its sender notices. */
static bool frame_in(void)
{
    size_t len = thimble_w5500_receive(&chip);
    if (len == 0)
        return false;
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
    for (struct pbuf *q = p; q; q = q->next)
        thimble_w5500_take(&chip, q->payload, q->len);
    thimble_w5500_received(&chip);
    if (p && interface.input(p, &interface) != ERR_OK)
        pbuf_free(p);
    return true;
}

static err_t netif_start(struct netif *n)
{
    n->name[0] = 'e';
    n->name[1] = '0';
    n->mtu = 1500;
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
#if LWIP_IGMP
    n->flags |= NETIF_FLAG_IGMP;        /* the chip lets all groups in */
#endif
    n->hwaddr_len = ETH_HWADDR_LEN;
    memcpy(n->hwaddr, chip.config.mac, ETH_HWADDR_LEN);
    n->output = etharp_output;
    n->linkoutput = frame_out;
    return ERR_OK;
}

/* --------------------------------------------------------------------------------------
 * The link
 */

struct netif *th_pico_link_start(const struct thimble_settings *s)
{
    struct thimble_w5500_config config = {
        .hooks = { .ctx = &bus, .transfer = transfer, .select = select_chip, .millis = millis },
    };
    if (!open_wires(s))
        return NULL;
    if (th_pico_pin_is_free(reset_pin))
        config.hooks.reset = reset;
    if (th_pico_pin_is_free(interrupt_pin))
        config.hooks.interrupt = interrupt;
    own_mac(config.mac);
    if (!thimble_w5500_init(&chip, &config))
        th_board_log(TH_LOG_ERROR, "network: the W5500 does not answer");

    lwip_init();
    if (!netif_add(&interface, NULL, NULL, NULL, NULL, netif_start, ethernet_input))
        return NULL;
    netif_set_default(&interface);
    netif_set_up(&interface);
    return &interface;
}

static void follow_link(void)
{
    bool was = netif_is_link_up(&interface) != 0;
    if (chip.link == was)
        return;
    if (chip.link)
        netif_set_link_up(&interface);
    else
        netif_set_link_down(&interface);
    if (chip.link)
        th_board_log(TH_LOG_INFO, "network: the link is up, %s Mbit/s, %s duplex",
                     chip.fast ? "100" : "10", chip.full_duplex ? "full" : "half");
}

static void tell_failures(void)
{
    static uint32_t told;
    if (chip.reopened + chip.restarted == told)
        return;
    told = chip.reopened + chip.restarted;
    th_board_log(TH_LOG_WARNING, "network: the W5500 told nonsense %lu times and was restarted %lu "
                 "times", (unsigned long)chip.reopened, (unsigned long)chip.restarted);
}

void th_pico_link_poll(void)
{
    thimble_w5500_poll(&chip);
    follow_link();
    for (int i = 0; i < FRAMES_A_TURN && frame_in(); i++)
        ;
    sys_check_timeouts();
    tell_failures();
}

enum th_network_trouble th_pico_link_trouble(void)
{
    return chip.present ? TH_NETWORK_NO_LINK : TH_NETWORK_NO_DEVICE;
}

void th_pico_radio_led(bool on)
{
    (void)on;
}

#else

/* ISO C wants something in every file. */
typedef int th_pico_w5500_is_not_compiled;

#endif
