/* SPDX-License-Identifier: MIT
 *
 * test_serial.c: serial numbers of cards and of parts of them, and what Linux tells of block devices.
 */
#define _GNU_SOURCE

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/sysfs.h"
#include "src/block/serial.h"

static const uint8_t cid[16] = { 0x03, 'S', 'D', 'S', 'U', '0', '4', 'G', 0x80, 0x12, 0x34, 0xab, 0xcd, 0x01, 0x5a, 0x77 };
#define CID_TEXT "035344535530344780" "1234abcd" "015a77"

static void a_card(void **state)
{
    char text[THIMBLE_CARD_SERIAL_BYTES], other[THIMBLE_CARD_SERIAL_BYTES];
    uint8_t changed[16];
    (void)state;

    thimble_card_serial(text, cid);
    assert_string_equal(text, "03SDSU04G801234ABCD15A");
    for (unsigned bit = 0; bit < 8 * 15; bit++) {       /* each bit but those of names that cannot be printed */
        memcpy(changed, cid, sizeof cid);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        thimble_card_serial(other, changed);
        bool reserved = bit / 8 == 13 && bit % 8 >= 4;
        assert_int_equal(strcmp(text, other) == 0, reserved);
    }
    memcpy(changed, cid, sizeof cid);
    changed[15] = 0;                                    /* a check sum that a driver does not have */
    thimble_card_serial(other, changed);
    assert_string_equal(text, other);
    changed[3] = ' ';
    changed[4] = 0xff;
    thimble_card_serial(other, changed);
    assert_string_equal(other, "03SD__04G801234ABCD15A");
}

static void a_part(void **state)
{
    static const char *const names[] = { "partition 1", "partition 2", "partition 12", "a.img", "b.img", "d/a.img", "" };
    enum { N = sizeof names / sizeof names[0] };
    char text[N][THIMBLE_PART_SERIAL_BYTES], other[THIMBLE_PART_SERIAL_BYTES];
    (void)state;

    for (unsigned i = 0; i < N; i++) {
        thimble_part_serial(text[i], "03SDSU04G801234ABCD15A", names[i]);
        assert_int_equal(strlen(text[i]), 22 + 9);
        assert_memory_equal(text[i], "03SDSU04G801234ABCD15A-", 23);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(text[i], text[k]);
    }
    thimble_part_serial(other, "03SDSU04G801234ABCD15A", "A.Img");      /* one file on a FAT volume */
    assert_string_equal(other, text[3]);
    thimble_part_serial(other, "13SDSU04G801234ABCD15A", "a.img");
    assert_string_not_equal(other, text[3]);
    thimble_part_serial(other, "0123456789012345678901234567890", "a.img");
    assert_int_equal(strlen(other), 32);
    assert_memory_equal(other, "89012345678901234567890-", 24);
    thimble_part_serial(other, "", "a.img");
    assert_int_equal(strlen(other), 9);
}

/* --------------------------------------------------------------------------------------
 * A folder like /sys
 */
static char root[64];

static int make_root(void **state)
{
    (void)state;
    strcpy(root, "/tmp/thimble-sysfs-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int forget_root(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", root);
    return system(command);
}

/* ROOT/PATH with its folders. */
static const char *at(const char *path)
{
    static char whole[256];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    for (char *c = whole + strlen(root) + 1; (c = strchr(c, '/')); c++) {
        *c = '\0';
        mkdir(whole, 0700);
        *c = '/';
    }
    return whole;
}

