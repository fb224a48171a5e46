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

#include "port/board/announce.h"
#include "port/board/disk_line.h"
#include "port/board/platform.h"
#include "unit/fat_model.h"

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
static unsigned times_lit[TH_LED_COUNT];
static struct thimble_settings_address asked_for;
static char wifi[64];                   /* as the network was told: name/password */
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
void th_board_led(enum th_led led, bool on)
{
    times_lit[led] += on && !leds[led];
    leds[led] = on;
}
void th_board_watchdog_start(uint32_t ms) { (void)ms; }
void th_board_watchdog_feed(void) {}
uint8_t th_board_strikes(void) { return strikes; }
void th_board_set_strikes(uint8_t n) { strikes = n; }
bool th_board_was_stuck(void) { return stuck; }
void th_board_pins(const struct thimble_settings *s) { (void)s; }

/* A TM1637 that is written: four digits, the least significant bit first, after a command byte. */
static bool has_display, wires[2];
static uint8_t shifted[16], byte;
static unsigned n_bits;

bool th_board_has_display(void) { return has_display; }
void th_board_wire(enum th_wire wire, bool released)
{
    bool was = wires[wire];
    wires[wire] = released;
    if (wire == TH_WIRE_DIO && was && !released && wires[TH_WIRE_CLK])
        n_bits = 0;                     /* a transfer begins */
    if (wire != TH_WIRE_CLK || was || !released)
        return;
    if (n_bits % 9 < 8)
        byte = (uint8_t)(byte >> 1 | wires[TH_WIRE_DIO] << 7);
    if (n_bits % 9 == 7 && n_bits / 9 < sizeof shifted)
        shifted[n_bits / 9] = byte;
    n_bits++;
}
bool th_board_wire_is_high(enum th_wire wire) { (void)wire; return false; }
void th_board_wire_wait(void) {}
bool th_board_task(void (*turn)(void)) { (void)turn; return false; }
void th_board_idle(uint32_t ms) { (void)ms; }
enum th_network_trouble th_board_network_trouble(void) { return TH_NETWORK_NO_TROUBLE; }
struct thimble_block *thimble_board_flash(void) { return NULL; }
size_t th_board_psram_bytes(void) { return 0; }
void *thimble_board_psram(size_t bytes) { (void)bytes; return NULL; }
void *th_board_memory(size_t bytes) { return calloc(1, bytes); }
bool th_board_network_start(const struct thimble_settings *s)
{
    const char *ssid = thimble_settings_text(s, s->wifi[0].ssid);
    const char *password = thimble_settings_text(s, s->wifi[0].password);
    asked_for = s->network.address;
    snprintf(wifi, sizeof wifi, "%s/%s", ssid ? ssid : "", password ? password : "");
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
static uint16_t listens_on;
int th_transport_start(struct thimble *engine, uint16_t port)
{
    thimble_tick(engine, now_ms);
    listens_on = port;
    return THIMBLE_OK;
}
uint32_t th_transport_poll(void) { return 10; }
unsigned th_transport_open(void) { return 0; }
bool th_transport_datagram(const uint8_t ip[4], uint16_t port, const void *data, size_t len)
{
    (void)ip, (void)port, (void)data, (void)len;
    return false;
}

const bool th_announce_is_there = true;
static const struct th_announced *announced;
static unsigned announce_turns;
void th_announce_start(const struct th_announced *what) { announced = what; }
void th_announce_poll(void) { announce_turns++; }

/* --------------------------------------------------------------------------------------
 * A card of 8 MiB: a FAT16 volume with disk.img of 16 KiB, byte 0 of whose block n is n, and thimble.ini where there is
 * one; partition 2 has 1024 blocks from block PART on, each beginning with its number in the card.
 */
enum { CARD_BLOCKS = 16384, PART = 8192, INI_CLUSTER = 10, DISK_CLUSTER = 100, DISK_BLOCKS = 32 };
static uint8_t card_bytes[CARD_BLOCKS * 512];
static struct thimble_ram_disk card;
static struct fat_model volume;
static bool card_in, card_moved, card_broken;

static int card_ready(struct thimble_block *b)
{
    (void)b;
    return card_in ? THIMBLE_OK : THIMBLE_ERR_NO_MEDIUM;
}

static int (*sound_read)(struct thimble_block *b, uint64_t lba, uint32_t n, void *buf,
                         struct thimble_io *io);
static int card_read(struct thimble_block *b, uint64_t lba, uint32_t n, void *buf,
                     struct thimble_io *io)
{
    bool ini = lba <= fat_model_lba(&volume, INI_CLUSTER) &&
               lba + n > fat_model_lba(&volume, INI_CLUSTER);
    return card_broken && ini ? THIMBLE_ERR_IO : sound_read(b, lba, n, buf, io);
}

static void put_file(const char *name, uint32_t first, uint32_t n_clusters, uint64_t size_bytes)
{
    const struct fat_model_entry entry = { .size_bytes = size_bytes, .first_cluster = first };
    for (uint32_t i = 0; i < n_clusters; i++)
        fat_model_link(&volume, first + i, i + 1 < n_clusters ? first + i + 1 : FAT_MODEL_END);
    fat_model_add(&volume, &volume.root, name, &entry);
}

static void put_ini(const char *text)
{
    size_t len = strlen(text);
    put_file("thimble.ini", INI_CLUSTER, (uint32_t)(len / 512 + 1), len);
    memcpy(card_bytes + 512 * fat_model_lba(&volume, INI_CLUSTER), text, len);
}

static void make_card(uint8_t type)
{
    static const uint8_t where[8] = { PART & 255, PART >> 8, 0, 0, 0, 4, 0, 0 };
    memset(card_bytes, 0, sizeof card_bytes);
    fat_model_format(&volume, THIMBLE_FAT_16, card_bytes, PART, 64, 0, 4100);
    put_file("disk.img", DISK_CLUSTER, DISK_BLOCKS, DISK_BLOCKS * 512);
    for (uint32_t i = 0; i < DISK_BLOCKS; i++)
        card_bytes[512 * (fat_model_lba(&volume, DISK_CLUSTER) + i)] = (uint8_t)i;
    for (uint32_t i = PART; i < PART + 1024; i++)
        card_bytes[i * 512] = (uint8_t)i;
    card_bytes[446 + 16 + 4] = type;
    memcpy(card_bytes + 446 + 16 + 8, where, sizeof where);
    thimble_ram_disk_init(&card, card_bytes, CARD_BLOCKS, 9);
    sound_read = card.block.read;
    card.block.read = card_read;
    card.block.map = NULL;
    card.block.removable = true;
    card.block.ready = card_ready;
    card.block.serial = "CARD1";
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
    static struct thimble_board_config config = { .ssid = "cellar", .password = "correct-horse" };
    EXPECT(thimble_board_begin(&config) == expected);
}

static void begin_with(const char *ini, int expected)
{
    card_in = true;
    put_ini(ini);
    begin(expected);
}

/* How often the LED is lit in the time that the blinks of error `code` and their pause take. */
static unsigned blinks(unsigned code)
{
    run_ms(10000);
    unsigned before = times_lit[TH_LED_ERROR];
    run_ms(2 * (code * 400 + 1200));
    return (times_lit[TH_LED_ERROR] - before) / 2;
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
    EXPECT(says("disk: iqn.2026-11.org.thimble:disk LUN 0: whole card, 8192 KiB, serial number CARD1\r\n"));
    run_ms(5000);
    EXPECT(!says("ready iscsi"));
    EXPECT(times_lit[TH_LED_READY] == 5);
    address = "192.0.2.7";
    run_ms(2000);
    EXPECT(says("ready iscsi://192.0.2.7:3260/iqn.2026-11.org.thimble:disk/0\r\n"));
    EXPECT(listens_on == 3260);
    EXPECT(leds[TH_LED_READY] && times_lit[TH_LED_READY] <= 6);
    address = "";
    run_ms(5000);
    EXPECT(says("network: no address any more"));
    EXPECT(times_lit[TH_LED_READY] >= 9);
    EXPECT(blinks(6) == 6);
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
        EXPECT(passed_ms >= pause_ms / 2 && passed_ms < pause_ms + 20);
    }
}

