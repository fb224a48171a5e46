/* SPDX-License-Identifier: MIT
 *
 * ls.c: `thimble ls`: targets, their portals and logical units.
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

#include "client.h"
#include "look.h"

#define REPORT_LUNS_BYTES   4096

const char ls_help[] =
    "thimble ls [OPTION]... iscsi://[USER%PASSWORD@]HOST[:PORT][/TARGET]\n"
    "\n"
    "Shows the targets that a portal names, their portals, and each logical unit: type,\n"
    "size, block size, vendor and product, and whether it is write-protected.  With\n"
    "TARGET, only that one.\n"
    "\n" LOOK_COMMON_HELP "\n"
    "The logical units of all targets are asked for at HOST, not at the portals that a\n"
    "target names.  " LOOK_CODES_HELP;

static void show_lun(struct session *s, int lun)
{
    struct disk_facts f;
    char size[WORDS_SIZE_MAX], block[WORDS_SIZE_MAX];

    if (!session_disk_facts(s, lun, &f)) {
        if (s->iscsi)
            printf("    LUN %-3d  does not answer INQUIRY\n", lun);
        return;
    }
    printf("    LUN %-3d  %-6s", lun, type_words(f.type));
    if (f.block_bytes)
        printf("  %10s  blocks of %s", size_words(f.size_blocks * f.block_bytes, size),
               size_words(f.block_bytes, block));
    else if (f.type == 0)
        fputs("  no medium", stdout);
    printf("  %s %s%s\n", f.vendor, f.product,
           f.write_protected ? "  write-protected" : "");
}

static void show_luns(struct session *s)
{
    static const uint8_t report_luns[12] = { 0xa0, [8] = REPORT_LUNS_BYTES >> 8 };
    char words[160];

    struct scsi_task *task = session_command(s, 0, report_luns, 12, REPORT_LUNS_BYTES);
    if (!task)
        return;
    if (!answer_good(task))
        printf("    REPORT LUNS: %s\n", status_words(task, words, sizeof words));
    uint64_t bytes = answer_good(task) ? answer_number(task, 0, 4) : 0;
    if (answer_good(task) && bytes < 8)
        puts("    no logical units");
    if (bytes > REPORT_LUNS_BYTES - 8)
        bytes = REPORT_LUNS_BYTES - 8;
    for (unsigned at = 8; at < 8 + bytes && s->iscsi; at += 8) {
        unsigned first = (unsigned)answer_number(task, at, 2);
        if (first >> 14 <= 1)               /* peripheral or flat addressing */
            show_lun(s, (int)(first & 0x3fff));
        else
            printf("    LUN of an unknown format, 0x%016llx\n",
                   (unsigned long long)answer_number(task, at, 8));
    }
    scsi_free_scsi_task(task);
}

/* The URL of a target of the portal that we have asked. */
static const char *target_url(const char *url, const char *target, char *text, size_t size)
{
    size_t head = strcspn(url, "?"), authority = 8 + strcspn(url + 8, "/?");

    snprintf(text, size, "%.*s/%s/0%s", (int)authority, url, target, url + head);
    return text;
}

static int show_target(const char *url, const struct session_options *how)
{
    struct session s;
    int code = 0;

    if (session_log_in(&s, url, how))
        show_luns(&s);
    if (s.problem[0])
        code = look_failed(&s);
    session_close(&s);
    return code;
}

static int show_portal(const struct look_options *o)
{
    struct session s;
    char url[2 * WORDS_URL_MAX];

    struct session_found *found = session_log_in(&s, o->url, &o->session) ? session_discover(&s)
                                                                         : NULL;
    int code = s.problem[0] ? look_failed(&s) : 0;
    session_close(&s);
    if (code == 0 && !found)
        puts("The portal names no target.");
    for (struct session_found *t = found; t; t = t->next) {
        printf("%s\n", t->target);
        for (unsigned i = 0; i < t->n_portals; i++)
            printf("    portal %s\n", t->portals[i]);
        int failed = show_target(target_url(o->url, t->target, url, sizeof url), &o->session);
        code = code ? code : failed;
    }
    session_free_found(found);
    return code;
}

int ls_command(int argc, char **argv)
{
    struct look_options o;
    char message[LOOK_MESSAGE_MAX];

    if (look_options_parse(&o, argc, argv, false, message) < 0) {
        fprintf(stderr, "thimble: %s\n", message);
        return STAGE_URL;
    }
    if (o.help) {
        fputs(ls_help, stdout);
        return 0;
    }
    const char *path = strncmp(o.url, "iscsi://", 8) == 0 ? strchr(o.url + 8, '/') : NULL;
    if (!path || path[1] == '\0')
        return show_portal(&o);
    printf("%.*s\n", (int)strcspn(path + 1, "/?"), path + 1);
    return show_target(o.url, &o.session);
}
