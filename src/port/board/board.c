/* SPDX-License-Identifier: MIT
 *
 * board.c: see thimble_board.h.  Puts together the engine, its port, the network and the disks of a
 * board (today: Teensy 4.1), and tells on the serial line what goes on.
 *
 * Layer 6.  Knows the platform by platform.h only; the words of its log are those of the emulated
 * boards.
 */
#include "which.h"

#if TH_BOARD_ANY

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "card_views.h"
#include "disk_line.h"
#include "platform.h"

enum {
    CARD_LOOK_MS = 20,
    ERROR_LED_MS = 2000,
    STRIKES_FORGOTTEN_MS = 60000,       /* who lives so long is well */
    NETWORK_RETRY_MS = 1000, NETWORK_RETRY_MAX_MS = 60000,
    COMPLAIN_MS = 10000,

    /* Sum of the parts as thimble.h tells their sizes. */
    ENGINE_BYTES =
        THIMBLE_MEMORY_BYTES(THIMBLE_BOARD_CONNECTIONS, THIMBLE_BOARD_SESSIONS,
                             THIMBLE_BOARD_QUEUE_DEPTH, THIMBLE_BOARD_BUFFERS,
                             THIMBLE_BOARD_BUFFER_BYTES) +
        (THIMBLE_BOARD_TARGETS - 1) * THIMBLE_TARGET_BYTES +
        (THIMBLE_BOARD_LUNS - 1) * THIMBLE_LUN_BYTES,
};

struct unit {
    struct th_disk_line line;
    int target;
    uint16_t lun;
};

/* Aligned for DMA: data buffers are a part of it. */
static uint8_t engine_memory[ENGINE_BYTES] __attribute__((aligned(32)));
static struct thimble *engine;
static struct thimble_settings settings;
static struct thimble_board_config config;
static char target_name[64];
static const char *first_target_name;

static struct unit units[THIMBLE_BOARD_LUNS];
static unsigned n_units, next_unit, first_target_units;

static enum { NOT_BEGUN, FAILED, READY, RUNNING } state;
static int failure;

static struct {
    uint32_t disk_errors, refused, sessions;
} count;

/* Times; each is compared with another that is less than half a wrap away. */
static uint32_t now_ms, error_led_ms, looked_ms, told_ms, complained_ms, network_due_ms;
static uint32_t network_pause_ms;
static bool error_led, network_started, strikes_forgotten;

/* --------------------------------------------------------------------------------------
 * The log
 */

static void log_line(enum th_log level, const char *format, va_list arguments)
{
    char line[200];
    if (settings.log.level != 0 && level > settings.log.level)
        return;

    int n = vsnprintf(line, sizeof line - 2, format, arguments);
    if (n < 0)
        return;
    size_t len = (size_t)n < sizeof line - 3 ? (size_t)n : sizeof line - 3;
    line[len++] = '\r';
    line[len++] = '\n';
    th_board_write(line, len);
}

void th_board_log(enum th_log level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_line(level, format, arguments);
    va_end(arguments);
}

void thimble_board_log(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_line(TH_LOG_INFO, format, arguments);
    va_end(arguments);
}

static void error_light(void)
{
    th_board_led(TH_LED_ERROR, true);
    error_led = true;
    error_led_ms = now_ms;
}

static void on_event(void *ctx, const struct thimble_event *e)
{
    const char *who = e->initiator[0] ? e->initiator : "somebody";
    const char *what = e->target[0] ? e->target : "discovery";
    (void)ctx;

    switch (e->kind) {
    case THIMBLE_EVENT_LOGIN:
        count.sessions++;
        thimble_board_log("session: %s logged in (%s)", who, what);
        break;
    case THIMBLE_EVENT_LOGOUT:
        thimble_board_log("session: %s logged out (%s)", who, what);
        break;
    case THIMBLE_EVENT_REINSTATED:
        thimble_board_log("session: %s replaces its old session", who);
        break;
    case THIMBLE_EVENT_DROPPED:
        thimble_board_log("session: %s, connection ended: %s", who,
                          thimble_reason_text(e->reason));
        break;
    case THIMBLE_EVENT_LOGIN_REFUSED:
        count.refused++;
        thimble_board_log("session: %s refused with %04lx: %s %s", who, (unsigned long)e->detail,
                          thimble_reason_text(e->reason), e->key);
        break;
    case THIMBLE_EVENT_REJECT:
        thimble_board_log("session: %s, PDU %02lx rejected with %lu: %s", who,
                          (unsigned long)(e->detail >> 8), (unsigned long)(e->detail & 0xff),
                          thimble_reason_text(e->reason));
        break;
    case THIMBLE_EVENT_TASK_MANAGEMENT:
        thimble_board_log("session: %s, task management %lu: response %lu", who,
                          (unsigned long)(e->detail >> 8), (unsigned long)(e->detail & 0xff));
        break;
    case THIMBLE_EVENT_DISK_ERROR:
        count.disk_errors++;
        thimble_board_log("disk: error, sense %06lx", (unsigned long)e->detail);
        error_light();
        break;
    default:
        break;
    }
}

