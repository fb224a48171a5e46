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

/* Alignment of the buffers that a disk is handed, in bytes: a power of two, 16 to 4096.  A disk that works by DMA beside a
 * data cache wants the length of a cache line.  If it is more
 * than 16, thimble_init() refuses memory that is not aligned so. */
#ifndef THIMBLE_BUFFER_ALIGN
#define THIMBLE_BUFFER_ALIGN 16
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

/* Families of SCSI commands and other parts that a small chip can do without; 0 leaves one out.  What each
 * costs in flash is in docs/size.md.  What is left out is refused as the standards say, and is
 * not in what REPORT SUPPORTED OPERATION CODES and the VPD pages tell.  An initiator mounts a disk with all of
 * them 0. */
#ifndef THIMBLE_SCSI_THIN               /* UNMAP, GET LBA STATUS, the UNMAP bit of WRITE SAME */
#define THIMBLE_SCSI_THIN 1
#endif
#ifndef THIMBLE_SCSI_WRITE_SAME         /* WRITE SAME(10) and (16) */
#define THIMBLE_SCSI_WRITE_SAME 1
#endif
#ifndef THIMBLE_SCSI_COMPARE_AND_WRITE  /* VMware's locks */
#define THIMBLE_SCSI_COMPARE_AND_WRITE 1
#endif
#ifndef THIMBLE_SCSI_READ_FUA           /* FUA in a READ: what was written is made durable first; 0: it is without effect */
#define THIMBLE_SCSI_READ_FUA 1
#endif
#ifndef THIMBLE_SCSI_ORWRITE            /* ORWRITE(16), and (32) with long CDBs.  RAM: 12 bytes a logical unit */
#define THIMBLE_SCSI_ORWRITE 1
#endif
#ifndef THIMBLE_SCSI_WRITE_ATOMIC       /* WRITE ATOMIC(16), and (32) with long CDBs */
#define THIMBLE_SCSI_WRITE_ATOMIC 1
#endif
#ifndef THIMBLE_SCSI_EXTENDED_COPY      /* EXTENDED COPY: VMware's clones; RAM: 0.5 KiB */
#define THIMBLE_SCSI_EXTENDED_COPY 1
#endif
/* Tokens at a time, 0 to 254, for POPULATE TOKEN and WRITE USING TOKEN: Windows's copies (ODX).  RAM: 208 bytes each.  0
 * leaves these commands out. */
#ifndef THIMBLE_SCSI_TOKENS
#define THIMBLE_SCSI_TOKENS 16
#endif
#ifndef THIMBLE_SCSI_VERIFY             /* VERIFY, WRITE AND VERIFY */
#define THIMBLE_SCSI_VERIFY 1
#endif
#ifndef THIMBLE_SCSI_RESERVE            /* RESERVE and RELEASE (SPC-2) */
#define THIMBLE_SCSI_RESERVE 1
#endif
#ifndef THIMBLE_SCSI_PERSISTENT_RESERVE /* PERSISTENT RESERVE IN and OUT: clusters, fencing */
#define THIMBLE_SCSI_PERSISTENT_RESERVE 1
#endif
#ifndef THIMBLE_SCSI_SHORT              /* READ and WRITE with CDBs of 6 and 12 bytes: boot firmware, AIX */
#define THIMBLE_SCSI_SHORT 1
#endif
#ifndef THIMBLE_SCSI_LONG_CDB           /* CDBs of 32 bytes; RAM: 16 bytes a task */
#define THIMBLE_SCSI_LONG_CDB 1
#endif
#ifndef THIMBLE_SCSI_OPCODES            /* REPORT SUPPORTED OPERATION CODES */
#define THIMBLE_SCSI_OPCODES 1
#endif

