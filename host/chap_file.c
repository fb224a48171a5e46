/* SPDX-License-Identifier: MIT
 *
 * chap_file.c: see chap_file.h.
 *
 * The file is read into one piece of memory; names and secrets stay where they were read,
 * binary secrets replace their digits.
 */
#define _GNU_SOURCE

#include "chap_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX 1048576

struct reader {
    struct chap_file *f;
    const char *path;
    unsigned line;
    char *message;
};

static int mistake(const struct reader *r, const char *what)
{
    snprintf(r->message, CHAP_MESSAGE_MAX, "%s:%u: %s", r->path, r->line, what);
    return -1;
}

/* The compiler may not leave this out, as it may memset() before free(). */
static void wipe(void *mem, size_t len)
{
    volatile char *at = mem;

    while (len--)
        *at++ = 0;
}

/* --------------------------------------------------------------------------------------
 * Secrets
 */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool decode_hex(const char *digits, uint8_t *out, size_t *len)
{
    size_t n = strlen(digits);

    if (n == 0 || n % 2)
        return false;
    for (size_t i = 0; i < n; i += 2) {
        int high = hex_digit(digits[i]), low = hex_digit(digits[i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    *len = n / 2;
    return true;
}

static int base64_digit(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

static bool decode_base64(const char *digits, uint8_t *out, size_t *len)
{
    size_t n = strlen(digits), n_out = 0;
    size_t n_data = n;
    uint32_t bits = 0;

    while (n_data && n - n_data < 2 && digits[n_data - 1] == '=')
        n_data--;
    if (n == 0 || n % 4)
        return false;
    for (size_t i = 0; i < n_data; i++) {
        int value = base64_digit(digits[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4) {
            unsigned left = 6 - 2 * (unsigned)(i % 4);      /* bits not used yet */
            out[n_out++] = (uint8_t)(bits >> left);
        }
    }
    *len = n_out;
    return true;
}

/* In place: the bytes are never more than their digits. */
static int decode_secret(const struct reader *r, char *word, struct thimble_chap_user *u)
{
    size_t len = strlen(word);
    char kind = word[0] == '0' ? word[1] : '\0';

    if ((kind == 'x' || kind == 'X') && !decode_hex(word + 2, (uint8_t *)word, &len))
        return mistake(
            r, "the secret begins with 0x, so an even number of hexadecimal digits "
               "must follow");
    if ((kind == 'b' || kind == 'B') && !decode_base64(word + 2, (uint8_t *)word, &len))
        return mistake(
            r, "the secret begins with 0b, so base64 digits must follow, four at a "
               "time");
    if (len < THIMBLE_CHAP_SECRET_MIN)
        return mistake(r, "the secret is shorter than 12 bytes; choose a longer one");
    if (len > THIMBLE_CHAP_SECRET_MAX)
        return mistake(r, "the secret is longer than 255 bytes; choose a shorter one");
    u->secret = (const uint8_t *)word;
    u->secret_len = len;
    return 0;
}

static bool same_secret(const struct thimble_chap_user *a,
                        const struct thimble_chap_user *b)
{
    return a->secret && b->secret && a->secret_len == b->secret_len &&
           memcmp(a->secret, b->secret, a->secret_len) == 0;
}

/* --------------------------------------------------------------------------------------
 * Lines
 */

static char *next_word(char **at)
{
    static const char blanks[] = " \t\r";
    char *word = *at + strspn(*at, blanks);

    if (*word == '\0')
        return NULL;
    *at = word + strcspn(word, blanks);
    if (**at)
        *(*at)++ = '\0';
    return word;
}

static int take_entry(const struct reader *r, bool is_incoming, char *name, char *secret)
{
    struct chap_file *f = r->f;
    struct thimble_chap_user *u = is_incoming ? &f->users[f->chap.n_users] : &f->outgoing;

    if (strlen(name) > 255)
        return mistake(r, "the name is longer than 255 bytes");
    if (!is_incoming && f->chap.outgoing)
        return mistake(r, "there is an outgoing line already; keep one of them");
    for (size_t i = 0; is_incoming && i < f->chap.n_users; i++)
        if (f->users[i].name && strcmp(f->users[i].name, name) == 0)
            return mistake(r, "this name has an incoming line already; keep one of them");
    u->name = name;
    if (decode_secret(r, secret, u) < 0)
        return -1;

    if (is_incoming)
        f->chap.n_users++;
    else
        f->chap.outgoing = u;
    return 0;
}

static int take_line(const struct reader *r, char *line)
{
    char *direction = next_word(&line);
    if (!direction || *direction == '#')
        return 0;

    bool is_incoming = strcmp(direction, "incoming") == 0;
    if (!is_incoming && strcmp(direction, "outgoing") != 0)
        return mistake(
            r, "a line is \"incoming USER SECRET\" or \"outgoing USER SECRET\"");
    char *name = next_word(&line);
    char *secret = name ? next_word(&line) : NULL;
    if (!secret)
        return mistake(r, "a user and a secret must follow, separated by blanks");
    if (next_word(&line))
        return mistake(
            r, "words follow the secret; a secret with blanks is written as 0x and "
               "hexadecimal digits");
    return take_entry(r, is_incoming, name, secret);
}

static int take_text(struct reader *r, char *text)
{
    struct chap_file *f = r->f;

    while (text) {
        char *end = strchr(text, '\n');
        if (end)
            *end++ = '\0';
        r->line++;
        if (take_line(r, text) < 0)
            return -1;
        text = end;
    }
    if (f->chap.n_users == 0) {
        snprintf(r->message, CHAP_MESSAGE_MAX,
                 "%s: no line \"incoming USER SECRET\" in it, so "
                 "nobody could log in; add one",
                 r->path);
        return -1;
    }
    for (size_t i = 0; f->chap.outgoing && i < f->chap.n_users; i++) {
        if (same_secret(&f->users[i], &f->outgoing)) {
            snprintf(r->message, CHAP_MESSAGE_MAX,
                     "%s: incoming %s and outgoing %s have the "
                     "same secret; change one of them",
                     r->path, f->users[i].name, f->outgoing.name);
            return -1;
        }
    }
    return 0;
}

/* --------------------------------------------------------------------------------------
 * The file
 */

static char *read_all(int fd, const struct stat *st, size_t *len)
{
    size_t room = (size_t)st->st_size;
    char *text = malloc(room + 1);
    ssize_t r;

    *len = 0;
    while (text && *len < room && (r = read(fd, text + *len, room - *len)) != 0) {
        if (r < 0 && errno != EINTR) {
            free(text);
            return NULL;
        }
        *len += r > 0 ? (size_t)r : 0;
    }
    if (text)
        text[*len] = '\0';
    return text;
}

int chap_file_load(struct chap_file *f, const char *path, char message[CHAP_MESSAGE_MAX])
{
    struct reader r = { .f = f, .path = path, .message = message };
    struct stat st;
    size_t len = 0, n_lines = 1;

    *f = (struct chap_file){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        snprintf(message, CHAP_MESSAGE_MAX, "%s: cannot be read: %s", path,
                 strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX) {
        snprintf(message, CHAP_MESSAGE_MAX, "%s: not a file of secrets", path);
        close(fd);
        return -1;
    }
    f->readable_by_others = (st.st_mode & (S_IRGRP | S_IROTH)) != 0;
    f->text = read_all(fd, &st, &len);
    if (!f->text)
        snprintf(message, CHAP_MESSAGE_MAX, "%s: cannot be read: %s", path,
                 strerror(errno));
    close(fd);
    if (!f->text)
        return -1;

    for (size_t i = 0; i < len; i++)
        n_lines += f->text[i] == '\n';
    f->users = calloc(n_lines, sizeof *f->users);
    f->chap.users = f->users;
    if (!f->users)
        snprintf(message, CHAP_MESSAGE_MAX, "%s: no memory to read it", path);
    else if (memchr(f->text, '\0', len))
        snprintf(message, CHAP_MESSAGE_MAX, "%s: not a text file", path);
    else if (take_text(&r, f->text) == 0)
        return 0;
    chap_file_free(f);
    return -1;
}

void chap_file_free(struct chap_file *f)
{
    /* A secret may hold zeros, so the text's length is not to be had from itself. */
    for (size_t i = 0; f->users && i < f->chap.n_users; i++)
        wipe((void *)(uintptr_t)f->users[i].secret, f->users[i].secret_len);
    if (f->chap.outgoing)
        wipe((void *)(uintptr_t)f->outgoing.secret, f->outgoing.secret_len);
    free(f->text);
    free(f->users);
    *f = (struct chap_file){0};
}
