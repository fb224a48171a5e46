/* SPDX-License-Identifier: MIT
 *
 * firmware_config.h: what the owner of a board may want to set where no thimble.ini does: for a card that is served
 * whole.  Define it on the compiler's command line, or in a header named by FIRMWARE_CONFIG_FILE.
 */
#ifndef FIRMWARE_CONFIG_H
#define FIRMWARE_CONFIG_H

#include "board_config.h"

#ifdef FIRMWARE_CONFIG_FILE
#include FIRMWARE_CONFIG_FILE
#endif

/* The name by which DHCP servers know the board. */
#ifndef FIRMWARE_HOSTNAME
#define FIRMWARE_HOSTNAME "thimble"
#endif

/* 0: no DHCP, the static address at once. */
#ifndef FIRMWARE_DHCP
#define FIRMWARE_DHCP 1
#endif

/* The static address, and what is taken when DHCP has not answered for 10 s. */
#ifndef FIRMWARE_STATIC_ADDRESS
#define FIRMWARE_STATIC_ADDRESS "10.0.2.15"
#define FIRMWARE_STATIC_MASK    "255.255.255.0"
#define FIRMWARE_STATIC_GATEWAY "10.0.2.2"
#endif

#ifndef FIRMWARE_PORT
#define FIRMWARE_PORT 3260
#endif

#ifndef FIRMWARE_TARGET_NAME
#define FIRMWARE_TARGET_NAME "iqn.2026-11.org.thimble:disk"
#endif

#ifndef FIRMWARE_TARGET_ALIAS
#define FIRMWARE_TARGET_ALIAS "SD card of " BOARD_NAME
#endif

/* CHAP: who may log in.  Without FIRMWARE_CHAP_NAME everybody may.  The second pair is ours,
 * for initiators that want to know whom they talk to. */
#if defined(FIRMWARE_CHAP_NAME) && !defined(FIRMWARE_CHAP_SECRET)
#error "FIRMWARE_CHAP_NAME needs FIRMWARE_CHAP_SECRET"
#endif
#if defined(FIRMWARE_CHAP_OUR_NAME) && !defined(FIRMWARE_CHAP_OUR_SECRET)
#error "FIRMWARE_CHAP_OUR_NAME needs FIRMWARE_CHAP_OUR_SECRET"
#endif

/* For tests: blocks of the card that cannot be read or written, FIRMWARE_BAD_BLOCKS of them from
 * FIRMWARE_BAD_LBA on.  0: none. */
#ifndef FIRMWARE_BAD_BLOCKS
#define FIRMWARE_BAD_BLOCKS 0
#define FIRMWARE_BAD_LBA    0
#endif

/* Memory for RAM disks and a cache (th_board_memory() in platform.h), in bytes. */
#ifndef FIRMWARE_MEMORY_BYTES
#define FIRMWARE_MEMORY_BYTES 0
#endif

#endif
