/* SPDX-License-Identifier: MIT
 *
 * test_mib.c: the ISCSI-MIB of src/status/mib.c: whoever goes from object to object sees each once, in order, and each
 * can be asked for by its name; no name leads astray.
 */
#include "status/mib.h"
#include "ways.h"

static struct thimble_mib mib_of(struct lab *lab)
{
    static const struct thimble_mib_address portals[] = {
        { .octets = { 192, 0, 2, 1 }, .len = 4, .port = 3260 },
        { .octets = { 0x20, 1, 0xd, 0xb8, [15] = 1 }, .len = 16, .port = 3260, .tag = 9 },
    };
    return (struct thimble_mib){ .engine = lab->engine, .portals = portals, .n_portals = COUNT(portals),
                                 .config = *thimble_configuration(lab->engine) };
}

static int order(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len)
{
    for (size_t i = 0; i < a_len && i < b_len; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return a_len < b_len ? -1 : a_len > b_len;
}

static bool same(const struct thimble_mib_value *a, const struct thimble_mib_value *b)
{
    if (a->type != b->type || a->number != b->number || a->len != b->len)
        return false;
    if (a->type == THIMBLE_MIB_OID)
        return memcmp(a->oid, b->oid, a->len * sizeof *a->oid) == 0;
    return a->len == 0 || memcmp(a->octets, b->octets, a->len) == 0;
}

/* Goes through everything; returns how many objects there are. */
static unsigned walk(struct lab *lab, const struct thimble_mib *m)
{
    uint32_t at[THIMBLE_MIB_NAME_MAX], next[THIMBLE_MIB_NAME_MAX];
    struct thimble_mib_value v, again;
    size_t len = 0, next_len;
    unsigned n = 0;

    while (thimble_mib_next(m, at, len, next, &next_len, &v)) {
        CHECK(lab, next_len <= THIMBLE_MIB_NAME_MAX && order(at, len, next, next_len) < 0, "object %u", n);
        CHECK(lab, thimble_mib_get(m, next, next_len, &again), "object %u is not there", n);
        CHECK(lab, same(&v, &again), "object %u: another value", n);
        memcpy(at, next, sizeof at);
        len = next_len;
        CHECK(lab, ++n < 2000, "it does not end");
    }
    return n;
}

static uint64_t number(struct lab *lab, const struct thimble_mib *m, const char *text)
{
    uint32_t name[16];
    size_t len = 0;
    struct thimble_mib_value v;

    for (const char *p = text; *p; p += strcspn(p, "."), p += *p == '.')
        name[len++] = (uint32_t)strtoul(p, NULL, 10);
    CHECK(lab, thimble_mib_get(m, name, len, &v), "%s is not there", text);
    return v.number;
}

#define IS(text, wanted) \
    CHECK(lab, number(lab, &m, text) == (wanted), "%s is %llu", text, \
          (unsigned long long)number(lab, &m, text))

static void everything_once_and_in_order(struct lab *lab)
{
    struct thimble_mib m = mib_of(lab);
    unsigned without = walk(lab, &m);

    /* 17 of the instance, 13 + 2 a portal, 17 + 7 + 6 + 4 a target. */
    CHECK(lab, without == 17 + 2 * 15 + 2 * 34, "%u objects", without);
    struct peer *p = session(lab, ""), *q = session(lab, "");
    CHECK(lab, walk(lab, &m) == without + 2 * (21 + 8 + 2 + 15), "%u objects", walk(lab, &m));
    log_out(p);
    log_out(q);
    CHECK(lab, walk(lab, &m) == without, "%u objects", walk(lab, &m));
}

static void values_are_those_of_the_engine(struct lab *lab)
{
    struct thimble_mib m = mib_of(lab);
    struct peer *p = session(lab, "MaxBurstLength=1024");

    read_ok(p, 0, 0, 4);
    write_ok(p, 0, 0, 2, 'w');
    char name[64];
    snprintf(name, sizeof name, "1.10.1.1.15.1.1.%u", p->tsih);
    IS(name, 1024);
    snprintf(name, sizeof name, "1.10.2.1.1.1.1.%u", p->tsih);
    uint64_t commands = number(lab, &m, name);
    snprintf(name, sizeof name, "1.10.2.1.2.1.1.%u", p->tsih);
    IS(name, commands);
    IS("1.6.2.1.1.1.1", 1);
    IS("1.6.2.1.1.1.2", 0);
    IS("1.6.2.1.1", 1);
    IS("1.10.2.1.1.0", commands);
    IS("1.1.1.1.9.1", 1);
    IS("1.3.1.1.2.1.2.0", 3260);
    IS("1.3.1.1.3.1.1.0", 1);
    IS("1.3.1.1.3.1.2.0", 9);
    IS("1.2.1.1.4.1.2", 2);
}

static void alias_is_told(struct lab *lab)
{
    struct thimble_mib m = mib_of(lab);
    const struct peer *p = session(lab, "");
    const uint32_t names[][8] = { { 1, 5, 1, 1, 3, 1, 1 }, { 1, 10, 1, 1, 9, 1, 1, p->tsih } };
    struct thimble_mib_value v;

    for (unsigned i = 0; i < 2; i++)
        CHECK(lab, thimble_mib_get(&m, names[i], 7 + i, &v) && v.len == 6 && memcmp(v.octets, "a disk", 6) == 0,
              "alias %u: %zu bytes", i, v.len);
    CHECK(lab, !thimble_target_alias(lab->engine, -1) && !thimble_target_alias(lab->engine, 99), "an alias of nobody");
}

static void task_reporting_is_told(struct lab *lab)
{
    struct thimble_mib m = mib_of(lab);
    const struct peer *plain = session(lab, ""), *fenced = session(lab, "TaskReporting=ResponseFence");
    const uint32_t names[][8] = { { 1, 10, 1, 1, 23, 1, 1, plain->tsih }, { 1, 10, 1, 1, 23, 1, 1, fenced->tsih } };
    struct thimble_mib_value v;

    for (unsigned i = 0; i < 2; i++) {
        CHECK(lab, thimble_mib_get(&m, names[i], 8, &v) && v.len == 1, "iscsiSsnTaskReporting is not there");
        CHECK(lab, v.octets[0] == (i == 0 ? 0x80 : 0x40), "iscsiSsnTaskReporting is %02x", v.octets[0]);
    }
}

/* Names of any kind, and next to those that exist. */
static void no_name_leads_astray(struct lab *lab)
{
    static const uint32_t numbers[] = { 0, 1, 2, 3, 6, 10, 11, 23, 255, 256, UINT32_MAX - 1, UINT32_MAX };
    struct thimble_mib m = mib_of(lab);
    uint32_t state = 1;

    session(lab, "");
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t name[12], next[THIMBLE_MIB_NAME_MAX];
        size_t len = 0, next_len;
        struct thimble_mib_value v;
        do {
            state = state * 1664525 + 1013904223;
            name[len++] = numbers[(state >> 16) % COUNT(numbers)];
        } while (len < COUNT(name) && (state >> 28) != 0);
        thimble_mib_get(&m, name, len, &v);
        if (thimble_mib_next(&m, name, len, next, &next_len, &v))
            CHECK(lab, order(name, len, next, next_len) < 0, "it goes back");
    }
}

