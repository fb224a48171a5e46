/* SPDX-License-Identifier: MIT
 *
 * serial.c: the serial line as stdout, for whoever prints: the network, the self-test, faults.
 */
#include <stdio.h>

#include "board.h"

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
