/* SPDX-License-Identifier: MIT
 *
 * words.c: see words.h.
 */
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char units[] = "KMGTPE";

const char *size_words(uint64_t bytes, char text[WORDS_SIZE_MAX])
{
    unsigned unit = 0;
    uint64_t whole = bytes, rest = 0;

    while (whole >= 1024) {
        rest = whole % 1024;
        whole /= 1024;
        unit++;
    }
    if (unit == 0)
        snprintf(text, WORDS_SIZE_MAX, "%u B", (unsigned)bytes);
    else if (rest * 10 / 1024 == 0)
        snprintf(text, WORDS_SIZE_MAX, "%u %ciB", (unsigned)whole, units[unit - 1]);
    else
        snprintf(text, WORDS_SIZE_MAX, "%u.%u %ciB", (unsigned)whole,
                 (unsigned)(rest * 10 / 1024), units[unit - 1]);
    return text;
}

const char *size_option(uint64_t bytes, char text[WORDS_SIZE_MAX])
{
    unsigned unit = 0;

    while (unit < 4 && bytes >= 1024 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, WORDS_SIZE_MAX, "%llu%.*s", (unsigned long long)bytes, unit ? 1 : 0,
             units + (unit ? unit - 1 : 0));
    return text;
}

bool number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno || *end || v < min || v > max)
        return false;
    *value = v;
    return true;
}

bool seconds_parse(const char *text, uint32_t *ms)
{
    char *end;

    if ((*text < '0' || *text > '9') && *text != '.')
        return false;
    if (text[strspn(text, "0123456789.")] != '\0')
        return false;
    double v = strtod(text, &end);
    if (end == text || *end || v < 0.001 || v > 86400)
        return false;
    *ms = (uint32_t)(v * 1000 + 0.5);
    return true;
}

/* Appends at most n characters of part; what does not fit is cut. */
static void append(char *text, size_t size, const char *part, size_t n)
{
    size_t used = strlen(text);

    if (n > size - 1 - used)
        n = size - 1 - used;
    memcpy(text + used, part, n);
    text[used + n] = '\0';
}

const char *url_without_secrets(const char *url, char *text, size_t size)
{
    static const char key[] = "target_password=";
    size_t head = strcspn(url, "?");
    const char *at = memchr(url, '@', head);
    const char *scheme = strstr(url, "://");
    const char *rest = url;

    text[0] = '\0';
    if (at && scheme && scheme < at) {
        size_t user = strcspn(scheme + 3, "%:@");
        append(text, size, url, (size_t)(scheme + 3 - url) + user);
        if (scheme[3 + user] != '@')
            append(text, size, "%***", 4);
        rest = at;
    }
    const char *secret = strstr(rest, key);
    if (!secret) {
        append(text, size, rest, strlen(rest));
        return text;
    }
    append(text, size, rest, (size_t)(secret - rest) + sizeof key - 1);
    append(text, size, "***", 3);
    secret += strcspn(secret, "&");
    append(text, size, secret, strlen(secret));
    return text;
}

const char *url_problem(const char *url)
{
    if (strncmp(url, "iscsi://", 8) != 0)
        return "it does not begin with iscsi://";
    if (strlen(url) >= WORDS_URL_MAX)
        return "it is too long";
    const char *at = memchr(url, '@', strcspn(url, "?"));
    const char *host = at ? at + 1 : url + 8;
    if (strchr("/:?", *host))
        return "it has no host";
    const char *query = strchr(url, '?');
    while (query) {
        size_t len = strcspn(++query, "&");
        if (!memchr(query, '=', len))
            return "after ? there must be KEY=VALUE";
        query = query[len] ? query + len : NULL;
    }
    return NULL;
}

static const struct login_advice advices[] = {
    { 0x0201, "the user name or password is wrong, or one is demanded",
      "write iscsi://USER%PASSWORD@... with what the target was given" },
    { 0x0202, "this initiator is not allowed to use the target",
      "allow its name there, or give one that is allowed by --initiator" },
    { 0x0203, "there is no target of this name",
      "thimble ls iscsi://HOST shows the names" },
    { 0x0204, "the target was removed", "thimble ls iscsi://HOST shows what is there" },
    { 0x0205, "the target speaks another version of iSCSI", "update the target" },
    { 0x0206, "the target takes no more connections of this session",
      "end other initiators, or raise the target's limit" },
    { 0x0207, "the target misses a parameter", "its log may say which" },
    { 0x0208, "the target cannot add this connection to its session",
      "try again, the old session may have to end first" },
    { 0x0209, "the target does not offer this type of session",
      "name a target in the URL, or none for discovery" },
    { 0x020a, "the session does not exist", "try again" },
    { 0x020b, "the target did not expect this request during login",
      "its log may say why" },
    { 0x0300, "the target has an error of its own", "look at its log" },
    { 0x0301, "the target is not ready for service",
      "a disk may be missing; wait and try again" },
    { 0x0302, "the target is out of resources",
      "all its sessions or memory are in use: end an initiator and try again" },
};

const struct login_advice *login_advice(unsigned status)
{
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
        if (advices[i].status == status)
            return &advices[i];
    return NULL;
}

const char *sense_key_words(unsigned key)
{
    static const char *const names[16] = {
        "no sense", "recovered error", "not ready", "medium error", "hardware error",
        "illegal request", "unit attention", "data protect", "blank check", "vendor specific",
        "copy aborted", "aborted command", "reserved", "volume overflow", "miscompare",
        "completed",
    };

    return names[key & 0xf];
}

char *make_plain(char *text)
{
    size_t len = 0;

    for (size_t i = 0; text[i]; i++) {
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7f)
            text[i] = '?';
        if (text[i] != ' ')
            len = i + 1;
    }
    text[len] = '\0';
    return text;
}
