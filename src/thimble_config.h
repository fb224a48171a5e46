/* SPDX-License-Identifier: MIT
 *
 * thimble_config.h: what is compiled in, and the sizes that are fixed at compile time.
 *
 * Every option has a default that works.  To change one, define it on the compiler's
 * command line, or write a header of your own and name it:
 *
 *     -DTHIMBLE_CONFIG_FILE='"my_thimble_config.h"'
 *
 * How many connections, tasks and buffers there are is not here: it is given at run time
 * (struct thimble_config in thimble.h), for the memory is the caller's.
 */
#ifndef THIMBLE_CONFIG_H
#define THIMBLE_CONFIG_H

#ifdef THIMBLE_CONFIG_FILE
#include THIMBLE_CONFIG_FILE
#endif

/* CHAP (RFC 7143 12.1.3).  0 removes it: about 3 KiB of flash, and
 * THIMBLE_CHAP_CHALLENGE_MAX bytes of each login buffer. */
#ifndef THIMBLE_CHAP
#define THIMBLE_CHAP 1
#endif

/* Longest CHAP challenge taken from an initiator, in bytes (the standard allows 1024).
 * RAM: three times this in each login buffer: as text and as bytes. */
#ifndef THIMBLE_CHAP_CHALLENGE_MAX
#define THIMBLE_CHAP_CHALLENGE_MAX 1024
#endif

/* CRC32C header and data digests.  0 answers HeaderDigest and DataDigest with None. */
#ifndef THIMBLE_DIGESTS
#define THIMBLE_DIGESTS 1
#endif

/* Bytes of the CRC32C table: 64 (a nibble at a time, small), 1024 (a byte at a time) or 8192
 * (eight bytes at a time).  Where the compiler offers CRC instructions, they are used and no
 * table is linked. */
#ifndef THIMBLE_CRC32C_TABLE
#define THIMBLE_CRC32C_TABLE 1024
#endif

/* Longest answer text collected in one login or text exchange, in bytes.  The text that an
 * initiator sends may be longer (it is taken key by key); when the answers do not fit, the
 * login ends with status 0x0302.  RAM: this many bytes in each login buffer. */
#ifndef THIMBLE_TEXT_ANSWER_MAX
#define THIMBLE_TEXT_ANSWER_MAX 8192
#endif

/* Longest text that an initiator may send in one login or text exchange, in bytes, summed
 * over its PDUs.  RFC 7143 6.1 asks for 8192 at least.  Costs no RAM. */
#ifndef THIMBLE_TEXT_REQUEST_MAX
#define THIMBLE_TEXT_REQUEST_MAX 65536
#endif

/* PDUs of one connection that may be prepared for sending at a time, 1 to 64.  A port whose
 * transport copies headers (lwIP) needs 1; a port with gathering writes sends this many with
 * one system call.  RAM: 112 bytes each (128 on machines of 64 bits), in every
 * connection. */
#ifndef THIMBLE_TX_SLOTS
#define THIMBLE_TX_SLOTS 16
#endif

/* Buffers that one READ may hold: 2 lets the disk read the next while the last is sent. */
#ifndef THIMBLE_READ_AHEAD
#define THIMBLE_READ_AHEAD 2
#endif

/* Unit attentions that one session may have pending for one logical unit, as bits of a word;
 * fixed by the table in scsi/.  Logical units of one target, at most, 1 to 255.
 * RAM: 2 bytes a logical unit, in every connection. */
#ifndef THIMBLE_LUNS_MAX
#define THIMBLE_LUNS_MAX 8
#endif

/* Longest time the engine runs a command's disk work before it lets others in is the block
 * device's matter; this is the most blocks of one unmap or write-zeroes call. */
#ifndef THIMBLE_ZERO_CHUNK_BLOCKS
#define THIMBLE_ZERO_CHUNK_BLOCKS 65536
#endif

/* Assertions against the caller's mistakes (never against a peer's).  Default: compiled out. */
#ifndef TH_ASSERT
#define TH_ASSERT(condition) ((void)0)
#endif

#if THIMBLE_CRC32C_TABLE != 64 && THIMBLE_CRC32C_TABLE != 1024 && THIMBLE_CRC32C_TABLE != 8192
#error "THIMBLE_CRC32C_TABLE is 64, 1024 or 8192"
#endif
#if THIMBLE_TX_SLOTS < 1 || THIMBLE_TX_SLOTS > 64
#error "THIMBLE_TX_SLOTS is 1 to 64"
#endif
#if THIMBLE_LUNS_MAX < 1 || THIMBLE_LUNS_MAX > 255
#error "THIMBLE_LUNS_MAX is 1 to 255"
#endif
#if THIMBLE_CHAP_CHALLENGE_MAX < 16 || THIMBLE_CHAP_CHALLENGE_MAX > 1024
#error "THIMBLE_CHAP_CHALLENGE_MAX is 16 to 1024"
#endif
#if THIMBLE_TEXT_ANSWER_MAX < 512 || THIMBLE_TEXT_REQUEST_MAX < 8192
#error "THIMBLE_TEXT_ANSWER_MAX is at least 512, THIMBLE_TEXT_REQUEST_MAX at least 8192"
#endif
#if THIMBLE_READ_AHEAD < 1 || THIMBLE_READ_AHEAD > 8
#error "THIMBLE_READ_AHEAD is 1 to 8"
#endif

#endif
