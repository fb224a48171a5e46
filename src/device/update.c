/* SPDX-License-Identifier: MIT
 *
 * update.c: see update.h.
 *
 * Layer 0.  HMAC is RFC 2104's; the image's header is that of Espressif's chips (esptool's documentation, "Firmware
 * Image Format").
 */
#include "update.h"

#include <string.h>

enum { BLOCK = 64 };                    /* SHA-256's */

static const char purpose[] = "thimble-update-1";

/* --------------------------------------------------------------------------------------
 * The proof
 */
static bool hmac(const struct thimble_update *u, const struct thimble_span *message, size_t n,
                 uint8_t mac[32])
{
    uint8_t pad[BLOCK] = { 0 }, inner[32];
    struct thimble_span parts[8];
    size_t key_len = strlen(u->key);

    if (key_len == 0 || key_len > THIMBLE_UPDATE_KEY_MAX || n >= sizeof parts / sizeof parts[0])
        return false;
    memcpy(pad, u->key, key_len);
    for (unsigned i = 0; i < BLOCK; i++)
        pad[i] ^= 0x36;
    parts[0] = (struct thimble_span){ pad, BLOCK };
    memcpy(parts + 1, message, n * sizeof *message);
    bool done = u->crypto->hash(u->crypto->ctx, THIMBLE_HASH_SHA256, parts, n + 1, inner) == 32;

    for (unsigned i = 0; i < BLOCK; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    parts[1] = (struct thimble_span){ inner, sizeof inner };
    done = done && u->crypto->hash(u->crypto->ctx, THIMBLE_HASH_SHA256, parts, 2, mac) == 32;
    for (volatile uint8_t *p = pad; p < pad + BLOCK; p++)
        *p = 0;
    return done;
}

/* Takes as long whether they differ early or late. */
static bool equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    volatile uint8_t differs = 0;

    for (size_t i = 0; i < len; i++)
        differs = (uint8_t)(differs | (a[i] ^ b[i]));
    return differs == 0;
}

const uint8_t *thimble_update_nonce(struct thimble_update *u, uint32_t now_ms)
{
    if (u->has_nonce && now_ms - u->nonce_ms < THIMBLE_UPDATE_NONCE_MS / 2)
        return u->nonce;
    u->has_nonce = u->crypto->random(u->crypto->ctx, u->nonce, sizeof u->nonce);
    u->nonce_ms = now_ms;
    return u->has_nonce ? u->nonce : NULL;
}

/* A wrong proof does not cost the nonce, or anybody could keep the owner from updating; a right one does. */
static bool proves(struct thimble_update *u, uint32_t now_ms, const uint8_t *nonce, uint64_t size,
                   const uint8_t *sha256, const uint8_t *proof)
{
    uint8_t mac[32], size_bytes[8];

    if (!u->has_nonce || now_ms - u->nonce_ms >= THIMBLE_UPDATE_NONCE_MS ||
        !equal(nonce, u->nonce, sizeof u->nonce))
        return false;
    for (unsigned i = 0; i < sizeof size_bytes; i++)
        size_bytes[i] = (uint8_t)(size >> (56 - 8 * i));
    const struct thimble_span message[] = {
        { purpose, sizeof purpose - 1 }, { u->nonce, sizeof u->nonce },
        { size_bytes, sizeof size_bytes }, { sha256, THIMBLE_UPDATE_HASH_BYTES },
    };
    if (!hmac(u, message, sizeof message / sizeof message[0], mac) || !equal(mac, proof, sizeof mac))
        return false;
    u->has_nonce = false;
    return true;
}

enum thimble_update_result thimble_update_begin(struct thimble_update *u, uint32_t now_ms,
                                                const uint8_t nonce[THIMBLE_UPDATE_NONCE_BYTES],
                                                uint64_t size,
                                                const uint8_t sha256[THIMBLE_UPDATE_HASH_BYTES],
                                                const uint8_t proof[THIMBLE_UPDATE_HASH_BYTES])
{
    if (u->state != THIMBLE_UPDATE_IDLE)
        return THIMBLE_UPDATE_BUSY;
    if (!proves(u, now_ms, nonce, size, sha256, proof))
        return THIMBLE_UPDATE_NO_PROOF;
    if (size > u->room_bytes)
        return THIMBLE_UPDATE_TOO_LARGE;
    if (size < THIMBLE_UPDATE_HEAD_BYTES)
        return THIMBLE_UPDATE_NO_IMAGE;
    u->size = (uint32_t)size;
    u->got = 0;
    memcpy(u->sha256, sha256, sizeof u->sha256);
    u->state = THIMBLE_UPDATE_HEAD;
    return THIMBLE_UPDATE_OK;
}