static void put(const char *path, const char *text)
{
    int fd = open(at(path), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* ROOT/dev/block/NUMBER: the device that lies in ROOT/PATH. */
static void device(const char *number, const char *path)
{
    char to[256], from[64];
    snprintf(to, sizeof to, "../../%s", path);
    snprintf(from, sizeof from, "dev/block/%s", number);
    assert_int_equal(symlink(to, at(from)), 0);
}

static void expect_serial(unsigned major, unsigned minor, const char *expected)
{
    char serial[SYSFS_SERIAL_BYTES];
    assert_true(sysfs_serial(root, major, minor, serial));
    assert_string_equal(serial, expected);
}

static void a_card_in_a_host(void **state)
{
    char serial[SYSFS_SERIAL_BYTES], of_board[THIMBLE_PART_SERIAL_BYTES];
    (void)state;

    put("devices/mmc0/block/mmcblk0/device/type", "SD\n");
    put("devices/mmc0/block/mmcblk0/device/cid", CID_TEXT "\n");
    put("devices/mmc0/block/mmcblk0/mmcblk0p2/partition", "2\n");
    device("179:0", "devices/mmc0/block/mmcblk0");
    device("179:2", "devices/mmc0/block/mmcblk0/mmcblk0p2");
    expect_serial(179, 0, "03SDSU04G801234ABCD15A");
    thimble_part_serial(of_board, "03SDSU04G801234ABCD15A", "partition 2");
    expect_serial(179, 2, of_board);

    put("devices/mmc0/block/mmcblk0/device/cid", CID_TEXT "0\n");
    assert_false(sysfs_serial(root, 179, 0, serial));
    put("devices/mmc0/block/mmcblk0/device/cid", "x" CID_TEXT);
    assert_false(sysfs_serial(root, 179, 0, serial));
    put("devices/mmc0/block/mmcblk0/device/cid", "\n");
    assert_false(sysfs_serial(root, 179, 0, serial));
}

static void an_emmc(void **state)
{
    char serial[SYSFS_SERIAL_BYTES];
    (void)state;

    put("devices/mmc1/block/mmcblk1/device/type", "MMC\n");
    put("devices/mmc1/block/mmcblk1/device/cid", "150100424a544434520700a1b2c3d4e5\n");
    put("devices/mmc1/block/mmcblk1/mmcblk1boot0/device/type", "MMC\n");
    put("devices/mmc1/block/mmcblk1/mmcblk1boot0/device/cid", "150100424a544434520700a1b2c3d4e5\n");
    device("179:8", "devices/mmc1/block/mmcblk1");
    device("179:16", "devices/mmc1/block/mmcblk1/mmcblk1boot0");
    expect_serial(179, 8, "150100424a544434520700a1b2c3d4");
    assert_true(sysfs_serial(root, 179, 16, serial));   /* another medium of the same chip */
    assert_memory_equal(serial, "24a544434520700a1b2c3d4-", 24);
    assert_string_not_equal(serial, "150100424a544434520700a1b2c3d4");
}

static void others(void **state)
{
    static const char *const places[] = { "wwid", "device/wwid", "dm/uuid", "md/uuid", "serial", "device/serial" };
    enum { N = sizeof places / sizeof places[0] };
    char serial[N][SYSFS_SERIAL_BYTES], part[SYSFS_SERIAL_BYTES], path[96], number[16];
    (void)state;

    for (unsigned i = 0; i < N; i++) {
        snprintf(path, sizeof path, "devices/d%u/%s", i, places[i]);
        snprintf(number, sizeof number, "8:%u", i);
        put(path, i == 0 ? "  t10.ATA     DISK   X  \n" : path);
        snprintf(path, sizeof path, "devices/d%u", i);
        device(number, path);
        assert_true(sysfs_serial(root, 8, i, serial[i]));
        assert_int_equal(strlen(serial[i]), 16);
        assert_true(sysfs_serial(root, 8, i, part));
        assert_string_equal(part, serial[i]);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(serial[i], serial[k]);
    }
    put("devices/d0/d01/partition", "1\n");
    device("8:100", "devices/d0/d01");
    assert_true(sysfs_serial(root, 8, 100, part));
    assert_string_not_equal(part, serial[0]);
    put("devices/d6/wwid", "t10.ATA     DISK   X");             /* the same one in another slot */
    device("9:0", "devices/d6");
    expect_serial(9, 0, serial[0]);

    put("devices/d7/size", "8\n");
    device("7:0", "devices/d7");
    assert_false(sysfs_serial(root, 7, 0, part));
    assert_false(sysfs_serial(root, 1, 2, part));
}

/* --------------------------------------------------------------------------------------
 * Health
 */
static void expect_health(unsigned minor, bool known, unsigned temperature_c, unsigned used_percent, bool failing)
{
    struct thimble_health h;

    assert_int_equal(sysfs_health(root, 179, minor, &h), known);
    assert_int_equal(h.temperature_c, temperature_c);
    assert_int_equal(h.used_percent, used_percent);
    assert_int_equal(h.failing, failing);
    assert_false(h.counted);
}

static void an_emmc_that_wears(void **state)
{
    static const struct { const char *life, *pre_eol; bool known; unsigned used; bool failing; } cases[] = {
        { "0x01 0x02\n", "0x01\n", true, 20, false }, { "0x0a 0x01\n", "0x02\n", true, 100, false },
        { "0x0b 0x0b\n", "0x03\n", true, 110, true }, { "0x00 0x00\n", "0x00\n", false, 255, false },
        { "0x00 0x00\n", "0x01\n", true, 255, false }, { "0x0c 0x01\n", "0x04\n", false, 255, false },
        { "", "", false, 255, false }, { "what\n", "0x03\n", true, 255, true },
    };
    (void)state;

    put("devices/m/mmcblk1/mmcblk1p1/partition", "1\n");
    device("179:0", "devices/m/mmcblk1");
    device("179:1", "devices/m/mmcblk1/mmcblk1p1");
    expect_health(0, false, 255, 255, false);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put("devices/m/mmcblk1/device/life_time", cases[i].life);
        put("devices/m/mmcblk1/device/pre_eol_info", cases[i].pre_eol);
        expect_health(0, cases[i].known, 255, cases[i].used, cases[i].failing);
        expect_health(1, cases[i].known, 255, cases[i].used, cases[i].failing);
    }
}

static void a_disk_with_a_temperature(void **state)
{
    (void)state;
    put("devices/s/device/hwmon/hwmon3/temp1_input", "31850\n");        /* drivetemp */
    device("179:0", "devices/s");
    put("devices/n/device/hwmon0/temp1_input", "42000\n");              /* NVMe */
    device("179:1", "devices/n");
    expect_health(0, true, 31, 255, false);
    expect_health(1, true, 42, 255, false);
    put("devices/n/device/hwmon0/temp1_input", "-5000\n");              /* cannot be told */
    expect_health(1, false, 255, 255, false);
    put("devices/n/device/hwmon0/temp1_input", "255000\n");
    expect_health(1, false, 255, 255, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card),
        cmocka_unit_test(a_part),
        cmocka_unit_test_setup_teardown(a_card_in_a_host, make_root, forget_root),
        cmocka_unit_test_setup_teardown(an_emmc, make_root, forget_root),
        cmocka_unit_test_setup_teardown(others, make_root, forget_root),
        cmocka_unit_test_setup_teardown(an_emmc_that_wears, make_root, forget_root),
        cmocka_unit_test_setup_teardown(a_disk_with_a_temperature, make_root, forget_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
