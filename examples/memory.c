/* SPDX-License-Identifier: MIT
 *
 * memory.c: what an engine of this and that size needs, as rows of a Markdown table.
 *
 * Which sizes are shown depends on the options it is compiled with: the small ones with
 * small_config.h, else the others.  It also holds THIMBLE_MEMORY_BYTES, the constant,
 * against thimble_memory_bytes(), the truth.
 */
#include <stdio.h>

#include "thimble.h"

struct row {
    const char *name;
    struct thimble_config config;
};

static const struct row rows[] = {
#ifdef SMALL_CONFIG_H
    { "one initiator at a time",
      { .n_connections = 2, .n_sessions = 1, .queue_depth = 4, .n_buffers = 2,
        .buffer_bytes = 4096 } },
    { "64 KiB in all, as lm3s6965evb",
      { .n_connections = 4, .n_sessions = 2, .queue_depth = 8, .n_buffers = 3,
        .buffer_bytes = 4096 } },
    { "256 KiB in all",
      { .n_connections = 4, .n_sessions = 4, .queue_depth = 16, .n_buffers = 8,
        .buffer_bytes = 8192 } },
#else
    { "two initiators",
      { .n_connections = 4, .n_sessions = 2, .queue_depth = 8, .n_buffers = 4,
        .buffer_bytes = 8192 } },
    { "1 MiB in all",
      { .n_connections = 8, .n_sessions = 8, .queue_depth = 32, .n_buffers = 16,
        .buffer_bytes = 16384 } },
#endif
};

static bool constant_is_good(const struct row *r, size_t need)
{
    const struct thimble_config *c = &r->config;
    size_t n_connections = c->n_connections, n_sessions = c->n_sessions;
    size_t constant = THIMBLE_MEMORY_BYTES(n_connections, n_sessions, c->queue_depth,
                                           c->n_buffers, c->buffer_bytes);
    if (need > 0 && constant >= need && constant <= need + need / 10)
        return true;
    printf("%s: THIMBLE_MEMORY_BYTES says %lu, thimble_memory_bytes() %lu\n", r->name,
           (unsigned long)constant, (unsigned long)need);
    return false;
}

int main(void)
{
    bool good = true;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct thimble_config *c = &rows[i].config;
        size_t need = thimble_memory_bytes(c);
        good &= constant_is_good(&rows[i], need);
        printf("| %s | %u | %u | %u | %u of %lu KiB | %lu |\n", rows[i].name,
               c->n_connections, c->n_sessions, c->queue_depth, c->n_buffers,
               (unsigned long)c->buffer_bytes / 1024, (unsigned long)need);
    }
    return good ? 0 : 1;
}