static uint64_t size_kib(const struct thimble_block *d)
{
    return d->block_shift >= 10 ? d->size_blocks << (d->block_shift - 10)
                                : d->size_blocks >> (10 - d->block_shift);
}

static void tell_unit(const struct unit *u)
{
    const struct thimble_block *d = &u->line.block;
    if (u->line.below->ready && u->line.below->ready(u->line.below) != THIMBLE_OK) {
        thimble_board_log("disk: target %d LUN %u is not there, or not ready", u->target, u->lun);
        return;
    }
    thimble_board_log("disk: target %d LUN %u, %lu KiB, serial number %s%s", u->target, u->lun,
                      (unsigned long)size_kib(d),
                      d->serial ? d->serial : "made from its name", d->write ? "" : ", read-only");
}

static void tell_traffic(void)
{
    static uint32_t read_before, written_before;
    uint32_t passed_ms = now_ms - told_ms, read = 0, written = 0;
    if (passed_ms < THIMBLE_BOARD_STATUS_MS)
        return;
    for (unsigned i = 0; i < n_units; i++) {
        read += units[i].line.bytes_read;
        written += units[i].line.bytes_written;
    }
    if (read != read_before || written != written_before)
        thimble_board_log("traffic: %u connections, read %lu KB/s, written %lu KB/s, %lu disk "
                          "errors, %lu logins refused",
                          th_transport_open(), (unsigned long)((read - read_before) / passed_ms),
                          (unsigned long)((written - written_before) / passed_ms),
                          (unsigned long)count.disk_errors, (unsigned long)count.refused);
    told_ms = now_ms;
    read_before = read;
    written_before = written;
}

static void tell_address(void)
{
    static char told[48];
    const char *address = th_board_address();
    if (strcmp(told, address) == 0)
        return;
    strncpy(told, address, sizeof told - 1);
    th_board_led(TH_LED_READY, told[0] != '\0');
    if (told[0] == '\0')
        thimble_board_log("network: no address any more");
    else
        thimble_board_log("ready iscsi://%s:%u/%s/%u", told, (unsigned)config.port,
                          first_target_name, first_target_units ? units[0].lun : 0);
}

/* --------------------------------------------------------------------------------------
 * Beginning
 */

static int start_engine(void)
{
    struct thimble_config c = {
        .n_connections = THIMBLE_BOARD_CONNECTIONS,
        .n_sessions = THIMBLE_BOARD_SESSIONS,
        .queue_depth = THIMBLE_BOARD_QUEUE_DEPTH,
        .n_buffers = THIMBLE_BOARD_BUFFERS,
        .buffer_bytes = THIMBLE_BOARD_BUFFER_BYTES,
        .n_targets = THIMBLE_BOARD_TARGETS,
        .n_luns = THIMBLE_BOARD_LUNS,
        .send_timeout_ms = 15000,       /* the buffers of one that takes nothing are few */
        .event = on_event,
        .crypto = THIMBLE_CHAP ? th_board_crypto() : NULL,
    };
    int err = th_transport_prepare(&c);
    if (err != THIMBLE_OK)
        return err;
    thimble_board_log("thimble %s on %s, engine uses %lu of %lu bytes", THIMBLE_VERSION,
                      th_board_name, (unsigned long)thimble_memory_bytes(&c),
                      (unsigned long)sizeof engine_memory);
    if (config.target.chap && !c.crypto) {
        thimble_board_log("thimble: CHAP was asked for, but this firmware has no hashes (Mbed TLS)");
        return THIMBLE_ERR_ARGUMENT;
    }
    err = thimble_init(&engine, engine_memory, sizeof engine_memory, &c);
    if (err != THIMBLE_OK)
        return err;
    err = thimble_target_add(engine, &config.target);
    return err < 0 ? err : THIMBLE_OK;
}

