/* SPDX-License-Identifier: MIT
 *
 * store.h: what a logical unit keeps over a restart, as files in a folder (struct thimble_store).
 *
 *     FOLDER/TARGET.lunN.reservations
 *     FOLDER/TARGET.lunN.mode
 *
 * A record is written to a new file, which then takes the place of the old one: a loss of power leaves one or the other.
 * A medium may take its time to have it for good, so a worker does that: the loop goes on, and the initiator is answered when
 * the record is durable.
 */
#ifndef HOST_STORE_H
#define HOST_STORE_H

#include "../src/thimble.h"
#include "worker.h"

struct file_store {
    struct thimble_store store;         /* first: the engine's pointer is ours */
    int folder;                         /* descriptor; -1: none is open */
    const char *target;                 /* its name; borrowed */
    unsigned lun;

    /* Saves that the engine waits for, oldest first: the worker has that one. */
    struct worker *worker;
    struct worker_job job;
    struct thimble_io *first, *last;
};

/* The folder must exist.  Without a worker (NULL), each call is done at once.  0, or -1 and errno. */
int file_store_open(struct file_store *s, const char *folder, const char *target, unsigned lun,
                    struct worker *worker);

/* The worker has been stopped. */
void file_store_close(struct file_store *s);

/* The name of a record's file in the folder. */
#define FILE_STORE_NAME_MAX 288
void file_store_name(const struct file_store *s, enum thimble_record record, char name[FILE_STORE_NAME_MAX]);

#endif
