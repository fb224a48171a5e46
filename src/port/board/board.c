/* SPDX-License-Identifier: MIT
 *
 * board.c: see thimble_board.h.  Puts together settings, engine, its port, the network and the disks of
 * a board, and goes round.
 *
 * Layer 6.  Knows the platform by platform.h only.
 */
#include "which.h"

#if TH_BOARD_ANY

#include <stdio.h>
#include <string.h>

#include "../../device/backoff.h"
#include "announce.h"
#include "card_views.h"
#include "ini.h"
#include "log.h"
#include "remote.h"
#include "show.h"
#include "status.h"
#include "units.h"

enum {
    TURN_MS = 20,                       /* at most, for lights and card */
    CARD_LOOK_MS = 20,
    QUIET_MS = 50,                      /* without requests, until late writes begin */
    STRIKES_MAX = 6,
    STRIKES_FORGOTTEN_MS = 60000,       /* who lives so long is well */
    RETRY_MS = 1000, RETRY_MAX_MS = 60000,
    COMPLAIN_MS = 10000,

    /* Sum of the parts as thimble.h tells their sizes. */
    ENGINE_BYTES =
        THIMBLE_MEMORY_BYTES(THIMBLE_BOARD_CONNECTIONS, THIMBLE_BOARD_SESSIONS,
                             THIMBLE_BOARD_QUEUE_DEPTH, THIMBLE_BOARD_BUFFERS,
                             THIMBLE_BOARD_BUFFER_BYTES) +
        (THIMBLE_BOARD_TARGETS - 1) * THIMBLE_TARGET_BYTES +
        (THIMBLE_BOARD_LUNS - 1) * THIMBLE_LUN_BYTES,
};

#if THIMBLE_SETTINGS_TARGETS > THIMBLE_BOARD_TARGETS
#error "THIMBLE_BOARD_TARGETS is less than THIMBLE_SETTINGS_TARGETS"
#endif

#define BUFFER_ALIGN (THIMBLE_BUFFER_ALIGN > 32 ? THIMBLE_BUFFER_ALIGN : 32)

/* Aligned for DMA: data buffers are a part of it. */
#if TH_BOARD_ENGINE_ON_HEAP
static void *engine_memory;
#else
static uint8_t engine_memory[ENGINE_BYTES] __attribute__((aligned(BUFFER_ALIGN)));
#endif
static struct thimble *engine;
static struct thimble_settings settings;
static char status_url[80];             /* "": nobody can reach it */

static struct {
    const char *name;                   /* NULL: it is not served */
    int index;                          /* the engine's */
} targets[THIMBLE_BOARD_TARGETS];       /* as the file and the sketch count them */
static unsigned n_targets;
static struct thimble_settings_chap chaps[THIMBLE_SETTINGS_TARGETS], discovery_chap;
static const char *allowed[THIMBLE_SETTINGS_LIST];      /* of all targets */
static size_t n_allowed;
static struct thimble_lun_view views[THIMBLE_SETTINGS_LIST];    /* of all units */
static size_t n_views;
static const struct thimble_board_config *sketch;
static bool sketch_has_disks;

static enum { NOT_BEGUN, FAILED, READY, RUNNING } state;
static int failure;
static const char *failure_text;
static enum thimble_lights_error lasting_light;     /* of what no card can change: settings, memory */

static struct {
    uint32_t disk_errors, refused;
} count;

/* Times; each is compared with another that is less than half a wrap away. */
static uint32_t now_ms, looked_ms, told_ms, complained_ms, worked_ms, network_due_ms, card_due_ms;
static struct thimble_backoff network_patience, card_patience;
static bool network_started, strikes_forgotten, card_moved, card_again;

