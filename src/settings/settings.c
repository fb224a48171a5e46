/* SPDX-License-Identifier: MIT
 *
 * settings.c: defaults, and what a caller asks of settings.  See settings.h.  Layer 6.
 */
#include "settings.h"

#include <string.h>

#include "table.h"

void thimble_settings_init(struct thimble_settings *s)
{
    memset(s, 0, sizeof *s);
    s->text_used = 1;                   /* 0 is "not given" */
    for (const struct th_setting *row = th_settings; row < th_settings + th_n_settings; row++) {
        unsigned n = th_sections[row->section].count;
        if (row->kind == TH_SET_NAME)
            n = 1;                      /* others must be given one */
        for (unsigned unit = 0; row->fallback && unit < n; unit++)
            th_value_set(s, row, unit, row->fallback, 0);
    }
    for (unsigned i = 0; i < THIMBLE_SETTINGS_LUNS; i++)
        s->lun[i].number = (uint8_t)i;
    s->lun[0].head.present = true;
    s->target[0].head.present = true;
}

bool thimble_settings_usable(const struct thimble_settings *s)
{
    for (unsigned n = 0; n < THIMBLE_SETTINGS_LUNS; n++)
        if (thimble_settings_lun(s, n))
            return true;
    return false;
}

bool thimble_settings_default(struct thimble_settings *s, const char *section, const char *key,
                              const char *value)
{
    unsigned id = 0;
    while (id < TH_SECTION_COUNT && !th_word_equal(section, th_sections[id].name))
        id++;
    const struct th_setting *row = id < TH_SECTION_COUNT ? th_setting_find(id, key) : NULL;
    if (!row)
        return false;
    const struct thimble_settings_head *head = th_section_in(s, id, 0);
    return (head->given & th_given_bit(row)) != 0 ||
           th_value_set(s, row, 0, value, 0) == TH_SET_OK;
}

bool thimble_settings_add_wifi(struct thimble_settings *s, const char *ssid, const char *password)
{
    unsigned unit = THIMBLE_SETTINGS_WIFI;
    while (unit > 0 && !s->wifi[unit - 1].head.present && !s->wifi[unit - 1].ssid)
        unit--;
    if (unit == THIMBLE_SETTINGS_WIFI)
        return false;

    struct thimble_settings_wifi *w = &s->wifi[unit];
    const struct thimble_settings_wifi nothing = *w;
    bool taken = th_value_set(s, th_setting_find(TH_SECTION_WIFI, "ssid"), unit, ssid, 0) == TH_SET_OK &&
                 (!password[0] || th_value_set(s, th_setting_find(TH_SECTION_WIFI, "password"), unit, password,
                                               0) == TH_SET_OK);
    if (!taken)
        *w = nothing;
    w->head.present = taken;
    return taken;
}

void thimble_settings_wipe(struct thimble_settings *s)
{
    volatile unsigned char *at = (volatile unsigned char *)s;

    for (size_t i = 0; i < sizeof *s; i++)
        at[i] = 0;
}

const char *thimble_settings_text(const struct thimble_settings *s, thimble_text text)
{
    return text ? s->text + text : NULL;
}

static bool is_good(const struct thimble_settings *s, const struct thimble_settings_head *head)
{
    return !s->fatal && head->present && !head->bad;
}

const struct thimble_settings_target *thimble_settings_target(const struct thimble_settings *s,
                                                              unsigned number)
{
    if (number < 1 || number > THIMBLE_SETTINGS_TARGETS ||
        !is_good(s, &s->target[number - 1].head))
        return NULL;
    return &s->target[number - 1];
}

const struct thimble_settings_lun *thimble_settings_lun(const struct thimble_settings *s,
                                                        unsigned number)
{
    if (number >= THIMBLE_SETTINGS_LUNS || !is_good(s, &s->lun[number].head) ||
        !thimble_settings_target(s, s->lun[number].target))
        return NULL;
    return &s->lun[number];
}

size_t thimble_settings_allowed(const struct thimble_settings *s, unsigned target,
                                const char **allowed, size_t max)
{
    size_t n = 0;

    for (unsigned i = 0; i < s->n_entries && n < max; i++)
        if (th_settings[s->entry[i].row].section == TH_SECTION_TARGET && s->entry[i].unit == target - 1)
            allowed[n++] = s->text + s->entry[i].text;
    return n;
}

size_t thimble_settings_views(const struct thimble_settings *s, unsigned lun,
                              struct thimble_lun_view *views, size_t max)
{
    size_t n = 0;

