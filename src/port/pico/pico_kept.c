/* SPDX-License-Identifier: MIT
 *
 * pico_kept.c: what a Pico W keeps over restarts: the network that was entered in the form of device/setup.h, and the password of
 * its own access point.  In the last sector of the flash, which is arduino-pico's EEPROM, too.
 *
 *     0   "ThW1"
 *     4   a sum over what follows (FNV-1a): a sector that was never written, or half, is nothing
 *     8   struct kept
 *
 * Layer 6.  A loss of power while it is written (50 ms) loses it: then the board is an access point again.
 */
#include "pico.h"

#if TH_BOARD_PICO && TH_BOARD_SETUP

#include <hardware/flash.h>
#include <string.h>

#include "../board/card_views.h"
#include "../board/point.h"
#include "../board/remote.h"

#define PLACE (PICO_FLASH_SIZE_BYTES - FLASH_SECTOR_SIZE)

static const char mark[4] = { 'T', 'h', 'W', '1' };

struct kept {
    struct thimble_setup setup;         /* ssid "": none */
    char point[THIMBLE_POINT_PASSWORD + 1];
};

union sector {
    struct {
        char     mark[4];
        uint32_t sum;
        struct kept kept;
    } s;
    uint8_t page[FLASH_PAGE_SIZE];
};

_Static_assert(sizeof(union sector) == FLASH_PAGE_SIZE, "one page of the flash");

static uint32_t sum_of(const struct kept *k)
{
    return th_sum(TH_SUM_START, k, sizeof *k);
}

static void wipe(void *memory, size_t bytes)
{
    for (volatile uint8_t *at = memory; bytes-- > 0; at++)
        *at = 0;
}

/* Whatever the flash has: each text ends, and can be used. */
static void read_kept(struct kept *k)
{
    union sector there;

    memcpy(&there, (const void *)(XIP_BASE + PLACE), sizeof there);
    *k = there.s.kept;
    if (memcmp(there.s.mark, mark, sizeof mark) != 0 || there.s.sum != sum_of(k))
        wipe(k, sizeof *k);
    wipe(&there, sizeof there);
    k->setup.ssid[THIMBLE_SETUP_SSID] = k->setup.password[THIMBLE_SETUP_PASSWORD] = '\0';
    k->setup.host_name[THIMBLE_SETUP_HOST_NAME] = k->point[THIMBLE_POINT_PASSWORD] = '\0';
}

/* Without interrupts: nobody may read the flash meanwhile. */
static void write_sector(void *page)
{
    flash_range_erase(PLACE, FLASH_SECTOR_SIZE);
    flash_range_program(PLACE, page, FLASH_PAGE_SIZE);
}

static bool write_kept(const struct kept *k)
{
    union sector wanted;

    memset(&wanted, 0, sizeof wanted);
    memcpy(wanted.s.mark, mark, sizeof mark);
    wanted.s.sum = sum_of(k);
    wanted.s.kept = *k;
    bool there = th_pico_with_flash(write_sector, &wanted) &&
                 memcmp((const void *)(XIP_BASE + PLACE), &wanted, sizeof wanted) == 0;
    wipe(&wanted, sizeof wanted);
    return there;
}

bool th_remote_entered(struct thimble_setup *s)
{
    struct kept k;

    read_kept(&k);
    *s = k.setup;
    wipe(&k, sizeof k);
    return s->ssid[0] != '\0' && !thimble_setup_problem(s);
}

bool th_pico_keep(const struct thimble_setup *s)
{
    struct kept k;

    read_kept(&k);
    k.setup = *s;
    bool there = write_kept(&k);
    wipe(&k, sizeof k);
    return there;
}

bool th_point_password(char password[THIMBLE_POINT_PASSWORD + 1])
{
    uint8_t random[THIMBLE_POINT_PASSWORD];
    struct kept k;

    read_kept(&k);
    bool there = strlen(k.point) == THIMBLE_POINT_PASSWORD;
    if (!there && th_board_random(random, sizeof random)) {
        thimble_point_password(k.point, random);
        there = write_kept(&k);
    }
    memcpy(password, k.point, sizeof k.point);
    wipe(&k, sizeof k);
    return there;
}

#else

/* ISO C wants something in every file. */
typedef int th_pico_kept_is_not_compiled;

#endif
