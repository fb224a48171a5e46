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
    "\n" LOOK_JSON_HELP LOOK_COMMON_HELP "\n"
    "The logical units of all targets are asked for at HOST, not at the portals that a\n"
    "target names.  " LOOK_CODES_HELP;

static void show_lun(struct out *out, struct session *s, int lun)
{
    struct disk_facts f;
    char size[WORDS_SIZE_MAX], block[WORDS_SIZE_MAX];

    bool answers = session_disk_facts(s, lun, &f);
    if (!answers && !s->iscsi)
        return;
    out_object(out, NULL);
    out_number(out, "lun", (uint64_t)lun);
    if (!answers) {
        out_say(out, "    LUN %-3d  does not answer INQUIRY\n", lun);
        out_text(out, "problem", "does not answer INQUIRY");
        out_end(out);
        return;
    }
    look_disk(out, &f);
    out_end(out);
    out_say(out, "    LUN %-3d  %-6s", lun, type_words(f.type));
    if (f.block_bytes)
        out_say(out, "  %10s  blocks of %s", size_words(f.size_blocks * f.block_bytes, size),
                size_words(f.block_bytes, block));
    else if (f.type == 0)
        out_say(out, "  no medium");
    out_say(out, "  %s %s%s\n", f.vendor, f.product,
            f.write_protected ? "  write-protected" : "");
}

static void show_luns(struct out *out, struct session *s)
{
    static const uint8_t report_luns[12] = { 0xa0, [8] = REPORT_LUNS_BYTES >> 8 };
    char words[160];

    struct scsi_task *task = session_command(s, 0, report_luns, 12, REPORT_LUNS_BYTES);
    if (!task)
        return;
    if (!answer_good(task)) {
        out_say(out, "    REPORT LUNS: %s\n", status_words(task, words, sizeof words));
        out_text(out, "report_luns", status_words(task, words, sizeof words));
    }
    uint64_t bytes = answer_good(task) ? answer_number(task, 0, 4) : 0;
    if (answer_good(task) && bytes < 8)
        out_say(out, "    no logical units\n");
    if (bytes > REPORT_LUNS_BYTES - 8)
        bytes = REPORT_LUNS_BYTES - 8;
    out_list(out, "luns");
    for (unsigned at = 8; at < 8 + bytes && s->iscsi; at += 8) {
        unsigned first = (unsigned)answer_number(task, at, 2);
        if (first >> 14 <= 1)               /* peripheral or flat addressing */
            show_lun(out, s, (int)(first & 0x3fff));
        else
            out_say(out, "    LUN of an unknown format, 0x%016llx\n",
                    (unsigned long long)answer_number(task, at, 8));
    }
    out_end(out);
    scsi_free_scsi_task(task);
}

/* The URL of a target of the portal that we have asked. */
static const char *target_url(const char *url, const char *target, char *text, size_t size)
{
    size_t head = strcspn(url, "?"), authority = 8 + strcspn(url + 8, "/?");

    snprintf(text, size, "%.*s/%s/0%s", (int)authority, url, target, url + head);
    return text;
}

static int show_target(struct out *out, const char *url, const struct session_options *how)
{
    struct session s;
    int code = 0;

    if (session_log_in(&s, url, how))
        show_luns(out, &s);
    if (s.problem[0])
        code = look_failed(out, &s);
    session_close(&s);
    return code;
}

static int show_portal(struct out *out, const struct look_options *o)
{
    struct session s;
    char url[2 * WORDS_URL_MAX];

    struct session_found *found = session_log_in(&s, o->url, &o->session) ? session_discover(&s)
                                                                         : NULL;
    int code = s.problem[0] ? look_failed(out, &s) : 0;
    session_close(&s);
    if (code == 0 && !found)
        out_say(out, "The portal names no target.\n");
    out_list(out, "targets");
    for (struct session_found *t = found; t; t = t->next) {
        out_say(out, "%s\n", t->target);
        out_object(out, NULL);
        out_text(out, "name", t->target);
        out_list(out, "portals");
        for (unsigned i = 0; i < t->n_portals; i++) {
            out_say(out, "    portal %s\n", t->portals[i]);
            out_text(out, NULL, t->portals[i]);
        }
        out_end(out);
        int failed = show_target(out, target_url(o->url, t->target, url, sizeof url), &o->session);
        out_end(out);
        code = code ? code : failed;
    }
    out_end(out);
    session_free_found(found);
    return code;
}

/* The one target that the URL names. */
static int show_one(struct out *out, const char *url, const struct session_options *how)
{
    const char *name = strchr(url + 8, '/') + 1;
    char copy[WORDS_URL_MAX];

    snprintf(copy, sizeof copy, "%.*s", (int)strcspn(name, "/?"), name);
    out_say(out, "%s\n", copy);
    out_list(out, "targets");
    out_object(out, NULL);
    out_text(out, "name", copy);
    int code = show_target(out, url, how);
    out_end(out);
    out_end(out);
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
    struct out out = look_begin(&o);
    bool one = path && path[1] != '\0';
    return look_end(&out, one ? show_one(&out, o.url, &o.session) : show_portal(&out, &o));
}
