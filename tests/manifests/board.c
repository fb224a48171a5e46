/* SPDX-License-Identifier: MIT
 *
 * board.c: src/port/board on a development machine: real engine, partitions and disks; platform, network
 * and card are played here, and time passes when the test says so.
 *
 *     board SCENARIO          exit code 0, or a line about what was wrong
 *
 * Compiled and run by tests/manifests/run, one process for each scenario.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port/board/disk_line.h"
#include "port/board/platform.h"

#define EXPECT(truth)                                                              \
    do {                                                                           \
        if (!(truth)) {                                                            \
            printf("line %d: %s\n%s", __LINE__, #truth, told);                     \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

static char told[16384];
static uint32_t now_ms, step_ms;
static bool leds[TH_LED_COUNT];
static uint32_t starts_at[32];
static unsigned n_starts, refused_starts;
static const char *address = "";
static bool stuck;
static uint8_t strikes;

const char th_board_name[] = "a test";

void th_board_start(void) {}
uint32_t th_board_ms(void) { return now_ms += step_ms; }
void th_board_write(const char *text, size_t len)
{
    size_t at = strlen(told);
    if (at + len < sizeof told)
        memcpy(told + at, text, len);
}
void th_board_led(enum th_led led, bool on) { leds[led] = on; }
void th_board_watchdog_start(uint32_t ms) { (void)ms; }
void th_board_watchdog_feed(void) {}
uint8_t th_board_strikes(void) { return strikes; }
void th_board_set_strikes(uint8_t n) { strikes = n; }
bool th_board_was_stuck(void) { return stuck; }
void th_board_pins(const struct thimble_settings *s) { (void)s; }
bool th_board_has_display(void) { return false; }
void th_board_wire(enum th_wire wire, bool released) { (void)wire, (void)released; }
bool th_board_wire_is_high(enum th_wire wire) { (void)wire; return true; }
void th_board_wire_wait(void) {}
bool th_board_task(void (*turn)(void)) { (void)turn; return false; }
void th_board_idle(uint32_t ms) { (void)ms; }
enum th_network_trouble th_board_network_trouble(void) { return TH_NETWORK_NO_TROUBLE; }
struct thimble_block *thimble_board_flash(void) { return NULL; }
size_t th_board_psram_bytes(void) { return 0; }
void *th_board_memory(size_t bytes) { return calloc(1, bytes); }
bool th_board_network_start(const struct thimble_settings *s)
{
    (void)s;
    starts_at[n_starts++ % 32] = now_ms;
    return n_starts > refused_starts;
}
void th_board_network_poll(void) {}
const char *th_board_address(void) { return address; }
bool th_board_random(void *buf, size_t len) { memset(buf, 7, len); return true; }

static void wake(void *ctx, struct thimble_conn *c, void *port) { (void)ctx, (void)c, (void)port; }
static size_t portal(void *ctx, void *port, unsigned index, char *text, size_t size)
{
    (void)ctx, (void)port, (void)index, (void)text, (void)size;
    return 0;
}
int th_transport_prepare(struct thimble_config *config)
{
    config->wake = wake;
    config->portal = portal;
    return THIMBLE_OK;
}
int th_transport_start(struct thimble *engine, uint16_t port)
{
    thimble_tick(engine, now_ms);
    return port == 3260 ? THIMBLE_OK : THIMBLE_ERR_ARGUMENT;
}
uint32_t th_transport_poll(void) { return 10; }
unsigned th_transport_open(void) { return 0; }

/* --------------------------------------------------------------------------------------
 * A card of 1 MiB: partition 2 has 1024 blocks from block 64 on; block n begins with n.
 */
static uint8_t card_bytes[2048 * 512];
static struct thimble_ram_disk card;
static bool card_in, card_moved;

static int card_ready(struct thimble_block *b)
{
    (void)b;
    return card_in ? THIMBLE_OK : THIMBLE_ERR_NO_MEDIUM;
}

static void make_card(uint8_t type)
{
    static const uint8_t where[8] = { 64, 0, 0, 0, 0, 4, 0, 0 };
    for (uint32_t i = 1; i < 2048; i++)
        card_bytes[i * 512] = (uint8_t)i;
    card_bytes[446 + 16 + 4] = type;
    memcpy(card_bytes + 446 + 16 + 8, where, sizeof where);
    card_bytes[510] = 0x55;
    card_bytes[511] = 0xaa;
    thimble_ram_disk_init(&card, card_bytes, 2048, 9);
    card.block.removable = true;
    card.block.ready = card_ready;
}