static void card_comes_and_goes(void)
{
    uint8_t got[512];
    struct thimble_io io = { 0 };
    begin(THIMBLE_OK);
    struct thimble_block *part = serve(thimble_board_partition(2), 0, THIMBLE_OK);
    EXPECT(says("LUN 0: partition 2 is not served: no card"));
    EXPECT(part->read(part, 0, 1, got, &io) == THIMBLE_ERR_NO_MEDIUM);
    move_card(true);
    EXPECT(says("LUN 0: partition 2, 512 KiB, serial number CARD1-"));
    EXPECT(part->read(part, 67, 1, got, &io) == THIMBLE_OK && got[0] == 67);
    move_card(false);
    EXPECT(says("LUN 0: partition 2 is not served"));
    EXPECT(part->read(part, 3, 1, got, &io) == THIMBLE_ERR_NO_MEDIUM);
    make_card(0);                       /* another card: it has no such partition */
    move_card(true);
    EXPECT(says("LUN 0: partition 2 is not served: the card has no such partition"));
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
    address = "192.0.2.7";
    run_ms(3000);
    EXPECT(!says("LUN 0: "));
    EXPECT(says(":disk/5\r\n"));
}

static void sketch_without_disks(void)
{
    card_in = true;
    begin(THIMBLE_OK);
    run_ms(50);
    EXPECT(says("LUN 0: whole card, 8192 KiB"));
    make_card(0x83);
    put_file("thimble.img", 300, 4, 2048);
    move_card(true);
    EXPECT(says("LUN 0: file thimble.img, 2 KiB"));
}

