/* SPDX-License-Identifier: MIT
 *
 * platform.c: a board (board.h) and its network (net.h) as port/board wants them
 * (platform.h).
 */
#include "port/board/platform.h"

#include <string.h>

#include "board.h"
#include "firmware_config.h"
#include "net.h"
#include "random.h"

enum { STACK_TOLD_MS = 10000 };

const char th_board_name[] = BOARD_NAME;

static struct thimble_block *card;

void th_board_start(void)
{
    board_start();
}

uint32_t th_board_ms(void)
{
    return board_ms();
}

void th_board_write(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        board_putc(text[i]);
}

/* Told whenever it has been used deeper than was told before. */
static void tell_stack(void)
{
    static uint32_t told_ms, told_bytes;
    if (board_ms() - told_ms < STACK_TOLD_MS)
        return;
    told_ms = board_ms();
    if (board_stack_used() <= told_bytes)
        return;
    told_bytes = board_stack_used();
    thimble_board_log("board: stack %lu of %lu bytes", (unsigned long)told_bytes,
                      (unsigned long)board_stack_bytes());
}

void th_board_idle(uint32_t ms)
{
    uint32_t timer_ms = net_sleep_ms();
    tell_stack();
    if (ms > timer_ms)
        ms = timer_ms;
    if (ms > 0)
        board_sleep(ms);
}

bool th_board_task(void (*turn)(void))
{
    (void)turn;
    return false;
}

/* LEDs are soldered, and there is no display. */
void th_board_pins(const struct thimble_settings *s)
{
    if (s->pins.head.given || s->lights.head.given)
        th_board_log(TH_LOG_WARNING, "pins: those of this board are fixed");
    if (s->card.head.given)
        board_disk_speed(s->card.speed_mhz * UINT32_C(1000000));
}

void th_board_led(enum th_led led, bool on)
{
    switch (led) {
    case TH_LED_READ:  board_led(BOARD_LED_READ, on);  break;
    case TH_LED_WRITE: board_led(BOARD_LED_WRITE, on); break;
    case TH_LED_ERROR: board_led(BOARD_LED_ERROR, on); break;
    case TH_LED_READY:
    case TH_LED_COUNT: break;
    }
}

bool th_board_has_display(void)
{
    return false;
}

void th_board_wire(enum th_wire wire, bool released)
{
    (void)wire, (void)released;
}

bool th_board_wire_is_high(enum th_wire wire)
{
    (void)wire;
    return true;
}

void th_board_wire_wait(void)
{
}

/* --------------------------------------------------------------------------------------
 * The watchdog runs from the start, with a time of its own (board.h).  What is in .noinit is there after a restart; after
 * a loss of power it is anything.
 */
#define KEPT_MARK UINT32_C(0x74686d62)

static struct {
    uint32_t mark;
    uint8_t strikes, alive;
} kept __attribute__((section(".noinit")));

void th_board_watchdog_start(uint32_t ms)
{
    (void)ms;
}

void th_board_watchdog_feed(void)
{
    board_watchdog_feed();
}

/* Nothing but the watchdog and a fault restarts a board that has run. */
bool th_board_was_stuck(void)
{
    static bool known, stuck;
    if (!known)
        stuck = kept.mark == KEPT_MARK && kept.alive == 1;
    known = true;
    if (kept.mark != KEPT_MARK)
        kept.strikes = 0;
    kept.mark = KEPT_MARK;
    kept.alive = 1;
    return stuck;
}

uint8_t th_board_strikes(void)
{
    return kept.mark == KEPT_MARK ? kept.strikes : 0;
}

void th_board_set_strikes(uint8_t n)
{
    kept.strikes = n;
}

/* --------------------------------------------------------------------------------------
 * The network
 */

bool th_board_network_start(const struct thimble_settings *s)
{
    const struct thimble_settings_network *n = &s->network;
    struct net_config c = {
        .host_name = thimble_settings_text(s, n->hostname),
        .dhcp = n->address.prefix == 0,
        .ipv6 = n->ipv6,
    };
    const struct thimble_settings_address *a = c.dhcp ? &n->fallback : &n->address;
    memcpy(c.ip, a->ip, sizeof c.ip);
    c.prefix = a->prefix;
    memcpy(c.gateway, n->gateway, sizeof c.gateway);
    net_start(&c);
    return true;
}

void th_board_network_poll(void)
{
    net_poll();
}

const char *th_board_address(void)
{
    return net_link() ? net_address() : "";
}

enum th_network_trouble th_board_network_trouble(void)
{
    if (!net_link())
        return TH_NETWORK_NO_LINK;
    return net_dhcp_silent() ? TH_NETWORK_NO_DHCP : TH_NETWORK_NO_TROUBLE;
}

/* --------------------------------------------------------------------------------------
 * Memory and disks
 */

#if FIRMWARE_MEMORY_BYTES > 0

void *th_board_memory(size_t bytes)
{
    static uint8_t pool[FIRMWARE_MEMORY_BYTES] __attribute__((aligned(32)));
    static size_t used;
    if (bytes > sizeof pool - used)
        return NULL;
    void *memory = pool + used;         /* zeroed by the start-up code, and nobody gives back */
    used += (bytes + 31) & ~(size_t)31;
    if (used > sizeof pool)
        used = sizeof pool;
    return memory;
}

#else

void *th_board_memory(size_t bytes)
{
    (void)bytes;
    return NULL;
}

#endif

size_t th_board_psram_bytes(void)
{
    return 0;
}

void *thimble_board_psram(size_t bytes)
{
    (void)bytes;
    return NULL;
}

struct thimble_block *thimble_board_flash(void)
{
    return NULL;
}

/* For tests: the card with its bad blocks. */
static struct thimble_block *as_configured(struct thimble_block *disk)
{
#if FIRMWARE_BAD_BLOCKS > 0
    static struct thimble_fault_disk fault;
    thimble_fault_disk_init(&fault, disk);
    fault.result = THIMBLE_ERR_IO;
    fault.fail_at = 0;
    fault.sticky = true;
    fault.lba_only = true;
    fault.bad_lba = FIRMWARE_BAD_LBA;
    fault.bad_blocks = FIRMWARE_BAD_BLOCKS;
    return &fault.block;
#else
    return disk;
#endif
}

struct thimble_block *thimble_board_card(void)
{
    if (!card)
        card = as_configured(board_disk());
    return card;
}

bool th_board_card_poll(void)
{
    bool changed = board_disk_poll();
    if (changed && FIRMWARE_BAD_BLOCKS > 0)
        as_configured(board_disk());
    return changed;
}

bool th_board_random(void *buf, size_t len)
{
    random_fill(buf, len);
    return true;
}
