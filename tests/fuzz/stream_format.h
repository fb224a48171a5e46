/* SPDX-License-Identifier: MIT
 *
 * stream_format.h: the input of fuzz_stream.c: a sequence of steps.
 *
 * The first byte of a step is its kind (low four bits) and the connection it is about (bit 7);
 * what follows is said beside the kind.  Where the input ends, zeros follow.
 */
#ifndef STREAM_FORMAT_H
#define STREAM_FORMAT_H

enum stream_step {
    STEP_OPEN,     /* 1 byte: the login that goes ahead, see fuzz_stream.c */
    STEP_RAW,      /* 2 bytes, the low one first: n; then n bytes for the target */
    STEP_COMMAND,  /* 6 bytes: a SCSI command that is nearly right */
    STEP_REQUEST,  /* 4 bytes: another request that is nearly right */
    STEP_DATA_OUT, /* 2 bytes: data for the oldest R2T, nearly right */
    STEP_TAKE,     /* 1 byte: the transport takes that many bytes; 0: all */
    STEP_ACK,      /* 1 byte: as many are acknowledged; 0: all */
    STEP_DISK,     /* 1 byte: so many disk calls are answered; bit 7: the next one fails */
    STEP_TICK,     /* 1 byte: 2 to the power of its low five bits milliseconds pass */
    STEP_CLOSE,    /* the initiator hangs up */
    STEP_EVENT,    /* 1 byte: a unit changes, parameters are to be negotiated, a shutdown */
    STEP_SETTLE,   /* all that can move moves */
    STEP_KINDS
};

#endif