/* --------------------------------------------------------------------------------------
 * The image
 */
static enum thimble_update_result look_at(const struct thimble_update *u)
{
    static const uint8_t description[4] = { 0x32, 0x54, 0xcd, 0xab };
    const uint8_t *h = u->head;

    if (h[0] != 0xe9 || h[1] < 1 || h[1] > 16 || memcmp(h + 32, description, sizeof description) != 0)
        return THIMBLE_UPDATE_NO_IMAGE;
    return (h[12] | h[13] << 8) == u->chip ? THIMBLE_UPDATE_OK : THIMBLE_UPDATE_OTHER_CHIP;
}

void thimble_update_drop(struct thimble_update *u)
{
    if (u->state == THIMBLE_UPDATE_BODY)
        u->flash->drop(u->flash->ctx);
    u->state = THIMBLE_UPDATE_IDLE;
}

static enum thimble_update_result fail(struct thimble_update *u, enum thimble_update_result why)
{
    thimble_update_drop(u);
    return why;
}

/* The flash is touched only when the head is a firmware's for this chip. */
static enum thimble_update_result head_done(struct thimble_update *u)
{
    enum thimble_update_result result = look_at(u);

    if (result != THIMBLE_UPDATE_OK)
        return fail(u, result);
    if (!u->flash->begin(u->flash->ctx, u->size))
        return fail(u, THIMBLE_UPDATE_NOT_WRITTEN);
    u->state = THIMBLE_UPDATE_BODY;
    if (!u->flash->add(u->flash->ctx, u->head, sizeof u->head))
        return fail(u, THIMBLE_UPDATE_NOT_WRITTEN);
    return THIMBLE_UPDATE_OK;
}

enum thimble_update_result thimble_update_add(struct thimble_update *u, const void *data, size_t len)
{
    const uint8_t *from = data;

    if (u->state == THIMBLE_UPDATE_IDLE)
        return THIMBLE_UPDATE_INCOMPLETE;
    if (len > u->size - u->got)
        return fail(u, THIMBLE_UPDATE_DAMAGED);
    if (u->state == THIMBLE_UPDATE_HEAD) {
        size_t n = sizeof u->head - u->got < len ? sizeof u->head - u->got : len;
        memcpy(u->head + u->got, from, n);
        u->got += (uint32_t)n;
        from += n;
        len -= n;
        enum thimble_update_result result =
            u->got == sizeof u->head ? head_done(u) : THIMBLE_UPDATE_OK;
        if (result != THIMBLE_UPDATE_OK || len == 0)
            return result;
    }
    if (len > 0 && !u->flash->add(u->flash->ctx, from, len))
        return fail(u, THIMBLE_UPDATE_NOT_WRITTEN);
    u->got += (uint32_t)len;
    return THIMBLE_UPDATE_OK;
}

enum thimble_update_result thimble_update_end(struct thimble_update *u)
{
    uint8_t sha256[THIMBLE_UPDATE_HASH_BYTES];

    if (u->state != THIMBLE_UPDATE_BODY || u->got != u->size)
        return fail(u, THIMBLE_UPDATE_INCOMPLETE);
    if (!u->flash->hash(u->flash->ctx, sha256))
        return fail(u, THIMBLE_UPDATE_NOT_WRITTEN);
    if (!equal(sha256, u->sha256, sizeof sha256))
        return fail(u, THIMBLE_UPDATE_DAMAGED);
    if (!u->flash->use(u->flash->ctx))
        return fail(u, THIMBLE_UPDATE_NOT_WRITTEN);
    u->state = THIMBLE_UPDATE_IDLE;
    return THIMBLE_UPDATE_OK;
}

const char *thimble_update_text(enum thimble_update_result result)
{
    static const char *const texts[THIMBLE_UPDATE_RESULTS] = {
        [THIMBLE_UPDATE_OK] = "taken",
        [THIMBLE_UPDATE_NO_PROOF] = "the key is another one, or the nonce is old or was used",
        [THIMBLE_UPDATE_BUSY] = "another update is under way",
        [THIMBLE_UPDATE_TOO_LARGE] = "the image is larger than its place in the flash",
        [THIMBLE_UPDATE_NO_IMAGE] = "this is no firmware image",
        [THIMBLE_UPDATE_OTHER_CHIP] = "the image is for another chip",
        [THIMBLE_UPDATE_INCOMPLETE] = "the image ended early",
        [THIMBLE_UPDATE_DAMAGED] = "the image was damaged on its way",
        [THIMBLE_UPDATE_NOT_WRITTEN] = "the flash refused the image",
    };
    return texts[result];
}
