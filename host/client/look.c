/* SPDX-License-Identifier: MIT
 *
 * look.c: see look.h.
 */
#define _GNU_SOURCE

#include "look.h"

#include <stdio.h>
#include <string.h>

#include "../../src/settings/settings.h"
#include "../start_getopt.h"

enum { OPT_INITIATOR = 256, OPT_TIMEOUT, OPT_TUR, OPT_JSON };

static const struct option long_options[] = {
    { "initiator", required_argument, NULL, OPT_INITIATOR },
    { "timeout", required_argument, NULL, OPT_TIMEOUT },
    { "tur", no_argument, NULL, OPT_TUR },
    { "json", no_argument, NULL, OPT_JSON },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static int take_option(struct look_options *o, int option, const char *arg, bool ping,
                       char message[LOOK_MESSAGE_MAX])
{
    const char *problem;

    switch (option) {
    case 1:
        if (o->url) {
            snprintf(message, LOOK_MESSAGE_MAX, "%.100s: one URL is enough", arg);
            return -1;
        }
        o->url = arg;
        return 0;
    case 'h':
        o->help = true;
        return 0;
    case OPT_JSON:
        o->json = true;
        return 0;
    case OPT_INITIATOR:
        problem = thimble_name_problem(arg);
        if (problem) {
            snprintf(message, LOOK_MESSAGE_MAX,
                     "--initiator %.100s: not an iSCSI name, %s; write it like "
                     SESSION_DEFAULT_INITIATOR, arg, problem);
            return -1;
        }
        o->session.initiator = arg;
        return 0;
    case OPT_TIMEOUT:
        if (seconds_parse(arg, &o->session.timeout_ms))
            return 0;
        snprintf(message, LOOK_MESSAGE_MAX,
                 "--timeout %.100s: write seconds, such as 10 or 0.5", arg);
        return -1;
    case 'c':
        if (ping && number_parse(arg, 1, 1000000000, &o->count))
            return 0;
        break;
    case 'i':
        if (ping && seconds_parse(arg, &o->interval_ms))
            return 0;
        break;
    case OPT_TUR:
        o->test_unit_ready = true;
        if (ping)
            return 0;
        break;
    default:
        break;
    }
    if (ping && (option == 'c' || option == 'i'))
        snprintf(message, LOOK_MESSAGE_MAX, "-%c %.100s: write a number%s", option, arg,
                 option == 'c' ? " of pings" : " of seconds, such as 1 or 0.2");
    else
        snprintf(message, LOOK_MESSAGE_MAX, "unknown option; see thimble help %s",
                 ping ? "ping" : "ls");
    return -1;
}

int look_options_parse(struct look_options *o, int argc, char **argv, bool ping,
                       char message[LOOK_MESSAGE_MAX])
{
    *o = (struct look_options){ .count = 5, .interval_ms = 1000 };
    start_getopt();
    for (;;) {
        int at = optind > 0 ? optind : 1;
        int option = getopt_long(argc, argv, "-:hc:i:", long_options, NULL);
        if (option == -1)
            break;
        if (option == '?' || option == ':') {
            snprintf(message, LOOK_MESSAGE_MAX,
                     option == ':' ? "%.100s needs a value; see thimble help %s"
                                   : "unknown option %.100s; see thimble help %s",
                     argv[at], argv[0]);
            return -1;
        }
        if (take_option(o, option, optarg, ping, message) < 0)
            return -1;
        if (o->help)
            return 0;
    }
    for (int i = optind; i < argc; i++)
        if (take_option(o, 1, argv[i], ping, message) < 0)
            return -1;
    if (!o->url) {
        snprintf(message, LOOK_MESSAGE_MAX,
                 "no URL given, such as iscsi://127.0.0.1/iqn.2026-11.org.thimble:disk/0");
        return -1;
    }
    return 0;
}

int look_failed(struct out *out, const struct session *s)
{
    char url[WORDS_URL_MAX + 8];

    fflush(stdout);
    fprintf(stderr, "thimble: %s: %s\n", url_without_secrets(s->url, url, sizeof url),
            s->problem);
    out_text(out, "problem", s->problem);
    return (int)s->stage;
}

struct out look_begin(const struct look_options *o)
{
    struct out out = { .json = o->json ? stdout : NULL };

    out_object(&out, NULL);
    return out;
}

int look_end(struct out *out, int code)
{
    out_number(out, "exit_code", (uint64_t)code);
    out_end(out);
    return code;
}

void look_login(struct out *out, const struct session *s)
{
    out_text(out, "target", s->target);
    out_text(out, "address", s->address);
    out_ms(out, "connect_ms", s->connect_us / 1000.0);
    out_ms(out, "login_ms", s->login_us / 1000.0);
}

void look_disk(struct out *out, const struct disk_facts *f)
{
    out_text(out, "type", type_words(f->type));
    out_flag(out, "removable", f->removable);
    out_text(out, "vendor", f->vendor);
    out_text(out, "product", f->product);
    out_text(out, "revision", f->revision);
    if (f->block_bytes) {
        out_number(out, "blocks", f->size_blocks);
        out_number(out, "block_bytes", f->block_bytes);
        out_number(out, "physical_block_bytes", f->physical_bytes);
        out_flag(out, "thin", f->thin);
    }
    if (f->has_mode)
        out_flag(out, "read_only", f->write_protected);
}