static void on_event(void *ctx, const struct thimble_event *e)
{
    (void)ctx;
    th_log_event(e);
    th_status_event(e);
    if (e->kind == THIMBLE_EVENT_LOGIN_REFUSED)
        count.refused++;
    if (e->kind == THIMBLE_EVENT_DISK_ERROR) {
        count.disk_errors++;
        th_show_report(THIMBLE_LIGHTS_CARD_FAILED);
    }
}

static uint32_t random_u32(void)
{
    uint32_t n = 0;
    return th_board_random(&n, sizeof n) ? n : th_board_ms();
}

/* --------------------------------------------------------------------------------------
 * Beginning: settings
 */

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

static bool set_subnet(const char *key, const char *address)
{
    char text[24];
    uint32_t mask = 0xffffff00;
    unsigned prefix = 0;
    if (!address)
        return true;
    if (sketch->netmask && !read_ipv4(sketch->netmask, &mask))
        return false;

    while (prefix < 32 && mask & UINT32_C(0x80000000) >> prefix)
        prefix++;
    int n = snprintf(text, sizeof text, "%s/%u", address, prefix);
    return n > 0 && (size_t)n < sizeof text &&
           thimble_settings_default(&settings, "network", key, text);
}

static bool set_number(const char *section, const char *key, uint32_t value)
{
    char text[12];
    snprintf(text, sizeof text, "%lu", (unsigned long)value);
    return thimble_settings_default(&settings, section, key, text);
}

static bool set_text(const char *section, const char *key, const char *text)
{
    return !text || thimble_settings_default(&settings, section, key, text);
}

/* All of a network or nothing: a password is not for another network than its own. */
static bool set_wifi(void)
{
    if (settings.wifi[0].head.present)
        return true;
    return set_text("wifi", "ssid", sketch->ssid) && set_text("wifi", "password", sketch->password) &&
           set_text("wifi", "country", sketch->country);
}

/* What the sketch says counts where the file says nothing.  False: something of it makes no sense. */
static bool take_from_sketch(void)
{
    return set_number("network", "port", sketch->port ? sketch->port : THIMBLE_BOARD_PORT) &&
           set_text("network", "hostname", sketch->host_name) &&
           set_text("network", "announce", th_announce_is_there ? "yes" : NULL) &&
           set_subnet("address", sketch->address) && set_subnet("fallback", sketch->fallback) &&
           set_text("network", "gateway", sketch->gateway) && set_wifi() &&
           set_text("target", "name", sketch->target.name) &&
           set_number("limits", "cache", THIMBLE_BOARD_CACHE_BYTES);
}

/* What was entered in a form stands behind the networks of the file and before the sketch's name of the board. */
static void take_entered(void)
{
    struct thimble_setup entered;
    if (!th_remote_entered(&entered))
        return;
    if (!thimble_settings_add_wifi(&settings, entered.ssid, entered.password))
        th_board_log(TH_LOG_WARNING, "setup: there is no place for the network that was entered");
    if (entered.host_name[0] != '\0')
        set_text("network", "hostname", entered.host_name);
}

static void tell_unheeded(void)
{
    for (int pin = THIMBLE_PIN_SD_CS; pin <= THIMBLE_PIN_SD_MISO; pin++)
        if (settings.pins.pin[pin] != 0) {
            th_board_log(TH_LOG_WARNING,
                         "pins: sd-... cannot be followed: thimble.ini is read from the card");
            return;
        }
}

/* --------------------------------------------------------------------------------------
 * Beginning: engine and targets
 */

static int fail(int err, enum thimble_lights_error light, const char *what)
{
    state = FAILED;
    failure = err;
    lasting_light = light;
    failure_text = what;
    th_board_log(TH_LOG_ERROR, "thimble: %s: error %d; nothing is served", what, err);
    return err;
}

