/* SPDX-License-Identifier: MIT
 *
 * board_sockets.h: the network of board_sockets.c: network_host.c or network_lwip.c.
 */
#ifndef BOARD_SOCKETS_H
#define BOARD_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

extern const char network_address[];

/* False: it cannot be had. */
bool network_begin(uint16_t port);

/* It is lost, or back. */
void network_set(bool is_there);

#endif
