/* SPDX-License-Identifier: MIT
 *
 * store.c: see store.h.
 */
#define _GNU_SOURCE

#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"

static struct file_store *store_of(struct thimble_store *s)
{
    return (struct file_store *)(void *)s;
}

void file_store_name(const struct file_store *s, enum thimble_record record, char name[FILE_STORE_NAME_MAX])
{
    static const char *const kinds[] = {
        [THIMBLE_RECORD_RESERVATIONS] = "reservations", [THIMBLE_RECORD_MODE_PAGES] = "mode",
        [THIMBLE_RECORD_IDENTITY] = "identity",         [THIMBLE_RECORD_IDENTITY_TEXT] = "identity-text",
        [THIMBLE_RECORD_WORK] = "work",
    };

    snprintf(name, FILE_STORE_NAME_MAX, "%s.lun%u.%s", s->target, s->lun, kinds[record]);
}

/* All of it, or -1. */
static ssize_t read_all(int fd, uint8_t *to, size_t size)
{
    size_t got = 0;

    while (got < size) {
        ssize_t r = read(fd, to + got, size - got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -1;
        if (r == 0)
            break;
        got += (size_t)r;
    }
    return (ssize_t)got;
}

static int store_load(struct thimble_store *store, enum thimble_record record, void *buf, uint32_t size)
{
    const struct file_store *s = store_of(store);
    char name[FILE_STORE_NAME_MAX];

    file_store_name(s, record, name);
    int fd = openat(s->folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_of(errno);
    ssize_t n = read_all(fd, buf, size);
    uint8_t more;
    bool longer = n == (ssize_t)size && read_all(fd, &more, 1) != 0;
    close(fd);
    if (n < 0)
        return THIMBLE_ERR_IO;
    return longer || n == 0 ? THIMBLE_ERR_RECORD : (int)n;      /* an empty file is none of ours */
}

static bool write_all(int fd, const uint8_t *from, size_t left)
{
    while (left > 0) {
        ssize_t r = write(fd, from, left);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return false;
        from += r;
        left -= (size_t)r;
    }
    return true;
}

/* Writes the new file, and makes it durable. */
static bool write_new(const struct file_store *s, const char *name, const void *buf, uint32_t len)
{
    int fd = openat(s->folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return false;
    bool done = write_all(fd, buf, len) && fsync(fd) == 0;
    int error = errno;
    if (close(fd) < 0 && done)
        return false;
    errno = error;
    return done;
}

static int save_now(const struct file_store *s, enum thimble_record record, const void *buf, uint32_t len)
{
    char name[FILE_STORE_NAME_MAX], fresh[FILE_STORE_NAME_MAX + 4];

    file_store_name(s, record, name);
    snprintf(fresh, sizeof fresh, "%s.new", name);
    if (len > 0 ? !write_new(s, fresh, buf, len) || renameat(s->folder, fresh, s->folder, name) < 0
                : unlinkat(s->folder, name, 0) < 0 && errno != ENOENT) {
        int error = errno;
        unlinkat(s->folder, fresh, 0);
        return error_of(error);
    }
    return fsync(s->folder) < 0 ? error_of(errno) : THIMBLE_OK;
}

/* --------------------------------------------------------------------------------------
 * The worker's turn
 */
static struct file_store *store_of_job(struct worker_job *job)
{
    return (struct file_store *)(void *)((char *)job - offsetof(struct file_store, job));
}

static void job_run(struct worker_job *job)
{
    const struct file_store *s = store_of_job(job);
    struct thimble_io *io = s->first;

    io->result = save_now(s, (enum thimble_record)io->op, io->buf, io->n_blocks);
}

/* The engine may ask for the next save before thimble_io_done() has returned. */
static void job_done(struct worker_job *job)
{
    struct file_store *s = store_of_job(job);
    struct thimble_io *io = s->first;

    s->first = io->next;
    if (s->first)
        worker_submit(s->worker, job);
    thimble_io_done(io, io->result);
}

static int store_save(struct thimble_store *store, enum thimble_record record, const void *buf, uint32_t len,
                      struct thimble_io *io)
{
    struct file_store *s = store_of(store);

    if (!s->worker)
        return save_now(s, record, buf, len);
    io->op = (uint8_t)record;
    io->buf = (void *)(uintptr_t)buf;                   /* is only read */
    io->n_blocks = len;                                 /* bytes */
    io->next = NULL;
    bool alone = !s->first;
    if (alone)
        s->first = io;
    else
        s->last->next = io;
    s->last = io;
    if (alone)
        worker_submit(s->worker, &s->job);
    return THIMBLE_PENDING;
}

int file_store_open(struct file_store *s, const char *folder, const char *target, unsigned lun,
                    struct worker *worker)
{
    *s = (struct file_store){ .store = { .load = store_load, .save = store_save }, .target = target, .lun = lun,
                              .worker = worker, .job = { .run = job_run, .done = job_done } };
    s->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return s->folder < 0 ? -1 : 0;
}

void file_store_close(struct file_store *s)
{
    if (s->store.load && s->folder >= 0)
        close(s->folder);
    s->folder = -1;
}