static void failures_are_noted(struct lab *lab)
{
    struct thimble_mib m = mib_of(lab);
    struct thimble_mib_failure refused_place[1] = { 0 };
    struct thimble_event event = { .kind = THIMBLE_EVENT_LOGIN_REFUSED, .reason = THIMBLE_REASON_NOT_ALLOWED,
                                   .initiator = "iqn.2024-01.example:stranger", .target = DISK, .key = "" };
    int target = 5;

    m.refused = refused_place;
    m.n_refused = 1;
    CHECK(lab, thimble_mib_note(&m, &event, 77, &target) == 1 && target == 0, "it is not noted");
    IS("1.6.1.1.2.1.1", 77);
    IS("1.6.1.1.2.1.2", 0);
    event.target = OTHER_DISK;          /* for which there is no place */
    CHECK(lab, thimble_mib_note(&m, &event, 78, &target) == 0, "it has no place");
    event.kind = THIMBLE_EVENT_DROPPED;
    event.reason = THIMBLE_REASON_NOP_TIMEOUT;
    CHECK(lab, thimble_mib_note(&m, &event, 79, &target) == 3, "a session failed");
    IS("1.1.1.1.10.1", 1);
    event.reason = THIMBLE_REASON_SHUTDOWN;
    CHECK(lab, thimble_mib_note(&m, &event, 80, &target) == 0, "that was by our wish");

    event.reason = THIMBLE_REASON_NOP_TIMEOUT;
    CHECK(lab, thimble_mib_note(&m, &event, 80, &target) == 3, "the third of ten seconds");
    CHECK(lab, thimble_mib_note(&m, &event, 1076, &target) == 0, "a fourth");
    CHECK(lab, thimble_mib_note(&m, &event, 1077, &target) == 3, "ten seconds after the first");
    CHECK(lab, thimble_mib_note(&m, &event, 1078, &target) == 0, "the second was one later");
    IS("1.1.1.1.10.1", 5);

    uint32_t names[8][THIMBLE_MIB_NAME_MAX];
    size_t lens[8];
    for (unsigned n = 1; n <= 3; n += 2)
        for (size_t i = 0, count = thimble_mib_notified(n, 0, names, lens, 8); i < count; i++) {
            struct thimble_mib_value v;
            CHECK(lab, thimble_mib_get(&m, names[i], lens[i], &v), "object %zu of notification %u", i, n);
        }
}

int main(void)
{
    static const struct scenario scenarios[] = {
        { .name = "everything_once_and_in_order", .play = everything_once_and_in_order,
          .no_cuts = true, .no_faults = true },
        { .name = "values_are_those_of_the_engine", .play = values_are_those_of_the_engine,
          .no_cuts = true, .no_faults = true },
        { .name = "alias_is_told", .play = alias_is_told, .no_cuts = true, .no_faults = true },
        { .name = "task_reporting_is_told", .play = task_reporting_is_told, .no_cuts = true, .no_faults = true },
        { .name = "no_name_leads_astray", .play = no_name_leads_astray, .no_cuts = true, .no_faults = true },
        { .name = "failures_are_noted", .play = failures_are_noted, .no_cuts = true, .no_faults = true },
    };
    return play_all("mib", scenarios, COUNT(scenarios));
}
