/* SPDX-License-Identifier: MIT
 *
 * backend_file.h: a regular file or a block device as a disk.
 *
 * Each call is done at once, with positioned system calls.  A write is answered when the
 * system has it, and is durable after flush() (WCE = 1).
 */
#ifndef HOST_BACKEND_FILE_H
#define HOST_BACKEND_FILE_H

#include "../src/thimble.h"

#define BACKEND_MESSAGE_MAX 512

struct file_disk {
    struct thimble_block block;         /* first: the engine's pointer is ours */
    int fd;
    bool is_device;
    bool can_punch, can_zero; /* the file system has what it takes, as far as we know */
    char serial[33];
};

struct file_disk_config {
    const char *path;
    uint32_t block_bytes;               /* 512 or 4096 */
    uint64_t create_bytes;              /* not 0: make the file if it is not there */
    bool read_only;
};

/* Opens and locks the file.  0, or -1 and one line in message. */
int file_disk_open(struct file_disk *d, const struct file_disk_config *config,
                   char message[BACKEND_MESSAGE_MAX]);

/* Flushes and closes.  False: not everything is durable. */
bool file_disk_close(struct file_disk *d);

#endif
