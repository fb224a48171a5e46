/* SPDX-License-Identifier: MIT
 *
 * transport_lwip.c: board.c's transport where lwIP has no task of its own.
 *
 * Layer 6.
 */
#include "which.h"

#if TH_BOARD_LWIP

#include "../lwip/thimble_lwip.h"
#include "platform.h"

static struct thimble_lwip port;
static struct thimble_lwip_conn conns[THIMBLE_BOARD_CONNECTIONS + 1];

int th_transport_prepare(struct thimble_config *config)
{
    config->ctx = &port;
    config->wake = thimble_lwip_wake;
    config->portal = thimble_lwip_portal;
    return THIMBLE_OK;
}

int th_transport_start(struct thimble *engine, uint16_t tcp_port)
{
    thimble_tick(engine, th_board_ms());
    return thimble_lwip_start(&port, engine, conns, THIMBLE_BOARD_CONNECTIONS + 1, tcp_port);
}

uint32_t th_transport_poll(void)
{
    thimble_lwip_poll(&port);
    uint32_t idle_ms = thimble_tick(port.engine, th_board_ms());
    return thimble_lwip_poll(&port) ? 0 : idle_ms;
}

unsigned th_transport_open(void)
{
    return port.n_open;
}

#else

/* ISO C wants something in every file. */
typedef int th_transport_is_not_lwip;

#endif
