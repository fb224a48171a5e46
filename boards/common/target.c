/* SPDX-License-Identifier: MIT
 *
 * target.c: the board as an iSCSI target (app.h): one target, one logical unit, the card
 * or a file on it.
 *
 * Puts together what others do: the engine (thimble.h), its port on lwIP, the board's card
 * behind a queue, and tells on the serial line what goes on.
 */
#include "app.h"

#include <stdio.h>
#include <string.h>

#include "block/fat.h"
#include "block/partition.h"
#include "board.h"
#include "crypto.h"
#include "device/backoff.h"
#include "disk_queue.h"
#include "firmware_config.h"
#include "leds.h"
#include "net.h"
#include "port/lwip/thimble_lwip.h"
#include "random.h"
#include "thimble.h"

enum {
    LUN = 0,
    DISK_LOOK_MS = 20,                  /* how often the card is looked after */

    /* Sum of the parts as thimble.h tells their sizes.  The log tells what is used of it. */
    TASKS = FIRMWARE_CONNECTIONS * 3 + FIRMWARE_SESSIONS * FIRMWARE_QUEUE_DEPTH,
    ENGINE_BYTES = FIRMWARE_CONNECTIONS * THIMBLE_CONN_BYTES + TASKS * THIMBLE_TASK_BYTES +
                   THIMBLE_LOGIN_BYTES + FIRMWARE_BUFFERS * (FIRMWARE_BUFFER_BYTES + 32) +
                   2 * 4096 + 1024,
};

static uint8_t engine_memory[ENGINE_BYTES] __attribute__((aligned(THIMBLE_BUFFER_ALIGN)));
static struct thimble *engine;
static struct thimble_lwip port;
static struct thimble_lwip_conn port_conns[FIRMWARE_CONNECTIONS + 1];
static int target;

static struct {
    uint32_t disk_errors, refused;
} count;

/* ---------------------------------------------------------------------------------------
 * The card
 */
static struct thimble_block *card;
static struct thimble_block *served;    /* all of it, a partition, a file, or nothing */
static struct disk_queue queue;         /* over that, or over that with bad blocks */
static const char *what_is_served;      /* or why nothing is */
static enum thimble_lights_error trouble;
static bool look_again;                 /* the card could not be read: perhaps later */

static int absent_ready(struct thimble_block *b)
{
    (void)b;
    return THIMBLE_ERR_NO_MEDIUM;
}

static int absent_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                       struct thimble_io *io)
{
    (void)b, (void)lba, (void)n_blocks, (void)buf, (void)io;
    return THIMBLE_ERR_NO_MEDIUM;
}

static void serve_nothing(const char *why, enum thimble_lights_error error)
{
    static struct thimble_block absent;

    absent = (struct thimble_block){
        .size_blocks = 1, .block_shift = card->block_shift, .removable = card->removable,
        .read = absent_read, .ready = absent_ready,
    };
    served = &absent;
    what_is_served = why;
    trouble = error;
}

/* For the search, which reads block after block: a large card may take longer than the
 * watchdog. */
static int read_patiently(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                          struct thimble_io *io)
{
    (void)b;
    board_watchdog_feed();
    return card->read(card, lba, n_blocks, buf, io);
}

/* The image file, if there is one.  False: the card has none.  Not inlined, for its block is on
 * the stack only while that is otherwise empty. */
static __attribute__((noinline)) bool choose_image(void)
{
    static struct thimble_extents_disk image;
    static struct thimble_extent runs[FIRMWARE_IMAGE_RUNS];
    uint8_t block[512] __attribute__((aligned(THIMBLE_BUFFER_ALIGN)));
    struct thimble_block looked_at = *card;
    struct thimble_fat fs;
    struct thimble_fat_file file;
    uint32_t n_runs = 0;

    looked_at.read = read_patiently;
    enum thimble_fat_result result = thimble_fat_mount(&fs, &looked_at, block, sizeof block);
    if (result == THIMBLE_FAT_OK)
        result = thimble_fat_open(&fs, &file, FIRMWARE_IMAGE_FILE);
    if (result == THIMBLE_FAT_NO_VOLUME || result == THIMBLE_FAT_NO_FILE)
        return false;
    if (result == THIMBLE_FAT_OK)
        result = thimble_fat_extents(&file, runs, FIRMWARE_IMAGE_RUNS, &n_runs);
    if (result == THIMBLE_FAT_OK &&
        thimble_extents_disk_init(&image, card, runs, n_runs) != THIMBLE_OK)
        result = THIMBLE_FAT_DAMAGED;

    look_again = result == THIMBLE_FAT_DISK;
    if (result != THIMBLE_FAT_OK) {
        serve_nothing(thimble_fat_text(result), look_again ? THIMBLE_LIGHTS_CARD_FAILED
                                                           : THIMBLE_LIGHTS_FILE_UNUSABLE);
        return true;
    }
    if (file.read_only) {
        image.block.write = NULL;
        image.block.unmap = NULL;
        image.block.write_zeroes = NULL;
    }
    served = &image.block;
    what_is_served = FIRMWARE_IMAGE_FILE;
    return true;
}

