/* SPDX-License-Identifier: MIT
 *
 * sysfs.c: see sysfs.h.
 *
 *     ROOT/dev/block/MAJOR:MINOR          the device; of a partition, "partition" has its number,
 *                                         and the folder above is the whole
 *     .../wwid, device/wwid               NVMe; SCSI and SATA
 *     .../dm/uuid, md/uuid                LVM and LUKS; RAID
 *     .../serial, device/serial           virtio; others
 *     .../device/type, device/cid         "SD" or "MMC"
 *     .../device/life_time, pre_eol_info  of an eMMC (JEDEC JESD84-B51, 7.4): of two kinds of memory
 *     .../device/hwmonN or hwmon/hwmonN   temp1_input, in thousandths of a degree
 */
#define _GNU_SOURCE
#include "sysfs.h"

#include <ctype.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/block/serial.h"
#include "crypto.h"

/* Long enough for a path below `root`, which is short. */
enum { FOLDER_MAX = 200, TEXT_MAX = 300 };

struct device {
    char folder[FOLDER_MAX];            /* of the whole */
    char part[32];                      /* what part of it; "": all */
};

/* The first line of a file, without spaces at its ends.  False: it is not there, or empty. */
static bool read_line(const char *folder, const char *name, char text[TEXT_MAX])
{
    char path[2 * FOLDER_MAX];

    snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", name);
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    bool any = fgets(text, TEXT_MAX, f) != NULL;
    fclose(f);
    if (!any)
        return false;
    size_t n = strlen(text), skip = strspn(text, " \t");
    while (n > skip && isspace((unsigned char)text[n - 1]))
        n--;
    memmove(text, text + skip, n - skip);
    text[n - skip] = '\0';
    return n > skip;
}

static void find(struct device *d, const char *root, unsigned major, unsigned minor)
{
    char number[TEXT_MAX];

    *d = (struct device){ .part = "" };
    snprintf(d->folder, sizeof d->folder, "%s/dev/block/%u:%u", root, major, minor);
    if (!read_line(d->folder, "partition", number))
        return;
    snprintf(d->part, sizeof d->part, "partition %.8s", number);
    snprintf(d->folder, sizeof d->folder, "%s/dev/block/%u:%u/..", root, major, minor);
}

/* An eMMC has areas that are devices beside its own, of the same CID: mmcblk0boot0. */
static void find_area(struct device *d)
{
    char *real = realpath(d->folder, NULL);
    const char *area = real ? strrchr(real, '/') + 1 : "";

    area += strcspn(area, "0123456789");
    area += strspn(area, "0123456789");
    if (*area && !*d->part)
        snprintf(d->part, sizeof d->part, "%.30s", area);
    free(real);
}

static bool hex_bytes(const char *text, uint8_t *bytes, size_t n)
{
    if (strlen(text) != 2 * n || strspn(text, "0123456789abcdefABCDEF") != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char two[3] = { text[2 * i], text[2 * i + 1], '\0' };
        bytes[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return true;
}

/* The check sum at the end of the CID is not part of it.  The fields of an eMMC's are others, so all of it is shown. */
static bool card_serial(struct device *d, char serial[SYSFS_SERIAL_BYTES])
{
    char type[TEXT_MAX], cid[TEXT_MAX], whole[SYSFS_SERIAL_BYTES];
    uint8_t bytes[16];

    if (!read_line(d->folder, "device/type", type) || !read_line(d->folder, "device/cid", cid) ||
        !hex_bytes(cid, bytes, sizeof bytes))
        return false;
    if (strcmp(type, "SD") == 0)
        thimble_card_serial(whole, bytes);
    else if (strcmp(type, "MMC") == 0)
        snprintf(whole, sizeof whole, "%.30s", cid);
    else
        return false;
    find_area(d);
    if (*d->part)
        thimble_part_serial(serial, whole, d->part);
    else
        snprintf(serial, SYSFS_SERIAL_BYTES, "%s", whole);
    return true;
}

static bool named_serial(const struct device *d, char serial[SYSFS_SERIAL_BYTES])
{
    static const char *const names[] = { "wwid", "device/wwid", "dm/uuid", "md/uuid", "serial", "device/serial" };
    char text[TEXT_MAX];
    uint8_t digest[32];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!read_line(d->folder, names[i], text))
            continue;
        struct thimble_span parts[] = { { text, strlen(text) + 1 }, { d->part, strlen(d->part) } };
        host_crypto.hash(NULL, THIMBLE_HASH_SHA256, parts, 2, digest);
        for (unsigned k = 0; k < 8; k++)
            snprintf(serial + 2 * k, 3, "%02x", digest[k]);
        return true;
    }
    return false;
}

bool sysfs_serial(const char *root, unsigned major, unsigned minor, char serial[SYSFS_SERIAL_BYTES])
{
    struct device d;

    find(&d, root, major, minor);
    return card_serial(&d, serial) || named_serial(&d, serial);
}

/* --------------------------------------------------------------------------------------
 * Health
 */
enum { LIFE_UNKNOWN = 0, LIFE_OVER = 0x0b, PRE_EOL_URGENT = 3 };

static bool emmc_health(const struct device *d, struct thimble_health *h)
{
    char text[TEXT_MAX], *end;
    bool known = false;

    if (read_line(d->folder, "device/life_time", text)) {
        unsigned long a = strtoul(text, &end, 16), b = strtoul(end, NULL, 16), worst = a > b ? a : b;
        if (worst != LIFE_UNKNOWN && worst <= LIFE_OVER) {
            h->used_percent = (uint8_t)(10 * worst);
            known = true;
        }
    }
    if (read_line(d->folder, "device/pre_eol_info", text)) {
        unsigned long state = strtoul(text, NULL, 16);
        h->failing = state == PRE_EOL_URGENT;
        known = known || (state > 0 && state <= PRE_EOL_URGENT);
    }
    return known;
}

static bool temperature(const struct device *d, struct thimble_health *h)
{
    static const char *const places[] = { "device/hwmon/hwmon*/temp1_input", "device/hwmon*/temp1_input" };
    char pattern[FOLDER_MAX + 64], text[TEXT_MAX];
    bool known = false;

    for (size_t i = 0; i < sizeof places / sizeof places[0] && !known; i++) {
        glob_t found;
        snprintf(pattern, sizeof pattern, "%s/%s", d->folder, places[i]);
        if (glob(pattern, 0, NULL, &found) != 0)
            continue;
        if (read_line("", found.gl_pathv[0], text)) {
            long degrees = strtol(text, NULL, 10) / 1000;
            known = degrees >= 0 && degrees < THIMBLE_HEALTH_UNKNOWN;
            if (known)
                h->temperature_c = (uint8_t)degrees;
        }
        globfree(&found);
    }
    return known;
}

bool sysfs_health(const char *root, unsigned major, unsigned minor, struct thimble_health *h)
{
    struct device d;

    *h = (struct thimble_health){ .temperature_c = THIMBLE_HEALTH_UNKNOWN, .used_percent = THIMBLE_HEALTH_UNKNOWN };
    find(&d, root, major, minor);
    bool worn = emmc_health(&d, h);
    return temperature(&d, h) || worn;
}
