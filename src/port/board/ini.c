/* SPDX-License-Identifier: MIT
 *
 * ini.c: see ini.h.
 *
 * Layer 6.  Names and secrets are the engine's while it runs, so another card's file cannot simply take the place of
 * the first one's.  It is only compared with it, by a sum over its bytes: what differs needs a
 * restart, and until then nothing of that card is served.
 */
#include "which.h"

#if TH_BOARD_ANY

#include "card_views.h"
#include "ini.h"

#define FILE_NAME "thimble.ini"

static uint32_t started_with;           /* the sum; 0: no file */

struct reading {
    struct thimble_fat fs;
    struct thimble_fat_file file;
    uint32_t sum;
    bool     failed;
    uint8_t  used, filled, bytes[64];
};

/* A byte, or one of enum's in settings.h. */
static int next_byte(void *ctx)
{
    struct reading *r = (struct reading *)ctx;
    size_t got = 0;

    if (r->used == r->filled) {
        if (thimble_fat_read(&r->file, r->bytes, sizeof r->bytes, &got) != THIMBLE_FAT_OK) {
            r->failed = true;
            return THIMBLE_SETTINGS_FAILED;
        }
        r->used = 0;
        r->filled = (uint8_t)got;
        r->sum = th_sum(r->sum, r->bytes, got);
    }
    return got == 0 && r->used == r->filled ? THIMBLE_SETTINGS_END : r->bytes[r->used++];
}

static enum th_ini open_file(struct reading *r)
{
    *r = (struct reading){ .sum = TH_SUM_START };
    if (!th_card_ready())
        return TH_INI_NONE;
    switch (th_card_open(&r->fs, &r->file, FILE_NAME)) {
    case THIMBLE_FAT_OK:
        return TH_INI_READ;
    case THIMBLE_FAT_NO_VOLUME:
    case THIMBLE_FAT_NO_FILE:
        return TH_INI_NONE;
    default:
        return TH_INI_FAILED;
    }
}

static void tell(void *ctx, const struct thimble_settings_problem *p)
{
    (void)ctx;
    if (p->line > 0)
        th_board_log(TH_LOG_ERROR, FILE_NAME ":%u: %s", p->line, p->text);
    else
        th_board_log(TH_LOG_ERROR, FILE_NAME ": %s", p->text);
}

static enum th_ini read_file(struct thimble_settings *s, struct reading *r)
{
    const struct thimble_settings_source source = { .get = next_byte, .ctx = r };
    const struct thimble_settings_report report = { .problem = tell };

    thimble_settings_read(s, &source, &report);
    while (!r->failed && next_byte(r) >= 0)
        ;                               /* the sum is that of the whole file */
    if (!r->failed)
        return TH_INI_READ;
    thimble_settings_wipe(s);
    thimble_settings_init(s);
    return TH_INI_FAILED;
}

enum th_ini th_ini_read(struct thimble_settings *s)
{
    struct reading r;
    thimble_settings_init(s);
    enum th_ini result = open_file(&r);

    if (result == TH_INI_READ)
        result = read_file(s, &r);
    if (result == TH_INI_READ)
        started_with = r.sum;
    if (result == TH_INI_FAILED)
        th_board_log(TH_LOG_ERROR, "card: " FILE_NAME " cannot be read; nothing of the card is served");
    return result;
}

enum th_ini_match th_ini_compare(void)
{
    struct reading r;
    enum th_ini result = open_file(&r);

    while (result == TH_INI_READ && !r.failed && next_byte(&r) >= 0)
        ;
    if (result == TH_INI_FAILED || r.failed)
        return TH_INI_UNKNOWN;
    return started_with == (result == TH_INI_READ ? r.sum : 0) ? TH_INI_SAME : TH_INI_OTHER;
}

#else

/* ISO C wants something in every file. */
typedef int th_ini_is_not_compiled;

#endif