/* -------------------------------------------------------------------------------------- */

static void ini_disks(void)
{
    begin_with("; a comment\r\n[network]\r\naddress = 192.0.2.5/24\r\nport = 3261\r\n"
               "[target]\r\nname = iqn.2026-11.org.example:cellar\r\n"
               "[lun 0]\r\ndisk = file DISK.img\r\n"
               "[lun 1]\r\ndisk = partition 2\r\nread-only = yes\r\nserial = PART\r\n"
               "[lun 2]\r\ndisk = ram 64K\r\nblock-size = 4096\r\n", THIMBLE_OK);
    EXPECT(says("iqn.2026-11.org.example:cellar LUN 0: file DISK.img, 16 KiB, serial number CARD1-"));
    EXPECT(says("LUN 1: partition 2, 512 KiB, serial number PART, read-only"));
    EXPECT(says("LUN 2: 64 KiB"));
    EXPECT(!says("thimble.ini"));
    serve(thimble_board_card(), 3, THIMBLE_OK);         /* the file decides */
    run_ms(50);
    EXPECT(asked_for.prefix == 24 && asked_for.ip[3] == 5);
    EXPECT(!says("LUN 3") && !says("whole card"));
    EXPECT(strcmp(wifi, "cellar/correct-horse") == 0);
    address = "192.0.2.5";
    run_ms(50);
    EXPECT(says("ready iscsi://192.0.2.5:3261/iqn.2026-11.org.example:cellar/0\r\n"));
    EXPECT(listens_on == 3261);
}

/* The sketch's password is not for the file's network. */
static void ini_wifi(void)
{
    begin_with("[wifi 1]\r\nssid = attic\r\n", THIMBLE_OK);
    run_ms(50);
    EXPECT(strcmp(wifi, "attic/") == 0);
}

static void ini_mistake(void)
{
    begin_with("[lun 0]\ndisk = file disk.img\n[lun 1]\ndisk = partition two\n", THIMBLE_OK);
    EXPECT(says("thimble.ini:4: [lun 1] disk: \"partition two\" is wrong; write card, partition N"));
    EXPECT(says("LUN 0: file disk.img, 16 KiB") && !says("LUN 1: "));
    address = "192.0.2.5";
    EXPECT(blinks(5) == 5);
}

static void ini_fatal(void)
{
    begin_with("[lun 0]\ndisk = file disk.img\n[lum 1]\ndisk = partition 2\n",
               THIMBLE_ERR_ARGUMENT);
    EXPECT(says("thimble.ini:3: there is no section [lum 1]; did you mean [lun]?"));
    serve(thimble_board_card(), 0, THIMBLE_ERR_ARGUMENT);
    EXPECT(blinks(5) == 5);
    EXPECT(says("nothing is served") && !says("LUN 0: ") && n_starts == 0);
    EXPECT(!leds[TH_LED_READY]);
}

static void ini_another_card(void)
{
    static const char mine[] = "[lun 0]\ndisk = file disk.img\n";
    begin_with(mine, THIMBLE_OK);
    run_ms(50);
    make_card(0x83);
    put_ini("[lun 0]\ndisk = partition 2\n");
    move_card(true);
    EXPECT(says("LUN 0: file disk.img is not served: the card's thimble.ini is not the one that this "
                "board started with; restart it"));
    EXPECT(blinks(5) == 5);
    make_card(0x83);                    /* none at all is another one, too */
    move_card(true);
    EXPECT(says("not the one that this board started with"));
    make_card(0x83);
    put_ini(mine);
    move_card(true);
    EXPECT(says("LUN 0: file disk.img, 16 KiB"));
}

static void ini_comes_late(void)
{
    begin(THIMBLE_OK);
    run_ms(50);
    EXPECT(says("LUN 0: whole card is not served: no card"));
    EXPECT(blinks(1) == 1);
    put_ini("[lun 0]\ndisk = file disk.img\nread-only = yes\n");
    move_card(true);
    EXPECT(says("not the one that this board started with"));
    make_card(0x83);
    move_card(true);
    EXPECT(says("LUN 0: whole card, 8192 KiB"));
}

