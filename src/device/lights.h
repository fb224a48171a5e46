/* SPDX-License-Identifier: MIT
 *
 * lights.h: what the LEDs of a board show.  Pure: it is told what happens and what time it is, and says which
 * lights are on; the board has the pins.
 *
 *     ready   steady: disks are served; slow blinking (1 s): waiting for the network; fast blinking (200 ms): no
 *             card.  Off: starting, or stopped.
 *     read    while the disk is read, and at least 30 ms for each burst, else nobody would see it
 *     write   the same
 *     error   the number of the error: so many blinks of 200 ms, a pause of 1200 ms, again
 *
 * A board with fewer LEDs leaves some out, or joins read and write.
 */
#ifndef THIMBLE_DEVICE_LIGHTS_H
#define THIMBLE_DEVICE_LIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum thimble_light {
    THIMBLE_LIGHT_READY,
    THIMBLE_LIGHT_READ,
    THIMBLE_LIGHT_WRITE,
    THIMBLE_LIGHT_ERROR,
    THIMBLE_LIGHT_COUNT
};

/* What the ready light tells. */
enum thimble_lights_state {
    THIMBLE_LIGHTS_OFF,
    THIMBLE_LIGHTS_NO_CARD,
    THIMBLE_LIGHTS_NO_NETWORK,
    THIMBLE_LIGHTS_SERVING,
};

/* Error codes: this is the table.  The number is that of the blinks. */
enum thimble_lights_error {
    THIMBLE_LIGHTS_NO_ERROR = 0,
    THIMBLE_LIGHTS_CARD_MISSING = 1,        /* no card, or one that does not answer */
    THIMBLE_LIGHTS_CARD_FAILED = 2,         /* a read or write failed; shown once for each */
    THIMBLE_LIGHTS_FILE_MISSING = 3,        /* no volume, or not the file to be served */
    THIMBLE_LIGHTS_FILE_UNUSABLE = 4,       /* in too many pieces, never filled, or damaged */
    THIMBLE_LIGHTS_SETTINGS_WRONG = 5,      /* thimble.ini has a mistake; the serial log has the line */
    THIMBLE_LIGHTS_NETWORK_MISSING = 6,     /* no link, no access point, or no address */
    THIMBLE_LIGHTS_INTERNAL = 7,            /* too little memory for these settings */
    THIMBLE_LIGHTS_ERROR_COUNT
};

/* A few words for the log; never NULL.  Linked only if used. */
const char *thimble_lights_text(enum thimble_lights_error error);

struct thimble_lights {
    enum thimble_lights_state state;
    enum thimble_lights_error lasting, passing;
    enum thimble_lights_error shown;        /* by the error light */
    uint32_t state_since_ms, error_since_ms;
    uint32_t burst_since_ms[THIMBLE_LIGHT_COUNT];
    bool     busy[THIMBLE_LIGHT_COUNT], lit[THIMBLE_LIGHT_COUNT];
};

void thimble_lights_init(struct thimble_lights *l, uint32_t now_ms);
void thimble_lights_state(struct thimble_lights *l, enum thimble_lights_state state,
                          uint32_t now_ms);

/* The disk begins, or ends, reading or writing (THIMBLE_LIGHT_READ, THIMBLE_LIGHT_WRITE). */
void thimble_lights_busy(struct thimble_lights *l, enum thimble_light light, bool busy,
                         uint32_t now_ms);

/* An error that lasts until another value is set; THIMBLE_LIGHTS_NO_ERROR ends it. */
void thimble_lights_error(struct thimble_lights *l, enum thimble_lights_error error);

/* An error that is over: shown once, before what lasts. */
void thimble_lights_report(struct thimble_lights *l, enum thimble_lights_error error);

/* Which lights are on now: bit 1 << light.  Call it at least every 30 ms. */
uint32_t thimble_lights_now(struct thimble_lights *l, uint32_t now_ms);

#ifdef __cplusplus
}
#endif

#endif
