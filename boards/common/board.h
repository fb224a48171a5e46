/* SPDX-License-Identifier: MIT
 *
 * board.h: what a board gives to the firmware in boards/common/, and the only thing that the
 * firmware knows about it.  One board is linked, so these are plain functions.
 *
 * A board writes board_start .. board_disk in its board.c (the entry code and the linker
 * script beside it), names its drivers in board.cmake, and its sizes in board_config.h.  The
 * network controller's functions are in drivers/nic.h.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "board_config.h"

struct thimble_block;

/* Clocks, timer, serial line, LEDs, watchdog.  Called once, before anything else. */
void board_start(void);

/* Milliseconds since the start; wraps after 49 days. */
uint32_t board_ms(void);

/* The fastest counter there is; feeds the random numbers.  Wraps. */
uint32_t board_ticks(void);

/* One character to the serial line; waits for room. */
void board_putc(char c);

/* Sleeps until a frame comes, max_ms have passed, or something else wakes the processor; it may
 * return early.  Returns at once if nic_waiting(): a frame that arrives between the last look
 * and the sleep must not be slept over. */
void board_sleep(uint32_t max_ms);

enum board_led { BOARD_LED_READ, BOARD_LED_WRITE, BOARD_LED_ERROR };
void board_led(enum board_led led, bool on);

/* Tells the watchdog that the main loop is alive.  It restarts the board after 10 s without. */
void board_watchdog_feed(void);

/* Starts again from the reset vector.  Does not return. */
_Noreturn void board_restart(void);

/* The card.  The disk is there from the first call on, whether there is a card or not; its
 * `ready` tells.  NULL: the board has no slot. */
struct thimble_block *board_disk(void);

/* Every now and then, from the main loop: notices that a card was taken out or put in.  True:
 * the disk changed since the last call. */
bool board_disk_poll(void);

/* The card's clock from now on: at most hz.  A board with another kind of disk does nothing. */
void board_disk_speed(uint32_t hz);

/* Bytes of stack, and the most that was ever used.  The start-up code paints the stack. */
uint32_t board_stack_bytes(void);
uint32_t board_stack_used(void);

#endif
