/* SPDX-License-Identifier: MIT
 *
 * test_backend_file.c: a real file as a disk, and the sentence for each that cannot be
 * one.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../host/backend_file.h"
#include "../../host/backend_ram.h"

enum { MIB = 1048576 };

static char folder[] = "/tmp/thimble-disk-XXXXXX";
static char path[64], message[BACKEND_MESSAGE_MAX];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/disk.img", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void make_file(uint64_t bytes)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(0, ftruncate(fd, (off_t)bytes));
    close(fd);
}

static struct file_disk_config usual(void)
{
    return (struct file_disk_config){ .path = path, .block_bytes = 512 };
}

static void opened(struct file_disk *d, const struct file_disk_config *c)
{
    if (file_disk_open(d, c, message) != 0)
        fail_msg("%s", message);
}

static void refused(const struct file_disk_config *c, const char *part)
{
    struct file_disk d;

    if (file_disk_open(&d, c, message) != -1)
        fail_msg("%s was opened", c->path);
    if (!strstr(message, part) || !strstr(message, c->path) || strchr(message, '\n'))
        fail_msg("unclear message: %s", message);
}

static void fill(uint8_t *buf, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        buf[i] = (uint8_t)(1 + (seed + i * 13 + (i >> 9)) % 255);
}

static void assert_bytes(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                         const uint8_t *expected)
{
    uint8_t *buf = malloc((size_t)n_blocks << b->block_shift);

    assert_non_null(buf);
    assert_int_equal(THIMBLE_OK, b->read(b, lba, n_blocks, buf, NULL));
    assert_memory_equal(expected, buf, (size_t)n_blocks << b->block_shift);
    free(buf);
}

static void what_is_written_is_read_and_stays(void **state)
{
    static uint8_t data[64 * 512];
    struct file_disk_config c = usual();
    struct file_disk d;
    char serial[33];

    (void)state;
    make_file(MIB);
    fill(data, sizeof data, 1);
    opened(&d, &c);
    assert_int_equal(2048, d.block.size_blocks);
    assert_int_equal(9, d.block.block_shift);
    assert_int_equal(3, d.block.physical_shift);
    assert_int_equal(THIMBLE_OK, d.block.write(&d.block, 1984, 64, data, NULL));
    assert_int_equal(THIMBLE_OK, d.block.flush(&d.block, NULL));
    assert_bytes(&d.block, 1984, 64, data);
    strcpy(serial, d.block.serial);
    assert_in_range(strlen(serial), 8, 32);
    assert_true(file_disk_close(&d));

    opened(&d, &c);
    assert_bytes(&d.block, 1984, 64, data);
    assert_string_equal(serial, d.block.serial);
    assert_true(file_disk_close(&d));
}

static void big_blocks(void **state)
{
    static uint8_t data[8192];
    struct file_disk_config c = usual();
    struct file_disk d;

    (void)state;
    c.block_bytes = 4096;
    make_file(MIB);
    fill(data, sizeof data, 2);
    opened(&d, &c);
    assert_int_equal(256, d.block.size_blocks);
    assert_int_equal(12, d.block.block_shift);
    assert_int_equal(0, d.block.physical_shift);
    assert_int_equal(THIMBLE_OK, d.block.write(&d.block, 254, 2, data, NULL));
    assert_bytes(&d.block, 254, 2, data);
    assert_true(file_disk_close(&d));
}

/* Whatever the file system can do, the blocks read as zeros and the neighbours stay. */
static void check_zeros(struct thimble_block *b,
                        int (*call)(struct thimble_block *, uint64_t, uint32_t,
                                    struct thimble_io *),
                        uint32_t first, uint32_t n)
{
    static uint8_t data[MIB];

    fill(data, sizeof data, first + n);
    assert_int_equal(THIMBLE_OK, b->write(b, 0, MIB / 512, data, NULL));
    assert_int_equal(THIMBLE_OK, call(b, first, n, NULL));
    memset(data + first * 512, 0, n * 512);
    assert_bytes(b, 0, MIB / 512, data);
}

