/* SPDX-License-Identifier: MIT
 *
 * app.h: what main.c runs: the target (target.c), or a self-test in its place.
 */
#ifndef APP_H
#define APP_H

#include <stdint.h>

/* Called once, when the network is there. */
void app_start(void);

/* Called after each look at the network.  Returns the time in ms for which there is nothing
 * to do unless a frame comes; 0: call again at once. */
uint32_t app_poll(void);

#endif
