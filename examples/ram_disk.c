/* SPDX-License-Identifier: MIT
 *
 * ram_disk.c: the smallest complete target: 16 MiB of memory as a disk, blocking sockets,
 * one connection at a time, all memory static.
 *
 *     ram_disk [PORT]          on 127.0.0.1; 3260 by default
 *
 * The next initiator waits in the system's queue until the one before has gone.  For
 * several at a time there is src/port/sockets.
 */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "thimble.h"

#define TARGET "iqn.2026-11.org.example:ram"

static char portal_text[32];

/* [guide: static memory] */
enum { CONNECTIONS = 1, SESSIONS = 1, QUEUE_DEPTH = 8, BUFFERS = 2, BUFFER_BYTES = 8192 };

static _Alignas(16) uint8_t arena[THIMBLE_MEMORY_BYTES(CONNECTIONS, SESSIONS, QUEUE_DEPTH,
                                                       BUFFERS, BUFFER_BYTES)];
static uint8_t medium[16 << 20];
/* [end] */

static uint32_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

/* The loop below looks at its one connection every time round: nothing to remember. */
static void on_wake(void *ctx, struct thimble_conn *c, void *port_conn)
{
    (void)ctx, (void)c, (void)port_conn;
}

static size_t portal(void *ctx, void *port_conn, unsigned index, char *text, size_t size)
{
    size_t len = strlen(portal_text);

    (void)ctx, (void)port_conn;
    if (index > 0 || len >= size)
        return 0;
    memcpy(text, portal_text, len + 1);
    return len;
}

/* [guide: engine] */
static struct thimble *start_engine(void)
{
    static struct thimble_ram_disk disk;
    static const struct thimble_config config = {
        .n_connections = CONNECTIONS, .n_sessions = SESSIONS, .queue_depth = QUEUE_DEPTH,
        .n_buffers = BUFFERS, .buffer_bytes = BUFFER_BYTES,
        .wake = on_wake,
        .portal = portal,
    };
    struct thimble *engine;

    if (thimble_init(&engine, arena, sizeof arena, &config) != THIMBLE_OK)
        return NULL;
    if (thimble_ram_disk_init(&disk, medium, sizeof medium / 512, 9) != THIMBLE_OK)
        return NULL;
    int target = thimble_target_add(
        engine, &(struct thimble_target_config){ .name = TARGET });
    if (target < 0 || thimble_lun_add(engine, target, &(struct thimble_lun_config){
                                          .block = &disk.block }) != THIMBLE_OK)
        return NULL;
    thimble_tick(engine, now_ms());     /* sets its clock, before the first connection */
    return engine;
}
/* [end] */

/* [guide: blocking] */
/* Sends all that is ready.  False: the peer takes nothing any more. */
static bool send_all(int fd, struct thimble_conn *c)
{
    struct thimble_tx_span spans[8];
    struct iovec parts[8];
    size_t n;

    while ((n = thimble_conn_tx_buf(c, spans, 8)) > 0) {
        for (size_t i = 0; i < n; i++)
            parts[i] = (struct iovec){ (void *)(uintptr_t)spans[i].data, spans[i].len };
        ssize_t sent = writev(fd, parts, (int)n);
        if (sent <= 0)
            return false;
        thimble_conn_tx_taken(c, (size_t)sent);
        thimble_conn_tx_ack(c, (size_t)sent);   /* the kernel has made a copy */
    }
    return true;
}

/* Receives what is awaited, or nothing for a second.  False: the peer has gone. */
static bool receive_some(int fd, struct thimble_conn *c)
{
    size_t len;
    uint8_t *piece = thimble_conn_rx_buf(c, &len);
    if (!piece)
        return true;            /* closing: no disk here that it could wait for */

    ssize_t received = recv(fd, piece, len, 0);
    if (received > 0)
        thimble_conn_rx_ack(c, (size_t)received);
    return received > 0 || (received < 0 && (errno == EAGAIN || errno == EINTR));
}

static void serve(struct thimble *engine, int fd)
{
    struct thimble_conn *c = thimble_conn_open(engine, NULL);
    if (!c)
        return;

    while (!thimble_conn_closing(c) && send_all(fd, c) && receive_some(fd, c))
        thimble_tick(engine, now_ms());
    thimble_conn_close(c);
}
/* [end] */

static void set_timeouts(int fd)
{
    struct timeval in = { .tv_sec = 1 };        /* how often there is a tick */
    struct timeval out = { .tv_sec = 10 };      /* how long a peer may take nothing */
    int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &in, sizeof in);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &out, sizeof out);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int main(int argc, char **argv)
{
    uint16_t port = (uint16_t)(argc > 1 ? strtol(argv[1], NULL, 10) : 3260);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct thimble *engine = start_engine();
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;

    if (!engine)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, 8) < 0) {
        perror("ram_disk");
        return 1;
    }
    snprintf(portal_text, sizeof portal_text, "127.0.0.1:%u", port);
    printf("ready iscsi://%s/%s/0\n", portal_text, TARGET);
    fflush(stdout);

    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            continue;
        set_timeouts(fd);
        thimble_tick(engine, now_ms()); /* it may have waited for hours */
        serve(engine, fd);
        close(fd);
    }
}
