// SPDX-License-Identifier: MIT
//
// SdImageFile: a file on the SD card as a disk; the rest of the card is out of reach.  Copy an image to a freshly
// formatted card (FAT32 or exFAT), as disk.img.
#include <thimble_board.h>

#ifdef ARDUINO_TEENSY41
#include <QNEthernet.h>                 // AGPL-3.0: so is then what you flash
#include <SdFat.h>
#endif

void setup()
{
    struct thimble_board_config config = {};
    thimble_board_begin(&config);

    struct thimble_lun_config lun = {};
    lun.block = thimble_board_image("disk.img");
    thimble_board_lun_add(0, &lun);
}

void loop()
{
    thimble_board_run();
}
