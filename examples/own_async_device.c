/* SPDX-License-Identifier: MIT
 *
 * own_async_device.c: a disk that answers later: a file, read and written by a thread of
 * its own.
 *
 *     own_async_device FILE [PORT]
 *
 * The engine's thread only files requests and tells the core of answers; it never waits
 * for the file.  On a microcontroller the thread is the card's controller, the lock is a few
 * instructions with interrupts off, and the pipe is the interrupt that ends the sleep.
 */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "serve.h"
#include "thimble.h"

enum { BLOCK_SHIFT = 9 };

enum op { OP_READ, OP_WRITE, OP_FLUSH };

/* Requests in order, linked through the `next` that struct thimble_io has for that. */
struct list {
    struct thimble_io *first, *last;
};

struct async_disk {
    struct thimble_block block;
    int file;
    int pipe[2];                        /* the worker tells the engine's thread */
    pthread_mutex_t lock;               /* for all below */
    pthread_cond_t filed;
    struct list todo, done;
    bool stop;
};

static void append(struct list *l, struct thimble_io *io)
{
    io->next = NULL;
    if (l->first)
        l->last->next = io;
    else
        l->first = io;
    l->last = io;
}

static struct thimble_io *take_first(struct list *l)
{
    struct thimble_io *io = l->first;

    if (io)
        l->first = io->next;
    return io;
}

/* ---------------------------------------------------------------------------------------
 * The engine's thread: requests go in
 */

/* [guide: async request] */
/* *io is ours until thimble_io_done(): the request is written down in it. */
static int later(struct thimble_block *b, enum op op, uint64_t lba, uint32_t n_blocks,
                 void *buf, struct thimble_io *io)
{
    struct async_disk *d = (struct async_disk *)b;

    io->op = (uint8_t)op;
    io->lba = lba;
    io->n_blocks = n_blocks;
    io->buf = buf;
    pthread_mutex_lock(&d->lock);
    append(&d->todo, io);
    pthread_cond_signal(&d->filed);
    pthread_mutex_unlock(&d->lock);
    return THIMBLE_PENDING;
}

static int async_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                      struct thimble_io *io)
{
    return later(b, OP_READ, lba, n_blocks, buf, io);
}
/* [end] */

static int async_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                       const void *buf, struct thimble_io *io)
{
    return later(b, OP_WRITE, lba, n_blocks, (void *)(uintptr_t)buf, io);
}

static int async_flush(struct thimble_block *b, struct thimble_io *io)
{
    return later(b, OP_FLUSH, 0, 0, NULL, io);
}

/* ---------------------------------------------------------------------------------------
 * The worker's thread: one request after the other
 */
static int move(const struct async_disk *d, const struct thimble_io *io)
{
    uint8_t *buf = io->buf;
    size_t left = (size_t)io->n_blocks << BLOCK_SHIFT;
    off_t at = (off_t)(io->lba << BLOCK_SHIFT);

    while (left > 0) {
        ssize_t n = io->op == OP_READ ? pread(d->file, buf, left, at)
                                      : pwrite(d->file, buf, left, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 && errno == ENOSPC ? THIMBLE_ERR_NO_SPACE : THIMBLE_ERR_IO;
        buf += n;
        at += n;
        left -= (size_t)n;
    }
    return THIMBLE_OK;
}

static void *work(void *arg)
{
    struct async_disk *d = arg;
    struct thimble_io *io;

    pthread_mutex_lock(&d->lock);
    for (;;) {
        while (!(io = take_first(&d->todo)) && !d->stop)
            pthread_cond_wait(&d->filed, &d->lock);
        if (!io)
            break;
        pthread_mutex_unlock(&d->lock);

        if (io->op == OP_FLUSH)
            io->result = fdatasync(d->file) < 0 ? THIMBLE_ERR_IO : THIMBLE_OK;
        else
            io->result = move(d, io);

        pthread_mutex_lock(&d->lock);
        append(&d->done, io);
        if (write(d->pipe[1], "", 1) < 0) {
            /* The pipe is full: the engine's thread has enough reasons to look. */
        }
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* ---------------------------------------------------------------------------------------
 * The engine's thread: answers come out
 */

/* [guide: async answer] */
/* The loop calls this when the pipe is readable.  Without the lock: thimble_io_done() may
 * start the next request at once. */
static void on_done(void *ctx)
{
    struct async_disk *d = ctx;
    struct thimble_io *io;
    char bytes[64];

    while (read(d->pipe[0], bytes, sizeof bytes) > 0)
        continue;
    for (;;) {
        pthread_mutex_lock(&d->lock);
        io = take_first(&d->done);
        pthread_mutex_unlock(&d->lock);
        if (!io)
            break;
        thimble_io_done(io, io->result);
    }
}
/* [end] */

static bool async_open(struct async_disk *d, const char *path)
{
    *d = (struct async_disk){
        .block = { .block_shift = BLOCK_SHIFT, .physical_shift = 3,
                   .read = async_read, .write = async_write, .flush = async_flush },
        .file = open(path, O_RDWR | O_CLOEXEC),
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .filed = PTHREAD_COND_INITIALIZER,
    };
    if (d->file < 0 || pipe(d->pipe) < 0)
        return false;
    fcntl(d->pipe[0], F_SETFL, O_NONBLOCK);
    fcntl(d->pipe[1], F_SETFL, O_NONBLOCK);
    d->block.size_blocks = (uint64_t)lseek(d->file, 0, SEEK_END) >> BLOCK_SHIFT;
    return d->block.size_blocks > 0;
}

int main(int argc, char **argv)
{
    static struct async_disk disk;
    struct thimble_block *const disks[] = { &disk.block };
    struct serve_disks what = { .disks = disks, .n_disks = 1,
                                .ready = on_done, .ctx = &disk };
    pthread_t worker;

    if (argc < 2 || !async_open(&disk, argv[1]) ||
        pthread_create(&worker, NULL, work, &disk) != 0) {
        fprintf(stderr, "usage: own_async_device FILE [PORT]; FILE is not empty\n");
        return 2;
    }
    what.fd = disk.pipe[0];
    int code = serve(&what, (uint16_t)(argc > 2 ? strtol(argv[2], NULL, 10) : 3260));

    /* The engine is idle: no request is left that would be lost. */
    pthread_mutex_lock(&disk.lock);
    disk.stop = true;
    pthread_cond_signal(&disk.filed);
    pthread_mutex_unlock(&disk.lock);
    pthread_join(worker, NULL);
    return code;
}
