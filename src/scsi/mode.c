/* SPDX-License-Identifier: MIT
 *
 * mode.c: how a logical unit behaves, and what of it can be changed: mode pages, MODE SENSE.
 *
 * The pages are a table.  No disk call.  Layer 2.  SPC-4 6.14, 6.15, 7.5; SBC-3 6.5.
 */
#include <string.h>

#include "../core/wire.h"
#include "ops.h"

/* --------------------------------------------------------------------------------------
 * MODE SENSE (6.14, 6.15) and mode pages
 */
enum {
    PC_CURRENT = 0, PC_CHANGEABLE = 1, PC_DEFAULT = 2, PC_SAVED = 3,
    ALL_PAGES = 0x3f, ALL_SUBPAGES = 0xff,
    DBD = 0x08, LLBAA = 0x10,
    PARAMETER_WP = 0x80, PARAMETER_DPOFUA = 0x10,
};

/* p is zeroed and points behind the page's header; n_bytes follow there. */
struct mode_page {
    uint8_t code, subpage, n_bytes;
    uint8_t types;                      /* enum th_types */
    void (*put)(const struct th_lu *lu, unsigned control, uint8_t *p);
};

/* SBC-3 6.5.6. */
static void mode_caching(const struct th_lu *lu, unsigned control, uint8_t *p)
{
    if (control != PC_CHANGEABLE && th_write_cache(lu))
        p[0] = 0x04;                                    /* WCE */
}

/* SPC-4 7.5.9. */
static void mode_control(const struct th_lu *lu, unsigned control, uint8_t *p)
{
    if (control == PC_CHANGEABLE)
        return;
    p[0] = 0x02;                                        /* GLTSD; one task set */
    if (control == PC_CURRENT && lu->d_sense)
        p[0] |= 0x04;
    p[1] = 0x10;                                        /* commands may be reordered */
    th_put16(p + 6, 0xffff);                            /* busy for as long as it takes */
}

/* SPC-4 7.5.10: we have nothing of what it could tell. */
static void mode_control_extension(const struct th_lu *lu, unsigned control, uint8_t *p)
{
    (void)lu;
    (void)control;
    (void)p;
}

#if THIMBLE_SCSI_CDROM
/* MMC-3 6.3.11: a tray that opens and closes, CD-R, CD-RW and DVD-ROM are read.  The speed is that of a fast
 * drive: some divide by it. */
static void mode_capabilities(const struct th_lu *lu, unsigned control, uint8_t *p)
{
    (void)lu;
    if (control == PC_CHANGEABLE)
        return;
    p[0] = 0x0b;
    p[4] = 0x28;
    th_put16(p + 6, 50 * 176);
    th_put16(p + 12, 50 * 176);
}
#endif

static const struct mode_page mode_pages[] = {
    { 0x08, 0x00, 18, TH_FOR_DISK, mode_caching },
    { 0x0a, 0x00, 10, TH_FOR_ALL, mode_control },
    { 0x0a, 0x01, 28, TH_FOR_ALL, mode_control_extension },
#if THIMBLE_SCSI_CDROM
    { 0x2a, 0x00, 20, TH_FOR_CDROM, mode_capabilities },
#endif
};

#define N_MODE_PAGES (sizeof mode_pages / sizeof mode_pages[0])

static bool mode_page_wanted(const struct mode_page *page, const struct th_cmd *cmd)
{
    unsigned code = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];

    return th_is_for(page->types, cmd->lu) && (code == ALL_PAGES || code == page->code) &&
           (subpage == ALL_SUBPAGES || subpage == page->subpage);
}

enum th_next th_mode_sense_run(struct th_cmd *cmd)
{
    unsigned code = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];
    bool known = code == ALL_PAGES, wanted = false;

    for (unsigned i = 0; i < N_MODE_PAGES; i++) {
        known = known || (mode_pages[i].code == code && th_is_for(mode_pages[i].types, cmd->lu));
        wanted = wanted || mode_page_wanted(&mode_pages[i], cmd);
    }
    if (!known)
        return th_check_cdb(cmd, 2, 5);
    if (!wanted || (code == ALL_PAGES && subpage != 0 && subpage != ALL_SUBPAGES))
        return th_check_cdb(cmd, 3, TH_FIELD_WHOLE_BYTE);
    if (cmd->cdb[2] >> 6 == PC_SAVED)
        return th_scsi_check(cmd, TH_SENSE_SAVING_UNSUPPORTED);

    return TH_NEXT_REPLY;
}

/* SBC-3 6.5.2: what the medium is; returns its length. */
static uint32_t put_block_descriptor(const struct th_lu *lu, bool long_lba, uint8_t *p)
{
    uint64_t size_blocks = lu->block->size_blocks;

    if (long_lba) {
        th_put64(p, size_blocks);
        th_put32(p + 12, th_block_bytes(lu));
        return 16;
    }
    th_put32(p, size_blocks > UINT32_MAX ? UINT32_MAX : (uint32_t)size_blocks);
    th_put24(p + 5, th_block_bytes(lu));
    return 8;
}

static uint32_t put_mode_pages(const struct th_cmd *cmd, uint8_t *p)
{
    uint32_t n = 0;

    for (const struct mode_page *page = mode_pages; page < mode_pages + N_MODE_PAGES; page++) {
        if (!mode_page_wanted(page, cmd))
            continue;
        p[n] = page->code;
        if (page->subpage) {
            p[n] |= 0x40;                               /* SPF */
            p[n + 1] = page->subpage;
            th_put16(p + n + 2, page->n_bytes);
            n += 4;
        } else {
            p[n + 1] = page->n_bytes;
            n += 2;
        }
        page->put(cmd->lu, cmd->cdb[2] >> 6, p + n);
        n += page->n_bytes;
    }
    return n;
}

enum th_next th_mode_sense_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct th_lu *lu = cmd->lu;
    const uint8_t *cdb = cmd->cdb;
    bool ten = cdb[0] == 0x5a;
    bool long_lba = ten && cdb[1] & LLBAA;
    uint32_t n = ten ? 8 : 4, descriptor = 0;
    uint8_t parameter = PARAMETER_DPOFUA;

    if (th_write_protected(lu))
        parameter |= PARAMETER_WP;
    if (th_is_cdrom(lu))                                /* no such bits there, and no block descriptor */
        parameter = 0;

    memset(buf, 0, TH_REPLY_MAX);
    if (!(cdb[1] & DBD) && !th_is_cdrom(lu))
        descriptor = put_block_descriptor(lu, long_lba, buf + n);
    n += descriptor;
    n += put_mode_pages(cmd, buf + n);
    if (ten) {
        th_put16(buf, n - 2);
        buf[3] = parameter;
        buf[4] = long_lba ? 0x01 : 0x00;                /* LONGLBA */
        th_put16(buf + 6, descriptor);
    } else {
        buf[0] = (uint8_t)(n - 1);
        buf[2] = parameter;
        buf[3] = (uint8_t)descriptor;
    }
    return th_reply_done(cmd, n, ten ? th_get16(cdb + 7) : cdb[4]);
}
