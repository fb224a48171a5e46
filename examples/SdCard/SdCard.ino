// SPDX-License-Identifier: MIT
//
// SdCard: the whole SD card as a disk.  Everything that is on it can be overwritten by whoever logs in.
#include <thimble_board.h>

#ifdef ARDUINO_TEENSY41
#include <QNEthernet.h>                 // AGPL-3.0: so is then what you flash
#include <SdFat.h>
#endif

void setup()
{
    struct thimble_board_config config = {};
    // A board with WiFi: config.ssid and config.password, or [wifi] of thimble.ini on the card.
    thimble_board_begin(&config);

    struct thimble_lun_config lun = {};
    lun.block = thimble_board_card();
    thimble_board_lun_add(0, &lun);
}

void loop()
{
    thimble_board_run();
}
