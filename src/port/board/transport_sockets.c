/* SPDX-License-Identifier: MIT
 *
 * transport_sockets.c: board.c's transport where lwIP has a task of its own and gives sockets: ESP32.
 *
 * Layer 6.  Data is copied once each way, between lwIP's buffers and those of the engine.
 */
#include "which.h"

#if TH_BOARD_SOCKETS

#include "../sockets/sockets.h"

#include <netinet/in.h>
#include <string.h>

#include "platform.h"

/* Requests that arrive together are taken with one call of recv(); data goes to its place directly. */
enum { AHEAD_BYTES = 1024, SPARE_SOCKETS = 2 };

static struct thimble_sockets *sockets;
static bool listening;

static void on_notice(void *ctx, enum thimble_sockets_notice what, const char *peer, int error)
{
    (void)ctx;
    if (what == THIMBLE_SOCKETS_TURNED_AWAY)
        th_board_log(TH_LOG_WARNING, "session: %s is turned away: all connections are taken", peer);
    else
        th_board_log(TH_LOG_WARNING, "network: connections must wait: error %d", error);
}

int th_transport_prepare(struct thimble_config *config)
{
    const struct thimble_sockets_config c = {
        .n_connections = (uint16_t)config->n_connections,
        .n_spare = SPARE_SOCKETS,
        .n_listeners = 1,
        .read_ahead_bytes = AHEAD_BYTES,
        .n_read_ahead = 1,
        .notice = on_notice,
    };
    size_t bytes = thimble_sockets_memory_bytes(&c);
    void *memory = th_board_memory(bytes);
    if (!memory || thimble_sockets_init(&sockets, memory, bytes, &c) != 0)
        return THIMBLE_ERR_FULL;
    config->wake = thimble_sockets_wake;
    config->portal = thimble_sockets_portal;
    return THIMBLE_OK;
}

/* At all addresses that the board has or will have. */
int th_transport_start(struct thimble *engine, uint16_t port)
{
    struct sockaddr_in any;
    memset(&any, 0, sizeof any);
    any.sin_family = AF_INET;
    any.sin_port = htons(port);
    thimble_sockets_attach(sockets, engine);
    int error = thimble_sockets_listen(sockets, (const struct sockaddr *)&any, sizeof any);
    if (error < 0) {
        th_board_log(TH_LOG_ERROR, "network: port %u cannot be had: error %d", (unsigned)port, -error);
        return THIMBLE_ERR_IO;
    }
    listening = true;
    return THIMBLE_OK;
}

uint32_t th_transport_poll(void)
{
    return thimble_sockets_run_for(sockets, 0);
}

bool th_transport_sleep(uint32_t ms)
{
    if (listening)
        thimble_sockets_run_for(sockets, ms);
    return listening;
}

unsigned th_transport_open(void)
{
    return (unsigned)thimble_sockets_open(sockets);
}

bool th_transport_datagram(const uint8_t ip[4], uint16_t port, const void *data, size_t len)
{
    static int udp = -1;
    struct sockaddr_in to;

    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    memcpy(&to.sin_addr, ip, 4);
    if (udp < 0)
        udp = socket(AF_INET, SOCK_DGRAM, 0);
    return udp >= 0 && sendto(udp, data, len, MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof to) == (ssize_t)len;
}

#else

/* ISO C wants something in every file. */
typedef int th_transport_is_not_sockets;

#endif
