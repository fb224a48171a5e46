/* SPDX-License-Identifier: MIT
 *
 * inq.c: `thimble inq`: what a logical unit says of itself.
 *
 * INQUIRY and its vital product data pages, READ CAPACITY, MODE SENSE, and what was agreed
 * at login.
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

#include "client.h"
#include "look.h"

const char inq_help[] =
    "thimble inq [OPTION]... URL\n"
    "\n"
    "Shows what a logical unit says of itself: INQUIRY, serial number and other names,\n"
    "limits, caching, capacity, and what was agreed with the target at login.\n"
    "\n" LOOK_JSON_HELP LOOK_COMMON_HELP "\n" LOOK_URL_HELP LOOK_CODES_HELP;

#define PAGE_BYTES  252

/* A page of vital product data, or NULL; the caller frees it. */
static struct scsi_task *vpd_page(struct session *s, uint8_t page)
{
    const uint8_t cdb[6] = { 0x12, 0x01, page, 0, PAGE_BYTES };
    struct scsi_task *task = session_command(s, s->lun, cdb, 6, PAGE_BYTES);

    if (task && (!answer_good(task) || answer_number(task, 1, 1) != page)) {
        scsi_free_scsi_task(task);
        task = NULL;
    }
    return task;
}

/* Where the page ends, by its own length and by what was sent. */
static unsigned page_end(const struct scsi_task *page)
{
    unsigned end = (unsigned)answer_number(page, 2, 2) + 4;

    return (int64_t)end < page->datain.size ? end : (unsigned)page->datain.size;
}

#define TEXT_MAX    (2 * PAGE_BYTES + 1)

static const char *text_of(const struct scsi_task *page, unsigned from, unsigned to, char text[TEXT_MAX])
{
    unsigned n = 0;

    for (; from < to && n < PAGE_BYTES; from++) {
        char c = (char)answer_number(page, from, 1);
        text[n++] = c ? c : ' ';
    }
    text[n] = '\0';
    return make_plain(text);
}

static const char *hex_of(const struct scsi_task *page, unsigned from, unsigned to, char text[TEXT_MAX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned n = 0;

    for (; from < to && n + 2 < TEXT_MAX; from++) {
        unsigned byte = (unsigned)answer_number(page, from, 1);
        text[n++] = digits[byte >> 4];
        text[n++] = digits[byte & 0xf];
    }
    text[n] = '\0';
    return text;
}

static void show_serial(struct out *out, const struct scsi_task *page)
{
    char text[TEXT_MAX];

    text_of(page, 4, page_end(page), text);
    out_say(out, "serial number       %s\n", text);
    out_text(out, "serial", text);
}

static void show_names(struct out *out, const struct scsi_task *page)
{
    static const char *const owners[4] = { "LUN", "port", "target", "target" };
    static const char *const kinds[16] = { "vendor specific", "T10 vendor", "EUI-64", "NAA",
                                           "target port", "port group", "LUN group", "MD5",
                                           "SCSI name" };
    unsigned end = page_end(page);
    char text[TEXT_MAX];

    out_list(out, "names");
    for (unsigned at = 4; at + 4 <= end;) {
        unsigned kind = (unsigned)answer_number(page, at + 1, 1) & 0xf;
        unsigned of = (unsigned)answer_number(page, at + 1, 1) >> 4 & 3;
        unsigned set = (unsigned)answer_number(page, at, 1) & 0xf;
        unsigned last = at + 4 + (unsigned)answer_number(page, at + 3, 1);
        if (last > end)
            break;
        if (set == 2 || set == 3)
            text_of(page, at + 4, last, text);
        else
            hex_of(page, at + 4, last, text);
        out_say(out, "name of %-11s %s %s\n", owners[of], kinds[kind] ? kinds[kind] : "?", text);
        out_object(out, NULL);
        out_text(out, "of", owners[of]);
        out_text(out, "kind", kinds[kind] ? kinds[kind] : "?");
        out_text(out, "name", text);
        out_end(out);
        at = last;
    }
    out_end(out);
}

static void show_limits(struct out *out, const struct scsi_task *page)
{
    static const struct {
        uint8_t at, bytes;
        const char *words, *unit, *key;
    } limits[] = {
        { 8, 4, "longest transfer", "blocks", "max_transfer_blocks" },
        { 12, 4, "optimal transfer", "blocks", "optimal_transfer_blocks" },
        { 6, 2, "granularity", "blocks", "granularity_blocks" },
        { 5, 1, "COMPARE AND WRITE", "blocks", "compare_and_write_blocks" },
        { 20, 4, "UNMAP", "blocks a command", "unmap_blocks" },
        { 24, 4, "UNMAP descriptors", "", "unmap_descriptors" },
        { 28, 4, "UNMAP granularity", "blocks", "unmap_granularity_blocks" },
        { 36, 8, "WRITE SAME", "blocks", "write_same_blocks" },
    };

    out_object(out, "limits");
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        uint64_t limit = answer_number(page, limits[i].at, limits[i].bytes);
        if (limit) {                    /* 0: none is told */
            out_say(out, "%-20s%llu %s\n", limits[i].words, (unsigned long long)limit, limits[i].unit);
            out_number(out, limits[i].key, limit);
        }
    }
    out_end(out);
}

