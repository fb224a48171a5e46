/* SPDX-License-Identifier: MIT
 *
 * random.c: see random.h.  The pool is replaced by a hash of itself each time something is
 * taken, so what was handed out earlier cannot be computed from what is there later.
 */
#include "random.h"

#include <string.h>

#include "board.h"
#include "nettle/sha2.h"

static uint32_t pool[SHA256_DIGEST_SIZE / 4];
static uint32_t stirred;

void random_stir(uint32_t bits)
{
    uint32_t *word = &pool[stirred++ % (sizeof pool / sizeof pool[0])];
    *word = (*word << 7 | *word >> 25) ^ bits;
}

/* digest = SHA-256(pool, what) */
static void hash_pool(uint8_t digest[SHA256_DIGEST_SIZE], uint8_t what)
{
    struct sha256_ctx h;
    sha256_init(&h);
    sha256_update(&h, sizeof pool, (const uint8_t *)pool);
    sha256_update(&h, 1, &what);
    sha256_digest(&h, SHA256_DIGEST_SIZE, digest);
}

void random_fill(void *buf, size_t len)
{
    uint8_t *to = buf;
    while (len > 0) {
        uint8_t block[SHA256_DIGEST_SIZE];
        size_t n = len < sizeof block ? len : sizeof block;

        random_stir(board_ticks());
        hash_pool(block, 0);
        memcpy(to, block, n);
        hash_pool(block, 1);
        memcpy(pool, block, sizeof pool);
        to += n;
        len -= n;
    }
}

uint32_t random_u32(void)
{
    uint32_t word;
    random_fill(&word, sizeof word);
    return word;
}