/* What [limits] asks for, if there is the memory; its sizes are told and left out otherwise. */
static void apply_limits(struct thimble_config *c)
{
    struct thimble_config own = *c;
    thimble_settings_limits(&settings, c);
    size_t bytes = thimble_memory_bytes(c);
    if (bytes != 0 && bytes <= ENGINE_BYTES && c->n_connections <= THIMBLE_BOARD_CONNECTIONS)
        return;

    th_board_log(TH_LOG_ERROR, "thimble.ini: [limits] ask for %lu bytes and %u connections, this "
                 "board has %lu and %u; its own sizes are taken", (unsigned long)bytes,
                 c->n_connections, (unsigned long)ENGINE_BYTES,
                 THIMBLE_BOARD_CONNECTIONS);
    lasting_light = THIMBLE_LIGHTS_INTERNAL;
    c->n_connections = own.n_connections;
    c->n_sessions = own.n_sessions;
    c->queue_depth = own.queue_depth;
    c->n_buffers = own.n_buffers;
    c->buffer_bytes = own.buffer_bytes;
}

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
        .status_url = TH_BOARD_STATUS ? status_url : NULL,
    };
    apply_limits(&c);
    c.discovery_chap =
        thimble_settings_chap(&settings, &settings.discovery.account, &discovery_chap);
    int err = th_transport_prepare(&c);
    if (err != THIMBLE_OK)
        return err;
    thimble_board_log("thimble %s on %s, engine uses %lu of %lu bytes", THIMBLE_VERSION,
                      th_board_name, (unsigned long)thimble_memory_bytes(&c),
                      (unsigned long)ENGINE_BYTES);
#if TH_BOARD_ENGINE_ON_HEAP
    engine_memory = th_board_memory(ENGINE_BYTES);
    if (!engine_memory)
        return THIMBLE_ERR_FULL;
#endif
    return thimble_init(&engine, engine_memory, ENGINE_BYTES, &c);
}

static int add_target(unsigned place, const struct thimble_target_config *t)
{
    if (place >= THIMBLE_BOARD_TARGETS)
        return THIMBLE_ERR_FULL;
    if (t->chap && (!THIMBLE_CHAP || !th_board_crypto()))
        th_board_log(TH_LOG_ERROR, "target: %s: CHAP was asked for, but this firmware has no hashes",
                     t->name);
    int err = thimble_target_add(engine, t);
    if (err < 0) {
        th_board_log(TH_LOG_ERROR, "target: %s is refused: error %d", t->name, err);
        return err;
    }
    targets[place].name = t->name;
    targets[place].index = err;
    return (int)place;
}

/* [target N]; the first one with what the sketch says of its target 0. */
static int add_target_of_file(unsigned number, const struct thimble_settings_target *from)
{
    struct thimble_target_config t = { 0 };
    const struct thimble_chap *chap =
        thimble_settings_chap(&settings, &from->account, &chaps[number - 1]);
    size_t n = thimble_settings_allowed(&settings, number, allowed + n_allowed,
                                        THIMBLE_SETTINGS_LIST - n_allowed);
    if (number == 1)
        t = sketch->target;

    t.name = thimble_settings_text(&settings, from->name);
    if (from->alias)
        t.alias = thimble_settings_text(&settings, from->alias);
    if (chap)
        t.chap = chap;
    if (n > 0) {
        t.allowed = allowed + n_allowed;
        t.n_allowed = n;
        n_allowed += n;
    }
    return add_target(number - 1, &t);
}

/* A target that is not served keeps its place, so that [lun]s and the sketch mean the right ones. */
static int add_targets(void)
{
    n_targets = 1;
    for (unsigned number = 1; number <= THIMBLE_SETTINGS_TARGETS; number++) {
        const struct thimble_settings_target *t = thimble_settings_target(&settings, number);
        int err = t ? add_target_of_file(number, t) : THIMBLE_OK;
        if (err < 0)
            return err;
        if (settings.target[number - 1].head.present)
            n_targets = number;
    }
    return THIMBLE_OK;
}

/* --------------------------------------------------------------------------------------
 * Beginning: disks of the file
 */