static const char *host_name(void)
{
    return config.host_name ? config.host_name : "thimble";
}

static int fail(int err, const char *what)
{
    state = FAILED;
    failure = err;
    thimble_board_log("thimble: %s: error %d; nothing is served", what, err);
    return err;
}

/* A board that its watchdog restarts again and again waits longer each time: it can be read, and its
 * card is not worn out. */
static void wait_if_struck(void)
{
    uint8_t strikes = th_board_was_stuck() ? th_board_strikes() : 0;
    if (th_board_was_stuck() && strikes < 6)
        strikes++;
    th_board_set_strikes(strikes);
    if (strikes == 0)
        return;
    uint32_t pause_ms = UINT32_C(1000) << strikes;
    thimble_board_log("thimble: restarted by the watchdog, %u times in a row; waiting %lu s",
                      strikes, (unsigned long)(pause_ms / 1000));
    uint32_t since_ms = th_board_ms();
    while (th_board_ms() - since_ms < pause_ms)
        th_board_watchdog_feed();
}

static bool read_ipv4(const char *text, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned byte = 0, digits = 0;
        while (*text >= '0' && *text <= '9' && digits++ < 3)
            byte = byte * 10 + (unsigned)(*text++ - '0');
        if (digits == 0 || byte > 255 || *text++ != (i < 3 ? '.' : '\0'))
            return false;
        *value = *value << 8 | byte;
    }
    return true;
}

/* What the sketch says, in the place of the defaults. */
static bool take_defaults(void)
{
    char text[24];
    uint32_t mask = 0xffffff00;
    unsigned prefix = 0;

    thimble_settings_init(&settings);
    if (!thimble_settings_default(&settings, "network", "hostname", host_name()))
        return false;
    if (!config.address)
        return true;
    if (config.netmask && !read_ipv4(config.netmask, &mask))
        return false;
    while (prefix < 32 && mask & UINT32_C(0x80000000) >> prefix)
        prefix++;
    int n = snprintf(text, sizeof text, "%s/%u", config.address, prefix);
    return n > 0 && (size_t)n < sizeof text &&
           thimble_settings_default(&settings, "network", "address", text) &&
           (!config.gateway ||
            thimble_settings_default(&settings, "network", "gateway", config.gateway));
}

int thimble_board_begin(const struct thimble_board_config *given)
{
    if (state != NOT_BEGUN)
        return THIMBLE_ERR_ARGUMENT;
    config = *given;
    if (!config.port)
        config.port = THIMBLE_BOARD_PORT;
    if (!config.target.name) {
        int n = snprintf(target_name, sizeof target_name, "iqn.2026-11.org.thimble:%s",
                         host_name());
        config.target.name = n > 0 && (size_t)n < sizeof target_name ? target_name
                                                                      : "iqn.2026-11.org.thimble:disk";
    }
    first_target_name = config.target.name;

    th_board_start();
    wait_if_struck();
    if (!take_defaults())
        return fail(THIMBLE_ERR_ARGUMENT, "a name or an address of the sketch is none");
    th_board_pins(&settings);
    int err = start_engine();
    if (err != THIMBLE_OK)
        return fail(err, "the engine or its first target cannot be made");
    state = READY;
    return THIMBLE_OK;
}

int thimble_board_target_add(const struct thimble_target_config *target)
{
    if (state != READY)
        return THIMBLE_ERR_ARGUMENT;
    int err = thimble_target_add(engine, target);
    if (err < 0)
        thimble_board_log("target: %s is refused: error %d", target->name, err);
    return err;
}

int thimble_board_lun_add(int target, const struct thimble_lun_config *given)
{
    struct thimble_lun_config lun = *given;
    if (state != READY)
        return THIMBLE_ERR_ARGUMENT;
    if (!lun.block) {
        thimble_board_log("disk: target %d LUN %u has no disk and is left out", target, lun.lun);
        error_light();
        return THIMBLE_ERR_NO_MEDIUM;
    }
    if (n_units == THIMBLE_BOARD_LUNS) {
        thimble_board_log("disk: no room for target %d LUN %u (THIMBLE_BOARD_LUNS)", target,
                          lun.lun);
        return THIMBLE_ERR_FULL;
    }

    struct unit *u = &units[n_units];
    *u = (struct unit){ .target = target, .lun = lun.lun };
    th_disk_line_init(&u->line, lun.block);
    lun.block = &u->line.block;
    int err = thimble_lun_add(engine, target, &lun);
    if (err != THIMBLE_OK) {
        thimble_board_log("disk: target %d LUN %u is refused: error %d", target, lun.lun, err);
        return err;
    }
    n_units++;
    if (target == 0)
        first_target_units++;
    tell_unit(u);
    return THIMBLE_OK;
}

