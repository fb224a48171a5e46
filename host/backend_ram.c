/* SPDX-License-Identifier: MIT
 *
 * backend_ram.c: see backend_ram.h.
 */
#define _GNU_SOURCE

#include "backend_ram.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

#ifdef __linux__
/* On Linux, and only there for certain, private memory that was given back reads as
 * zeros. */
static int give_back(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                     struct thimble_io *io)
{
    struct memory_disk *d = (struct memory_disk *)(void *)b;
    size_t at = (size_t)lba << b->block_shift;
    size_t end = at + ((size_t)n_blocks << b->block_shift);
    size_t first = (at + d->page_bytes - 1) / d->page_bytes * d->page_bytes;
    size_t last = end / d->page_bytes * d->page_bytes;

    (void)io;
    if (first >= last || madvise(d->ram.mem + first, last - first, MADV_DONTNEED) < 0) {
        memset(d->ram.mem + at, 0, end - at);
        return THIMBLE_OK;
    }
    memset(d->ram.mem + at, 0, first - at);
    memset(d->ram.mem + last, 0, end - last);
    return THIMBLE_OK;
}
#endif

int memory_disk_open(struct memory_disk *d, const char *name, uint64_t bytes,
                     uint32_t block_bytes, char message[BACKEND_MESSAGE_MAX])
{
    uint8_t shift = block_bytes == 4096 ? 12 : 9;

    if (bytes < block_bytes || bytes % block_bytes || bytes > SIZE_MAX / 2) {
        snprintf(message, BACKEND_MESSAGE_MAX,
                 "%s: the size must be a multiple of the block size, %" PRIu32 " bytes",
                 name, block_bytes);
        return -1;
    }
    d->bytes = (size_t)bytes;
    d->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    void *mem = mmap(NULL, d->bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mem == MAP_FAILED) {
        snprintf(message, BACKEND_MESSAGE_MAX,
                 "%s: so much memory is not to be had: %s", name, strerror(errno));
        return -1;
    }
    if (thimble_ram_disk_init(&d->ram, mem, bytes >> shift, shift) < 0) {
        snprintf(message, BACKEND_MESSAGE_MAX, "%s: cannot be a disk", name);
        munmap(mem, d->bytes);
        return -1;
    }
    d->ram.block.physical_shift = (uint8_t)(12 - shift);
#ifdef __linux__
    d->ram.block.unmap = give_back;
    d->ram.block.write_zeroes = give_back;
#endif
    return 0;
}

void memory_disk_close(struct memory_disk *d)
{
    munmap(d->ram.mem, d->bytes);
}
