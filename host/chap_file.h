/* SPDX-License-Identifier: MIT
 *
 * chap_file.h: names and secrets for CHAP, from a file.
 *
 *     # who may log in
 *     incoming alice      correct-horse-battery
 *     incoming bob        0x8f3a5512c09be7714d20aa63
 *     # who we are, to initiators that ask (mutual CHAP)
 *     outgoing thimble    another-good-secret
 *
 * One entry a line, words separated by blanks, # begins a comment at the start of a
 * line. A secret is text, or binary after 0x (hexadecimal) or 0b (base64), 12 to 255
 * bytes long.
 */
#ifndef HOST_CHAP_FILE_H
#define HOST_CHAP_FILE_H

#include "../src/thimble.h"

#define CHAP_MESSAGE_MAX        512

struct chap_file {
    struct thimble_chap chap;           /* what the engine borrows */
    bool readable_by_others;
    char *text;                         /* the rest is its own */
    struct thimble_chap_user *users;
    struct thimble_chap_user outgoing;
};

/* 0, or -1 and one line in message, in which no secret stands. */
int chap_file_load(struct chap_file *f, const char *path, char message[CHAP_MESSAGE_MAX]);

/* Overwrites the secrets and frees the memory. */
void chap_file_free(struct chap_file *f);

#endif
