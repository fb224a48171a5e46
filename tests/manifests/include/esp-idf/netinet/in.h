/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: lwip.  See ../README.md.
 */
#ifndef FAKE_NETINET_IN_H
#define FAKE_NETINET_IN_H

#include <arpa/inet.h>
#include <sys/socket.h>

#define IPPROTO_TCP 6
#define IPPROTO_IPV6 41
#define IPV6_V6ONLY 27
struct in_addr { uint32_t s_addr; };
struct in6_addr { uint32_t un[4]; };
struct sockaddr_in {
    uint8_t sin_len;
    sa_family_t sin_family;
    uint16_t sin_port;
    struct in_addr sin_addr;
    char sin_zero[8];
};
struct sockaddr_in6 {
    uint8_t sin6_len;
    sa_family_t sin6_family;
    uint16_t sin6_port;
    uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr;
    uint32_t sin6_scope_id;
};

#endif
