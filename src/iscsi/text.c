/* SPDX-License-Identifier: MIT
 *
 * text.c: values of key=value text to numbers, bytes and list items, and back.
 *
 * Pure functions, no state.  Layer 1.  RFC 7143 6.1.
 */
#include "text.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Letters, digits and ".-+@_" are a standard-label.  '#' is in "X#NodeArchitecture".  No
 * rule about the first letter: "iSCSIProtocolLevel" begins with a small one. */
static bool is_key_char(char c)
{
    char l = lower(c);
    return (l >= 'a' && l <= 'z') || is_digit(c) || (c != '\0' && strchr(".-+@_#", c));
}

bool th_text_split(char *pair, char **value)
{
    size_t n = 0;
    while (is_key_char(pair[n]))
        n++;

    if (n == 0 || n > TH_KEY_MAX || pair[n] != '=')
        return false;

    pair[n] = '\0';
    *value = pair + n + 1;
    return true;
}

/* Value of a hexadecimal digit, or 16. */
static unsigned hex_digit(char c)
{
    if (is_digit(c))
        return (unsigned)(c - '0');
    c = lower(c);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Value of a base64 digit, or 64. */
static unsigned base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (is_digit(c))
        return (unsigned)(c - '0') + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : 64;
}

bool th_text_number(const char *text, uint64_t *number)
{
    unsigned base = 10;
    if (text[0] == '0' && lower(text[1]) == 'x') {
        base = 16;
        text += 2;
    } else if (text[0] == '0' && text[1] != '\0') {
        return false;
    }
    if (*text == '\0')
        return false;

    uint64_t v = 0;
    for (; *text != '\0'; text++) {
        unsigned digit = hex_digit(*text);
        if (digit >= base || v > (UINT64_MAX - digit) / base)
            return false;
        v = v * base + digit;
    }

    *number = v;
    return true;
}

/* RFC 7143 6.1: n digits are (n + 1) / 2 bytes, so of an odd number of digits the first
 * is a byte of its own. */
static size_t decode_hex(const char *text, uint8_t *bytes, size_t max)
{
    size_t n_digits = strlen(text);
    size_t len = n_digits / 2 + n_digits % 2;
    if (len > max)
        return 0;

    size_t at = 0;
    unsigned high = 0;
    for (size_t i = 0; i < n_digits; i++) {
        unsigned digit = hex_digit(text[i]);
        if (digit > 15)
            return 0;
        if ((n_digits - i) % 2 == 0) {
            high = digit << 4;
        } else {
            bytes[at++] = (uint8_t)(high | digit);
            high = 0;
        }
    }
    return len;
}

/* n characters without the trailing '=' are n * 3 / 4 bytes.  The '=' may be missing:
 * some initiators leave them out. */
static size_t decode_base64(const char *text, uint8_t *bytes, size_t max)
{
    size_t n = 0;
    while (base64_digit(text[n]) < 64)
        n++;
    size_t n_pad = strspn(text + n, "=");
    if (text[n + n_pad] != '\0' || n_pad > 2 || n % 4 == 1)
        return 0;
    if (n_pad > 0 && (n + n_pad) % 4 != 0)
        return 0;

    size_t len = n / 4 * 3 + (n % 4 * 3) / 4;
    if (len > max)
        return 0;

    uint32_t bits = 0;
    unsigned n_bits = 0;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 6 | base64_digit(text[i]);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            bytes[at++] = (uint8_t)(bits >> n_bits);
        }
    }
    return len;
}

size_t th_text_binary(const char *text, uint8_t *bytes, size_t max)
{
    if (text[0] != '0')
        return 0;
    switch (lower(text[1])) {
    case 'x': return decode_hex(text + 2, bytes, max);
    case 'b': return decode_base64(text + 2, bytes, max);
    default:  return 0;
    }
}

size_t th_text_hex(char *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    out[0] = '0';
    out[1] = 'x';
    for (size_t i = 0; i < len; i++) {
        out[2 + 2 * i] = digits[bytes[i] >> 4];
        out[3 + 2 * i] = digits[bytes[i] & 15];
    }
    out[2 + 2 * len] = '\0';
    return 2 + 2 * len;
}

size_t th_text_decimal(char out[11], uint32_t number)
{
    char backwards[10];
    size_t n = 0;
    do {
        backwards[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);

    for (size_t i = 0; i < n; i++)
        out[i] = backwards[n - 1 - i];
    out[n] = '\0';
    return n;
}

bool th_text_item(const char **list, const char **item, size_t *len)
{
    if (!*list)
        return false;

    *item = *list;
    *len = strcspn(*list, ",");
    *list = (*item)[*len] == ',' ? *item + *len + 1 : NULL;
    return true;
}

int th_text_find(const char *list, const char *item, size_t len)
{
    const char *here;
    size_t here_len;
    for (int i = 0; th_text_item(&list, &here, &here_len); i++)
        if (here_len == len && memcmp(here, item, len) == 0)
            return i;
    return -1;
}

int th_text_bool(const char *text)
{
    if (strcmp(text, "Yes") == 0)
        return 1;
    return strcmp(text, "No") == 0 ? 0 : -1;
}

bool th_text_is_answer(const char *text)
{
    return strcmp(text, "Reject") == 0 || strcmp(text, "Irrelevant") == 0 ||
           strcmp(text, "NotUnderstood") == 0;
}

bool th_name_equal(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

bool th_names_have(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (th_name_equal(names[i], name))
            return true;
    return false;
}
