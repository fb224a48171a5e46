/* SPDX-License-Identifier: MIT
 *
 * backend_file.c: see backend_file.h.
 *
 * Giving blocks back (unmap) is offered only where the system promises that they read as
 * zeros afterwards: holes in files, and on Linux the same call on block devices.
 */
#define _GNU_SOURCE
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#include "backend_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/sysmacros.h>
#endif
#ifdef __APPLE__
#include <sys/disk.h>
#endif
#ifdef __FreeBSD__
#include <sys/disk.h>
#endif

#include "crypto.h"
#include "error.h"
#include "sysfs.h"

static struct file_disk *file_of(struct thimble_block *b)
{
    return (struct file_disk *)(void *)b;
}

static off_t offset_of(const struct file_disk *d, uint64_t blocks)
{
    return (off_t)(blocks << d->block.block_shift);
}

/* --------------------------------------------------------------------------------------
 * Reading and writing
 */

static int file_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                     struct thimble_io *io)
{
    struct file_disk *d = file_of(b);
    off_t at = offset_of(d, lba);
    size_t left = (size_t)offset_of(d, n_blocks);
    uint8_t *to = buf;

    while (left) {
        ssize_t r = pread(d->fd, to, left, at);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0 && errno == EIO) {        /* what is before it was read: this is the one */
            io->n_blocks = (uint32_t)((size_t)(to - (uint8_t *)buf) >> b->block_shift);
            return THIMBLE_ERR_BLOCK;
        }
        if (r < 0)
            return error_of(errno);
        if (r == 0)
            return THIMBLE_ERR_IO;          /* somebody has shortened the file */
        to += r;
        at += r;
        left -= (size_t)r;
    }
    return THIMBLE_OK;
}

static int file_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                      const void *buf, struct thimble_io *io)
{
    struct file_disk *d = file_of(b);
    off_t at = offset_of(d, lba);
    size_t left = (size_t)offset_of(d, n_blocks);
    const uint8_t *from = buf;

    (void)io;
    while (left) {
        ssize_t r = pwrite(d->fd, from, left, at);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return r < 0 ? error_of(errno) : THIMBLE_ERR_IO;
        from += r;
        at += r;
        left -= (size_t)r;
    }
    return THIMBLE_OK;
}

/* One that failed makes all later ones fail: the system may have dropped the pages that it could not write, and say of the next
 * flush that all is well (Linux does).  Until the file is opened anew, nobody knows what is in it. */
static int file_flush(struct thimble_block *b, struct thimble_io *io)
{
    struct file_disk *d = file_of(b);
    int fd = d->fd;
    int r;

    (void)io;
    if (d->flush_error != THIMBLE_OK)
        return d->flush_error;
    do {
#if defined(__APPLE__) && defined(F_FULLFSYNC)
        r = fcntl(fd, F_FULLFSYNC);
        if (r < 0 && errno != EINTR)
            r = fsync(fd);
#else
        r = fdatasync(fd);
#endif
    } while (r < 0 && errno == EINTR);
    d->flush_error = r < 0 ? error_of(errno) : THIMBLE_OK;
    return d->flush_error;
}

/* --------------------------------------------------------------------------------------
 * Holes and zeros
 */

static int write_zeros(struct file_disk *d, off_t at, uint64_t left)
{
    enum { PIECE = 65536, PIECES = 16 };
    static uint8_t zeros[PIECE];            /* never written to */
    struct iovec parts[PIECES];

    while (left) {
        uint64_t planned = 0;
        int n = 0;
        for (; n < PIECES && planned < left; n++) {
            size_t len = left - planned < PIECE ? (size_t)(left - planned) : PIECE;
            parts[n] = (struct iovec){ .iov_base = zeros, .iov_len = len };
            planned += len;
        }
        ssize_t r = pwritev(d->fd, parts, n, at);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return r < 0 ? error_of(errno) : THIMBLE_ERR_IO;
        at += r;
        left -= (uint64_t)r;
    }
    return THIMBLE_OK;
}