struct thimble_block *thimble_board_card(void) { return &card.block; }
bool th_board_card_poll(void)
{
    bool moved = card_moved;
    card_moved = false;
    return moved;
}

static void run_ms(uint32_t ms)
{
    for (uint32_t i = 0; i < ms; i += 5) {
        now_ms += 5;
        thimble_board_run();
    }
}

static void move_card(bool in)
{
    card_in = in;
    card_moved = true;
    told[0] = '\0';
    memset(told, 0, sizeof told);
    run_ms(100);
}

static bool says(const char *text) { return strstr(told, text) != NULL; }

static struct thimble_block *serve(struct thimble_block *disk, uint16_t number, int expected)
{
    struct thimble_lun_config lun = { .block = disk, .lun = number };
    EXPECT(thimble_board_lun_add(0, &lun) == expected);
    return disk;
}

static void begin(int expected)
{
    struct thimble_board_config config = { 0 };
    make_card(0x83);
    EXPECT(thimble_board_begin(&config) == expected);
}

/* -------------------------------------------------------------------------------------- */

static void healthy_start(void)
{
    unsigned long used = 0, room = 0;
    card_in = true;
    begin(THIMBLE_OK);
    const char *engine = strstr(told, "engine uses ");
    EXPECT(engine && sscanf(engine, "engine uses %lu of %lu bytes", &used, &room) == 2);
    EXPECT(used > 0 && used <= room);
    serve(thimble_board_card(), 0, THIMBLE_OK);
    EXPECT(says("disk: target 0 LUN 0, 1024 KiB"));
    run_ms(50);
    EXPECT(!says("ready iscsi"));
    EXPECT(!leds[TH_LED_READY]);
    address = "192.0.2.7";
    run_ms(50);
    EXPECT(says("ready iscsi://192.0.2.7:3260/iqn.2026-11.org.thimble:thimble/0\r\n"));
    EXPECT(leds[TH_LED_READY]);
    address = "";
    run_ms(50);
    EXPECT(says("network: no address any more"));
    EXPECT(!leds[TH_LED_READY]);
}

static void network_late(void)
{
    refused_starts = 9;
    begin(THIMBLE_OK);
    run_ms(400000);
    EXPECT(n_starts == 10);
    for (unsigned i = 1; i < 10; i++) {
        uint32_t pause_ms = i < 7 ? UINT32_C(1000) << (i - 1) : 60000;
        uint32_t passed_ms = starts_at[i] - starts_at[i - 1];
        EXPECT(passed_ms >= pause_ms && passed_ms < pause_ms + 20);
    }
}

static void card_comes_and_goes(void)
{
    uint8_t got[512];
    struct thimble_io io = { 0 };
    begin(THIMBLE_OK);
    struct thimble_block *part = serve(thimble_board_partition(2), 0, THIMBLE_OK);
    EXPECT(says("LUN 0 is not there"));
    EXPECT(part->read(part, 0, 1, got, &io) == THIMBLE_ERR_NO_MEDIUM);
    move_card(true);
    EXPECT(says("disk: target 0 LUN 0, 512 KiB"));
    EXPECT(part->read(part, 3, 1, got, &io) == THIMBLE_OK && got[0] == 67);
    move_card(false);
    EXPECT(says("LUN 0 is not there"));
    EXPECT(part->read(part, 3, 1, got, &io) == THIMBLE_ERR_NO_MEDIUM);
    make_card(0);                       /* another card: it has no such partition */
    move_card(true);
    EXPECT(says("card: no partition 2"));
    EXPECT(part->read(part, 3, 1, got, &io) == THIMBLE_ERR_NO_MEDIUM);
    EXPECT(part->write(part, 3, 1, got, &io) == THIMBLE_ERR_NO_MEDIUM);
}

static void no_disk(void)
{
    card_in = true;
    begin(THIMBLE_OK);
    serve(NULL, 0, THIMBLE_ERR_NO_MEDIUM);
    serve(thimble_board_card(), 5, THIMBLE_OK);
    EXPECT(says("LUN 0 has no disk and is left out"));
    EXPECT(leds[TH_LED_ERROR]);
    address = "192.0.2.7";
    run_ms(3000);
    EXPECT(!leds[TH_LED_ERROR]);
    EXPECT(says(":thimble/5\r\n"));
}