static struct thimble_block *memory_disk(uint64_t bytes, bool psram, uint8_t block_shift)
{
    static struct thimble_ram_disk disks[THIMBLE_BOARD_LUNS];
    static unsigned n_disks;
    if (bytes > SIZE_MAX / 2 || bytes >> block_shift == 0 || n_disks == THIMBLE_BOARD_LUNS)
        return NULL;

    void *memory = psram ? thimble_board_psram((size_t)bytes) : th_board_memory((size_t)bytes);
    struct thimble_ram_disk *d = &disks[n_disks];
    if (!memory || thimble_ram_disk_init(d, memory, bytes >> block_shift, block_shift) != THIMBLE_OK)
        return NULL;
    n_disks++;
    return &d->block;
}

static struct thimble_block *disk_of(const struct thimble_settings_lun *l)
{
    uint8_t shift = l->block_size == 2 ? 12 : 9;
    if (l->type == 2 && !THIMBLE_SCSI_CDROM) {
        th_board_log(TH_LOG_ERROR, "disk: this firmware has no type = cdrom (THIMBLE_SCSI_CDROM)");
        return NULL;
    }
    if (shift == 12 && l->disk.kind != THIMBLE_DISK_RAM && l->disk.kind != THIMBLE_DISK_PSRAM) {
        th_board_log(TH_LOG_ERROR, "disk: block-size = 4096 is for memory only");
        return NULL;
    }
    switch ((enum thimble_settings_disk_kind)l->disk.kind) {
    case THIMBLE_DISK_CARD:
        return settings.any_lun ? th_card_whole() : th_card_default();
    case THIMBLE_DISK_PARTITION:
        return thimble_board_partition(l->disk.partition);
    case THIMBLE_DISK_FILE:
        return thimble_board_image(thimble_settings_text(&settings, l->disk.file));
    case THIMBLE_DISK_FLASH:
        return thimble_board_flash();
    case THIMBLE_DISK_PSRAM:
        return memory_disk(th_board_psram_bytes(), true, shift);
    case THIMBLE_DISK_RAM:
        return memory_disk(l->disk.ram_bytes, false, shift);
    }
    return NULL;
}

/* Those of the file; without any there, what is there by itself: thimble.img or the card. */
static void add_luns(void)
{
    for (unsigned n = 0; n < THIMBLE_SETTINGS_LUNS; n++) {
        const struct thimble_settings_lun *l = thimble_settings_lun(&settings, n);
        unsigned target = l ? l->target - 1u : 0;
        if (!l || target >= n_targets || !targets[target].name)
            continue;
        if (!settings.any_lun && !thimble_board_card())
            continue;
        struct thimble_lun_view *seen_by = views + n_views;
        size_t n_seen_by = thimble_settings_views(&settings, n, seen_by, THIMBLE_SETTINGS_LIST - n_views);
        n_views += n_seen_by;
        struct thimble_lun_config lun = {
            .block = disk_of(l), .lun = l->number, .read_only = l->read_only,
            .type = l->type == 2 ? THIMBLE_DEVICE_CDROM : THIMBLE_DEVICE_DISK,
            .views = n_seen_by ? seen_by : NULL, .n_views = n_seen_by,
            .vendor = thimble_settings_text(&settings, l->vendor),
            .product = thimble_settings_text(&settings, l->product),
        };
        th_unit_add(engine, targets[target].index, targets[target].name, &lun,
                    thimble_settings_text(&settings, l->serial));
    }
}

/* -------------------------------------------------------------------------------------- */

/* A board that its watchdog restarts again and again waits longer each time: it can be read, and its
 * card is not worn out. */
