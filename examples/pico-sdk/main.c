/* SPDX-License-Identifier: MIT
 *
 * main.c: the whole SD card as a disk, with pico-sdk.  Everything that is on it can be overwritten by whoever logs
 * in.
 */
#include <thimble_board.h>

int main(void)
{
    static const struct thimble_board_config config = { .host_name = "thimble" };
    thimble_board_begin(&config);

    struct thimble_lun_config lun = { .block = thimble_board_card() };
    thimble_board_lun_add(0, &lun);

    for (;;)
        thimble_board_run();
}
