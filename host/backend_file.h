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

struct file_disk_config {
    const char *path;                   /* borrowed until file_disk_close() */
    uint32_t block_bytes;               /* 512, 2048 or 4096 */
    uint32_t physical_bytes;            /* 0: what the file system or the device says */
    uint64_t create_bytes;              /* not 0: make the file if it is not there */
    bool read_only;
    bool removable;                     /* the file is a medium that can go and come */
};

struct file_disk {
    struct thimble_block block;         /* first: the engine's pointer is ours */
    struct thimble_insight insight;
    int fd;
    bool is_device;
    bool can_punch, can_zero; /* the file system has what it takes, as far as we know */
    int  flush_error;                   /* of the first flush that failed; THIMBLE_OK: none has */
    uint64_t device, number;            /* which file it is */
    unsigned dev_major, dev_minor;      /* of a block device */
    struct file_disk_config config;
    char serial[33];
};

/* Opens and locks the file.  0, or -1 and one line in message. */
int file_disk_open(struct file_disk *d, const struct file_disk_config *config,
                   char message[BACKEND_MESSAGE_MAX]);

/* Looks whether the file has another length or, if it is removable, whether it is still there: one that has gone is let
 * go of, one that has come is opened.  What cannot be opened is no medium, and says why in message, else "". */
enum file_disk_news { FILE_DISK_SAME, FILE_DISK_RESIZED, FILE_DISK_GONE, FILE_DISK_CAME };
enum file_disk_news file_disk_look(struct file_disk *d, char message[BACKEND_MESSAGE_MAX]);

/* Flushes and closes.  False: not everything is durable. */
bool file_disk_close(struct file_disk *d);

#endif
