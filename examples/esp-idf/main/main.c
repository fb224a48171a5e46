/* SPDX-License-Identifier: MIT
 *
 * main.c: serves the SD card, and what its thimble.ini says.
 */
#include <thimble_board.h>

void app_main(void)
{
    struct thimble_board_config config = { 0 };
    thimble_board_begin(&config);

    struct thimble_lun_config lun = { .block = thimble_board_card() };
    thimble_board_lun_add(0, &lun);

    for (;;)
        thimble_board_run();
}
