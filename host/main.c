/* SPDX-License-Identifier: MIT
 *
 * main.c: the `thimble` command: which of its commands is meant.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../src/thimble.h"
#include "client/client.h"
#include "options.h"
#include "serve.h"
#include "settings_command.h"

static const char help[] =
    "thimble: an iSCSI target that fits in a thimble\n"
    "\n"
    "  thimble serve [OPTION]... DISK...   serve disks\n"
    "  thimble help serve                  its options\n"
    "  thimble serve --config thimble.ini  serve what a settings file says\n"
    "  thimble settings --check FILE       find the mistakes in a settings file\n"
    "  thimble help settings               what else it can do\n"
    "\n"
    "  thimble ls URL                      show the targets and disks at an address\n"
    "  thimble inq URL                     what a disk says of itself\n"
    "  thimble ping URL                    can one log in, and how long do answers take?\n"
    "  thimble bench URL...                measure targets, one beside the other\n"
    "  thimble help bench                  their options; so for ls, inq and ping\n"
    "\n"
    "  thimble --version\n"
    "\n"
    "The shortest use, which serves a new disk of 256 MiB on this machine only:\n"
    "\n"
    "  thimble serve --create 256M disk.img\n";

static const char without_libiscsi[] = "this thimble was built without libiscsi; install it "
                                       "(Debian: libiscsi-dev) and build again "
                                       "to have thimble ";

static int mistake(const char *what, const char *word)
{
    fprintf(stderr, "thimble: %s%s; see thimble --help\n", what, word);
    return 2;
}

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
    bool needs_libiscsi;
};

static const struct command commands[] = {
    { "serve", serve, options_help, false },
    { "settings", settings_command, settings_help, false },
#ifdef THIMBLE_CLIENT
    { "ls", ls_command, ls_help, false },
    { "inq", inq_command, inq_help, false },
    { "ping", ping_command, ping_help, false },
    { "bench", bench_command, bench_help, false },
#else
    { .name = "ls", .needs_libiscsi = true },
    { .name = "inq", .needs_libiscsi = true },
    { .name = "ping", .needs_libiscsi = true },
    { .name = "bench", .needs_libiscsi = true },
#endif
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

static int show_help(const char *name)
{
    const struct command *c = find(name);

    if (!c)
        return mistake("there is no help on ", name);
    if (c->needs_libiscsi)
        return mistake(without_libiscsi, name);
    fputs(c->help, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;
    const struct command *c = word ? find(word) : NULL;

    if (!word)
        return mistake("no command given, such as thimble serve disk.img", "");
    if (c && c->needs_libiscsi)
        return mistake(without_libiscsi, word);
    if (c)
        return c->run(argc - 1, argv + 1);
    if (strcmp(word, "--version") == 0) {
        puts("thimble " THIMBLE_VERSION);
        return 0;
    }
    if (strcmp(word, "help") == 0 && argc > 2)
        return show_help(argv[2]);
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        fputs(help, stdout);
        return 0;
    }
    return mistake("no such command: ", word);
}
