/* SPDX-License-Identifier: MIT
 *
 * main.c: the SD card as a disk, with pico-sdk: what the card's thimble.ini says; without one its file thimble.img, or else
 * all of it, which can then be overwritten by whoever logs in.
 */
#include <thimble_board.h>

#ifndef WIFI_SSID                       /* for a card without thimble.ini: cmake -DWIFI_SSID=... -DWIFI_PASSWORD=... */
#define WIFI_SSID NULL
#define WIFI_PASSWORD NULL
#endif

int main(void)
{
    static const struct thimble_board_config config = { .ssid = WIFI_SSID, .password = WIFI_PASSWORD };
    thimble_board_begin(&config);
    for (;;)
        thimble_board_run();
}
