/* SPDX-License-Identifier: MIT
 *
 * text.h: one key=value pair to its parts, and values to numbers and bytes: RFC 7143
 * 6.1.
 *
 * Layer 1, pure functions on strings that end in NUL.  Whatever the peer sent is a legal
 * argument.
 */
#ifndef TH_ISCSI_TEXT_H
#define TH_ISCSI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TH_KEY_MAX 63                   /* longest key-name in bytes */

/* Cuts "key=value" at its first '='.  The key then ends in NUL, too; *value is the rest.
 * False: there is no '=', or what stands before it cannot be a key-name. */
bool th_text_split(char *pair, char **value);

/* decimal-constant or hex-constant below 2^64.  False: anything else, a decimal with a
 * leading zero included. */
bool th_text_number(const char *text, uint64_t *number);

/* hex-constant ("0x") or base64-constant ("0b") as a string of bytes.  Returns its
 * length; 0: it is neither, is empty, or is longer than max. */
size_t th_text_binary(const char *text, uint8_t *bytes, size_t max);

/* Bytes to a hex-constant with its "0x", ended by NUL.  out has room for 2 * len + 3.
 * Returns the length of the text. */
size_t th_text_hex(char *out, const uint8_t *bytes, size_t len);

/* Number to a decimal-constant, ended by NUL.  Returns its length. */
size_t th_text_decimal(char out[11], uint32_t number);

/* Next item of a list-of-values: *item is where it stands in *list, which moves on
 * behind it.  False: no more. Items may be empty. */
bool th_text_item(const char **list, const char **item, size_t *len);

/* Position of the item in a list-of-values, or -1. */
int th_text_find(const char *list, const char *item, size_t len);

/* 1: Yes.  0: No.  -1: anything else. */
int th_text_bool(const char *text);

/* True for the constants that are only ever answers: Reject, Irrelevant, NotUnderstood
 * (RFC 7143 6.2). */
bool th_text_is_answer(const char *text);

/* Compares two iSCSI names without regard to the case of ASCII letters (RFC 7143
 * 4.2.7.2: they are folded to lower case before they are compared). */
bool th_name_equal(const char *a, const char *b);

/* One of n names equals it. */
bool th_names_have(const char *const *names, size_t n, const char *name);

#endif
