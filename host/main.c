/* SPDX-License-Identifier: MIT
 *
 * main.c: the `thimble` command: which of its commands is meant.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../src/thimble.h"
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
    "  thimble --version\n"
    "\n"
    "The shortest use, which serves a new disk of 256 MiB on this machine only:\n"
    "\n"
    "  thimble serve --create 256M disk.img\n";

static int mistake(const char *what, const char *word)
{
    fprintf(stderr, "thimble: %s%s; see thimble --help\n", what, word);
    return 2;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : NULL;

    if (!command)
        return mistake("no command given, such as thimble serve disk.img", "");
    if (strcmp(command, "serve") == 0)
        return serve(argc - 1, argv + 1);
    if (strcmp(command, "settings") == 0)
        return settings_command(argc - 1, argv + 1);
    if (strcmp(command, "--version") == 0) {
        puts("thimble " THIMBLE_VERSION);
        return 0;
    }
    if (strcmp(command, "help") == 0 && argc > 2) {
        bool settings = strcmp(argv[2], "settings") == 0;
        if (!settings && strcmp(argv[2], "serve") != 0)
            return mistake("there is no help on ", argv[2]);
        fputs(settings ? settings_help : options_help, stdout);
        return 0;
    }
    if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0 ||
        strcmp(command, "-h") == 0) {
        fputs(help, stdout);
        return 0;
    }
    return mistake("no such command: ", command);
}
