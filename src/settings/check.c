/* SPDX-License-Identifier: MIT
 *
 * check.c: what no single line of a settings file can tell: values that do not fit together.
 *
 * Reports each, and marks what must not be served for it.  Layer 6.
 */
#include "table.h"

#include <string.h>

/* A sentence about a section, told with the section's line. */
static void tell(const struct th_reporter *r, unsigned section, unsigned unit, const char *text)
{
    struct thimble_settings_head *head = th_section_of(r->s, section, unit);
    struct th_sentence t;

    th_sentence_init(&t);
    th_put_section(&t.sink, section, unit);
    th_put(&t.sink, ": ");
    th_put(&t.sink, text);
    if (th_sections[section].strict)
        head->bad = true;
    th_problem(r, head->line, &t);
}

/* The same, about two sections of a kind. */
static void tell_both(const struct th_reporter *r, unsigned section, unsigned unit, const char *text,
                      unsigned other)
{
    struct thimble_settings_head *head = th_section_of(r->s, section, unit);
    struct th_sentence t;

    th_sentence_init(&t);
    th_put_section(&t.sink, section, unit);
    th_put(&t.sink, ": ");
    th_put(&t.sink, text);
    th_put_section(&t.sink, section, other);
    head->bad = true;
    th_problem(r, head->line, &t);
}

/* --------------------------------------------------------------------------------------
 * CHAP
 */

static void check_account(const struct th_reporter *r, unsigned section, unsigned unit,
                          const struct thimble_settings_account *a)
{
    const char *text = r->s->text;
    struct thimble_settings_head *head = th_section_of(r->s, section, unit);

    if (head->bad)
        return;                         /* what is missing here may have been wrong there */
    if (a->user && !a->password)
        tell(r, section, unit, "chap-user needs a chap-password");
    else if (a->password && !a->user)
        tell(r, section, unit, "chap-password needs a chap-user");
    else if (a->mutual_user && !a->mutual_password)
        tell(r, section, unit, "mutual-user needs a mutual-password");
    else if (a->mutual_password && !a->mutual_user)
        tell(r, section, unit, "mutual-password needs a mutual-user");
    else if (a->mutual_user && !a->user)
        tell(r, section, unit, "mutual-user needs a chap-user: initiators prove themselves first");
    else if (a->mutual_user && strcmp(text + a->password, text + a->mutual_password) == 0)
        tell(r, section, unit, "chap-password and mutual-password must not be the same");
}

/* --------------------------------------------------------------------------------------
 * Targets and logical units
 */

static void check_target(const struct th_reporter *r, unsigned n)
{
    struct thimble_settings *s = r->s;
    const struct thimble_settings_target *t = &s->target[n];

    if (!t->head.bad && !t->name)
        tell(r, TH_SECTION_TARGET, n, "it needs a name");
    for (unsigned i = 0; i < n && t->name; i++)
        if (s->target[i].head.present && s->target[i].name &&
            strcmp(s->text + s->target[i].name, s->text + t->name) == 0)
            tell_both(r, TH_SECTION_TARGET, n, "it has the same name as ", i);
    check_account(r, TH_SECTION_TARGET, n, &t->account);
    if (t->chap_file && t->account.user)
        tell(r, TH_SECTION_TARGET, n, "keep either chap-file or chap-user");

    bool any = false, zero = false;
    for (unsigned i = 0; i < THIMBLE_SETTINGS_LUNS; i++) {
        if (!s->lun[i].head.present || s->lun[i].target != n + 1)
            continue;
        any = true;
        zero |= s->lun[i].number == 0;
    }
    if (!any)
        tell(r, TH_SECTION_TARGET, n, "no [lun] says that it belongs to it");
    else if (!zero)
        tell(r, TH_SECTION_TARGET, n,
             "it has no LUN 0, and some initiators look for nothing else; write number = 0 in one of its "
             "[lun] sections");
}

