/* SPDX-License-Identifier: MIT
 *
 * thimble_board_config.h: Thimble's compile-time options (thimble_config.h) for boards with
 * little memory.  A board with more sets its own in board_config.h.
 */
#ifndef THIMBLE_BOARD_CONFIG_H
#define THIMBLE_BOARD_CONFIG_H

#include "board_config.h"

#ifndef THIMBLE_LUNS_MAX
#define THIMBLE_LUNS_MAX 2
#endif
#ifndef THIMBLE_TX_SLOTS
#define THIMBLE_TX_SLOTS 1
#endif
#ifndef THIMBLE_TEXT_ANSWER_MAX
#define THIMBLE_TEXT_ANSWER_MAX 1024
#endif
#ifndef THIMBLE_CHAP_CHALLENGE_MAX
#define THIMBLE_CHAP_CHALLENGE_MAX 256
#endif
#ifndef THIMBLE_SCSI_PERSISTENT_RESERVE
#define THIMBLE_SCSI_PERSISTENT_RESERVE 0
#endif
#ifndef THIMBLE_STORE
#define THIMBLE_STORE 0
#endif

/* type = cdrom in thimble.ini */
#ifndef THIMBLE_SCSI_CDROM
#define THIMBLE_SCSI_CDROM 0
#endif

/* Counters cost RAM; a board that shows them turns them on. */
#ifndef THIMBLE_STATS
#define THIMBLE_STATS 0
#endif

/* Families that a plain small disk does without; initiators mount it. */
#ifndef THIMBLE_SCSI_LONG_CDB
#define THIMBLE_SCSI_LONG_CDB 0
#endif
#ifndef THIMBLE_SCSI_ORWRITE
#define THIMBLE_SCSI_ORWRITE 0
#endif
#ifndef THIMBLE_SCSI_EXTENDED_COPY
#define THIMBLE_SCSI_EXTENDED_COPY 0
#endif
#ifndef THIMBLE_SCSI_TOKENS
#define THIMBLE_SCSI_TOKENS 0
#endif
#ifndef THIMBLE_SCSI_WRITE_ATOMIC
#define THIMBLE_SCSI_WRITE_ATOMIC 0
#endif
#ifndef THIMBLE_SCSI_MODE_SELECT
#define THIMBLE_SCSI_MODE_SELECT 0
#endif
#ifndef THIMBLE_SCSI_FORMAT
#define THIMBLE_SCSI_FORMAT 0
#endif
#ifndef THIMBLE_SCSI_SANITIZE
#define THIMBLE_SCSI_SANITIZE 0
#endif
#ifndef THIMBLE_SCSI_LOG
#define THIMBLE_SCSI_LOG 0
#endif
#ifndef THIMBLE_SCSI_ALUA
#define THIMBLE_SCSI_ALUA 0
#endif
#ifndef THIMBLE_SCSI_PREVENT
#define THIMBLE_SCSI_PREVENT 0
#endif
#ifndef THIMBLE_SCSI_DEFECTS
#define THIMBLE_SCSI_DEFECTS 0
#endif
#ifndef THIMBLE_SCSI_DIAGNOSTIC
#define THIMBLE_SCSI_DIAGNOSTIC 0
#endif
#ifndef THIMBLE_SCSI_TIMESTAMP
#define THIMBLE_SCSI_TIMESTAMP 0
#endif
#ifndef THIMBLE_SCSI_WELL_KNOWN
#define THIMBLE_SCSI_WELL_KNOWN 0
#endif
#ifndef THIMBLE_SCSI_IDENT
#define THIMBLE_SCSI_IDENT 0
#endif
#ifndef THIMBLE_SCSI_VPD
#define THIMBLE_SCSI_VPD 0
#endif
#ifndef THIMBLE_SCSI_THRESHOLDS
#define THIMBLE_SCSI_THRESHOLDS 0
#endif
#ifndef THIMBLE_SCSI_BUFFER
#define THIMBLE_SCSI_BUFFER 0
#endif

/* A stopped connection keeps this many of lwIP's frames; see PBUF_POOL_SIZE in lwipopts.h. */
#ifndef THIMBLE_LWIP_HELD_MAX
#define THIMBLE_LWIP_HELD_MAX 3
#endif

/* Sizes of the engine and of thimble.ini, see thimble_board.h and settings/settings.h: what fits into 64 KiB beside lwIP.  A
 * board with more memory sets its own in board_config.h. */
#ifndef THIMBLE_BOARD_CONNECTIONS
#define THIMBLE_BOARD_CONNECTIONS   4
#define THIMBLE_BOARD_SESSIONS      2
#define THIMBLE_BOARD_QUEUE_DEPTH   8
#define THIMBLE_BOARD_BUFFERS       3
#define THIMBLE_BOARD_BUFFER_BYTES  4096
#define THIMBLE_BOARD_RUNS          8
#define THIMBLE_BOARD_TARGETS       1
#define THIMBLE_BOARD_LUNS          2
#define THIMBLE_BOARD_CACHE         0
#define THIMBLE_SETTINGS_TARGETS    1
#define THIMBLE_SETTINGS_LUNS       2
#define THIMBLE_SETTINGS_WIFI       1
#define THIMBLE_SETTINGS_LIST       4
#define THIMBLE_SETTINGS_TEXT       384
#endif

/* A card that is sent zeros, where it cannot make them itself, takes a quarter of a second for so many. */
#define THIMBLE_BOARD_UNMAP_BLOCKS  512
#define THIMBLE_BOARD_ZERO_BLOCKS   512

#endif
