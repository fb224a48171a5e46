/* SPDX-License-Identifier: MIT
 *
 * update.h: who may give a board another firmware over the network, and which bytes are one.
 *
 * Both sides have a key.  The board gives a nonce; whoever has an image sends the proof
 *
 *     HMAC-SHA256(key, "thimble-update-1" nonce size sha256)        size: 8 bytes, big-endian
 *
 * with the image's size and SHA-256 before the image itself.  So the key does not cross the wire, nothing is written for
 * somebody without it, another image than the one that was meant is thrown away, and a proof is good once.
 * What is sent can be read on the way.
 *
 *     thimble_update_nonce     as often as one likes: the same until it is used or old
 *     thimble_update_begin     a proof
 *     thimble_update_add       the image, in pieces of any size
 *     thimble_update_end       it is whole: it will be started next;
 *     thimble_update_drop      or it is not
 *
 * No platform: flash and hash are the caller's.
 */
#ifndef THIMBLE_DEVICE_UPDATE_H
#define THIMBLE_DEVICE_UPDATE_H

#include "../thimble.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    THIMBLE_UPDATE_NONCE_BYTES = 16,
    THIMBLE_UPDATE_HASH_BYTES = 32,
    THIMBLE_UPDATE_KEY_MAX = 64,        /* HMAC's block */
    THIMBLE_UPDATE_NONCE_MS = 120000,   /* how long a nonce is good */
};

/* An image's beginning, as esptool writes it: its header, the first segment's, and the description of the
 * program. */
enum { THIMBLE_UPDATE_HEAD_BYTES = 36 };

enum thimble_update_result {
    THIMBLE_UPDATE_OK,
    THIMBLE_UPDATE_NO_PROOF,            /* of somebody who has not the key; or the nonce is old */
    THIMBLE_UPDATE_BUSY,                /* another one is under way */
    THIMBLE_UPDATE_TOO_LARGE,           /* for the place that there is */
    THIMBLE_UPDATE_NO_IMAGE,            /* the first bytes are not a firmware's */
    THIMBLE_UPDATE_OTHER_CHIP,
    THIMBLE_UPDATE_INCOMPLETE,
    THIMBLE_UPDATE_DAMAGED,             /* it has another hash than the proof said */
    THIMBLE_UPDATE_NOT_WRITTEN,         /* by the flash, or it finds fault with the image */
    THIMBLE_UPDATE_RESULTS
};

/* A sentence for each of them. */
const char *thimble_update_text(enum thimble_update_result result);

/* What is the platform's.  False: it could not be done. */
struct thimble_update_flash {
    void *ctx;
    bool (*begin)(void *ctx, uint32_t size);            /* flash and SHA-256 */
    bool (*add)(void *ctx, const void *data, size_t len);
    bool (*hash)(void *ctx, uint8_t sha256[32]);        /* of all that was added */
    bool (*use)(void *ctx);             /* checks it once more, and makes it what is started next */
    void (*drop)(void *ctx);            /* ends what begin began, without use; also after a failed `use` */
};

struct thimble_update {
    const char *key;                    /* borrowed; 1 to THIMBLE_UPDATE_KEY_MAX bytes */
    const struct thimble_crypto *crypto;
    const struct thimble_update_flash *flash;
    uint32_t room_bytes;                /* the largest image */
    uint16_t chip;                      /* the image header's number */

    enum { THIMBLE_UPDATE_IDLE, THIMBLE_UPDATE_HEAD, THIMBLE_UPDATE_BODY } state;
    bool     has_nonce;
    uint8_t  nonce[THIMBLE_UPDATE_NONCE_BYTES], sha256[THIMBLE_UPDATE_HASH_BYTES];
    uint32_t nonce_ms;                  /* when it was made */
    uint32_t size, got;
    uint8_t  head[THIMBLE_UPDATE_HEAD_BYTES];
};

/* The five fields above the line are the caller's.  NULL: no random bytes now. */
const uint8_t *thimble_update_nonce(struct thimble_update *u, uint32_t now_ms);

enum thimble_update_result thimble_update_begin(struct thimble_update *u, uint32_t now_ms,
                                                const uint8_t nonce[THIMBLE_UPDATE_NONCE_BYTES],
                                                uint64_t size,
                                                const uint8_t sha256[THIMBLE_UPDATE_HASH_BYTES],
                                                const uint8_t proof[THIMBLE_UPDATE_HASH_BYTES]);

/* After any answer but OK the image is dropped already.  More bytes than were told are DAMAGED. */
enum thimble_update_result thimble_update_add(struct thimble_update *u, const void *data, size_t len);
enum thimble_update_result thimble_update_end(struct thimble_update *u);
void thimble_update_drop(struct thimble_update *u);

/* --------------------------------------------------------------------------------------
 * A firmware on trial: the new one has so long to serve before it gives way to the old one.
 */
enum { THIMBLE_TRIAL_MS = 300000 };
enum thimble_trial { THIMBLE_TRIAL_WAIT, THIMBLE_TRIAL_GOOD, THIMBLE_TRIAL_BAD };

/* serves: it listens, and has an address. */
static inline enum thimble_trial thimble_trial(bool serves, uint32_t ms_since_start)
{
    return serves ? THIMBLE_TRIAL_GOOD
                  : ms_since_start >= THIMBLE_TRIAL_MS ? THIMBLE_TRIAL_BAD : THIMBLE_TRIAL_WAIT;
}

#ifdef __cplusplus
}
#endif

#endif
