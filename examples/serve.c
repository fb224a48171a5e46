/* SPDX-License-Identifier: MIT
 *
 * serve.c: see serve.h.
 */
#define _POSIX_C_SOURCE 200809L

#include "serve.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "port/sockets/sockets.h"

#define TARGET "iqn.2026-11.org.example:disks"

enum {
    CONNECTIONS = 8, SESSIONS = 8, QUEUE_DEPTH = 32, BUFFERS = 16, BUFFER_BYTES = 65536,
    LUNS = 4,
    GRACE_MS = 1000,
};

static _Alignas(16) uint8_t arena[THIMBLE_MEMORY_BYTES(CONNECTIONS, SESSIONS, QUEUE_DEPTH,
                                                       BUFFERS, BUFFER_BYTES) +
                                  LUNS * THIMBLE_LUN_BYTES];
static _Alignas(16) uint8_t sockets_memory[32768];
static struct thimble *engine;
static struct thimble_sockets *sockets;
static int stop_pipe[2];
static bool stopping;

static void on_signal(int number)
{
    (void)number;
    if (write(stop_pipe[1], "", 1) < 0) {
        /* It is full: the loop knows already. */
    }
}

static void on_stop(void *ctx)
{
    char bytes[8];

    (void)ctx;
    while (read(stop_pipe[0], bytes, sizeof bytes) > 0)
        continue;
    thimble_sockets_stop_listening(sockets);
    thimble_shutdown(engine, GRACE_MS);
    stopping = true;
}

static bool start_engine(const struct serve_disks *what)
{
    static const struct thimble_config config = {
        .n_connections = CONNECTIONS, .n_sessions = SESSIONS, .queue_depth = QUEUE_DEPTH,
        .n_buffers = BUFFERS, .buffer_bytes = BUFFER_BYTES, .n_luns = LUNS,
        .wake = thimble_sockets_wake,
        .portal = thimble_sockets_portal,
    };
    if (thimble_init(&engine, arena, sizeof arena, &config) != THIMBLE_OK)
        return false;
    int target = thimble_target_add(
        engine, &(struct thimble_target_config){ .name = TARGET });
    if (target < 0)
        return false;

    for (unsigned i = 0; i < what->n_disks; i++) {
        struct thimble_lun_config lun = { .block = what->disks[i], .lun = (uint16_t)i };
        if (thimble_lun_add(engine, target, &lun) != THIMBLE_OK)
            return false;
    }
    return true;
}

static bool start_sockets(const struct serve_disks *what, uint16_t port)
{
    static const struct thimble_sockets_config config = {
        .n_connections = CONNECTIONS,
        .n_watched = 2,
    };
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct sockaddr *any = (struct sockaddr *)&address;

    if (thimble_sockets_init(&sockets, sockets_memory, sizeof sockets_memory, &config))
        return false;
    thimble_sockets_attach(sockets, engine);
    if (what->fd >= 0 &&
        thimble_sockets_watch(sockets, what->fd, what->ready, what->ctx) < 0)
        return false;
    return thimble_sockets_watch(sockets, stop_pipe[0], on_stop, NULL) == 0 &&
           thimble_sockets_listen(sockets, any, sizeof address) == 0;
}

int serve(const struct serve_disks *what, uint16_t port)
{
    struct sigaction stop = { .sa_handler = on_signal };

    if (pipe(stop_pipe) < 0)
        return 1;
    fcntl(stop_pipe[0], F_SETFL, O_NONBLOCK);
    fcntl(stop_pipe[1], F_SETFL, O_NONBLOCK);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (!start_engine(what) || !start_sockets(what, port)) {
        fprintf(stderr, "cannot serve on 127.0.0.1:%u\n", port);
        return 1;
    }

    char portal[THIMBLE_SOCKETS_ADDRESS_MAX];
    thimble_sockets_listener(sockets, 0, portal, sizeof portal);
    for (unsigned i = 0; i < what->n_disks; i++)
        printf("ready iscsi://%s/%s/%u\n", portal, TARGET, i);
    fflush(stdout);

    while (!stopping || !thimble_sockets_idle(sockets) || !thimble_idle(engine))
        thimble_sockets_run_once(sockets);
    thimble_sockets_close(sockets);
    return 0;
}
