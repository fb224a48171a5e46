// SPDX-License-Identifier: MIT
//
// RamDisk: 64 KiB of memory as a disk, for a first connection: no card is needed.  What is written
// is gone when the power is.
#include <string.h>
#include <thimble_board.h>

#ifdef ARDUINO_TEENSY41
#include <QNEthernet.h>                 // AGPL-3.0: so is then what you flash
#endif

#ifndef DMAMEM                          // where a Teensy has room; it is not cleared there
#define DMAMEM
#endif
DMAMEM static uint8_t memory[64 * 1024];
static struct thimble_ram_disk disk;

void setup()
{
    struct thimble_board_config config = {};
    // A board with WiFi: config.ssid and config.password, or [wifi] of thimble.ini on the card.
    thimble_board_begin(&config);

    memset(memory, 0, sizeof memory);
    thimble_ram_disk_init(&disk, memory, sizeof memory / 512, 9);
    struct thimble_lun_config lun = {};
    lun.block = &disk.block;
    thimble_board_lun_add(0, &lun);
}

void loop()
{
    thimble_board_run();
}