/* True: what one of them writes, the other one would read. */
static bool same_place(const struct thimble_settings *s, const struct thimble_settings_disk *a,
                       const struct thimble_settings_disk *b)
{
    bool a_card = a->kind == THIMBLE_DISK_CARD || a->kind == THIMBLE_DISK_PARTITION;
    bool b_card = b->kind == THIMBLE_DISK_CARD || b->kind == THIMBLE_DISK_PARTITION;

    if (a_card && b_card)
        return a->kind != b->kind || a->kind == THIMBLE_DISK_CARD || a->partition == b->partition;
    if (a->kind != b->kind)
        return false;
    if (a->kind == THIMBLE_DISK_FILE)
        return strcmp(s->text + a->file, s->text + b->file) == 0;
    return a->kind != THIMBLE_DISK_RAM;
}

/* The LUN by which an initiator sees a unit, -1: it does not.  NULL: one that nobody names. */
static int lun_for(const struct thimble_settings *s, unsigned unit, const char *initiator)
{
    int lun = -1;
    bool any = false;

    for (const struct thimble_settings_entry *e = s->entry; e < s->entry + s->n_entries; e++) {
        if (th_settings[e->row].section != TH_SECTION_LUN || e->unit != unit)
            continue;
        const char *name = s->text + e->text;
        int number = e->lun == THIMBLE_SETTINGS_OWN_LUN ? s->lun[unit].number : e->lun;
        any = true;
        if (initiator && strcmp(name, initiator) == 0)
            return number;
        if (lun < 0 && strcmp(name, "*") == 0)
            lun = number;
    }
    return any ? lun : s->lun[unit].number;
}

static bool same_lun_for(const struct thimble_settings *s, unsigned a, unsigned b, const char *initiator)
{
    int lun = lun_for(s, a, initiator);

    return lun >= 0 && lun == lun_for(s, b, initiator);
}

/* Somebody would reach two units of a target by one LUN. */
static bool same_lun(const struct thimble_settings *s, unsigned a, unsigned b)
{
    if (same_lun_for(s, a, b, NULL))
        return true;
    for (const struct thimble_settings_entry *e = s->entry; e < s->entry + s->n_entries; e++)
        if (th_settings[e->row].section == TH_SECTION_LUN && (e->unit == a || e->unit == b) &&
            same_lun_for(s, a, b, s->text + e->text))
            return true;
    return false;
}

static bool is_read_only(const struct thimble_settings_lun *l)
{
    return l->read_only || l->type == 2;
}

static void check_lun(const struct th_reporter *r, unsigned n)
{
    struct thimble_settings *s = r->s;
    const struct thimble_settings_lun *l = &s->lun[n];

    if (!s->target[l->target - 1].head.present)
        tell(r, TH_SECTION_LUN, n, "the [target] that it belongs to is not there");
    for (unsigned i = 0; i < n; i++) {
        const struct thimble_settings_lun *o = &s->lun[i];
        if (!o->head.present)
            continue;
        if (o->target == l->target && o->number == l->number)
            tell_both(r, TH_SECTION_LUN, n, "it has the same target and number as ", i);
        else if (o->target == l->target && same_lun(s, i, n))
            tell_both(r, TH_SECTION_LUN, n, "somebody whom allow names would see it by the same LUN as ", i);
        if (same_place(s, &l->disk, &o->disk) && !(is_read_only(l) && is_read_only(o)))
            tell_both(r, TH_SECTION_LUN, n, "one of them would overwrite the other: it shares its disk with ",
                      i);
        else if (l->serial && o->serial && strcmp(s->text + l->serial, s->text + o->serial) == 0 &&
                 !same_place(s, &l->disk, &o->disk))
            tell_both(r, TH_SECTION_LUN, n, "initiators would take two disks for one: it has the serial number of ", i);
    }
    if (l->type == 2 && l->disk.kind != THIMBLE_DISK_FILE)
        tell(r, TH_SECTION_LUN, n, "type = cdrom is for disk = file NAME");
    if (l->type == 2 && (l->create_bytes || l->block_size == 2))
        tell(r, TH_SECTION_LUN, n, "create and block-size are not for type = cdrom");
    if (l->physical_bytes & (l->physical_bytes - 1))
        tell(r, TH_SECTION_LUN, n, "physical-block-size must be a power of two");
    if (l->create_bytes && l->disk.kind != THIMBLE_DISK_FILE)
        tell(r, TH_SECTION_LUN, n, "create is for disk = file NAME");
    if (l->block_size == 2 &&
        (l->disk.kind == THIMBLE_DISK_CARD || l->disk.kind == THIMBLE_DISK_PARTITION))
        tell(r, TH_SECTION_LUN, n, "blocks of a card are 512 bytes");
}

