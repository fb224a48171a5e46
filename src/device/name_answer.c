/* SPDX-License-Identifier: MIT
 *
 * name_answer.c: see setup.h: each name has our address, so that a telephone finds the page of the form by itself.
 *
 * Layer 0.  RFC 1035: 4.1.1 is the header, 4.1.2 the question, 4.1.3 the answer.
 */
#include "setup.h"

#include <string.h>

enum {
    HEADER = 12, LABEL_MAX = 63, NAME_MAX = 255, ANSWER = 16,
    TYPE_A = 1, TYPE_ANY = 255, CLASS_IN = 1,
    TTL_S = 5,                          /* nobody shall remember it in another network */
};

/* Where the question's name ends; 0: it does not. */
static size_t name_end(const uint8_t *q, size_t len)
{
    size_t at = HEADER;

    while (at < len && q[at] != 0) {
        if (q[at] > LABEL_MAX)          /* a pointer: there is nothing yet that it could point at */
            return 0;
        at += q[at] + 1u;
        if (at - HEADER >= NAME_MAX)
            return 0;
    }
    return at < len ? at + 1 : 0;
}

size_t thimble_name_answer(const uint8_t *q, size_t len, const uint8_t ip[4],
                           uint8_t answer[THIMBLE_NAME_ANSWER_BYTES])
{
    if (len < HEADER || (q[2] & 0xf8) != 0 || (q[4] << 8 | q[5]) != 1)      /* a standard query of one name */
        return 0;
    size_t end = name_end(q, len);
    if (end == 0 || len - end < 4)
        return 0;
    unsigned type = (unsigned)(q[end] << 8 | q[end + 1]), class = (unsigned)(q[end + 2] << 8 | q[end + 3]);
    bool known = (type == TYPE_A || type == TYPE_ANY) && class == CLASS_IN;
    const uint8_t record[ANSWER] = { 0xc0, HEADER, 0, TYPE_A, 0, CLASS_IN, 0, 0, 0, TTL_S,
                                     0, 4, ip[0], ip[1], ip[2], ip[3] };
    size_t n = end + 4;

    memcpy(answer, q, n);
    memset(answer + 2, 0, HEADER - 2);
    answer[2] = (uint8_t)(0x84 | (q[2] & 1));   /* an answer, of authority; RD as it came */
    answer[5] = 1;
    answer[7] = known;
    if (known) {
        memcpy(answer + n, record, sizeof record);
        n += sizeof record;
    }
    return n;
}