/* Whatever it says: while nobody knows, nothing of that card is served. */
static void ini_unreadable(void)
{
    card_broken = true;
    begin_with("[lun 0]\ndisk = file disk.img\n", THIMBLE_OK);
    serve(thimble_board_card(), 0, THIMBLE_OK);
    EXPECT(says("thimble.ini cannot be read") && says("LUN 0: whole card is not served"));
    run_ms(3000);
    card_broken = false;
    run_ms(10000);
    EXPECT(says("not the one that this board started with") && !says("whole card, 8192"));
}

static void ini_limits(void)
{
    begin_with("[limits]\nbuffers = 400\n[timeouts]\nlogin = 5\n", THIMBLE_OK);
    EXPECT(says("thimble.ini: [limits] ask for "));
    address = "192.0.2.5";
    EXPECT(blinks(7) == 7);
    EXPECT(says("LUN 0: whole card"));
}

static bool text_is(unsigned n, const char *text)
{
    char line[TH_ANNOUNCE_TEXT];
    size_t len = th_announce_text(announced, n, line);
    return len == strlen(text) && memcmp(line, text, len) == 0;
}

static void ini_announce(void)
{
    char host[TH_ANNOUNCE_LABEL], name[TH_ANNOUNCE_LABEL];
    char longest[64] = "";
    begin_with("[network]\nhostname = cellar\nport = 3261\n[target 1]\nname = iqn.2026-11.org.example:one\n"
               "[target 2]\nname = iqn.2026-11.org.example:two\n[lun 0]\ndisk = card\n[lun 1]\ndisk = ram 64K\n"
               "[lun 2]\ndisk = ram 64K\ntarget = 2\nnumber = 0\n", THIMBLE_OK);
    EXPECT(!announced);
    run_ms(100);
    EXPECT(announced && announce_turns > 0 && announced->port == 3261 && announced->http_port == 0);
    EXPECT(text_is(0, "txtvers=1") && text_is(1, "target=iqn.2026-11.org.example:one") && text_is(2, "luns=2"));
    EXPECT(text_is(3, "target2=iqn.2026-11.org.example:two") && text_is(4, "luns2=1") && text_is(5, ""));
    th_announce_host(announced, 1, host);
    th_announce_service(host, name);
    EXPECT(strcmp(host, "cellar") == 0 && strcmp(name, "Thimble on cellar") == 0);
    th_announce_host(announced, 30, host);
    EXPECT(strcmp(host, "cellar-30") == 0);

    memset(longest, 'x', sizeof longest - 1);
    const struct th_announced other = { .host_name = longest, .of = { { 0 }, { "iqn.2026-11.org.example:two", 1 } } };
    announced = &other;
    th_announce_host(&other, 1, host);
    th_announce_service(host, name);
    EXPECT(strcmp(host, longest) == 0 && strlen(name) == 63 && strncmp(name, "Thimble on xxx", 14) == 0);
    th_announce_host(&other, 12, host);
    EXPECT(strlen(host) == 63 && strcmp(host + 60, "-12") == 0);
    EXPECT(text_is(1, "target=iqn.2026-11.org.example:two") && text_is(2, "luns=1") && text_is(3, ""));
}

static void ini_no_announce(void)
{
    begin_with("[network]\nannounce = no\n", THIMBLE_OK);
    run_ms(100);
    EXPECT(listens_on == 3260 && !announced && announce_turns == 0);
}

/* What is written late is on the card soon after the last request, and after a flush at once. */
static void ini_cache(void)
{
    uint8_t block[512] = { 0xaa }, *there;
    struct thimble_io io = { 0 };
    begin_with("[limits]\ncache = 64K\n", THIMBLE_OK);
    EXPECT(says("card: a cache of 60 KiB"));
    struct thimble_block *disk = serve(thimble_board_image("disk.img"), 0, THIMBLE_OK);
    there = card_bytes + 512 * fat_model_lba(&volume, DISK_CLUSTER);
    EXPECT(disk->flush && disk->write(disk, 0, 1, block, &io) == THIMBLE_OK);
    EXPECT(there[0] == 0 && disk->read(disk, 0, 1, block, &io) == THIMBLE_OK && block[0] == 0xaa);
    EXPECT(disk->flush(disk, &io) == THIMBLE_OK && there[0] == 0xaa);
    EXPECT(disk->write(disk, 3, 1, block, &io) == THIMBLE_OK && there[3 * 512] == 3);
    run_ms(200);
    EXPECT(there[3 * 512] == 0xaa);
}

