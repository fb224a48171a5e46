/* SPDX-License-Identifier: MIT
 *
 * units.c: see units.h.
 *
 * Layer 6.
 */
#include "which.h"

#if TH_BOARD_ANY

#include "card_views.h"
#include "disk_line.h"
#include "units.h"

struct unit {
    struct th_disk_line line;
    const char *name;                   /* of its target */
    const char *serial;
    int target;
    uint16_t lun;
    bool read_only;
};

enum { CD_BLOCK_SHIFT = 11 };

static struct unit units[THIMBLE_BOARD_LUNS];
static unsigned n_units, next_unit;

static uint64_t size_kib(const struct thimble_block *d)
{
    return d->block_shift >= 10 ? d->size_blocks << (d->block_shift - 10)
                                : d->size_blocks >> (10 - d->block_shift);
}

static void tell(const struct unit *u)
{
    const struct thimble_block *d = &u->line.block;
    enum thimble_lights_error error;
    char text[48];
    const char *what = th_card_what(u->line.below, text);
    const char *why = th_card_why(u->line.below, &error);

    if (why || (u->line.below->ready && u->line.below->ready(u->line.below) != THIMBLE_OK)) {
        th_board_log(TH_LOG_WARNING, "disk: %s LUN %u: %s is not served: %s", u->name, u->lun,
                     what ? what : "the disk", why ? why : "it is not ready");
        return;
    }
    thimble_board_log("disk: %s LUN %u: %s%s%lu KiB, serial number %s%s", u->name, u->lun,
                      what ? what : "", what ? ", " : "", (unsigned long)size_kib(d),
                      d->serial ? d->serial : "made from its name", d->write ? "" : ", read-only");
}

static void follow(struct unit *u)
{
    th_disk_line_follow(&u->line);
    if (u->serial)
        u->line.block.serial = u->serial;
    if (u->read_only) {
        u->line.block.write = NULL;
        u->line.block.unmap = NULL;
        u->line.block.write_zeroes = NULL;
    }
}

int th_unit_add(struct thimble *engine, int target, const char *name,
                const struct thimble_lun_config *given, const char *serial)
{
    struct thimble_lun_config lun = *given;
    if (!lun.block) {
        th_board_log(TH_LOG_ERROR, "disk: %s LUN %u has no disk and is left out", name, lun.lun);
        return THIMBLE_ERR_NO_MEDIUM;
    }
    if (n_units == THIMBLE_BOARD_LUNS) {
        th_board_log(TH_LOG_ERROR, "disk: no room for %s LUN %u (THIMBLE_BOARD_LUNS)", name,
                     lun.lun);
        return THIMBLE_ERR_FULL;
    }

    struct unit *u = &units[n_units];
    *u = (struct unit){
        .target = target, .lun = lun.lun, .name = name, .serial = serial,
        .read_only = lun.read_only,
    };
    th_disk_line_init(&u->line, lun.block, lun.type == THIMBLE_DEVICE_CDROM ? CD_BLOCK_SHIFT : 0);
    follow(u);
    lun.block = &u->line.block;
    int err = thimble_lun_add(engine, target, &lun);
    if (err != THIMBLE_OK) {
        th_board_log(TH_LOG_ERROR, "disk: %s LUN %u is refused: error %d", name, lun.lun, err);
        return err;
    }
    n_units++;
    tell(u);
    return THIMBLE_OK;
}

bool th_units_run(void)
{
    bool worked = false;
    for (unsigned i = 0; i < n_units; i++) {
        worked |= th_disk_line_run(&units[next_unit].line);
        next_unit = next_unit + 1 < n_units ? next_unit + 1 : 0;
    }
    return worked;
}

bool th_units_waiting(void)
{
    for (unsigned i = 0; i < n_units; i++)
        if (units[i].line.first && !units[i].line.in_flight)
            return true;
    return false;
}

bool th_units_busy(void)
{
    for (unsigned i = 0; i < n_units; i++)
        if (units[i].line.in_flight)
            return true;
    return false;
}

bool th_units_follow(struct thimble *engine, bool changed)
{
    enum thimble_lights_error before[THIMBLE_BOARD_LUNS];
    for (unsigned i = 0; i < n_units; i++)
        th_card_why(units[i].line.below, &before[i]);

    bool again = th_card_follow(changed);
    for (unsigned i = 0; i < n_units; i++) {
        struct unit *u = &units[i];
        if (!u->line.below->removable || (!changed && before[i] != THIMBLE_LIGHTS_CARD_FAILED))
            continue;
        follow(u);
        thimble_lun_changed(engine, u->target, u->lun, THIMBLE_LUN_MEDIUM_CHANGED);
        tell(u);
    }
    return again;
}

unsigned th_units_of(int target)
{
    unsigned n = 0;
    for (unsigned i = 0; i < n_units; i++)
        n += units[i].target == target;
    return n;
}

void th_units_look(struct th_units *u)
{
    *u = (struct th_units){ .count = n_units, .first_lun = n_units ? units[0].lun : 0 };
    for (unsigned i = 0; i < n_units; i++) {
        enum thimble_lights_error error;
        th_card_why(units[i].line.below, &error);
        u->read_bytes += units[i].line.bytes_read;
        u->written_bytes += units[i].line.bytes_written;
        if (u->trouble == THIMBLE_LIGHTS_NO_ERROR)
            u->trouble = error;
    }
}

#else

/* ISO C wants something in every file. */
typedef int th_units_are_not_compiled;

#endif