#if FIRMWARE_PARTITION > 0
static __attribute__((noinline)) void choose_partition(void)
{
    static struct thimble_offset_disk partition;
    uint8_t block[512] __attribute__((aligned(THIMBLE_BUFFER_ALIGN)));
    struct thimble_partition p;

    int result = thimble_partition_find(&p, card, FIRMWARE_PARTITION, block, sizeof block);
    if (result == THIMBLE_OK) {
        thimble_offset_disk_init(&partition, card, p.first_lba, p.size_blocks);
        served = &partition.block;
        what_is_served = "the partition";
    } else if (result == THIMBLE_ERR_ARGUMENT) {
        serve_nothing("the card has not the partition that is to be served",
                      THIMBLE_LIGHTS_FILE_MISSING);
    } else {
        look_again = true;
        serve_nothing("the card cannot be read", THIMBLE_LIGHTS_CARD_FAILED);
    }
}
#endif

/* Finds what is to be served, anew for each card. */
static void choose_served(void)
{
    look_again = false;
    trouble = THIMBLE_LIGHTS_NO_ERROR;
    if (card->ready && card->ready(card) != THIMBLE_OK) {
        serve_nothing("no card, or one that does not answer", THIMBLE_LIGHTS_CARD_MISSING);
        return;
    }
    if (sizeof FIRMWARE_IMAGE_FILE > 1 && choose_image())
        return;
#if FIRMWARE_PARTITION > 0
    choose_partition();
#else
    served = card;
    what_is_served = "all of it";
#endif
}

static void tell_card(void)
{
    if (trouble != THIMBLE_LIGHTS_NO_ERROR) {
        printf("card: nothing is served: %s\n", what_is_served);
        return;
    }
    printf("card: %s is served, %lu MiB, serial number %s%s\n", what_is_served,
           (unsigned long)(served->size_blocks >> (20 - served->block_shift)),
           card->serial ? card->serial : "none", served->write ? "" : ", write-protected");
}

/* For tests: the disk with its bad blocks. */
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

static void watch_card(void)
{
    static struct thimble_backoff patience = { 1000, 60000, 0 };
    static uint32_t looked_ms, chosen_ms, wait_ms;
    uint32_t now_ms = board_ms();
    if (now_ms - looked_ms < DISK_LOOK_MS)
        return;
    looked_ms = now_ms;

    bool changed = board_disk_poll();
    if (changed || !look_again)
        thimble_backoff_reset(&patience);
    if (!changed && (!look_again || now_ms - chosen_ms < wait_ms))
        return;
    choose_served();
    chosen_ms = board_ms();
    wait_ms = thimble_backoff_next(&patience, random_u32());
    disk_queue_follow(&queue, as_configured(served));
    tell_card();
    thimble_lun_changed(engine, target, LUN, THIMBLE_LUN_MEDIUM_CHANGED);
}

/* ---------------------------------------------------------------------------------------
 * What happens, for whoever looks at the serial line
 */
static void on_event(void *ctx, const struct thimble_event *e)
{
    const char *who = e->initiator[0] ? e->initiator : "somebody";
    const char *what = e->target[0] ? "disk" : "discovery";
    (void)ctx;

    switch (e->kind) {
    case THIMBLE_EVENT_LOGIN:
        printf("session: %s logged in (%s)\n", who, what);
        break;
    case THIMBLE_EVENT_LOGOUT:
        printf("session: %s logged out (%s)\n", who, what);
        break;
    case THIMBLE_EVENT_REINSTATED:
        printf("session: %s replaces its old session\n", who);
        break;
    case THIMBLE_EVENT_DROPPED:
        printf("session: %s, connection ended: %s\n", who, thimble_reason_text(e->reason));
        break;
    case THIMBLE_EVENT_LOGIN_REFUSED:
        count.refused++;
        printf("session: %s refused with %04lx: %s %s\n", who, (unsigned long)e->detail,
               thimble_reason_text(e->reason), e->key);
        break;
    case THIMBLE_EVENT_REJECT:
        printf("session: %s, PDU %02lx rejected with %lu: %s\n", who,
               (unsigned long)(e->detail >> 8), (unsigned long)(e->detail & 0xff),
               thimble_reason_text(e->reason));
        break;
    case THIMBLE_EVENT_TASK_MANAGEMENT:
        printf("session: %s, task management %lu: response %lu\n", who,
               (unsigned long)(e->detail >> 8), (unsigned long)(e->detail & 0xff));
        break;
    case THIMBLE_EVENT_DISK_ERROR:
        count.disk_errors++;
        printf("card: error, sense %06lx\n", (unsigned long)e->detail);
        leds_report(THIMBLE_LIGHTS_CARD_FAILED);
        break;
    }
}