    for (const struct thimble_settings_entry *e = s->entry; e < s->entry + s->n_entries && n < max; e++) {
        if (th_settings[e->row].section != TH_SECTION_LUN || e->unit != lun)
            continue;
        const char *name = s->text + e->text;
        views[n++] = (struct thimble_lun_view){
            .initiator = strcmp(name, "*") == 0 ? NULL : name,
            .lun = e->lun == THIMBLE_SETTINGS_OWN_LUN ? s->lun[lun].number : e->lun,
            .read_only = e->read_only,
        };
    }
    return n;
}

const char *thimble_settings_listen(const struct thimble_settings *s, unsigned index,
                                    uint16_t *line)
{
    for (unsigned i = 0; i < s->n_entries; i++) {
        if (th_settings[s->entry[i].row].section != TH_SECTION_NETWORK || index-- > 0)
            continue;
        *line = s->entry[i].line;
        return s->text + s->entry[i].text;
    }
    return NULL;
}

int thimble_settings_pin(const struct thimble_settings *s, enum thimble_settings_pin pin, int own)
{
    uint8_t v = s->pins.pin[pin];

    return v == 0 ? own : v == 255 ? -1 : v - 1;
}

static void fill_user(const struct thimble_settings *s, struct thimble_chap_user *user,
                      thimble_text name, thimble_text secret)
{
    *user = (struct thimble_chap_user){
        .name = s->text + name,
        .secret = (const uint8_t *)s->text + secret,
        .secret_len = strlen(s->text + secret),
    };
}

const struct thimble_chap *thimble_settings_chap(const struct thimble_settings *s,
                                                 const struct thimble_settings_account *account,
                                                 struct thimble_settings_chap *memory)
{
    if (!account->user)
        return NULL;
    fill_user(s, &memory->user, account->user, account->password);
    memory->chap = (struct thimble_chap){ .users = &memory->user, .n_users = 1 };
    if (account->mutual_user) {
        fill_user(s, &memory->outgoing, account->mutual_user, account->mutual_password);
        memory->chap.outgoing = &memory->outgoing;
    }
    return &memory->chap;
}

/* --------------------------------------------------------------------------------------
 * The engine's numbers
 */

static bool given(const struct thimble_settings_head *head, unsigned section, const char *key)
{
    return (head->given & th_given_bit(th_setting_find(section, key))) != 0;
}

static void take_seconds(const struct thimble_settings *s, const char *key, uint16_t seconds,
                         uint32_t *ms)
{
    if (given(&s->timeouts.head, TH_SECTION_TIMEOUTS, key))
        *ms = seconds == THIMBLE_SETTINGS_NEVER ? THIMBLE_NEVER : seconds * UINT32_C(1000);
}

static void take16(uint16_t v, uint16_t *field)
{
    if (v)
        *field = v;
}

static void take32(uint32_t v, uint32_t *field)
{
    if (v)
        *field = v;
}

void thimble_settings_limits(const struct thimble_settings *s, struct thimble_config *config)
{
    const struct thimble_settings_limits *l = &s->limits;
    const struct thimble_settings_timeouts *t = &s->timeouts;

    take16(l->connections, &config->n_connections);
    take16(l->sessions, &config->n_sessions);
    take16(l->queue_depth, &config->queue_depth);
    take16(l->buffers, &config->n_buffers);
    take32(l->buffer_bytes, &config->buffer_bytes);
    take32(l->max_burst_bytes, &config->max_burst_bytes);
    take32(l->first_burst_bytes, &config->first_burst_bytes);
    if (l->outstanding_r2t)
        config->max_outstanding_r2t = l->outstanding_r2t;
    if (!l->unsolicited_data)
        config->refuse_unsolicited = true;
    if (!l->immediate_data)
        config->refuse_immediate = true;
    /* One of a pair may have been given, the other is the caller's. */
    if (config->n_connections && config->n_sessions > config->n_connections)
        config->n_sessions = config->n_connections;
    if (config->max_burst_bytes && config->first_burst_bytes > config->max_burst_bytes)
        config->first_burst_bytes = config->max_burst_bytes;

    take_seconds(s, "login", t->login_s, &config->login_timeout_ms);
    take_seconds(s, "logout", t->logout_s, &config->logout_timeout_ms);
    take_seconds(s, "data-out", t->data_out_s, &config->data_out_timeout_ms);
    take_seconds(s, "nop", t->nop_s, &config->nop_interval_ms);
    take_seconds(s, "nop-answer", t->nop_answer_s, &config->nop_timeout_ms);
    take_seconds(s, "send", t->send_s, &config->send_timeout_ms);
}