/* 0, or errno; EOPNOTSUPP: the system or the file system cannot do this. */
static int punch_hole(struct file_disk *d, off_t at, off_t len)
{
#if defined(__linux__)
    int r;

    do {
        r = fallocate(d->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, len);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? errno : 0;
#elif defined(F_PUNCHHOLE)
    /* It takes whole blocks of the file system only. */
    struct stat st;
    if (fstat(d->fd, &st) < 0)
        return errno;
    off_t unit = st.st_blksize > 0 ? st.st_blksize : 4096;
    off_t first = (at + unit - 1) / unit * unit, end = (at + len) / unit * unit;
    if (first >= end)
        return EOPNOTSUPP;
    struct fpunchhole hole = { .fp_offset = first, .fp_length = end - first };
    if (write_zeros(d, at, (uint64_t)(first - at)) != THIMBLE_OK ||
        write_zeros(d, end, (uint64_t)(at + len - end)) != THIMBLE_OK)
        return EIO;
    return fcntl(d->fd, F_PUNCHHOLE, &hole) < 0 ? errno : 0;
#else
    (void)d;
    (void)at;
    (void)len;
    return EOPNOTSUPP;
#endif
}

static bool is_unsupported(int error)
{
    return error == EOPNOTSUPP || error == ENOTSUP || error == ENOSYS ||
           error == EINVAL || error == ENOTTY;
}

static int file_unmap(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                      struct thimble_io *io)
{
    struct file_disk *d = file_of(b);
    off_t at = offset_of(d, lba), len = offset_of(d, n_blocks);

    (void)io;
    if (d->can_punch) {
        int error = punch_hole(d, at, len);
        if (error == 0)
            return THIMBLE_OK;
        if (!is_unsupported(error))
            return error_of(error);
        d->can_punch = d->is_device;        /* a device may refuse what is not aligned */
    }
    return write_zeros(d, at, (uint64_t)len);
}

#if defined(SEEK_HOLE) && defined(SEEK_DATA)
/* A run of holes, or of blocks that have data in them.  What the file system does not
 * know counts as in use. */
static uint32_t file_extent(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                            bool *mapped)
{
    struct file_disk *d = file_of(b);
    off_t at = offset_of(d, lba), end = at + offset_of(d, n_blocks);
    off_t data = lseek(d->fd, at, SEEK_DATA);

    if (data < 0 && errno == ENXIO)
        data = end;                             /* holes up to the end of the file */
    uint64_t hole_blocks = data > at ? (uint64_t)(data - at) >> b->block_shift : 0;
    *mapped = data < 0 || hole_blocks == 0;
    if (!*mapped)
        return hole_blocks < n_blocks ? (uint32_t)hole_blocks : n_blocks;

    off_t hole = data < 0 ? -1 : lseek(d->fd, data, SEEK_HOLE);
    if (hole < 0 || hole >= end)
        return n_blocks;
    uint64_t block_bytes = UINT64_C(1) << b->block_shift;
    return (uint32_t)(((uint64_t)(hole - at) + block_bytes - 1) >> b->block_shift);
}
#else
#define file_extent NULL
#endif

/* What the file takes of its file system, and what that has left. */
static bool file_fill(struct thimble_insight *of, struct thimble_fill *fill)
{
    struct file_disk *d = (struct file_disk *)(void *)((char *)of - offsetof(struct file_disk, insight));
    struct statvfs fs;
    struct stat st;

    if (fstat(d->fd, &st) < 0 || fstatvfs(d->fd, &fs) < 0)
        return false;
    fill->used_blocks = (uint64_t)st.st_blocks * 512 >> d->block.block_shift;
    fill->available_blocks = (uint64_t)fs.f_bavail * fs.f_frsize >> d->block.block_shift;
    return true;
}

static int file_write_zeroes(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                             struct thimble_io *io)
{
    struct file_disk *d = file_of(b);
    off_t at = offset_of(d, lba), len = offset_of(d, n_blocks);

    (void)io;
#ifdef __linux__
    if (d->can_zero) {
        if (fallocate(d->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, at, len) == 0)
            return THIMBLE_OK;
        if (errno != EINTR && !is_unsupported(errno))
            return error_of(errno);
        d->can_zero = errno == EINTR || d->is_device;
    }
#endif
    return write_zeros(d, at, (uint64_t)len);
}

/* From a file to a file, or from elsewhere in the same one: the system does not hand us the data, and some file
 * systems only note that both have the same blocks. */
#ifdef __linux__
static int file_copy(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, struct thimble_block *from,
                     uint64_t from_lba, struct thimble_io *io)
{
    struct file_disk *d = file_of(b), *source = file_of(from);
    off_t at = offset_of(d, lba), from_at = offset_of(source, from_lba);
    size_t left = (size_t)offset_of(d, n_blocks);
    bool begun = false;

    (void)io;
    if (from->read != file_read || d->is_device || source->is_device)
        return THIMBLE_ERR_ARGUMENT;
    while (left) {
        ssize_t r = copy_file_range(source->fd, &from_at, d->fd, &at, left, 0);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0 && !begun && (is_unsupported(errno) || errno == EXDEV || errno == EPERM))
            return THIMBLE_ERR_ARGUMENT;
        if (r <= 0)
            return r < 0 ? error_of(errno) : THIMBLE_ERR_IO;
        begun = true;
        left -= (size_t)r;
    }
    return THIMBLE_OK;
}
#else
#define file_copy NULL
#endif

