/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: lwip.  See ../README.md.
 */
#ifndef FAKE_ARPA_INET_H
#define FAKE_ARPA_INET_H

#include <stdint.h>
#include <sys/socket.h>

uint16_t htons(uint16_t n);
uint16_t ntohs(uint16_t n);
const char *inet_ntop(int family, const void *address, char *text, socklen_t size);

#endif