static void blocks_that_were_given_back_read_as_zeros(void **state)
{
    struct file_disk_config c = usual();
    struct file_disk d;
    struct stat before, after;

    (void)state;
    make_file(MIB);
    opened(&d, &c);
    assert_non_null(d.block.write_zeroes);
    for (int fallback = 0; fallback < 2; fallback++) {
        if (fallback)
            d.can_punch = d.can_zero = false;
        check_zeros(&d.block, d.block.write_zeroes, 8, 256);
        check_zeros(&d.block, d.block.write_zeroes, 3, 7);
        check_zeros(&d.block, d.block.write_zeroes, 0, 2048);
        if (!d.block.unmap)
            continue;
        check_zeros(&d.block, d.block.unmap, 8, 256);
        check_zeros(&d.block, d.block.unmap, 3, 7);
        check_zeros(&d.block, d.block.unmap, 2047, 1);
        if (fallback)
            continue;
        fstat(d.fd, &before);
        check_zeros(&d.block, d.block.unmap, 0, 2048);
        fstat(d.fd, &after);
        assert_true(after.st_blocks < before.st_blocks);
        assert_int_equal(MIB, after.st_size);
    }
    assert_true(file_disk_close(&d));
}

/* Of a sparse file, the runs cover every block once, and what was written is in use. */
static void runs_of_holes_and_data(void **state)
{
    static uint8_t data[65536];
    struct file_disk_config c = usual();
    uint32_t n_holes = 0, n_used = 0;
    struct file_disk d;

    (void)state;
    make_file(MIB);
    opened(&d, &c);
    if (!d.block.extent) {
        assert_true(file_disk_close(&d));
        skip();
    }
    fill(data, sizeof data, 1);
    assert_int_equal(THIMBLE_OK, d.block.write(&d.block, 512, 128, data, NULL));
    for (uint64_t lba = 0; lba < 2048;) {
        bool mapped = false;
        uint32_t n = d.block.extent(&d.block, lba, (uint32_t)(2048 - lba), &mapped);
        assert_in_range(n, 1, 2048 - lba);
        if (lba < 640 && lba + n > 512)
            assert_true(mapped);
        n_holes += mapped ? 0 : n;
        n_used += mapped ? n : 0;
        lba += n;
    }
    assert_int_equal(2048, n_holes + n_used);
    assert_in_range(n_used, 128, 2048);

    /* No answer is longer than was asked for. */
    for (uint64_t lba = 500; lba < 660; lba++) {
        bool mapped = false;
        assert_int_equal(1, d.block.extent(&d.block, lba, 1, &mapped));
        if (lba >= 512 && lba < 640)
            assert_true(mapped);
    }
    assert_true(file_disk_close(&d));
}

static void files_are_made_on_demand(void **state)
{
    struct file_disk_config c = usual();
    struct file_disk d;
    struct stat st;

    (void)state;
    unlink(path);
    refused(&c, "--create");
    c.create_bytes = UINT64_C(1) << 32;
    opened(&d, &c);
    assert_int_equal((UINT64_C(1) << 32) / 512, d.block.size_blocks);
    assert_true(file_disk_close(&d));
    assert_int_equal(0, stat(path, &st));
    assert_int_equal(0600, st.st_mode & 0777);
    assert_true(st.st_blocks < 1000);

    /* A file that is there stays as it is. */
    make_file(MIB);
    opened(&d, &c);
    assert_int_equal(2048, d.block.size_blocks);
    assert_true(file_disk_close(&d));
    unlink(path);
    c.read_only = true;
    refused(&c, "no such file");
}

static void sizes_that_do_not_fit_are_refused(void **state)
{
    struct file_disk_config c = usual();
    struct file_disk d;

    (void)state;
    make_file(MIB + 100);
    refused(&c, "1049088");
    make_file(0);
    refused(&c, "not even one block");
    make_file(511);
    refused(&c, "not even one block");
    make_file(512 * 3);
    c.block_bytes = 4096;
    refused(&c, "not even one block");
    c.block_bytes = 512;
    opened(&d, &c);
    assert_int_equal(3, d.block.size_blocks);
    assert_true(file_disk_close(&d));
}

static void what_is_no_disk_is_refused(void **state)
{
    struct file_disk_config c = usual();

    (void)state;
    c.path = folder;
    refused(&c, "directory");
    c.path = "/dev/null";
    refused(&c, "character device");
    c.path = "/nonexistent/disk.img";
    c.create_bytes = MIB;
    refused(&c, "cannot be created");
}

static void a_second_server_is_kept_off(void **state)
{
    struct file_disk_config c = usual(), reader = usual();
    struct file_disk d, second;

    (void)state;
    reader.read_only = true;
    make_file(MIB);
    opened(&d, &c);
    refused(&c, "already being served");
    refused(&reader, "already being served");
    assert_true(file_disk_close(&d));

    /* Readers may be many, but no writer beside them. */
    opened(&d, &reader);
    opened(&second, &reader);
    refused(&c, "already being served");
    assert_true(file_disk_close(&second));
    assert_true(file_disk_close(&d));
    opened(&d, &c);
    assert_true(file_disk_close(&d));
}