/* --------------------------------------------------------------------------------------
 * Opening
 */

static int mistake(char *message, const char *path, const char *what)
{
    snprintf(message, BACKEND_MESSAGE_MAX, "%s: %s", path, what);
    return -1;
}

static int create_file(const struct file_disk_config *c, char *message)
{
    int fd = open(c->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 && errno == EEXIST)
        return open(c->path, O_RDWR | O_CLOEXEC);      /* somebody was faster */
    if (fd < 0) {
        snprintf(message, BACKEND_MESSAGE_MAX, "%s: cannot be created: %s", c->path,
                 strerror(errno));
        return -1;
    }
    if (ftruncate(fd, (off_t)c->create_bytes) < 0) {
        snprintf(message, BACKEND_MESSAGE_MAX,
                 "%s: cannot be made %" PRIu64 " bytes long: %s", c->path,
                 c->create_bytes, strerror(errno));
        close(fd);
        unlink(c->path);
        return -1;
    }
    return fd;
}

static int open_file(const struct file_disk_config *c, char *message)
{
    int flags = (c->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
    struct stat st;

    if (stat(c->path, &st) < 0) {
        if (errno == ENOENT && c->create_bytes && !c->read_only)
            return create_file(c, message);
        if (errno == ENOENT)
            return mistake(message, c->path, c->read_only
                               ? "no such file"
                               : "no such file; to make it, add --create SIZE");
        return mistake(message, c->path, strerror(errno));
    }
    if (S_ISDIR(st.st_mode))
        return mistake(message, c->path, "a directory; name a file or a block device");
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode) && !S_ISCHR(st.st_mode))
        return mistake(message, c->path, "neither a file nor a block device");
#ifdef __linux__
    if (S_ISCHR(st.st_mode))
        return mistake(message, c->path,
                       "a character device; name a file or a block device");
    if (S_ISBLK(st.st_mode) && !c->read_only)
        flags |= O_EXCL;                    /* refused while it is mounted */
#endif

    int fd = open(c->path, flags);
    if (fd < 0 && errno == EBUSY)
        return mistake(message, c->path, "in use, perhaps mounted; unmount it first");
    if (fd < 0 && (errno == EACCES || errno == EROFS || errno == EPERM) && !c->read_only)
        return mistake(message, c->path,
                       "cannot be written; change its permissions, or add --read-only");
    if (fd < 0)
        return mistake(message, c->path, strerror(errno));
    return fd;
}