/* Without any [lun], LUN 0 is the card; [target 1] is there if something belongs to it, or the file
 * has it. */
static void fill_in(struct thimble_settings *s)
{
    s->lun[0].head.present = !s->any_lun || s->lun[0].head.line != 0;
    s->target[0].head.present = s->target[0].head.line != 0;
    for (unsigned i = 0; i < THIMBLE_SETTINGS_LUNS; i++)
        if (s->lun[i].head.present && s->lun[i].target == 1)
            s->target[0].head.present = true;
}

/* --------------------------------------------------------------------------------------
 * Network and limits
 */

static uint32_t bits_of(const uint8_t ip[4])
{
    return (uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 | (uint32_t)ip[2] << 8 | ip[3];
}

static void check_subnet(const struct th_reporter *r, struct thimble_settings_address *a,
                         const char *wrong)
{
    uint32_t machine = bits_of(a->ip) & UINT32_MAX >> a->prefix;

    if (!a->prefix || (machine != 0 && machine != UINT32_MAX >> a->prefix))
        return;
    *a = (struct thimble_settings_address){ .prefix = 0 };
    tell(r, TH_SECTION_NETWORK, 0, wrong);
}

static void check_network(const struct th_reporter *r)
{
    struct thimble_settings_network *n = &r->s->network;

    check_subnet(r, &n->address,
                 "address names the network as a whole, not a machine in it; DHCP is asked");
    check_subnet(r, &n->fallback, "fallback names the network as a whole, not a machine in it");
    const struct thimble_settings_address *a = n->address.prefix ? &n->address : &n->fallback;
    if (a->prefix && bits_of(n->gateway) &&
        (bits_of(n->gateway) ^ bits_of(a->ip)) >> (32 - a->prefix)) {
        memset(n->gateway, 0, sizeof n->gateway);
        tell(r, TH_SECTION_NETWORK, 0, "gateway is not in the network of address; none is used");
    }
}

static void check_status(const struct th_reporter *r)
{
    const struct thimble_settings_status *s = &r->s->status;

    if (bits_of(s->snmp_trap) && !s->snmp_community)
        tell(r, TH_SECTION_STATUS, 0, "snmp-trap needs an snmp-community");
}

static void check_wifi(const struct th_reporter *r, unsigned n)
{
    struct thimble_settings_wifi *w = &r->s->wifi[n];

    if (!w->ssid) {
        w->head.present = false;
        tell(r, TH_SECTION_WIFI, n, "it needs an ssid");
    }
}

static void check_limits(const struct th_reporter *r)
{
    struct thimble_settings_limits *l = &r->s->limits;

    if (l->connections && l->sessions > l->connections) {
        l->sessions = 0;
        tell(r, TH_SECTION_LIMITS, 0, "sessions must not be more than connections");
    }
    if (l->max_burst_bytes && l->first_burst_bytes > l->max_burst_bytes) {
        l->first_burst_bytes = 0;
        tell(r, TH_SECTION_LIMITS, 0, "first-burst must not be more than max-burst");
    }
    if (l->buffer_bytes % 4096) {
        l->buffer_bytes = 0;
        tell(r, TH_SECTION_LIMITS, 0, "buffer-size must be a multiple of 4K");
    }
}

void th_settings_check(const struct th_reporter *r)
{
    struct thimble_settings *s = r->s;

    fill_in(s);
    check_network(r);
    check_status(r);
    for (unsigned i = 0; i < THIMBLE_SETTINGS_WIFI; i++)
        if (s->wifi[i].head.present)
            check_wifi(r, i);
    for (unsigned i = 0; i < THIMBLE_SETTINGS_TARGETS; i++)
        if (s->target[i].head.present)
            check_target(r, i);
    for (unsigned i = 0; i < THIMBLE_SETTINGS_LUNS; i++)
        if (s->lun[i].head.present)
            check_lun(r, i);
    check_account(r, TH_SECTION_DISCOVERY, 0, &s->discovery.account);
    if (s->discovery.head.bad)
        s->fatal = true;                /* not to be opened to everybody by a typing mistake */
    check_limits(r);
}
