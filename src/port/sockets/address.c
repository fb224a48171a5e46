/* SPDX-License-Identifier: MIT
 *
 * address.c: socket addresses as text.  Layer 6, pure functions.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#if defined(__unix__) || defined(__APPLE__) || defined(ESP_PLATFORM)

#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "sockets.h"

/* Writes host and port; brackets for IPv6. */
static size_t join_address(const char *host, bool brackets, unsigned port, char *text,
                           size_t size)
{
    char digits[6];
    size_t n_digits = 0, host_len = strlen(host), n = 0;

    do {
        digits[n_digits++] = (char)('0' + port % 10);
        port /= 10;
    } while (port);
    if (host_len + n_digits + 4 > size)
        return 0;

    if (brackets)
        text[n++] = '[';
    memcpy(text + n, host, host_len);
    n += host_len;
    if (brackets)
        text[n++] = ']';
    text[n++] = ':';
    while (n_digits)
        text[n++] = digits[--n_digits];
    text[n] = '\0';
    return n;
}

#ifdef AF_INET6
/* ::ffff:0:0/96, IPv4 inside IPv6 (RFC 4291 2.5.5.2). */
static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
#endif

size_t thimble_sockets_address_text(const struct sockaddr *address, char *text,
                                    size_t size)
{
    char host[64];

    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *a = (const void *)address;
        if (!inet_ntop(AF_INET, &a->sin_addr, host, sizeof host))
            return 0;
        return join_address(host, false, ntohs(a->sin_port), text, size);
    }
#ifdef AF_INET6
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const void *)address;
        const uint8_t *bytes = (const void *)&a->sin6_addr;
        bool is_mapped = memcmp(bytes, mapped, sizeof mapped) == 0;
        if (is_mapped ? !inet_ntop(AF_INET, bytes + 12, host, sizeof host)
                      : !inet_ntop(AF_INET6, bytes, host, sizeof host))
            return 0;
        return join_address(host, !is_mapped, ntohs(a->sin6_port), text, size);
    }
#endif
    return 0;
}

bool th_address_is_wildcard(const struct sockaddr *address)
{
    static const uint8_t zeros[16];

    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *a = (const void *)address;
        return memcmp(&a->sin_addr, zeros, 4) == 0;
    }
#ifdef AF_INET6
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const void *)address;
        return memcmp(&a->sin6_addr, zeros, 16) == 0;
    }
#endif
    return false;
}

bool th_address_is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *a = (const void *)address;
        return *(const uint8_t *)&a->sin_addr == 127;
    }
#ifdef AF_INET6
    if (address->sa_family == AF_INET6) {
        static const uint8_t loopback[16] = { [15] = 1 };
        const struct sockaddr_in6 *a = (const void *)address;
        const uint8_t *bytes = (const void *)&a->sin6_addr;
        return memcmp(bytes, loopback, sizeof loopback) == 0 ||
               (memcmp(bytes, mapped, sizeof mapped) == 0 && bytes[12] == 127);
    }
#endif
    return false;
}

#else
typedef int th_address_has_no_platform;     /* ISO C wants a declaration */
#endif