static void show_medium(struct out *out, const struct scsi_task *page)
{
    unsigned rate = (unsigned)answer_number(page, 4, 2);

    if (rate == 1)
        out_say(out, "medium              does not rotate\n");
    else if (rate >= 0x401 && rate != 0xffff)
        out_say(out, "medium              %u rotations a minute\n", rate);
    else
        return;                         /* it does not tell */
    out_number(out, "rotations_per_minute", rate == 1 ? 0 : rate);
}

static void show_thin(struct out *out, const struct scsi_task *page)
{
    unsigned flags = (unsigned)answer_number(page, 5, 1);

    out_say(out, "unmapping by       %s%s%s%s; unmapped blocks read as %s\n",
            flags & 0x80 ? " UNMAP" : "", flags & 0x40 ? " WRITE SAME(16)" : "",
            flags & 0x20 ? " WRITE SAME(10)" : "", flags & 0xe0 ? "" : " nothing",
            flags & 0x1c ? "zeros" : "anything");
    out_object(out, "unmapping");
    out_flag(out, "unmap", flags & 0x80);
    out_flag(out, "write_same_16", flags & 0x40);
    out_flag(out, "write_same_10", flags & 0x20);
    out_flag(out, "reads_zeros", flags & 0x1c);
    out_end(out);
}

static const struct {
    uint8_t page;
    void (*show)(struct out *out, const struct scsi_task *page);
} pages[] = {
    { 0x80, show_serial }, { 0x83, show_names }, { 0xb0, show_limits },
    { 0xb1, show_medium }, { 0xb2, show_thin },
};

static void show_pages(struct out *out, struct session *s)
{
    struct scsi_task *list = vpd_page(s, 0);

    if (!list)
        return;
    out_say(out, "VPD pages          ");
    out_list(out, "vpd_pages");
    unsigned end = page_end(list);
    for (unsigned at = 4; at < end; at++) {
        out_say(out, " %02x", (unsigned)answer_number(list, at, 1));
        out_number(out, NULL, answer_number(list, at, 1));
    }
    out_say(out, "\n");
    out_end(out);
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        bool listed = false;
        for (unsigned at = 4; at < end; at++)
            listed = listed || answer_number(list, at, 1) == pages[i].page;
        struct scsi_task *page = listed ? vpd_page(s, pages[i].page) : NULL;
        if (page) {
            pages[i].show(out, page);
            scsi_free_scsi_task(page);
        }
    }
    scsi_free_scsi_task(list);
}