static void watchdog(void)
{
    stuck = true;
    strikes = 2;
    step_ms = 1;
    begin(THIMBLE_OK);
    EXPECT(now_ms >= 8000 && now_ms < 8100);
    EXPECT(strikes == 3);
    EXPECT(says("restarted by the watchdog, 3 times in a row; waiting 8 s"));
    run_ms(20000);
    EXPECT(strikes == 3);
    run_ms(60000);
    EXPECT(strikes == 0);
}

/* This build has no Mbed TLS. */
static void chap_without_hashes(void)
{
    static const struct thimble_chap chap = { 0 };
    struct thimble_board_config config = { .target = { .chap = &chap } };
    EXPECT(thimble_board_begin(&config) == THIMBLE_ERR_ARGUMENT);
    EXPECT(says("CHAP was asked for"));
    serve(&card.block, 0, THIMBLE_ERR_ARGUMENT);
    run_ms(30100);
    EXPECT(says("thimble: nothing is served"));
    EXPECT(n_starts == 0);
}

/* -------------------------------------------------------------------------------------- */

static struct thimble_io *below_io;
static int below_answer, results[4];
static unsigned n_results, n_calls;
static uint32_t pieces[8];

static void done(struct thimble_io *io, int result)
{
    (void)io;
    results[n_results++] = result;
}

static int slow_read(struct thimble_block *b, uint64_t lba, uint32_t n, void *buf,
                     struct thimble_io *io)
{
    (void)b, (void)lba, (void)n, (void)buf;
    below_io = io;
    n_calls++;
    return below_answer;
}

static int slow_unmap(struct thimble_block *b, uint64_t lba, uint32_t n, struct thimble_io *io)
{
    (void)b, (void)lba, (void)io;
    pieces[n_calls++] = n;
    return THIMBLE_OK;
}

static void disk_line(void)
{
    struct thimble_block below = { .size_blocks = 100000, .block_shift = 9, .read = slow_read,
                                   .unmap = slow_unmap };
    struct thimble_io io[3] = { { .done = done }, { .done = done }, { .done = done } };
    struct th_disk_line line;
    th_disk_line_init(&line, &below);
    EXPECT(line.block.write == NULL && line.block.size_blocks == 100000);

    below_answer = THIMBLE_PENDING;
    EXPECT(line.block.read(&line.block, 0, 1, NULL, &io[0]) == THIMBLE_PENDING);
    EXPECT(line.block.read(&line.block, 8, 1, NULL, &io[1]) == THIMBLE_PENDING);
    EXPECT(line.block.unmap(&line.block, 0, 20000, &io[2]) == THIMBLE_PENDING);
    EXPECT(n_calls == 0);
    th_disk_line_run(&line);
    th_disk_line_run(&line);            /* the disk works on the first one */
    EXPECT(n_calls == 1 && n_results == 0 && leds[TH_LED_READ]);
    thimble_io_done(below_io, THIMBLE_ERR_IO);
    EXPECT(n_results == 1 && results[0] == THIMBLE_ERR_IO && !leds[TH_LED_READ]);

    below_answer = THIMBLE_OK;
    th_disk_line_run(&line);
    EXPECT(n_calls == 2 && n_results == 2 && results[1] == THIMBLE_OK);

    n_calls = 0;
    for (unsigned i = 0; i < 5; i++)
        th_disk_line_run(&line);
    EXPECT(n_calls == 3 && pieces[0] == 8192 && pieces[1] == 8192 && pieces[2] == 3616);
    EXPECT(n_results == 3 && results[2] == THIMBLE_OK);
    EXPECT(line.bytes_read == 1024);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } scenarios[] = {
        { "healthy-start", healthy_start }, { "network-late", network_late },
        { "card-comes-and-goes", card_comes_and_goes }, { "no-disk", no_disk },
        { "watchdog", watchdog }, { "chap-without-hashes", chap_without_hashes },
        { "disk-line", disk_line },
    };
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        if (argc == 2 && strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            return 0;
        }
    }
    printf("no such scenario\n");
    return 1;
}