static void wait_if_struck(void)
{
    uint8_t strikes = th_board_was_stuck() ? th_board_strikes() : 0;
    if (th_board_was_stuck() && strikes < STRIKES_MAX)
        strikes++;
    th_board_set_strikes(strikes);
    if (strikes == 0)
        return;
    uint32_t pause_ms = UINT32_C(1000) << strikes;
    th_board_log(TH_LOG_ERROR,
                 "thimble: restarted by the watchdog, %u times in a row; waiting %lu s", strikes,
                 (unsigned long)(pause_ms / 1000));
    uint32_t since_ms = th_board_ms();
    while (th_board_ms() - since_ms < pause_ms)
        th_board_watchdog_feed();
}

int thimble_board_begin(const struct thimble_board_config *given)
{
    static struct thimble_board_config config;
    if (state != NOT_BEGUN)
        return THIMBLE_ERR_ARGUMENT;
    config = *given;
    sketch = &config;

    th_board_start();
    wait_if_struck();
    enum th_ini ini = th_ini_read(&settings);
    bool sound = take_from_sketch();
    take_entered();
    th_log_set(&settings);
    th_board_pins(&settings);
    th_show_start(&settings);
    thimble_backoff_init(&network_patience, RETRY_MS, RETRY_MAX_MS);
    thimble_backoff_init(&card_patience, RETRY_MS, RETRY_MAX_MS);
    card_again = ini == TH_INI_FAILED;
    if (settings.fatal)
        return fail(THIMBLE_ERR_ARGUMENT, THIMBLE_LIGHTS_SETTINGS_WRONG,
                    "thimble.ini has a mistake that may concern everything");
    if (!sound)
        return fail(THIMBLE_ERR_ARGUMENT, THIMBLE_LIGHTS_SETTINGS_WRONG,
                    "an address or the host name of the sketch is none");
    if (settings.n_problems > 0)
        lasting_light = THIMBLE_LIGHTS_SETTINGS_WRONG;
    tell_unheeded();

    int err = start_engine();
    if (err == THIMBLE_OK)
        err = add_targets();
    if (err != THIMBLE_OK)
        return fail(err, err == THIMBLE_ERR_NO_MEMORY ? THIMBLE_LIGHTS_INTERNAL
                                                      : THIMBLE_LIGHTS_SETTINGS_WRONG,
                    "the engine or a target cannot be made");
    th_card_cache(settings.limits.cache_bytes);
    state = READY;
    if (settings.any_lun)
        add_luns();
    return THIMBLE_OK;
}

int thimble_board_target_add(const struct thimble_target_config *target)
{
    int place = state == READY ? add_target(n_targets, target) : THIMBLE_ERR_ARGUMENT;
    if (place >= 0)
        n_targets++;
    return place;
}

/* thimble.ini decides about all disks or none: one of the sketch's beside those of the file could be the same blocks. */
int thimble_board_lun_add(int target, const struct thimble_lun_config *given)
{
    struct thimble_lun_config lun = *given;
    if (state != READY || target < 0 || (unsigned)target >= n_targets)
        return THIMBLE_ERR_ARGUMENT;
    sketch_has_disks = true;
    if (settings.any_lun)
        return THIMBLE_OK;
    if (!targets[target].name)
        return THIMBLE_ERR_ARGUMENT;
    if (lun.block && lun.block == thimble_board_card())
        lun.block = th_card_whole();
    int err = th_unit_add(engine, targets[target].index, targets[target].name, &lun, NULL);
    if (err == THIMBLE_ERR_NO_MEDIUM)
        th_show_report(THIMBLE_LIGHTS_CARD_FAILED);
    return err;
}

/* --------------------------------------------------------------------------------------
 * The loop: disks
 */

/* A card that moved is looked at when no request is on its way in it; one that could not be read, again and again,
 * with pauses that grow. */
static void look_after_card(void)
{
    if (now_ms - looked_ms < CARD_LOOK_MS)
        return;
    looked_ms = now_ms;
    if (th_board_card_poll()) {
        card_moved = true;
        thimble_backoff_reset(&card_patience);
    }
    bool due = card_moved || (card_again && (int32_t)(now_ms - card_due_ms) >= 0);
    if (!due || th_units_busy())
        return;
    card_again = th_units_follow(engine, card_moved);
    card_moved = false;
    card_due_ms = now_ms + thimble_backoff_next(&card_patience, random_u32());
}

