/* SPDX-License-Identifier: MIT
 *
 * network_host.c: this machine's own network.  That it is lost is only said.
 */
#include "board_sockets.h"

const char network_address[] = "127.0.0.1";

bool network_begin(uint16_t port)
{
    (void)port;
    return true;
}

void network_set(bool is_there)
{
    (void)is_there;
}
