/* SPDX-License-Identifier: MIT
 *
 * net.h: the network of a board: lwIP over the one controller of drivers/nic.h, its address by
 * DHCP or static.
 */
#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stdint.h>

/* What the board wants to be in its network.  dhcp: ask; ip is then what to take when nobody answers.  prefix 0: no
 * address. */
struct net_config {
    const char *host_name;
    bool dhcp, ipv6;
    uint8_t ip[4], prefix, gateway[4];
};

struct pbuf;

void net_start(const struct net_config *config);

/* Takes in all frames that have come and runs lwIP's timers. */
void net_poll(void);

/* Time in ms until lwIP's next timer. */
uint32_t net_sleep_ms(void);

/* The address as text, "" while there is none. */
const char *net_address(void);

/* The cable is in, as far as the controller can tell. */
bool net_link(void);

/* DHCP was asked for NET_DHCP_WAIT_MS, has not answered, and there is no other address; it is asked on. */
bool net_dhcp_silent(void);

struct net_counters {
    uint32_t frames_in, frames_out;
    uint32_t dropped_in, dropped_out;   /* for want of memory, or of the controller's room */
};
extern struct net_counters net_counters;

/* For drivers: memory for a frame of `len` bytes, pad and check sequence included, in one
 * piece with room up to the next multiple of 4.  NULL: there is none. */
struct pbuf *net_frame_alloc(uint16_t len);

#endif
