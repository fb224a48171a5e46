/* SPDX-License-Identifier: MIT
 *
 * fuzz_http.c: libFuzzer target: hostile heads of requests (device/http.h).
 *
 * The first byte says where the rest is cut; a head must come out the same in two pieces as in one, and what is told of
 * it must be within its bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "device/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct thimble_http whole, cut;

    if (size < 1)
        return 0;
    size_t len = size - 1, at = len ? data[0] * len / 256 : 0;
    data++;
    thimble_http_begin(&whole);
    size_t n = thimble_http_take(&whole, data, len);
    thimble_http_begin(&cut);
    size_t first = thimble_http_take(&cut, data, at);
    if (first + thimble_http_take(&cut, data + first, len - first) != n || memcmp(&whole, &cut, sizeof cut) != 0)
        abort();
    if (n > len || (whole.state == THIMBLE_HTTP_HEAD && n != len) || !memchr(whole.path, '\0', sizeof whole.path) ||
        !memchr(whole.host, '\0', sizeof whole.host))
        abort();
    if (whole.state == THIMBLE_HTTP_BAD && (!whole.status || strlen(whole.status) < 5))
        abort();
    if (whole.state == THIMBLE_HTTP_DONE && (n < 16 || data[n - 1] != '\n' || (whole.path[0] != '/' && whole.path[0] != '\0')))
        abort();
    return 0;
}
