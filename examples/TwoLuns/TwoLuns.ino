// SPDX-License-Identifier: MIT
//
// TwoLuns: one target with two disks: LUN 0 in memory, LUN 1 the second partition of the SD card.
#include <thimble_board.h>

#ifdef ARDUINO_TEENSY41
#include <QNEthernet.h>                 // AGPL-3.0: so is then what you flash
#include <SdFat.h>
#endif

static uint8_t memory[32 * 1024];
static struct thimble_ram_disk ram;

static void serve(uint16_t number, struct thimble_block *disk)
{
    struct thimble_lun_config lun = {};
    lun.block = disk;
    lun.lun = number;
    thimble_board_lun_add(0, &lun);
}

void setup()
{
    struct thimble_board_config config = {};
    thimble_board_begin(&config);

    thimble_ram_disk_init(&ram, memory, sizeof memory / 512, 9);
    serve(0, &ram.block);
    serve(1, thimble_board_partition(2));
}

void loop()
{
    thimble_board_run();
}