static void read_only_offers_no_way_to_write(void **state)
{
    struct file_disk_config c = usual();
    struct file_disk d;

    (void)state;
    make_file(MIB);
    assert_int_equal(0, chmod(path, 0400));
    c.read_only = true;
    opened(&d, &c);
    assert_null(d.block.write);
    assert_null(d.block.unmap);
    assert_null(d.block.write_zeroes);
    assert_true(file_disk_close(&d));
    if (geteuid() != 0) {
        c.read_only = false;
        refused(&c, "--read-only");
    }
    assert_int_equal(0, chmod(path, 0600));
}

static void failures_have_names(void **state)
{
    static uint8_t data[4096];
    struct file_disk_config c = usual();
    struct file_disk d;
    struct rlimit old, small;

    (void)state;
    make_file(MIB);
    opened(&d, &c);

    /* The file has become shorter behind our back. */
    assert_int_equal(0, ftruncate(d.fd, MIB / 2));
    assert_int_equal(THIMBLE_ERR_IO, d.block.read(&d.block, 2040, 8, data, NULL));
    assert_int_equal(THIMBLE_ERR_IO, d.block.read(&d.block, 1020, 8, data, NULL));
    assert_int_equal(THIMBLE_OK, d.block.read(&d.block, 1016, 8, data, NULL));

    /* No room, as a limit of the process has it. */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &old));
    small = old;
    small.rlim_cur = MIB / 4;
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &small));
    assert_int_equal(THIMBLE_ERR_NO_SPACE, d.block.write(&d.block, 1000, 8, data, NULL));
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &old));

    int fd = d.fd;
    d.fd = -1;
    assert_int_equal(THIMBLE_ERR_HARDWARE, d.block.read(&d.block, 0, 8, data, NULL));
    assert_int_equal(THIMBLE_ERR_HARDWARE, d.block.write(&d.block, 0, 8, data, NULL));
    assert_int_equal(THIMBLE_ERR_HARDWARE, d.block.flush(&d.block, NULL));
    d.fd = fd;

    /* What a flush could not write, the system has perhaps forgotten: the next one must not say that it is there. */
    assert_int_equal(THIMBLE_ERR_HARDWARE, d.block.flush(&d.block, NULL));
    assert_false(file_disk_close(&d));
}

static void memory_is_a_disk_too(void **state)
{
    struct memory_disk d;

    (void)state;
    assert_int_equal(0, memory_disk_open(&d, "ram:1M", MIB, 512, message));
    assert_int_equal(2048, d.ram.block.size_blocks);
    if (d.ram.block.unmap) {
        check_zeros(&d.ram.block, d.ram.block.unmap, 8, 256);
        check_zeros(&d.ram.block, d.ram.block.unmap, 3, 7);
        check_zeros(&d.ram.block, d.ram.block.unmap, 7, 9);
        check_zeros(&d.ram.block, d.ram.block.unmap, 0, 2048);
    }
    memory_disk_close(&d);
    assert_int_equal(-1, memory_disk_open(&d, "ram:1000", 1000, 512, message));
    assert_non_null(strstr(message, "ram:1000: "));
    assert_int_equal(-1, memory_disk_open(&d, "ram:0", 0, 512, message));
}

static void looks(struct file_disk *d, enum file_disk_news news, const char *said)
{
    enum file_disk_news seen = file_disk_look(d, message);

    if (seen != news || !strstr(message, said) || (!said[0] && message[0]))
        fail_msg("news %d, not %d: %s", (int)seen, (int)news, message);
}

static void another_length_is_noticed(void **state)
{
    struct file_disk_config c = usual();
    struct file_disk d;

    (void)state;
    make_file(MIB);
    opened(&d, &c);
    looks(&d, FILE_DISK_SAME, "");
    assert_int_equal(0, truncate(path, 2 * MIB + 100));
    looks(&d, FILE_DISK_RESIZED, "");
    assert_int_equal(4096, d.block.size_blocks);        /* whole blocks */
    looks(&d, FILE_DISK_SAME, "");
    assert_int_equal(0, truncate(path, MIB / 2));
    looks(&d, FILE_DISK_RESIZED, "");
    assert_int_equal(1024, d.block.size_blocks);
    assert_int_equal(0, truncate(path, 0));
    looks(&d, FILE_DISK_RESIZED, "");
    assert_int_equal(1, d.block.size_blocks);
    uint8_t block[512];
    assert_int_equal(THIMBLE_ERR_IO, d.block.read(&d.block, 0, 1, block, NULL));

    unlink(path);                                       /* a fixed disk keeps what it has */
    looks(&d, FILE_DISK_SAME, "");
    assert_int_equal(THIMBLE_OK, d.block.ready(&d.block));
    assert_true(file_disk_close(&d));
}

