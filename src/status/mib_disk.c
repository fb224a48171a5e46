/* SPDX-License-Identifier: MIT
 *
 * mib_disk.c: see mib_disk.h.
 */
#include "mib_disk.h"

#if THIMBLE_STATS

#include <string.h>

struct sums {
    uint64_t read_bytes, written_bytes, reads, writes;
};

static struct sums all_units(const struct thimble *engine)
{
    struct sums s = { 0 };

    for (int t = 0; thimble_target_name(engine, t); t++)
        for (unsigned lun = 0; lun < THIMBLE_LUNS_MAX; lun++) {
            const struct thimble_lun_stats *u = thimble_lun_stats(engine, t, (uint16_t)lun);
            if (!u)
                continue;
            s.read_bytes += u->read.bytes;
            s.written_bytes += u->write.bytes;
            s.reads += u->read.commands;
            s.writes += u->write.commands;
        }
    return s;
}

static void text(struct thimble_mib_value *v, const char *s)
{
    v->octets = (const uint8_t *)s;
    v->len = strlen(s);
}

#define NUMBER(name, expression) \
    static void name(const struct thimble_mib *m, struct thimble_mib_value *v) \
    { \
        (void)m; \
        v->number = (expression); \
    }
#define TEXT(name, words) \
    static void name(const struct thimble_mib *m, struct thimble_mib_value *v) \
    { \
        (void)m; \
        text(v, words); \
    }

NUMBER(memory, m->memory_low_bytes / 1024)
NUMBER(one, 1)
TEXT(device, "Thimble")
NUMBER(read_bytes, all_units(m->engine).read_bytes)
NUMBER(written_bytes, all_units(m->engine).written_bytes)
NUMBER(reads, all_units(m->engine).reads)
NUMBER(writes, all_units(m->engine).writes)
TEXT(version, THIMBLE_VERSION)
TEXT(no_date, "")

struct object {
    uint8_t len, name[6], type;
    void (*value)(const struct thimble_mib *m, struct thimble_mib_value *v);
};

/* In the order of their names. */
static const struct object objects[] = {
    { 3, { 4, 11, 0 }, THIMBLE_MIB_INTEGER, memory },
    { 6, { 13, 15, 1, 1, 1, 1 }, THIMBLE_MIB_INTEGER, one },
    { 6, { 13, 15, 1, 1, 2, 1 }, THIMBLE_MIB_OCTETS, device },
    { 6, { 13, 15, 1, 1, 3, 1 }, THIMBLE_MIB_COUNTER32, read_bytes },
    { 6, { 13, 15, 1, 1, 4, 1 }, THIMBLE_MIB_COUNTER32, written_bytes },
    { 6, { 13, 15, 1, 1, 5, 1 }, THIMBLE_MIB_COUNTER32, reads },
    { 6, { 13, 15, 1, 1, 6, 1 }, THIMBLE_MIB_COUNTER32, writes },
    { 6, { 13, 15, 1, 1, 12, 1 }, THIMBLE_MIB_COUNTER64, read_bytes },
    { 6, { 13, 15, 1, 1, 13, 1 }, THIMBLE_MIB_COUNTER64, written_bytes },
    { 3, { 100, 1, 0 }, THIMBLE_MIB_INTEGER, one },
    { 3, { 100, 2, 0 }, THIMBLE_MIB_OCTETS, version },
    { 3, { 100, 3, 0 }, THIMBLE_MIB_OCTETS, no_date },
};

enum { N_OBJECTS = sizeof objects / sizeof objects[0] };

static int compare(const struct object *o, const uint32_t *name, size_t len)
{
    for (size_t i = 0; i < o->len && i < len; i++)
        if (o->name[i] != name[i])
            return o->name[i] < name[i] ? -1 : 1;
    return o->len < len ? -1 : o->len > len;
}

static void fill(const struct object *o, const struct thimble_mib *m, struct thimble_mib_value *v)
{
    memset(v, 0, sizeof *v);
    v->type = (enum thimble_mib_type)o->type;
    o->value(m, v);
}

/* Some monitoring asks without the last number, the index; there is but one row. */
bool thimble_mib_disk_get(const struct thimble_mib *m, const uint32_t *name, size_t len,
                          struct thimble_mib_value *value)
{
    uint32_t with_index[6];

    for (unsigned i = 0; i < N_OBJECTS; i++) {
        const struct object *o = &objects[i];
        bool short_name = len + 1 == o->len;
        if (short_name) {
            memcpy(with_index, name, len * sizeof *name);
            with_index[len] = o->name[len];
        }
        if (short_name ? compare(o, with_index, o->len) == 0 : compare(o, name, len) == 0) {
            fill(o, m, value);
            return true;
        }
    }
    return false;
}

bool thimble_mib_disk_next(const struct thimble_mib *m, const uint32_t *name, size_t len, uint32_t *next,
                           size_t *next_len, struct thimble_mib_value *value)
{
    for (unsigned i = 0; i < N_OBJECTS; i++) {
        const struct object *o = &objects[i];
        if (compare(o, name, len) <= 0)
            continue;
        for (size_t k = 0; k < o->len; k++)
            next[k] = o->name[k];
        *next_len = o->len;
        fill(o, m, value);
        return true;
    }
    return false;
}

#else

/* ISO C wants something in every file. */
typedef int th_mib_disk_needs_counters;

#endif
