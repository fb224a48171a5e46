/* SPDX-License-Identifier: MIT
 *
 * serve.h: what the examples of disks share: an engine over src/port/sockets.
 */
#ifndef SERVE_H
#define SERVE_H

#include "thimble.h"

struct serve_disks {
    struct thimble_block *const *disks;     /* LUN 0, 1, ... */
    unsigned n_disks;

    /* Calls ready(ctx) when fd becomes readable.  -1: there is none. */
    int fd;
    void (*ready)(void *ctx);
    void *ctx;
};

/* Serves on 127.0.0.1 until SIGTERM or SIGINT.  Returns an exit code. */
int serve(const struct serve_disks *what, uint16_t port);

#endif
