/* SPDX-License-Identifier: MIT
 *
 * leak.h: what an engine still holds.  For scenarios and fuzz targets.
 */
#ifndef LEAK_H
#define LEAK_H

#include "thimble.h"

/* After all connections were closed and all disk calls answered, an engine is as it was after
 * thimble_init().  NULL: it is; else what is not. */
const char *leak_after_close(const struct thimble *e);

/* While it runs: each list and each counter agrees with what it counts.  NULL, or what does
 * not. */
const char *leak_while_running(const struct thimble *e);

#endif