/* A lock that ends with us, and that keeps a second server off: the two would destroy
 * each other's data. */
static bool lock_file(int fd, bool is_device, bool read_only)
{
    /* The device manager of Linux takes a lock for a moment when a device is closed. */
    const struct timespec pause = { .tv_nsec = 50000000 };
    int tries = is_device ? 20 : 1;

    while (flock(fd, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            return true;                    /* file systems without locks exist */
        if (--tries == 0)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

static bool size_of(int fd, const struct stat *st, uint64_t *bytes)
{
    if (S_ISREG(st->st_mode)) {
        *bytes = (uint64_t)st->st_size;
        return true;
    }
#if defined(__linux__)
    return ioctl(fd, BLKGETSIZE64, bytes) == 0;
#elif defined(__APPLE__)
    uint64_t n_blocks;
    uint32_t block_bytes;
    if (ioctl(fd, DKIOCGETBLOCKCOUNT, &n_blocks) < 0 ||
        ioctl(fd, DKIOCGETBLOCKSIZE, &block_bytes) < 0)
        return false;
    *bytes = n_blocks * block_bytes;
    return true;
#elif defined(__FreeBSD__)
    off_t size;
    if (ioctl(fd, DIOCGMEDIASIZE, &size) < 0)
        return false;
    *bytes = (uint64_t)size;
    return true;
#else
    off_t size = lseek(fd, 0, SEEK_END);
    *bytes = (uint64_t)size;
    return size >= 0;
#endif
}

static uint8_t log2_of(uint32_t value)
{
    uint8_t shift = 0;

    while (value > 1) {
        value >>= 1;
        shift++;
    }
    return shift;
}

/* Bytes that the medium writes at a time; 4096 is what file systems do. */
static uint32_t physical_bytes(int fd, bool is_device)
{
    unsigned bytes = 4096;

#if defined(__linux__) && defined(BLKPBSZGET)
    if (is_device && (ioctl(fd, BLKPBSZGET, &bytes) < 0 || bytes < 512 || bytes > 65536))
        bytes = 4096;
#else
    (void)fd;
    (void)is_device;
#endif
    return bytes;
}

#ifdef __linux__
/* A number of a block device's queue, which for a partition is that of the whole
 * device. */
static uint64_t queue_limit(const struct stat *st, const char *name)
{
    static const char *const places[] = { "queue", "../queue" };
    char path[128], text[32];
    unsigned long long value = 0;

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%s/%s", major(st->st_rdev),
                 minor(st->st_rdev), places[i], name);
        FILE *f = fopen(path, "re");
        if (!f)
            continue;
        if (fgets(text, sizeof text, f))
            value = strtoull(text, NULL, 10);
        fclose(f);
        break;
    }
    return value;
}
#endif

/* Finds out what the system can do, without changing anything. */
static void probe(struct file_disk *d, const struct stat *st, uint64_t size_bytes)
{
#ifdef __linux__
    d->can_zero = true;
    if (d->is_device)
        d->can_punch = queue_limit(st, "discard_max_bytes") != 0 &&
                       queue_limit(st, "write_zeroes_max_bytes") != 0;
    else                                    /* beyond the end there is nothing to lose */
        d->can_punch = punch_hole(d, (off_t)size_bytes, 4096) == 0;
#elif defined(F_PUNCHHOLE)
    (void)size_bytes;
    d->can_punch = S_ISREG(st->st_mode);
#else
    (void)d;
    (void)st;
    (void)size_bytes;
#endif
}

/* A device that tells who it is has that serial number wherever it is plugged in.  Else the same path on the same machine
 * has the same one at every start, and another machine's has another one. */
static void make_serial(struct file_disk *d, const char *path, const struct stat *st)
{
    static const char hex[] = "0123456789abcdef";
    char machine[256] = "";
    char *real = realpath(path, NULL);
    const char *where = real ? real : path;
    uint8_t digest[32];

    d->block.serial = d->serial;
#ifdef __linux__
    if (S_ISBLK(st->st_mode) && sysfs_serial("/sys", major(st->st_rdev), minor(st->st_rdev), d->serial)) {
        free(real);
        return;
    }
#else
    (void)st;
#endif
    FILE *f = fopen("/etc/machine-id", "re");
    if (!f || !fgets(machine, sizeof machine, f))
        gethostname(machine, sizeof machine - 1);
    if (f)
        fclose(f);
    struct thimble_span parts[] = { { machine, strlen(machine) + 1 },
                                    { where, strlen(where) } };
    host_crypto.hash(NULL, THIMBLE_HASH_SHA256, parts, 2, digest);
    for (size_t i = 0; i < 8; i++) {
        d->serial[2 * i] = hex[digest[i] >> 4];
        d->serial[2 * i + 1] = hex[digest[i] & 15];
    }
    d->serial[16] = '\0';
    free(real);
}

static bool file_health(struct thimble_insight *of, struct thimble_health *h)
{
    const struct file_disk *d = (struct file_disk *)(void *)((char *)of - offsetof(struct file_disk, insight));

    return sysfs_health("/sys", d->dev_major, d->dev_minor, h);
}

static void look_for_health(struct file_disk *d, const struct stat *st)
{
#ifdef __linux__
    d->dev_major = major(st->st_rdev);
    d->dev_minor = minor(st->st_rdev);
#endif
    if (!S_ISBLK(st->st_mode) || !file_health(&d->insight, &(struct thimble_health){ 0 }))
        return;
    d->insight.health = file_health;
    d->block.insight = &d->insight;
}

static int check_size(const struct file_disk_config *c, uint64_t size_bytes,
                      char *message)
{
    uint64_t over = size_bytes % c->block_bytes;

    if (size_bytes < c->block_bytes)
        return mistake(message, c->path, "not even one block long; make it longer, with "
                                         "truncate -s SIZE");
    if (over) {
        snprintf(message, BACKEND_MESSAGE_MAX,
                 "%s: %" PRIu64 " bytes are not a multiple of the block size, %" PRIu32
                 "; make it %" PRIu64 " bytes long, with truncate -s",
                 c->path, size_bytes, c->block_bytes, size_bytes + c->block_bytes - over);
        return -1;
    }
    return 0;
}

/* Bytes of the transfers that a device likes best, 0: it does not say. */
static uint32_t optimal_bytes(int fd, bool is_device)
{
    unsigned bytes = 0;

#if defined(__linux__) && defined(BLKIOOPT)
    if (is_device && ioctl(fd, BLKIOOPT, &bytes) < 0)
        bytes = 0;
#else
    (void)fd;
    (void)is_device;
#endif
    return bytes;
}

static int file_ready(struct thimble_block *b)
{
    return file_of(b)->fd < 0 ? THIMBLE_ERR_NO_MEDIUM : THIMBLE_OK;
}

int file_disk_open(struct file_disk *d, const struct file_disk_config *c,
                   char message[BACKEND_MESSAGE_MAX])
{
    struct stat st;
    uint64_t size_bytes = 0;

    *d = (struct file_disk){ .fd = open_file(c, message), .config = *c };
    if (d->fd < 0)
        return -1;
    int result = 0;
    if (fstat(d->fd, &st) < 0 || !size_of(d->fd, &st, &size_bytes))
        result = mistake(message, c->path, strerror(errno));
    else if (!lock_file(d->fd, !S_ISREG(st.st_mode), c->read_only))
        result = mistake(message, c->path,
                         "already being served; stop the other server, or "
                         "name each disk only once");
    else
        result = check_size(c, size_bytes, message);
    if (result < 0) {
        close(d->fd);
        d->fd = -1;
        return -1;
    }

    d->is_device = !S_ISREG(st.st_mode);
    d->device = (uint64_t)st.st_dev;
    d->number = (uint64_t)st.st_ino;
    d->block.removable = c->removable;
    d->block.ready = file_ready;
    d->block.block_shift = log2_of(c->block_bytes);
    d->block.size_blocks = size_bytes >> d->block.block_shift;
    d->block.optimal_blocks = optimal_bytes(d->fd, d->is_device) >> d->block.block_shift;
    uint32_t physical = c->physical_bytes ? c->physical_bytes : physical_bytes(d->fd, d->is_device);
    if (physical > c->block_bytes)
        d->block.physical_shift = log2_of(physical / c->block_bytes);
    make_serial(d, c->path, &st);
    look_for_health(d, &st);
    d->block.read = file_read;
    if (c->read_only)
        return 0;
    probe(d, &st, size_bytes);
    d->block.write = file_write;
    d->block.flush = file_flush;
    d->block.write_zeroes = file_write_zeroes;
    d->block.atomic_blocks = 1u << d->block.physical_shift;  /* docs/serve.md says what that takes */
    if (d->can_punch)
        d->block.unmap = file_unmap;
    if (d->block.unmap && !d->is_device) {
        d->insight.fill = file_fill;
        d->block.insight = &d->insight;
    }
    if (!d->is_device) {
        d->block.extent = file_extent;
        d->block.copy = file_copy;
    }
    return 0;
}

/* The medium has gone.  The disk keeps its shape: there may be commands that are about to look at it. */
static void let_go(struct file_disk *d, char *message)
{
    if (d->block.write && file_flush(&d->block, NULL) != THIMBLE_OK)
        mistake(message, d->config.path, "what was written last may be lost");
    close(d->fd);
    d->fd = -1;
}

static enum file_disk_news look_for_medium(struct file_disk *d, char *message)
{
    struct stat st;
    bool there = stat(d->config.path, &st) == 0;
    bool had = d->fd >= 0;

    if (had && there && (uint64_t)st.st_dev == d->device && (uint64_t)st.st_ino == d->number)
        return FILE_DISK_SAME;
    if (had)
        let_go(d, message);
    if (there) {
        struct file_disk_config again = d->config;
        struct file_disk fresh;
        again.create_bytes = 0;
        if (file_disk_open(&fresh, &again, message) == 0) {
            if (d->block.serial != d->serial)           /* somebody gave it another one */
                fresh.block.serial = d->block.serial;
            if (!d->block.unmap)
                fresh.block.unmap = NULL;
            *d = fresh;
            if (d->block.insight)
                d->block.insight = &d->insight;
            if (d->block.serial == fresh.serial)
                d->block.serial = d->serial;
            return FILE_DISK_CAME;
        }
    }
    return had ? FILE_DISK_GONE : FILE_DISK_SAME;
}

enum file_disk_news file_disk_look(struct file_disk *d, char message[BACKEND_MESSAGE_MAX])
{
    enum file_disk_news news = FILE_DISK_SAME;
    uint64_t size_bytes = 0;
    struct stat st;

    message[0] = '\0';
    if (d->config.removable)
        news = look_for_medium(d, message);
    if (news != FILE_DISK_SAME || d->fd < 0 || fstat(d->fd, &st) < 0 || !size_of(d->fd, &st, &size_bytes))
        return news;
    uint64_t size_blocks = size_bytes >> d->block.block_shift;
    if (size_blocks == 0)
        size_blocks = 1;                    /* a disk has one; it cannot be read */
    if (size_blocks == d->block.size_blocks)
        return FILE_DISK_SAME;
    d->block.size_blocks = size_blocks;
    return FILE_DISK_RESIZED;
}

bool file_disk_close(struct file_disk *d)
{
    if (d->fd < 0)                          /* a medium that is out */
        return true;
    bool durable = !d->block.write || file_flush(&d->block, NULL) == THIMBLE_OK;

    if (close(d->fd) < 0)
        durable = false;
    d->fd = -1;
    return durable;
}
