/* SPDX-License-Identifier: MIT
 *
 * settings_file.h: thimble.ini for `thimble serve --config`.
 *
 *     settings_file_load      the file into settings, each mistake as a line of its own
 *     settings_file_apply     settings into the options that the command line has left open
 *     settings_file_free      wipes the secrets, when nothing borrows from it any more
 */
#ifndef HOST_SETTINGS_FILE_H
#define HOST_SETTINGS_FILE_H

#include <stdio.h>

#include "../src/settings/settings.h"
#include "options.h"

struct settings_file {
    const char *path;               /* as it was given */
    struct thimble_settings settings;
    struct thimble_settings_chap chap[THIMBLE_SETTINGS_TARGETS], discovery;
    bool readable_by_others;        /* and there are secrets in it */

    /* The rest is its own: paths of disks and of CHAP files. */
    char *strings[THIMBLE_SETTINGS_LUNS + THIMBLE_SETTINGS_TARGETS];
    size_t n_strings;
};

/* 0, or -1: the file cannot be read, or has mistakes.  Each is a line on `problems`:
 * "PREFIXpath:line: what is wrong". */
int settings_file_load(struct settings_file *f, const char *path, const char *prefix,
                       FILE *problems);

/* What was not given on the command line is taken from the file, and what is in neither gets
 * its default.  0, or -1 and one line in message.  `o` borrows from `f`. */
int settings_file_apply(struct settings_file *f, struct options *o,
                        char message[OPTIONS_MESSAGE_MAX]);

void settings_file_free(struct settings_file *f);

#endif