#ifndef THIMBLE_SCSI_MODE_SELECT        /* MODE SELECT; mode pages 01h, 02h, 1Ah, 1Ch */
#define THIMBLE_SCSI_MODE_SELECT 1
#endif
#ifndef THIMBLE_SCSI_FORMAT             /* FORMAT UNIT */
#define THIMBLE_SCSI_FORMAT 1
#endif
#ifndef THIMBLE_SCSI_SANITIZE           /* SANITIZE: overwrite, block erase */
#define THIMBLE_SCSI_SANITIZE 1
#endif
#ifndef THIMBLE_SCSI_LOG                /* LOG SENSE, LOG SELECT.  RAM: 144 bytes a logical unit, 8 a target */
#define THIMBLE_SCSI_LOG 1
#endif
#ifndef THIMBLE_SCSI_ALUA               /* REPORT and SET TARGET PORT GROUPS */
#define THIMBLE_SCSI_ALUA 1
#endif
#ifndef THIMBLE_SCSI_PREVENT            /* PREVENT ALLOW MEDIUM REMOVAL.  RAM: a bit a logical unit and connection */
#define THIMBLE_SCSI_PREVENT 1
#endif
#ifndef THIMBLE_SCSI_DEFECTS            /* READ DEFECT DATA */
#define THIMBLE_SCSI_DEFECTS 1
#endif
#ifndef THIMBLE_SCSI_DIAGNOSTIC         /* SEND DIAGNOSTIC, RECEIVE DIAGNOSTIC RESULTS */
#define THIMBLE_SCSI_DIAGNOSTIC 1
#endif
#ifndef THIMBLE_SCSI_TIMESTAMP          /* REPORT and SET TIMESTAMP.  RAM: 16 bytes a logical unit, 8 a target */
#define THIMBLE_SCSI_TIMESTAMP 1
#endif
#ifndef THIMBLE_SCSI_WELL_KNOWN         /* the REPORT LUNS well known logical unit */
#define THIMBLE_SCSI_WELL_KNOWN 1
#endif
/* REPORT and SET IDENTIFYING INFORMATION, where a unit has a store */
#ifndef THIMBLE_SCSI_IDENT
#define THIMBLE_SCSI_IDENT 1
#endif
#ifndef THIMBLE_SCSI_VPD                /* VPD pages 85h, 87h and 88h.  RAM: 4 bytes a target */
#define THIMBLE_SCSI_VPD 1
#endif
#ifndef THIMBLE_SCSI_THRESHOLDS         /* thin provisioning thresholds (mode page 1Ch/02h).  RAM: 16 bytes a logical unit */
#define THIMBLE_SCSI_THRESHOLDS 1
#endif
/* READ BUFFER and WRITE BUFFER: how many bytes a logical unit has for them, 4 to 4096, a multiple of 4; RAM: so many.  0
 * leaves them out. */
#ifndef THIMBLE_SCSI_BUFFER
#define THIMBLE_SCSI_BUFFER 512
#endif
#ifndef THIMBLE_SCSI_START_STOP         /* START STOP UNIT: ejects a removable medium; PRE-FETCH */
#define THIMBLE_SCSI_START_STOP 1
#endif
#ifndef THIMBLE_SCSI_DESCRIPTOR_SENSE   /* sense data in descriptor format */
#define THIMBLE_SCSI_DESCRIPTOR_SENSE 1
#endif
#ifndef THIMBLE_SCSI_BAD_BLOCK          /* sense data tell which block failed, where the disk does (THIMBLE_ERR_BLOCK) */
#define THIMBLE_SCSI_BAD_BLOCK 1
#endif
#ifndef THIMBLE_SCSI_CDROM              /* an image of a CD or DVD as a CD-ROM drive (MMC) */
#define THIMBLE_SCSI_CDROM 1
#endif
#ifndef THIMBLE_RFC7144                 /* the task management functions of RFC 7144; 0: iSCSIProtocolLevel 1 */
#define THIMBLE_RFC7144 1
#endif
#ifndef THIMBLE_ASYNC                   /* asynchronous messages; 0: a change of the medium is told by unit attention alone */
#define THIMBLE_ASYNC 1
#endif
/* Logical units that not all initiators of a target see, or not by the same LUN, or not to write (thimble_lun_config.views).  RAM: 9
 * bits a logical unit, in every connection.  0: such a unit is refused. */