static void tell_traffic(void)
{
    static uint32_t told_ms, read_bytes, written_bytes;
    uint32_t passed_ms = board_ms() - told_ms;
    if (passed_ms < FIRMWARE_STATUS_MS)
        return;
    uint32_t read = queue.bytes_read - read_bytes;
    uint32_t written = queue.bytes_written - written_bytes;
    if (read || written)
        printf("traffic: %u connections, read %lu KB/s, written %lu KB/s, %lu card errors, "
               "%lu logins refused, stack %lu of %lu bytes\n",
               port.n_open, (unsigned long)(read / passed_ms),
               (unsigned long)(written / passed_ms), (unsigned long)count.disk_errors,
               (unsigned long)count.refused, (unsigned long)board_stack_used(),
               (unsigned long)board_stack_bytes());
    told_ms += passed_ms;
    read_bytes = queue.bytes_read;
    written_bytes = queue.bytes_written;
}

static void tell_address(void)
{
    static char told[16];
    if (strcmp(told, net_address()) == 0)
        return;
    strncpy(told, net_address(), sizeof told - 1);
    if (told[0] != '\0')
        printf("ready iscsi://%s:%u/%s/%u\n", told, FIRMWARE_PORT, FIRMWARE_TARGET_NAME, LUN);
}

/* --------------------------------------------------------------------------------------- */

#ifdef FIRMWARE_CHAP_NAME
static const struct thimble_chap_user chap_user = {
    .name = FIRMWARE_CHAP_NAME,
    .secret = (const uint8_t *)FIRMWARE_CHAP_SECRET,
    .secret_len = sizeof FIRMWARE_CHAP_SECRET - 1,
};
#ifdef FIRMWARE_CHAP_OUR_NAME
static const struct thimble_chap_user chap_us = {
    .name = FIRMWARE_CHAP_OUR_NAME,
    .secret = (const uint8_t *)FIRMWARE_CHAP_OUR_SECRET,
    .secret_len = sizeof FIRMWARE_CHAP_OUR_SECRET - 1,
};
#endif
static const struct thimble_chap chap = {
    .users = &chap_user,
    .n_users = 1,
#ifdef FIRMWARE_CHAP_OUR_NAME
    .outgoing = &chap_us,
#endif
};
#define CHAP (&chap)
#else
#define CHAP NULL
#endif

static const struct thimble_config engine_config = {
    .n_connections = FIRMWARE_CONNECTIONS,
    .n_sessions = FIRMWARE_SESSIONS,
    .queue_depth = FIRMWARE_QUEUE_DEPTH,
    .n_buffers = FIRMWARE_BUFFERS,
    .buffer_bytes = FIRMWARE_BUFFER_BYTES,
    .send_timeout_ms = 15000,           /* the buffers of one that takes nothing are few */
    .ctx = &port,
    .wake = thimble_lwip_wake,
    .portal = thimble_lwip_portal,
    .event = on_event,
    .crypto = THIMBLE_CHAP ? &board_crypto : NULL,
};

static const struct thimble_target_config target_config = {
    .name = FIRMWARE_TARGET_NAME,
    .alias = FIRMWARE_TARGET_ALIAS,
    .chap = CHAP,
};

static struct thimble_block *served_disk(void)
{
    card = board_disk();
    choose_served();
    tell_card();
    disk_queue_init(&queue, as_configured(served));
    return &queue.block;
}

static int start(void)
{
    int err = thimble_init(&engine, engine_memory, sizeof engine_memory, &engine_config);
    if (err == THIMBLE_OK)
        err = target = thimble_target_add(engine, &target_config);
    if (err < 0)
        return err;

    const struct thimble_lun_config lun = {
        .block = served_disk(),
        .lun = LUN,
        .product = "SD CARD",
        .read_only = FIRMWARE_READ_ONLY,
    };
    err = thimble_lun_add(engine, target, &lun);
    if (err != THIMBLE_OK)
        return err;
    return thimble_lwip_start(&port, engine, port_conns, FIRMWARE_CONNECTIONS + 1,
                              FIRMWARE_PORT);
}

void app_start(void)
{
    printf("thimble %s on %s, engine uses %lu of %lu bytes\n", THIMBLE_VERSION, BOARD_NAME,
           (unsigned long)thimble_memory_bytes(&engine_config),
           (unsigned long)sizeof engine_memory);
    int err = start();
    if (err != THIMBLE_OK) {
        printf("thimble: cannot start, error %d; restarting\n", err);
        board_restart();
    }
}

uint32_t app_poll(void)
{
    watch_card();
    thimble_lwip_poll(&port);
    bool again = disk_queue_run(&queue);
    uint32_t idle_ms = thimble_tick(engine, board_ms());
    again |= thimble_lwip_poll(&port);

    tell_address();
    tell_traffic();
    bool no_network = net_address()[0] == '\0';
    leds_error(trouble ? trouble : no_network ? THIMBLE_LIGHTS_NETWORK_MISSING
                                              : THIMBLE_LIGHTS_NO_ERROR);
    leds_show();
    if (again)
        return 0;
    return idle_ms < DISK_LOOK_MS ? idle_ms : DISK_LOOK_MS;
}
