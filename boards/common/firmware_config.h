/* SPDX-License-Identifier: MIT
 *
 * firmware_config.h: what the owner of a board may want to set.  Define it on the compiler's
 * command line, or in a header named by FIRMWARE_CONFIG_FILE.
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

/* When DHCP has not answered for so long, in ms, the static address is taken. */
#ifndef FIRMWARE_DHCP_WAIT_MS
#define FIRMWARE_DHCP_WAIT_MS 10000
#endif

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

/* 0: the whole card; 1 and up: a partition of its MBR or GPT, counted as Linux does. */
#ifndef FIRMWARE_PARTITION
#define FIRMWARE_PARTITION 0
#endif

/* A file that is served as the disk when the card has a FAT16, FAT32 or exFAT volume with it; a
 * path with / is possible.  If the file is there but cannot be served, nothing is: an initiator
 * must never get the card in place of the file.  Without the file, it is the whole card or the
 * partition as set above.  "": do not look.  The name should be one that no initiator puts on
 * a whole card that it formats. */
#ifndef FIRMWARE_IMAGE_FILE
#if FIRMWARE_PARTITION > 0
#define FIRMWARE_IMAGE_FILE ""
#else
#define FIRMWARE_IMAGE_FILE "thimble.img"
#endif
#endif

/* Pieces in which the file may lie on the card, 16 bytes each. */
#ifndef FIRMWARE_IMAGE_RUNS
#define FIRMWARE_IMAGE_RUNS 8
#endif

/* 1: the card is served write-protected. */
#ifndef FIRMWARE_READ_ONLY
#define FIRMWARE_READ_ONLY 0
#endif

/* For tests: blocks that cannot be read or written, FIRMWARE_BAD_BLOCKS of them from
 * FIRMWARE_BAD_LBA on.  0: none. */
#ifndef FIRMWARE_BAD_BLOCKS
#define FIRMWARE_BAD_BLOCKS 0
#define FIRMWARE_BAD_LBA    0
#endif

/* A line about traffic on the serial line, at most so often, in ms. */
#ifndef FIRMWARE_STATUS_MS
#define FIRMWARE_STATUS_MS 10000
#endif

/* Sizes of the engine, see struct thimble_config.  A board with more memory sets them in its
 * board_config.h. */
#ifndef FIRMWARE_CONNECTIONS
#define FIRMWARE_CONNECTIONS 4
#endif
#ifndef FIRMWARE_SESSIONS
#define FIRMWARE_SESSIONS 2
#endif
#ifndef FIRMWARE_QUEUE_DEPTH
#define FIRMWARE_QUEUE_DEPTH 8
#endif
#ifndef FIRMWARE_BUFFERS
#define FIRMWARE_BUFFERS 3
#endif
#ifndef FIRMWARE_BUFFER_BYTES
#define FIRMWARE_BUFFER_BYTES 4096
#endif

#endif
