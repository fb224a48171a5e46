/* SPDX-License-Identifier: MIT
 *
 * words.h: words to values and back, for the commands that look at targets.
 *
 * Pure: opens nothing, prints nothing.
 */
#ifndef HOST_CLIENT_WORDS_H
#define HOST_CLIENT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_SIZE_MAX      32
#define WORDS_URL_MAX       256         /* libiscsi keeps no more of a URL */

/* "512", "64 KiB", "1.5 GiB"; at most one digit after the point. */
const char *size_words(uint64_t bytes, char text[WORDS_SIZE_MAX]);

/* The same as an option takes it, if it can: "512", "64K", "1M". */
const char *size_option(uint64_t bytes, char text[WORDS_SIZE_MAX]);

/* The whole word is a number without sign, from min to max. */
bool number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* Seconds such as "1", "0.25"; at least 0.001 and at most a day. */
bool seconds_parse(const char *text, uint32_t *ms);

/* Copies a URL and puts *** where its passwords are. */
const char *url_without_secrets(const char *url, char *text, size_t size);

/* NULL, or what is wrong with a URL that libiscsi must not be given: it trusts what it
 * parses. */
const char *url_problem(const char *url);

/* What the status of a login answer means (RFC 7143 11.13.5), and what to do. */
struct login_advice {
    uint16_t status;                    /* class and detail */
    const char *meaning, *advice;
};
const struct login_advice *login_advice(unsigned status);

/* SPC's name of a sense key. */
const char *sense_key_words(unsigned key);

/* Texts come from peers: nothing that moves the cursor is left, nor blanks at the end. */
char *make_plain(char *text);

#endif
