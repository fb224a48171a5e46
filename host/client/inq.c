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
    "\n" LOOK_COMMON_HELP "\n" LOOK_URL_HELP LOOK_CODES_HELP;

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

static void print_text(const struct scsi_task *page, unsigned from, unsigned to)
{
    char text[PAGE_BYTES + 1];
    unsigned n = 0;

    for (; from < to && n < PAGE_BYTES; from++) {
        char c = (char)answer_number(page, from, 1);
        text[n++] = c ? c : ' ';
    }
    text[n] = '\0';
    puts(make_plain(text));
}

static void print_hex(const struct scsi_task *page, unsigned from, unsigned to)
{
    for (; from < to; from++)
        printf("%02x", (unsigned)answer_number(page, from, 1));
    putchar('\n');
}

static void show_serial(const struct scsi_task *page)
{
    fputs("serial number       ", stdout);
    print_text(page, 4, page_end(page));
}

static void show_names(const struct scsi_task *page)
{
    static const char *const kinds[16] = { "vendor specific", "T10 vendor", "EUI-64", "NAA",
                                           "target port", "port group", "LUN group", "MD5",
                                           "SCSI name" };
    unsigned end = page_end(page);

    for (unsigned at = 4; at + 4 <= end;) {
        unsigned kind = (unsigned)answer_number(page, at + 1, 1) & 0xf;
        unsigned of = (unsigned)answer_number(page, at + 1, 1) >> 4 & 3;
        unsigned set = (unsigned)answer_number(page, at, 1) & 0xf;
        unsigned last = at + 4 + (unsigned)answer_number(page, at + 3, 1);
        if (last > end)
            break;
        printf("name of %s %-*s ", of == 0 ? "LUN   " : of == 1 ? "port  " : "target", 4, "");
        printf("%s ", kinds[kind] ? kinds[kind] : "?");
        if (set == 2 || set == 3)
            print_text(page, at + 4, last);
        else
            print_hex(page, at + 4, last);
        at = last;
    }
}

static void show_limit(const char *name, uint64_t blocks, const char *unit)
{
    if (blocks)
        printf("%-20s%llu %s\n", name, (unsigned long long)blocks, unit);
}

static void show_limits(const struct scsi_task *page)
{
    show_limit("longest transfer", answer_number(page, 8, 4), "blocks");
    show_limit("optimal transfer", answer_number(page, 12, 4), "blocks");
    show_limit("granularity", answer_number(page, 6, 2), "blocks");
    show_limit("COMPARE AND WRITE", answer_number(page, 5, 1), "blocks");
    show_limit("UNMAP", answer_number(page, 20, 4), "blocks a command");
    show_limit("UNMAP descriptors", answer_number(page, 24, 4), "");
    show_limit("UNMAP granularity", answer_number(page, 28, 4), "blocks");
    show_limit("WRITE SAME", answer_number(page, 36, 8), "blocks");
}

static void show_medium(const struct scsi_task *page)
{
    unsigned rate = (unsigned)answer_number(page, 4, 2);

    if (rate == 1)
        puts("medium              does not rotate");
    else if (rate >= 0x401 && rate != 0xffff)
        printf("medium              %u rotations a minute\n", rate);
}

static void show_thin(const struct scsi_task *page)
{
    unsigned flags = (unsigned)answer_number(page, 5, 1);

    printf("unmapping by       %s%s%s%s; unmapped blocks read as %s\n",
           flags & 0x80 ? " UNMAP" : "", flags & 0x40 ? " WRITE SAME(16)" : "",
           flags & 0x20 ? " WRITE SAME(10)" : "", flags & 0xe0 ? "" : " nothing",
           flags & 0x1c ? "zeros" : "anything");
}

static const struct {
    uint8_t page;
    void (*show)(const struct scsi_task *page);
} pages[] = {
    { 0x80, show_serial }, { 0x83, show_names }, { 0xb0, show_limits },
    { 0xb1, show_medium }, { 0xb2, show_thin },
};

static void show_pages(struct session *s)
{
    struct scsi_task *list = vpd_page(s, 0);

    if (!list)
        return;
    fputs("VPD pages          ", stdout);
    unsigned end = page_end(list);
    for (unsigned at = 4; at < end; at++)
        printf(" %02x", (unsigned)answer_number(list, at, 1));
    putchar('\n');
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        bool listed = false;
        for (unsigned at = 4; at < end; at++)
            listed = listed || answer_number(list, at, 1) == pages[i].page;
        struct scsi_task *page = listed ? vpd_page(s, pages[i].page) : NULL;
        if (page) {
            pages[i].show(page);
            scsi_free_scsi_task(page);
        }
    }
    scsi_free_scsi_task(list);
}

static void show_caching(struct session *s)
{
    static const uint8_t caching[6] = { 0x1a, 0x08, 0x08, 0, 64 };

    struct scsi_task *task = session_command(s, s->lun, caching, 6, 64);
    if (!task)
        return;
    unsigned page = 4 + (unsigned)answer_number(task, 3, 1);
    if (answer_good(task) && (answer_number(task, page, 1) & 0x3f) == 0x08) {
        unsigned flags = (unsigned)answer_number(task, page + 2, 1);
        printf("write cache         %s\n",
               flags & 4 ? "on (WCE 1): a write may be lost until SYNCHRONIZE CACHE"
                         : "off (WCE 0): a write is on the medium when it is answered");
        if (answer_number(task, 2, 1) & 0x10)
            puts("DPO and FUA         supported");
    }
    scsi_free_scsi_task(task);
}

static void show_facts(const struct disk_facts *f)
{
    char size[WORDS_SIZE_MAX];

    printf("type                %s%s\n", type_words(f->type),
           f->removable ? ", removable medium" : "");
    printf("vendor, product     %s %s, revision %s\n", f->vendor, f->product, f->revision);
    if (f->block_bytes) {
        printf("capacity            %s, %llu blocks of %u bytes",
               size_words(f->size_blocks * f->block_bytes, size),
               (unsigned long long)f->size_blocks, f->block_bytes);
        if (f->physical_bytes != f->block_bytes)
            printf(" (physical blocks of %u)", f->physical_bytes);
        putchar('\n');
        printf("thin provisioned    %s\n", f->thin ? "yes" : "no");
    }
    if (f->has_mode)
        printf("write-protected     %s\n", f->write_protected ? "yes" : "no");
}

static void show_session(const struct session *s)
{
    printf("target              %s\n", s->target);
    printf("address             %s\n", s->address);
    printf("connected in        %.2f ms, logged in in %.2f ms\n", s->connect_us / 1000.0,
           s->login_us / 1000.0);
    for (unsigned i = 0; i < s->n_negotiated; i++)
        printf("%s%s\n", i ? "                    " : "the target's keys   ",
               s->negotiated[i]);
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
    if (session_open(&s, o.url, &o.session)) {
        show_session(&s);
        if (session_disk_facts(&s, s.lun, &facts)) {
            show_facts(&facts);
            show_pages(&s);
            show_caching(&s);
        } else {
            session_fail(&s, STAGE_ANSWER, "LUN %d does not answer INQUIRY", s.lun);
        }
    }
    if (s.problem[0])
        code = look_failed(&s);
    session_close(&s);
    return code;
}
