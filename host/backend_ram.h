/* SPDX-License-Identifier: MIT
 *
 * backend_ram.h: memory as a disk, of which only what is written to is really there.
 */
#ifndef HOST_BACKEND_RAM_H
#define HOST_BACKEND_RAM_H

#include "backend_file.h"

struct memory_disk {
    struct thimble_ram_disk ram;        /* first: the engine's pointer is ours */
    size_t bytes, page_bytes;
};

/* 0, or -1 and one line in message.  name: how the user wrote it. */
int memory_disk_open(struct memory_disk *d, const char *name, uint64_t bytes,
                     uint32_t block_bytes, char message[BACKEND_MESSAGE_MAX]);
void memory_disk_close(struct memory_disk *d);

#endif