#ifndef THIMBLE_LUN_MASKS
#define THIMBLE_LUN_MASKS 1
#endif
/* Portal groups, 1 to 16 (thimble_config.portal_groups).  Each is a target port, in a target port group of its own with an access
 * state of its own for each logical unit.  RAM: 2 bytes a logical unit each, with more than one 8 bytes a registration.  A
 * machine with one way into the network has no use for more than 1. */
#ifndef THIMBLE_PORT_GROUPS
#define THIMBLE_PORT_GROUPS 1
#endif
/* What a logical unit keeps over a restart, in a struct thimble_store.  0: a store is never asked. */
#ifndef THIMBLE_STORE
#define THIMBLE_STORE 1
#endif
/* Requests that come ahead of their CmdSN's turn wait for it.  0: the connection ends instead; a session of one
 * connection has no reason to send them (RFC 7143 4.2.2.1). */
#ifndef THIMBLE_OUT_OF_ORDER
#define THIMBLE_OUT_OF_ORDER 1
#endif

/* ORDERED and HEAD OF QUEUE commands in the order that they ask for.  0: all are SIMPLE.  RAM: 8 bytes a task (16 on machines
 * of 64 bits), 12 a logical unit (24), 8 a connection (16). */
#ifndef THIMBLE_TASK_ATTRIBUTES
#define THIMBLE_TASK_ATTRIBUTES 1
#endif

/* The counters of thimble_stats.h.  RAM: 52 bytes a connection, 8 a task, 448 a logical unit, 48 a target, and
 * 288 + 64 THIMBLE_EVENTS_KEPT once.  What they cost a READ is in docs/instructions.md. */
#ifndef THIMBLE_STATS
#define THIMBLE_STATS 1
#endif

/* Events that are kept for whoever looks later, 1 to 1024. */
#ifndef THIMBLE_EVENTS_KEPT
#define THIMBLE_EVENTS_KEPT 16
#endif

/* Derived: somebody asks how a medium is, so drivers count. */
#define THIMBLE_HEALTH (THIMBLE_SCSI_LOG || THIMBLE_STATS)

/* Derived: somebody asks how long a target has been there.  RAM: 8 bytes a target. */
#define THIMBLE_SCSI_CLOCK (THIMBLE_SCSI_TIMESTAMP || THIMBLE_SCSI_LOG)

/* Derived: commands that move data between units. */
#define THIMBLE_SCSI_THIRD_PARTY (THIMBLE_SCSI_EXTENDED_COPY || THIMBLE_SCSI_TOKENS > 0)

/* Derived: ORWRITE(32). */
#define THIMBLE_SCSI_ORWRITE_LONG (THIMBLE_SCSI_ORWRITE && THIMBLE_SCSI_LONG_CDB)

/* Derived: there are commands that go on in a later turn of their connection. */
#define THIMBLE_TURNS (THIMBLE_SCSI_THIRD_PARTY || THIMBLE_TASK_ATTRIBUTES)

/* Derived: there are commands with a parameter list.  Without them no parameter buffer is needed, and none is
 * taken from the memory. */
#define THIMBLE_PARAMETER_LISTS \
    (THIMBLE_SCSI_THIN || THIMBLE_SCSI_WRITE_SAME || THIMBLE_SCSI_COMPARE_AND_WRITE || THIMBLE_SCSI_VERIFY || \
     THIMBLE_SCSI_WRITE_ATOMIC || THIMBLE_SCSI_THIRD_PARTY || THIMBLE_SCSI_MODE_SELECT || THIMBLE_SCSI_FORMAT || \
     THIMBLE_SCSI_SANITIZE || THIMBLE_SCSI_ALUA || THIMBLE_SCSI_DIAGNOSTIC || THIMBLE_SCSI_TIMESTAMP || THIMBLE_SCSI_BUFFER || \
     THIMBLE_SCSI_PERSISTENT_RESERVE || THIMBLE_SCSI_IDENT || THIMBLE_SCSI_ORWRITE_LONG)

