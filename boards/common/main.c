/* SPDX-License-Identifier: MIT
 *
 * main.c: the main loop of a board, and the serial line as stdout.
 */
#include <stdio.h>

#include "app.h"
#include "board.h"
#include "net.h"

static int serial_putc(char c, FILE *file)
{
    (void)file;
    if (c == '\n')
        board_putc('\r');
    board_putc(c);
    return (unsigned char)c;
}

static FILE serial = FDEV_SETUP_STREAM(serial_putc, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdout = &serial;

int main(void)
{
    board_start();
    net_start();
    app_start();

    for (;;) {
        net_poll();
        uint32_t idle_ms = app_poll();
        board_watchdog_feed();

        uint32_t timer_ms = net_sleep_ms();
        if (idle_ms > timer_ms)
            idle_ms = timer_ms;
        if (idle_ms > 0)
            board_sleep(idle_ms);
    }
}