static void a_medium_goes_and_comes(void **state)
{
    struct file_disk_config c = usual();
    struct file_disk d;
    uint8_t block[512] = { 0 };
    char serial[33];

    (void)state;
    make_file(MIB);
    c.removable = true;
    c.create_bytes = MIB;                               /* but never in place of one that was taken out */
    opened(&d, &c);
    assert_true(d.block.removable);
    strcpy(serial, d.block.serial);
    looks(&d, FILE_DISK_SAME, "");

    unlink(path);
    looks(&d, FILE_DISK_GONE, "");
    assert_int_equal(THIMBLE_ERR_NO_MEDIUM, d.block.ready(&d.block));
    assert_int_not_equal(THIMBLE_OK, d.block.read(&d.block, 0, 1, block, NULL));
    assert_int_equal(2048, d.block.size_blocks);
    looks(&d, FILE_DISK_SAME, "");

    make_file(1000);                                    /* not a medium: why is said */
    looks(&d, FILE_DISK_SAME, "not a multiple of the block size");
    assert_int_equal(THIMBLE_ERR_NO_MEDIUM, d.block.ready(&d.block));
    unlink(path);
    make_file(2 * MIB);
    looks(&d, FILE_DISK_CAME, "");
    assert_int_equal(THIMBLE_OK, d.block.ready(&d.block));
    assert_int_equal(4096, d.block.size_blocks);
    assert_string_equal(serial, d.block.serial);
    assert_ptr_equal(d.serial, d.block.serial);

    /* Another file in its place, which the first must not be written to any more. */
    char aside[80];
    snprintf(aside, sizeof aside, "%s.old", path);
    assert_int_equal(0, rename(path, aside));
    make_file(MIB);
    d.block.serial = "given";
    looks(&d, FILE_DISK_CAME, "");
    assert_string_equal("given", d.block.serial);
    assert_int_equal(THIMBLE_OK, d.block.write(&d.block, 0, 1, memset(block, 7, 512), NULL));
    int fd = open(aside, O_RDONLY);
    assert_int_equal(512, read(fd, block, 512));
    assert_int_equal(0, block[0]);
    close(fd);
    unlink(aside);

    unlink(path);
    looks(&d, FILE_DISK_GONE, "");
    assert_true(file_disk_close(&d));                   /* without a medium */
}

static void what_is_told_about_blocks(void **state)
{
    static const struct { uint32_t logical, physical; uint8_t shift; } cases[] = {
        { 512, 0, 3 }, { 512, 512, 0 }, { 512, 4096, 3 }, { 512, 65536, 7 },
        { 4096, 0, 0 }, { 4096, 512, 0 }, { 4096, 8192, 1 }, { 2048, 2048, 0 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct file_disk_config c = usual();
        struct file_disk d;
        make_file(MIB);
        c.block_bytes = cases[i].logical;
        c.physical_bytes = cases[i].physical;
        opened(&d, &c);
        assert_int_equal(cases[i].logical, 1u << d.block.block_shift);
        assert_int_equal(cases[i].shift, d.block.physical_shift);
        assert_true(file_disk_close(&d));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_and_stays),
        cmocka_unit_test(big_blocks),
        cmocka_unit_test(blocks_that_were_given_back_read_as_zeros),
        cmocka_unit_test(runs_of_holes_and_data),
        cmocka_unit_test(files_are_made_on_demand),
        cmocka_unit_test(sizes_that_do_not_fit_are_refused),
        cmocka_unit_test(what_is_no_disk_is_refused),
        cmocka_unit_test(a_second_server_is_kept_off),
        cmocka_unit_test(read_only_offers_no_way_to_write),
        cmocka_unit_test(failures_have_names),
        cmocka_unit_test(memory_is_a_disk_too),
        cmocka_unit_test(another_length_is_noticed),
        cmocka_unit_test(a_medium_goes_and_comes),
        cmocka_unit_test(what_is_told_about_blocks),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