static void display(void)
{
    has_display = true;
    card_in = true;
    begin(THIMBLE_OK);
    serve(thimble_board_image("disk.img"), 0, THIMBLE_OK);
    run_ms(1500);
    static const uint8_t er_6[4] = { 0x79, 0x50, 0, 0x7d }, no_17[4] = { 0, 0, 0x06, 0x07 };
    EXPECT(memcmp(shifted + 1, er_6, 4) == 0);
    address = "192.0.2.17";
    run_ms(2500);
    EXPECT(memcmp(shifted + 1, no_17, 4) == 0);
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
    serve(thimble_board_card(), 0, THIMBLE_ERR_ARGUMENT);
    run_ms(30100);
    EXPECT(says("thimble: nothing is served"));
    EXPECT(n_starts == 0);
}

/* -------------------------------------------------------------------------------------- */

static struct thimble_io *below_io;
static int below_answer, results[4];
static unsigned n_results, n_calls;
static uint32_t pieces[8], read_blocks;
static uint64_t read_lba;

static void done(struct thimble_io *io, int result)
{
    (void)io;
    results[n_results++] = result;
}

static int slow_read(struct thimble_block *b, uint64_t lba, uint32_t n, void *buf,
                     struct thimble_io *io)
{
    (void)b, (void)buf;
    below_io = io;
    read_lba = lba;
    read_blocks = n;
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
    th_disk_line_init(&line, &below, 0);
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
    EXPECT(n_results == 1 && results[0] == THIMBLE_ERR_IO);

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

/* A request that another one has held up: it comes when that ends. */
static struct th_disk_line *held_up;
static struct thimble_io second = { .done = done };

static void done_and_on(struct thimble_io *io, int result)
{
    done(io, result);
    EXPECT(held_up->block.read(&held_up->block, 8, 1, NULL, &second) == THIMBLE_PENDING);
}

/* Another card: what was asked of the one before ends, and what that had held up. */
static void disk_line_follows(void)
{
    struct thimble_block below = { .size_blocks = 1000, .block_shift = 9, .read = slow_read };
    struct thimble_io io = { .done = done_and_on };
    struct th_disk_line line;
    th_disk_line_init(&line, &below, 0);
    held_up = &line;
    EXPECT(line.block.read(&line.block, 0, 1, NULL, &io) == THIMBLE_PENDING);
    th_disk_line_follow(&line);
    th_disk_line_run(&line);
    EXPECT(n_results == 2 && results[0] == THIMBLE_ERR_NO_MEDIUM && results[1] == THIMBLE_ERR_NO_MEDIUM && n_calls == 0);
}

/* An image of a CD on a card: blocks of 2048 bytes on blocks of 512. */
static void disk_line_of_cd(void)
{
    struct thimble_block below = { .size_blocks = 4003, .block_shift = 9, .read = slow_read };
    struct thimble_io io = { .done = done };
    struct th_disk_line line;
    th_disk_line_init(&line, &below, 11);
    EXPECT(line.block.block_shift == 11 && line.block.size_blocks == 1000);
    below_answer = THIMBLE_OK;
    EXPECT(line.block.read(&line.block, 998, 2, NULL, &io) == THIMBLE_PENDING);
    th_disk_line_run(&line);
    EXPECT(n_calls == 1 && read_lba == 3992 && read_blocks == 8);
    EXPECT(n_results == 1 && results[0] == THIMBLE_OK && line.bytes_read == 4096);

    below.size_blocks = 1;              /* as of a card that has no such file */
    th_disk_line_follow(&line);
    EXPECT(line.block.block_shift == 11 && line.block.size_blocks == 1);
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
        { "disk-line", disk_line }, { "disk-line-follows", disk_line_follows }, { "disk-line-of-cd", disk_line_of_cd },
        { "sketch-without-disks", sketch_without_disks },
        { "ini-disks", ini_disks }, { "ini-wifi", ini_wifi },
        { "ini-mistake", ini_mistake }, { "ini-fatal", ini_fatal },
        { "ini-another-card", ini_another_card }, { "ini-comes-late", ini_comes_late },
        { "ini-unreadable", ini_unreadable }, { "ini-limits", ini_limits },
        { "ini-cache", ini_cache }, { "ini-announce", ini_announce }, { "ini-no-announce", ini_no_announce }, { "display", display },
    };
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        if (argc == 2 && strcmp(argv[1], scenarios[i].name) == 0) {
            make_card(0x83);
            scenarios[i].run();
            return 0;
        }
    }
    printf("no such scenario\n");
    return 1;
}
