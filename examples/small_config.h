/* SPDX-License-Identifier: MIT
 *
 * small_config.h: Thimble's compile-time options (src/thimble_config.h) for a machine with
 * 64 KiB of RAM, given to the compiler with -DTHIMBLE_CONFIG_FILE='"small_config.h"'.
 */
#ifndef SMALL_CONFIG_H
#define SMALL_CONFIG_H

/* [guide: options] */
#define THIMBLE_LUNS_MAX            1       /* one disk a target */
#define THIMBLE_TX_SLOTS            1       /* the transport copies headers */
#define THIMBLE_TEXT_ANSWER_MAX     1024    /* one target, one portal: short answers */
#define THIMBLE_CHAP_CHALLENGE_MAX  256     /* longest challenge of an initiator */
/* [end] */

#endif