/* Derived: there is work on whole units that goes on by itself.  RAM: 80 bytes a logical unit (112 on machines of
 * 64 bits), and a parameter buffer while a unit is written over. */
#define THIMBLE_WORK (THIMBLE_SCSI_FORMAT || THIMBLE_SCSI_SANITIZE)

/* Assertions against the caller's mistakes (never against a peer's).  Default: compiled out. */
#ifndef TH_ASSERT
#define TH_ASSERT(condition) ((void)0)
#endif

#if THIMBLE_SCSI_BUFFER < 0 || THIMBLE_SCSI_BUFFER > 4096 || THIMBLE_SCSI_BUFFER % 4 != 0
#error "THIMBLE_SCSI_BUFFER is 0 to 4096, a multiple of 4"
#endif
#if THIMBLE_SCSI_IDENT && !THIMBLE_STORE
#undef THIMBLE_SCSI_IDENT
#define THIMBLE_SCSI_IDENT 0
#endif
#if THIMBLE_SCSI_THRESHOLDS && !THIMBLE_SCSI_MODE_SELECT
#undef THIMBLE_SCSI_THRESHOLDS
#define THIMBLE_SCSI_THRESHOLDS 0
#endif
#if THIMBLE_CRC32C_TABLE != 64 && THIMBLE_CRC32C_TABLE != 1024 && THIMBLE_CRC32C_TABLE != 8192
#error "THIMBLE_CRC32C_TABLE is 64, 1024 or 8192"
#endif
#if THIMBLE_TX_SLOTS < 1 || THIMBLE_TX_SLOTS > 64
#error "THIMBLE_TX_SLOTS is 1 to 64"
#endif
#if THIMBLE_SCSI_TOKENS < 0 || THIMBLE_SCSI_TOKENS > 254
#error "THIMBLE_SCSI_TOKENS is 0 to 254"
#endif
#if THIMBLE_LUNS_MAX < 1 || THIMBLE_LUNS_MAX > 255
#error "THIMBLE_LUNS_MAX is 1 to 255"
#endif
#if THIMBLE_PORT_GROUPS < 1 || THIMBLE_PORT_GROUPS > 16
#error "THIMBLE_PORT_GROUPS is 1 to 16"
#endif
#if THIMBLE_CHAP_CHALLENGE_MAX < 16 || THIMBLE_CHAP_CHALLENGE_MAX > 1024
#error "THIMBLE_CHAP_CHALLENGE_MAX is 16 to 1024"
#endif
#if THIMBLE_TEXT_ANSWER_MAX < 512 || THIMBLE_TEXT_REQUEST_MAX < 8192
#error "THIMBLE_TEXT_ANSWER_MAX is at least 512, THIMBLE_TEXT_REQUEST_MAX at least 8192"
#endif
#if THIMBLE_BUFFER_ALIGN < 16 || THIMBLE_BUFFER_ALIGN > 4096 || (THIMBLE_BUFFER_ALIGN & (THIMBLE_BUFFER_ALIGN - 1))
#error "THIMBLE_BUFFER_ALIGN is a power of two, 16 to 4096"
#endif
#if THIMBLE_EVENTS_KEPT < 1 || THIMBLE_EVENTS_KEPT > 1024
#error "THIMBLE_EVENTS_KEPT is 1 to 1024"
#endif
#if THIMBLE_READ_AHEAD < 1 || THIMBLE_READ_AHEAD > 8
#error "THIMBLE_READ_AHEAD is 1 to 8"
#endif

#endif
