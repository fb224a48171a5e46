/* SPDX-License-Identifier: MIT
 *
 * esp32_announce.c: board/announce.h by the component espressif/mdns, which Arduino has and a project of ESP-IDF gets by
 * idf_component.yml; without it nothing is announced.
 *
 * Layer 6.  It has a task of its own, copies all that it is given, follows links and addresses, and takes another name
 * where one is taken.
 */
#include "esp32.h"

#if TH_BOARD_ESP32

#include "../board/announce.h"

#if __has_include(<mdns.h>)

#include <mdns.h>
#include <string.h>

const bool th_announce_is_there = true;

enum { TEXTS = 1 + 2 * THIMBLE_BOARD_TARGETS };

static esp_err_t add_targets(const struct th_announced *what, const char *name)
{
    static char texts[TEXTS][TH_ANNOUNCE_TEXT];
    mdns_txt_item_t items[TEXTS];
    size_t n = 0;

    while (n < TEXTS && th_announce_text(what, (unsigned)n, texts[n]) > 0) {
        char *equals = strchr(texts[n], '=');
        *equals = '\0';
        items[n] = (mdns_txt_item_t){ .key = texts[n], .value = equals + 1 };
        n++;
    }
    return mdns_service_add(name, "_iscsi", "_tcp", what->port, items, n);
}

void th_announce_start(const struct th_announced *what)
{
    mdns_txt_item_t page[] = { { .key = "path", .value = "/" } };
    char host[TH_ANNOUNCE_LABEL], name[TH_ANNOUNCE_LABEL];

    th_announce_host(what, 1, host);
    th_announce_service(host, name);
    esp_err_t err = mdns_init();        /* the sketch may have done it: that is no error */
    if (err == ESP_OK)
        err = mdns_hostname_set(host);
    if (err == ESP_OK)
        err = add_targets(what, name);
    if (err == ESP_OK && what->http_port)
        err = mdns_service_add(name, "_http", "_tcp", what->http_port, page, 1);
    if (err == ESP_OK)
        th_board_log(TH_LOG_INFO, "announce: this is %s.local, if nobody else is", host);
    else
        th_board_log(TH_LOG_ERROR, "announce: error 0x%x", (unsigned)err);
}

#else

const bool th_announce_is_there = false;

void th_announce_start(const struct th_announced *what)
{
    (void)what;
    th_board_log(TH_LOG_WARNING, "announce: this firmware cannot");
}

#endif

void th_announce_poll(void)
{
}

#else

/* ISO C wants something in every file. */
typedef int th_esp32_announce_is_not_compiled;

#endif