/* --------------------------------------------------------------------------------------
 * The loop
 */

/* The card was changed, or went: those of its units learn it, and so do their initiators. */
static void look_after_card(void)
{
    if (now_ms - looked_ms < CARD_LOOK_MS)
        return;
    looked_ms = now_ms;
    if (!th_board_card_poll())
        return;
    th_card_views_follow();
    for (unsigned i = 0; i < n_units; i++) {
        struct unit *u = &units[i];
        if (!u->line.below->removable)
            continue;
        th_disk_line_follow(&u->line);
        thimble_lun_changed(engine, u->target, u->lun, THIMBLE_LUN_MEDIUM_CHANGED);
        tell_unit(u);
    }
}

static void run_disks(void)
{
    for (unsigned i = 0; i < n_units; i++) {
        th_disk_line_run(&units[next_unit].line);
        next_unit = next_unit + 1 < n_units ? next_unit + 1 : 0;
    }
}

/* What cannot be started now is tried again, with pauses that grow. */
static void start_network(void)
{
    if (network_started || (int32_t)(now_ms - network_due_ms) < 0)
        return;
    network_started = th_board_network_start(&settings);
    if (network_started)
        return;
    network_pause_ms = network_pause_ms ? network_pause_ms * 2 : NETWORK_RETRY_MS;
    if (network_pause_ms > NETWORK_RETRY_MAX_MS)
        network_pause_ms = NETWORK_RETRY_MAX_MS;
    network_due_ms = now_ms + network_pause_ms;
    thimble_board_log("network: cannot be started; again in %lu s",
                      (unsigned long)(network_pause_ms / 1000));
    error_light();
}

static bool listen(void)
{
    int err = th_transport_start(engine, config.port);
    if (err != THIMBLE_OK)
        fail(err, "cannot listen");
    return err == THIMBLE_OK;
}

/* The network stack may want to be started before anybody can listen. */
static bool enter_running(void)
{
    static bool armed;
    if (!armed && THIMBLE_BOARD_WATCHDOG_MS > 0)
        th_board_watchdog_start(THIMBLE_BOARD_WATCHDOG_MS);
    armed = true;
    start_network();
    if (!network_started || !listen())
        return false;
    if (n_units == 0)
        thimble_board_log("disk: there is none; initiators will see an empty target");
    state = RUNNING;
    return true;
}

static void complain(void)
{
    bool on = now_ms / 250 % 2 != 0;
    th_board_led(TH_LED_ERROR, on);
    if (now_ms - complained_ms < COMPLAIN_MS)
        return;
    complained_ms = now_ms;
    thimble_board_log("thimble: nothing is served: error %d", failure);
}

static bool disks_wait(void)
{
    for (unsigned i = 0; i < n_units; i++)
        if (units[i].line.first)
            return true;
    return false;
}

/* Returns the time in ms for which there is nothing to do unless something comes. */
static uint32_t take_turn(void)
{
    now_ms = th_board_ms();
    th_board_watchdog_feed();
    if (state == NOT_BEGUN)
        return CARD_LOOK_MS;
    if (state == FAILED) {
        complain();
        return CARD_LOOK_MS;
    }
    if (state == READY && !enter_running())
        return CARD_LOOK_MS;

    th_board_network_poll();
    look_after_card();
    run_disks();
    uint32_t idle_ms = th_transport_poll();
    tell_address();
    tell_traffic();
    if (error_led && now_ms - error_led_ms > ERROR_LED_MS) {
        error_led = false;
        th_board_led(TH_LED_ERROR, false);
    }
    if (!strikes_forgotten && now_ms > STRIKES_FORGOTTEN_MS) {
        strikes_forgotten = true;
        th_board_set_strikes(0);
    }
    return disks_wait() ? 0 : idle_ms < CARD_LOOK_MS ? idle_ms : CARD_LOOK_MS;
}

static void turn(void)
{
    th_board_idle(take_turn());
}

void thimble_board_run(void)
{
    if (!th_board_task(turn))
        turn();
}

#else

/* ISO C wants something in every file. */
typedef int th_board_is_not_compiled;

#endif
