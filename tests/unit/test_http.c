/* SPDX-License-Identifier: MIT
 *
 * test_http.c: heads of requests (src/device/http.h), each whole, byte by byte, and cut at each place.
 *
 * Input ends where its memory does, so that a byte too many is noticed by AddressSanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/http.h"

static struct thimble_http r;

static size_t take(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    size_t n = thimble_http_take(&r, copy, len);
    free(copy);
    return n;
}

/* The result is in r; it is the same however the bytes come. */
static size_t head(const char *text)
{
    size_t len = strlen(text);

    thimble_http_begin(&r);
    size_t n = take(text, len);
    struct thimble_http whole = r;
    for (size_t cut = 1; cut < len; cut++) {
        thimble_http_begin(&r);
        size_t first = take(text, cut);
        size_t second = take(text + first, len - first);
        if (first < cut)
            assert_int_equal(second, 0);
        assert_int_equal(first + second, n);
        assert_memory_equal(&r, &whole, sizeof r);
    }
    thimble_http_begin(&r);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(take(text + i, 1), 1);
    assert_memory_equal(&r, &whole, sizeof r);
    return n;
}

static void good(const char *text, bool is_post, const char *path, const char *host, uint32_t body_bytes, const char *rest)
{
    size_t n = head(text);
    if (r.state != THIMBLE_HTTP_DONE)
        fail_msg("%s: %s", text, r.status ? r.status : "is not complete");
    assert_int_equal(r.is_post, is_post);
    assert_string_equal(r.path, path);
    assert_string_equal(r.host, host);
    assert_int_equal(r.body_bytes, body_bytes);
    assert_string_equal(text + n, rest);
}

static void what_is_asked(void **state)
{
    (void)state;
    good("GET / HTTP/1.1\r\n\r\n", false, "/", "", 0, "");
    good("GET / HTTP/1.0\n\n", false, "/", "", 0, "");
    good("\r\nGET /metrics HTTP/1.9\r\n\r\nGET", false, "/metrics", "", 0, "GET");
    good("GET /status.json?t=1&x=/a HTTP/1.1\r\nHost: board\r\n\r\n", false, "/status.json", "board", 0, "");
    good("GET /#x HTTP/1.1\r\nHOST:\t 192.168.4.1:8080 \t\r\n\r\n", false, "/", "192.168.4.1:8080", 0, "");
    good("GET /a HTTP/1.1\r\nHost:\r\nAccept: */*, a b c\r\nX-:\r\n\r\n", false, "/a", "", 0, "");
    good("POST /setup HTTP/1.1\r\ncontent-length: 12\r\nHost: Thimble.Local\r\n\r\nssid", true, "/setup", "thimble.local", 12,
         "ssid");
    good("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", true, "/", "", 0, "");
    good("POST / HTTP/1.1\r\nContent-Length: 0004294967289\r\n\r\n", true, "/", "", 4294967289u, "");
    good("GET / HTTP/1.1\r\nContent-Length-: 5\r\nX-Host: a\r\nHos: b\r\nHostt: c\r\ntransfer-encodingg: d\r\n\r\n", false, "/", "",
         0, "");
}

/* A name that does not fit is nobody's. */
static void long_names(void **state)
{
    char text[600], path[100], host[100];
    (void)state;
    for (size_t n = 1; n < 80; n++) {
        memset(path, 'p', n);
        memset(host, 'h', n);
        path[0] = '/';
        path[n] = host[n] = '\0';
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nhost: %s\r\n%s: %s\r\n\r\n", path, host, host, path);
        good(text, false, n <= THIMBLE_HTTP_PATH ? path : "", n <= THIMBLE_HTTP_HOST ? host : "", 0, "");
    }
}

static void what_is_refused(void **state)
{
    static const struct { const char *text; int code; } cases[] = {
        { "HEAD / HTTP/1.1\r\n", 501 }, { "PUT ", 501 }, { "get ", 501 }, { "GETT ", 501 }, { " / HTTP/1.1\r\n", 501 },
        { "AMETHODTHATISLONGERTHANTHEWORD ", 501 },
        { "GET\r\n", 400 }, { "GET \r\n", 400 }, { "GET /\r\n", 400 }, { "GET /?\r\n", 400 }, { "GET  / HTTP/1.1\r\n", 400 },
        { "GET http://a/ HTTP/1.1\r\n", 400 }, { "GET * HTTP/1.1\r\n", 400 },
        { "GET / \r\n", 400 }, { "GET / HTTP/2.0\r\n", 505 }, { "GET / HTTP/1.10\r\n", 505 }, { "GET / HTTP/1.x\r\n", 505 },
        { "GET / HTTP/1.\r\n", 505 }, { "GET / XTTP/1.1\r\n", 400 }, { "GET / HTTP/1.1 \r\n", 505 }, { "GET / AVERYLONGVERSIONOFHTTP\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost\r\n", 400 }, { "GET / HTTP/1.1\r\nHost : a\r\n", 400 }, { "GET / HTTP/1.1\r\n: a\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\n b\r\n", 400 }, { "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a b\r\n", 400 }, { "GET / HTTP/1.1\r\nHo\x80st: a\r\n", 400 },
        { "GET / HTTP/1.1\r\nContent-Length:\r\n", 400 }, { "GET / HTTP/1.1\r\nContent-Length: -1\r\n", 400 },
        { "GET / HTTP/1.1\r\nContent-Length: 1,1\r\n", 400 }, { "GET / HTTP/1.1\r\nContent-Length: 1 1\r\n", 400 },
        { "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n", 400 },
        { "GET / HTTP/1.1\r\nContent-Length: 42949672951\r\n", 413 },
        { "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", 501 },
        { "GET / HTTP/1.1\rHost: a\r\n", 400 }, { "GET /\a HTTP/1.1\r\n", 400 }, { "GET / HTTP/1.1\r\r\n", 400 },
        { "GET / HTTP/1.1\r\nX: a\vb\r\n", 400 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        head(cases[i].text);
        if (r.state != THIMBLE_HTTP_BAD || atoi(r.status) != cases[i].code)
            fail_msg("%s: %s", cases[i].text, r.state == THIMBLE_HTTP_BAD ? r.status : "is taken");
    }
    thimble_http_begin(&r);
    take("GET / HTTP/1.1\r\nX: a\0b\r\n", 24);
    assert_int_equal(r.state, THIMBLE_HTTP_BAD);
}

static void heads_without_an_end(void **state)
{
    static const char *const cases[] = { "\n", "G", "GET /a", "GET / HTTP/1.1\r\nX: " };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = 0;
        thimble_http_begin(&r);
        n += take(cases[i], strlen(cases[i]));
        while (r.state == THIMBLE_HTTP_HEAD)
            n += take(i == 0 ? "\n" : "a", 1);
        assert_int_equal(n, THIMBLE_HTTP_HEAD_BYTES_MAX);
        assert_int_equal(atoi(r.status), 431);
        assert_int_equal(take("a", 1), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked),
        cmocka_unit_test(long_names),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(heads_without_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