/* True: there is more to do. */
static bool run_disks(void)
{
    if (th_units_run())
        worked_ms = now_ms;
    return now_ms - worked_ms >= QUIET_MS && th_card_write_late();
}

/* --------------------------------------------------------------------------------------
 * The loop: network
 */

static void start_network(void)
{
    if (network_started || (int32_t)(now_ms - network_due_ms) < 0)
        return;
    network_started = th_board_network_start(&settings);
    if (network_started)
        return;
    uint32_t pause_ms = thimble_backoff_next(&network_patience, random_u32());
    network_due_ms = now_ms + pause_ms;
    th_board_log(TH_LOG_WARNING, "network: cannot be started; again in %lu s",
                 (unsigned long)((pause_ms + 500) / 1000));
}

static void announce(void)
{
    static struct th_announced what;

    what.host_name = thimble_settings_text(&settings, settings.network.hostname);
    what.port = settings.network.port;
    what.http_port = TH_BOARD_STATUS ? settings.status.http_port : 0;
    for (unsigned i = 0; i < n_targets; i++) {
        what.of[i].target = targets[i].name;
        what.of[i].n_luns = targets[i].name ? th_units_of(targets[i].index) : 0;
    }
    th_announce_start(&what);
}

/* The network stack may want to be started before anybody can listen. */
static bool enter_running(void)
{
    static bool armed;
    if (!armed && THIMBLE_BOARD_WATCHDOG_MS > 0)
        th_board_watchdog_start(THIMBLE_BOARD_WATCHDOG_MS);
    if (!armed && !settings.any_lun && !sketch_has_disks)
        add_luns();
    armed = true;
    start_network();
    if (!network_started)
        return false;
    int err = th_transport_start(engine, settings.network.port);
    if (err != THIMBLE_OK) {
        fail(err, THIMBLE_LIGHTS_INTERNAL, "cannot listen");
        return false;
    }
    th_status_start(engine, &settings);
    if (settings.network.announce)
        announce();
    state = RUNNING;
    return true;
}

static const char *trouble_text(enum th_network_trouble trouble)
{
    switch (trouble) {
    case TH_NETWORK_NO_TROUBLE:     break;
    case TH_NETWORK_NO_DEVICE:      return "the chip does not answer";
    case TH_NETWORK_NO_LINK:        return "no link; is the cable in?";
    case TH_NETWORK_NO_DHCP:        return "no answer from DHCP";
    case TH_NETWORK_WIFI_NOT_SET:   return "thimble.ini has no [wifi]";
    case TH_NETWORK_WIFI_NOT_FOUND: return "no network of [wifi] is in reach";
    case TH_NETWORK_WIFI_REFUSED:   return "the WiFi network refuses us; is the password right?";
    }
    return NULL;
}

static void tell_network(const struct th_units *units)
{
    static char told[48];
    static enum th_network_trouble trouble_told;
    const char *address = th_board_address();
    enum th_network_trouble trouble = th_board_network_trouble();
    const char *first = NULL;

    if (trouble != trouble_told && trouble_text(trouble))
        th_board_log(TH_LOG_WARNING, "network: %s", trouble_text(trouble));
    trouble_told = trouble;
    if (strcmp(told, address) == 0)
        return;
    strncpy(told, address, sizeof told - 1);
    if (TH_BOARD_STATUS && settings.status.http_port && told[0] != '\0')
        snprintf(status_url, sizeof status_url, "http://%s:%u/", told, (unsigned)settings.status.http_port);
    else
        status_url[0] = '\0';
    for (unsigned i = 0; i < n_targets && !first; i++)
        first = targets[i].name;
    if (told[0] == '\0')
        th_board_log(TH_LOG_WARNING, "network: no address any more");
    else if (first)
        thimble_board_log("ready iscsi://%s:%u/%s/%u", told, (unsigned)settings.network.port, first,
                          units->first_lun);
}

