/* SPDX-License-Identifier: MIT
 *
 * sockets.h: a port of Thimble to BSD sockets: Linux, BSD, macOS, and lwIP's sockets on
 * ESP-IDF.
 *
 * Layer 6, includes the public interface only.  One loop serves one engine in one thread:
 *
 *     thimble_sockets_init         give it memory and sizes
 *     thimble_init                 the engine, its hooks thimble_sockets_wake, _portal and _portal_group
 *     thimble_sockets_attach       which engine
 *     thimble_sockets_listen       at one address or several
 *     for (;;) thimble_sockets_run_once(...)
 *
 * What it does for speed: a connection's input is taken with one system call as far as
 * there is any, into a read-ahead buffer, from which small pieces are copied; a big
 * piece is received where it belongs, with what follows it in the same call.  The
 * answers to all that came in go out with one gathering call.  Nothing is allocated
 * after thimble_sockets_init().
 */
#ifndef THIMBLE_SOCKETS_H
#define THIMBLE_SOCKETS_H

#include <sys/socket.h>

#include "../../thimble.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Room for the longest text of an address with port: "[ipv6%scope]:port". */
#define THIMBLE_SOCKETS_ADDRESS_MAX 80

struct thimble_sockets;

enum thimble_sockets_notice {
    THIMBLE_SOCKETS_TURNED_AWAY,    /* no place was free for this peer */
    THIMBLE_SOCKETS_ACCEPT_PAUSED,  /* accept() failed (no more descriptors); see error */
};

struct thimble_sockets_config {
    /* The engine's n_connections.  0: 4. */
    uint16_t n_connections;

    /* Sockets beyond these: those that wait for a place in the engine, and those whose
     * last bytes are on their way after the engine has let go of them.  0: 4 and 1 for
     * each 8 connections. */
    uint16_t n_spare;

    /* Addresses to listen at, 0: 1.  Watched descriptors, 0: none. */
    uint16_t n_listeners, n_watched;

    /* Bytes of one read-ahead buffer, a multiple of 16, and how many there are.  A
     * connection holds one only while the engine has no room for what was read; when
     * none is free, bytes are received piece by piece. 0 bytes: no read-ahead.  0
     * buffers: 1. */
    uint32_t read_ahead_bytes;
    uint16_t n_read_ahead;

    /* May be NULL. */
    void *ctx;
    void (*notice)(void *ctx, enum thimble_sockets_notice what, const char *peer,
                   int error);

    /* Called before each sleep, for what else the thread has to do; returns the time in ms
     * after which it wants to be called again at the latest, or THIMBLE_NEVER.  May be
     * NULL. */
    uint32_t (*idle)(void *ctx);
};

/* Bytes that thimble_sockets_init() needs. */
size_t thimble_sockets_memory_bytes(const struct thimble_sockets_config *config);

/* 0, or -errno.  mem is aligned for any object and belongs to the loop from now on. */
int thimble_sockets_init(struct thimble_sockets **sockets, void *mem, size_t mem_bytes,
                         const struct thimble_sockets_config *config);
void thimble_sockets_attach(struct thimble_sockets *s, struct thimble *engine);

/* Listens at a TCP address; port 0 takes a free one.  The address :: takes IPv4, too,
 * unless 0.0.0.0 with that port came before.  0, or -errno.  It is in portal group 0; or in that one, a place in
 * thimble_config.portal_groups. */
int thimble_sockets_listen(struct thimble_sockets *s, const struct sockaddr *address,
                           socklen_t len);
int thimble_sockets_listen_as(struct thimble_sockets *s, const struct sockaddr *address,
                              socklen_t len, unsigned portal_group);

/* The address of listener i (0, 1, ...) as text; returns its length, or 0: there is no
 * such one. */
size_t thimble_sockets_listener(const struct thimble_sockets *s, unsigned i, char *text,
                                size_t size);
unsigned thimble_sockets_listener_group(const struct thimble_sockets *s, unsigned i);

/* Calls ready(ctx) in the loop's thread when fd, which must not block, becomes
 * readable.  It must read until there is no more.  0, or -errno. */
int thimble_sockets_watch(struct thimble_sockets *s, int fd, void (*ready)(void *ctx),
                          void *ctx);

/* Sleeps until there is something to do, and does it. */
void thimble_sockets_run_once(struct thimble_sockets *s);

/* The same, but sleeps for most_ms at most.  Returns the time in ms for which there is now nothing to do
 * unless something comes, or THIMBLE_NEVER. */
uint32_t thimble_sockets_run_for(struct thimble_sockets *s, uint32_t most_ms);

/* Takes no more connections. */
void thimble_sockets_stop_listening(struct thimble_sockets *s);

/* Connections that the engine knows. */
size_t thimble_sockets_open(const struct thimble_sockets *s);

/* True: no connection is left, nor one that waits or is about to end. */
bool thimble_sockets_idle(const struct thimble_sockets *s);

/* Ends every connection and gives all descriptors back. */
void thimble_sockets_close(struct thimble_sockets *s);

/* For struct thimble_config; they do not use ctx. */
void thimble_sockets_wake(void *ctx, struct thimble_conn *c, void *port_conn);
size_t thimble_sockets_portal(void *ctx, void *port_conn, unsigned index, char *text,
                              size_t size);
unsigned thimble_sockets_portal_group(void *ctx, void *port_conn, unsigned index);

/* The peer's address as text, for the `event` hook. */
const char *thimble_sockets_peer(const void *port_conn);

/* Descriptors, to ask the system about: of a connection; of listener i, or -1: there is no such one.  They stay
 * the loop's. */
int thimble_sockets_fd(const void *port_conn);
int thimble_sockets_listener_fd(const struct thimble_sockets *s, unsigned i);

/* "192.0.2.1:3260", "[2001:db8::1]:3260"; IPv4 inside IPv6 is written as IPv4.  Returns
 * the length written, or 0: not an Internet address, or text is too small. */
size_t thimble_sockets_address_text(const struct sockaddr *address, char *text,
                                    size_t size);

#ifdef __cplusplus
}
#endif

#endif