static void show_caching(struct out *out, struct session *s)
{
    static const uint8_t caching[6] = { 0x1a, 0x08, 0x08, 0, 64 };

    struct scsi_task *task = session_command(s, s->lun, caching, 6, 64);
    if (!task)
        return;
    unsigned page = 4 + (unsigned)answer_number(task, 3, 1);
    if (answer_good(task) && (answer_number(task, page, 1) & 0x3f) == 0x08) {
        unsigned flags = (unsigned)answer_number(task, page + 2, 1);
        bool fua = answer_number(task, 2, 1) & 0x10;
        out_say(out, "write cache         %s\n",
                flags & 4 ? "on (WCE 1): a write may be lost until SYNCHRONIZE CACHE"
                          : "off (WCE 0): a write is on the medium when it is answered");
        if (fua)
            out_say(out, "DPO and FUA         supported\n");
        out_flag(out, "write_cache", flags & 4);
        out_flag(out, "dpo_fua", fua);
    }
    scsi_free_scsi_task(task);
}

static void show_facts(struct out *out, const struct disk_facts *f)
{
    char size[WORDS_SIZE_MAX];

    out_say(out, "type                %s%s\n", type_words(f->type),
            f->removable ? ", removable medium" : "");
    out_say(out, "vendor, product     %s %s, revision %s\n", f->vendor, f->product, f->revision);
    if (f->block_bytes) {
        out_say(out, "capacity            %s, %llu blocks of %u bytes",
                size_words(f->size_blocks * f->block_bytes, size),
                (unsigned long long)f->size_blocks, f->block_bytes);
        if (f->physical_bytes != f->block_bytes)
            out_say(out, " (physical blocks of %u)", f->physical_bytes);
        out_say(out, "\n");
        out_say(out, "thin provisioned    %s\n", f->thin ? "yes" : "no");
    }
    if (f->has_mode)
        out_say(out, "write-protected     %s\n", f->write_protected ? "yes" : "no");
    look_disk(out, f);
}

static void show_session(struct out *out, const struct session *s)
{
    out_say(out, "target              %s\n", s->target);
    out_say(out, "address             %s\n", s->address);
    out_say(out, "connected in        %.2f ms, logged in in %.2f ms\n", s->connect_us / 1000.0,
            s->login_us / 1000.0);
    look_login(out, s);
    out_number(out, "lun", (uint64_t)s->lun);
    out_object(out, "keys");
    for (unsigned i = 0; i < s->n_negotiated; i++) {
        char key[sizeof s->negotiated[0]];
        size_t len = strcspn(s->negotiated[i], "=");
        out_say(out, "%s%s\n", i ? "                    " : "the target's keys   ",
                s->negotiated[i]);
        snprintf(key, sizeof key, "%.*s", (int)len, s->negotiated[i]);
        out_text(out, key, s->negotiated[i] + len + (s->negotiated[i][len] == '='));
    }
    out_end(out);
}

int inq_command(int argc, char **argv)
{
    struct look_options o;
    struct disk_facts facts;
    struct session s;
    char message[LOOK_MESSAGE_MAX];
    int code = 0;

    if (look_options_parse(&o, argc, argv, false, message) < 0) {
        fprintf(stderr, "thimble: %s\n", message);
        return STAGE_URL;
    }
    if (o.help) {
        fputs(inq_help, stdout);
        return 0;
    }
    struct out out = look_begin(&o);
    if (session_open(&s, o.url, &o.session)) {
        show_session(&out, &s);
        if (session_disk_facts(&s, s.lun, &facts)) {
            show_facts(&out, &facts);
            show_pages(&out, &s);
            show_caching(&out, &s);
        } else {
            session_fail(&s, STAGE_ANSWER, "LUN %d does not answer INQUIRY", s.lun);
        }
    }
    if (s.problem[0])
        code = look_failed(&out, &s);
    session_close(&s);
    return look_end(&out, code);
}