/* --------------------------------------------------------------------------------------
 * The loop: what is shown
 */

static void tell_traffic(const struct th_units *u)
{
    static uint32_t read_before, written_before;
    uint32_t passed_ms = now_ms - told_ms;
    if (passed_ms < THIMBLE_BOARD_STATUS_MS)
        return;
    uint32_t read = u->read_bytes - read_before, written = u->written_bytes - written_before;
    if (read || written)
        thimble_board_log("traffic: %u connections, read %lu KB/s, written %lu KB/s, %lu disk "
                          "errors, %lu logins refused", th_transport_open(),
                          (unsigned long)(read / passed_ms), (unsigned long)(written / passed_ms),
                          (unsigned long)count.disk_errors, (unsigned long)count.refused);
    told_ms = now_ms;
    read_before = u->read_bytes;
    written_before = u->written_bytes;
}

static void show(const struct th_units *u)
{
    const char *address = state == RUNNING ? th_board_address() : "";
    enum thimble_lights_error error = u->trouble ? u->trouble : lasting_light;
    enum thimble_lights_state ready = THIMBLE_LIGHTS_SERVING;

    if (!error && state != FAILED && address[0] == '\0')
        error = THIMBLE_LIGHTS_NETWORK_MISSING;
    if (state == FAILED)
        ready = THIMBLE_LIGHTS_OFF;
    else if (address[0] == '\0')
        ready = THIMBLE_LIGHTS_NO_NETWORK;
    else if (u->trouble == THIMBLE_LIGHTS_CARD_MISSING)
        ready = THIMBLE_LIGHTS_NO_CARD;
    th_show_error(error);
    th_show_state(ready);
    const struct th_show what = {
        .bytes = u->read_bytes + u->written_bytes,
        .connections = state == RUNNING ? th_transport_open() : 0,
        .address = address,
    };
    th_show_now(&what);
}

static void complain(void)
{
    if (now_ms - complained_ms < COMPLAIN_MS)
        return;
    complained_ms = now_ms;
    th_board_log(TH_LOG_ERROR, "thimble: nothing is served: %s: error %d", failure_text, failure);
}

static uint32_t serve(void)
{
    th_board_network_poll();
    look_after_card();
    bool more = run_disks();
    uint32_t idle_ms = th_transport_poll();
    th_log_send();
    if (settings.network.announce)
        th_announce_poll();
    return more || th_units_waiting() ? 0 : idle_ms;
}

static void tell(void)
{
    struct th_units units;
    th_units_look(&units);
    if (state == RUNNING) {
        tell_network(&units);
        tell_traffic(&units);
    }
    show(&units);
}

static void turn(void)
{
    static uint32_t shown_ms;
    uint32_t idle_ms = TURN_MS;

    now_ms = th_board_ms();
    th_board_watchdog_feed();
    if (state == READY)
        enter_running();
    if (state == FAILED)
        complain();
    if (state == RUNNING)
        idle_ms = serve();
    th_remote_poll(state == RUNNING && th_board_address()[0] != '\0');
    if (now_ms != shown_ms)
        tell();
    shown_ms = now_ms;
    if (!strikes_forgotten && now_ms > STRIKES_FORGOTTEN_MS) {
        strikes_forgotten = true;
        th_board_set_strikes(0);
    }
    th_board_idle(idle_ms < TURN_MS ? idle_ms : TURN_MS);
}

void thimble_board_run(void)
{
    if (state != NOT_BEGUN && !th_board_task(turn))
        turn();
}

#else

/* ISO C wants something in every file. */
typedef int th_board_is_not_compiled;

#endif
