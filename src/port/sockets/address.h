/* SPDX-License-Identifier: MIT
 *
 * address.h: what the port needs to know of a socket's address, beside its text, for
 * which see thimble_sockets_address_text().
 */
#ifndef TH_PORT_ADDRESS_H
#define TH_PORT_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* 0.0.0.0 or ::. */
bool th_address_is_wildcard(const struct sockaddr *address);

/* 127.x.x.x, that inside IPv6, or ::1. */
bool th_address_is_loopback(const struct sockaddr *address);

#endif
