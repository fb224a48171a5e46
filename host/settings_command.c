/* SPDX-License-Identifier: MIT
 *
 * settings_command.c: `thimble settings`: help with thimble.ini.
 */
#include "settings_command.h"

#include <stdio.h>
#include <string.h>

#include "settings_file.h"

enum { GOOD = 0, MISTAKES = 1, NOT_UNDERSTOOD = 2 };

const char settings_help[] =
    "thimble settings --check FILE    tell every mistake in a settings file with its\n"
    "                                 line, or show what it means; *** is a secret\n"
    "thimble settings --example       a file in which every key is a comment\n"
    "thimble settings --markdown      the reference page, docs/settings.md\n"
    "\n"
    "A settings file, thimble.ini, has what thimble serve --config FILE and boards\n"
    "are to serve:\n"
    "\n"
    "  [network]\n"
    "  listen = 0.0.0.0\n"
    "\n"
    "  [lun 0]\n"
    "  disk = file disk.img\n"
    "  create = 256M\n"
    "\n"
    "A relative path starts where the file is.  Options of thimble serve win over it.\n"
    "Exit code: 0, 1 if the file has mistakes, 2 if the command was not understood.\n";

static void put(void *ctx, const char *text)
{
    (void)ctx;
    fputs(text, stdout);
}

static const struct thimble_settings_sink to_stdout = { .put = put };

static int check(const char *path)
{
    static struct settings_file f;
    int code = settings_file_load(&f, path, "", stderr) < 0 ? MISTAKES : GOOD;

    if (code == GOOD)
        thimble_settings_write(&f.settings, &to_stdout);
    settings_file_free(&f);
    return code;
}

int settings_command(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (strcmp(what, "--check") == 0 && argc == 3)
        return check(argv[2]);
    if (strcmp(what, "--example") == 0 && argc == 2) {
        thimble_settings_example(&to_stdout);
        return GOOD;
    }
    if (strcmp(what, "--markdown") == 0 && argc == 2) {
        thimble_settings_markdown(&to_stdout);
        return GOOD;
    }
    if (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0) {
        fputs(settings_help, stdout);
        return GOOD;
    }
    fputs("thimble: write thimble settings --check FILE, --example or --markdown; see "
          "thimble help settings\n", stderr);
    return NOT_UNDERSTOOD;
}
