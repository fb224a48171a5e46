/* SPDX-License-Identifier: MIT
 *
 * syslog.h: lines of a log as syslog messages (RFC 5424, for UDP as in RFC 5426), and the queue that they wait in.
 *
 *     <134>1 - cellar thimble - - [meta sequenceId="7" sysUpTime="5123"] session: iqn... logged in
 *
 * Facility local0.  There is no time stamp, for who has a clock needs none of this; sysUpTime is what a line's time was in
 * hundredths of a second since the start, and sequenceId tells the receiver what UDP lost.
 *
 * Nothing waits: a line that finds no room is counted, and how many there were is said when there is room.  At most a burst
 * of THIMBLE_SYSLOG_BURST lines is sent, 10 ms apart, then THIMBLE_SYSLOG_PER_SECOND.
 *
 * Pure: no I/O.  The caller sends what thimble_syslog_next() makes, and says so.
 */
#ifndef THIMBLE_STATUS_SYSLOG_H
#define THIMBLE_STATUS_SYSLOG_H

#include <stddef.h>
#include <stdint.h>

/* Every receiver takes so much (RFC 5426 3.2). */
#define THIMBLE_SYSLOG_MAX 480

#define THIMBLE_SYSLOG_BURST 20
#define THIMBLE_SYSLOG_PER_SECOND 4

#ifndef THIMBLE_SYSLOG_QUEUE_BYTES
#define THIMBLE_SYSLOG_QUEUE_BYTES 768
#endif

enum thimble_syslog_severity {
    THIMBLE_SYSLOG_ERROR = 3,
    THIMBLE_SYSLOG_WARNING = 4,
    THIMBLE_SYSLOG_INFO = 6,
    THIMBLE_SYSLOG_DEBUG = 7,
};

/* All zeros, but for the host name, is how it begins. */
struct thimble_syslog {
    const char *host;                   /* NULL: not known (yet) */

    /* Private. */
    uint32_t sequence, lost, sent_ms, filled_ms;
    uint8_t spent;                      /* of the burst */
    uint16_t used;
    uint8_t queue[THIMBLE_SYSLOG_QUEUE_BYTES];      /* severity, length, time, text; and so on */
};

/* A line without its end; 255 bytes of it are kept. */
void thimble_syslog_put(struct thimble_syslog *s, enum thimble_syslog_severity severity, const char *text,
                        size_t len, uint32_t now_ms);

/* Makes the message that is to be sent next, and returns its length; 0: there is none now. */
size_t thimble_syslog_next(struct thimble_syslog *s, uint32_t now_ms, char message[THIMBLE_SYSLOG_MAX]);

/* That message is on its way.  Without this call it stays the next. */
void thimble_syslog_sent(struct thimble_syslog *s, uint32_t now_ms);

/* One message, for tests and for those who have a queue of their own.  Control characters and what is not UTF-8 become
 * '?', a text that is not ASCII is marked as UTF-8, and what does not fit into `size` is cut between two
 * characters.  Returns the length; 0: not even the header fits. */
struct thimble_syslog_line {
    enum thimble_syslog_severity severity;
    const char *host;                   /* "-" is written for NULL and "" */
    const char *text;
    size_t len;
    uint32_t sequence;                  /* from 1 */
    uint32_t time_ms;                   /* since the start */
};
size_t thimble_syslog_format(const struct thimble_syslog_line *line, char *message, size_t size);

#endif
