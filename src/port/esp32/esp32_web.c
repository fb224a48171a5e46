/* SPDX-License-Identifier: MIT
 *
 * esp32_web.c: ESP-IDF's HTTP server for board/web_task.c, and its two places for a firmware for device/update.h.
 *
 * Layer 6.  The server has a task, in which requests are answered one after the other; what they want to know of the engine is
 * made in the engine's (board/handoff.h).  A reader that takes nothing is left after SEND_S seconds.
 */
#include "esp32.h"

#if TH_BOARD_ESP32 && TH_BOARD_WEB

#include <esp_http_server.h>
#include <esp_ota_ops.h>
#include <esp_system.h>
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>
#include <mbedtls/md.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "../board/handoff.h"
#include "../board/remote.h"
#include "../board/status.h"
#include "../board/web_task.h"
#include "../sockets/sockets.h"

enum {
    PORT = 80, STACK_BYTES = 6144, SOCKETS = 2, RECEIVE_S = 10, SEND_S = 5,
    PATIENCE_MS = 5000,                 /* with an engine whose card is slow */
};

static httpd_handle_t server;
static uint16_t port = PORT;
static struct th_web_task task;
static struct thimble_status_source source;
static struct th_handoff handoff;

static atomic_uint point_ip;            /* as in_addr has it; 0: there is no access point of ours */

/* --------------------------------------------------------------------------------------
 * A request
 */
static bool get_header(void *ctx, const char *name, char *to, size_t size)
{
    return httpd_req_get_hdr_value_str(ctx, name, to, size) == ESP_OK;
}

static size_t read_body(void *ctx, void *to, size_t size)
{
    int n = httpd_req_recv(ctx, to, size);
    return n > 0 ? (size_t)n : 0;
}

static bool begin_answer(void *ctx, const struct th_web_head *h)
{
    esp_err_t err = httpd_resp_set_status(ctx, h->status);
    if (err == ESP_OK)
        err = httpd_resp_set_type(ctx, h->type);
    if (err == ESP_OK)
        err = httpd_resp_set_hdr(ctx, "Cache-Control", "no-store");
    if (err == ESP_OK)
        err = httpd_resp_set_hdr(ctx, "X-Content-Type-Options", "nosniff");
    if (err == ESP_OK)
        err = httpd_resp_set_hdr(ctx, "Connection", "close");
    if (err == ESP_OK && h->is_page)
        err = httpd_resp_set_hdr(ctx, "Content-Security-Policy", TH_WEB_POLICY);
    if (err == ESP_OK && h->name)
        err = httpd_resp_set_hdr(ctx, h->name, h->value);
    return err == ESP_OK;
}

static bool send_part(void *ctx, const void *data, size_t len)
{
    return len == 0 || httpd_resp_send_chunk(ctx, data, (ssize_t)len) == ESP_OK;
}

/* The address that the peer knows us by: IPv4, or within IPv6. */
static bool came_by_point(int fd)
{
    struct sockaddr_storage local;
    socklen_t len = sizeof local;
    uint32_t ip = 0;

    if (getsockname(fd, (struct sockaddr *)&local, &len) != 0)
        return false;
    if (local.ss_family == AF_INET)
        ip = ((const struct sockaddr_in *)&local)->sin_addr.s_addr;
#if CONFIG_LWIP_IPV6
    if (local.ss_family == AF_INET6)
        memcpy(&ip, (const uint8_t *)&((const struct sockaddr_in6 *)&local)->sin6_addr + 12, sizeof ip);
#endif
    return ip != 0 && ip == atomic_load(&point_ip);
}

/* ESP_FAIL has the server close the connection. */
static esp_err_t answer(httpd_req_t *r)
{
    static char path[CONFIG_HTTPD_MAX_URI_LEN + 1], host[sizeof task.web.point];
    size_t len = strcspn(r->uri, "?#");
    struct th_web_call call = {
        .ctx = r,
        .request = { .path = path, .host = host, .is_post = r->method == HTTP_POST,
                     .by_point = came_by_point(httpd_req_to_sockfd(r)), .body_bytes = r->content_len },
        .header = get_header, .read = read_body, .begin = begin_answer, .send = send_part,
    };
    memcpy(path, r->uri, len);
    path[len] = '\0';
    if (!get_header(r, "Host", host, sizeof host))
        host[0] = '\0';
    return th_web_answer(&task, &call) && httpd_resp_send_chunk(r, NULL, 0) == ESP_OK ? ESP_OK : ESP_FAIL;
}

/* --------------------------------------------------------------------------------------
 * Two tasks
 */
static void rest(void)
{
    vTaskDelay(1);
}

static bool make(void (*do_it)(void *arg), void *arg)
{
    return th_handoff_ask(&handoff, do_it, arg, rest, pdMS_TO_TICKS(PATIENCE_MS));
}

void th_board_restart(void)
{
    esp_restart();
}

/* --------------------------------------------------------------------------------------
 * Another firmware
 */
static const esp_partition_t *place;    /* where it goes */
static esp_ota_handle_t writing;
static mbedtls_md_context_t sum;

static bool begin_image(void *ctx, uint32_t size)
{
    (void)ctx, (void)size;
    mbedtls_md_init(&sum);
    if (mbedtls_md_setup(&sum, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 0) != 0 || mbedtls_md_starts(&sum) != 0 ||
        esp_ota_begin(place, OTA_WITH_SEQUENTIAL_WRITES, &writing) != ESP_OK) {
        mbedtls_md_free(&sum);
        return false;
    }
    return true;
}

static bool add_image(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    return mbedtls_md_update(&sum, data, len) == 0 && esp_ota_write(writing, data, len) == ESP_OK;
}

static bool hash_image(void *ctx, uint8_t sha256[32])
{
    (void)ctx;
    return mbedtls_md_finish(&sum, sha256) == 0;
}

static bool use_image(void *ctx)
{
    (void)ctx;
    esp_err_t err = esp_ota_end(writing);
    if (err == ESP_OK)
        err = esp_ota_set_boot_partition(place);
    if (err == ESP_OK)
        mbedtls_md_free(&sum);
    else
        th_board_log(TH_LOG_ERROR, "update: the image cannot be started: error 0x%x", (unsigned)err);
    return err == ESP_OK;
}

/* After use_image there is nothing to abort, which is no harm. */
static void drop_image(void *ctx)
{
    (void)ctx;
    esp_ota_abort(writing);
    mbedtls_md_free(&sum);
}

static void allow_update(const char *key)
{
    static const struct thimble_update_flash hooks = { .begin = begin_image, .add = add_image, .hash = hash_image,
                                                       .use = use_image, .drop = drop_image };
    static struct thimble_update update;

    place = esp_ota_get_next_update_partition(NULL);
    if (!place || !th_board_crypto()) {
        th_board_log(TH_LOG_ERROR, "update: the partition table has no second place for a firmware");
        return;
    }
    update = (struct thimble_update){ .key = key, .crypto = th_board_crypto(), .flash = &hooks, .room_bytes = place->size,
                                      .chip = CONFIG_IDF_FIRMWARE_CHIP_ID };
    task.update = &update;
    th_board_log(TH_LOG_INFO, "update: who has the key may send a firmware of up to %lu bytes",
                 (unsigned long)place->size);
}

/* A firmware that came by an update is on trial until it serves.  A restart in that time, by the watchdog too, ends it. */
static void try_firmware(bool serves)
{
    static enum { NOT_ASKED, ON_TRIAL, DONE } state;
    const esp_partition_t *running = state == NOT_ASKED ? esp_ota_get_running_partition() : NULL;
    esp_ota_img_states_t marked;

    if (state == NOT_ASKED)
        state = running && esp_ota_get_state_partition(running, &marked) == ESP_OK &&
                        marked == ESP_OTA_IMG_PENDING_VERIFY
                    ? ON_TRIAL : DONE;
    if (state == DONE)
        return;
    switch (thimble_trial(serves, th_board_ms())) {
    case THIMBLE_TRIAL_WAIT:
        return;
    case THIMBLE_TRIAL_GOOD:
        esp_ota_mark_app_valid_cancel_rollback();
        th_board_log(TH_LOG_INFO, "update: this firmware serves, and stays");
        break;
    case THIMBLE_TRIAL_BAD:
        th_board_log(TH_LOG_ERROR, "update: this firmware does not serve; the one before it comes back");
        esp_ota_mark_app_invalid_rollback_and_reboot();
        break;
    }
    state = DONE;
}

#ifdef ARDUINO
/* Arduino's start asks: is it too early to say that a new firmware is good?  (It is weak there.) */
bool verifyRollbackLater(void);
bool verifyRollbackLater(void)
{
    return true;
}
#endif

/* --------------------------------------------------------------------------------------
 * The server
 */
static void start_server(void)
{
    httpd_config_t c = HTTPD_DEFAULT_CONFIG();
    const httpd_uri_t get = { .uri = "/*", .method = HTTP_GET, .handler = answer };
    const httpd_uri_t post = { .uri = "/*", .method = HTTP_POST, .handler = answer };

    if (server)
        return;
    task.make = make;
    task.web.restart = th_restart_ask;
#if TH_BOARD_SETUP
    th_web_new_token(&task.web);
    task.web.keep = th_esp32_keep;
#endif
    c.server_port = port;
    c.task_priority = THIMBLE_BOARD_PRIORITY - 1;
    c.stack_size = STACK_BYTES;
    c.max_open_sockets = SOCKETS;
    c.lru_purge_enable = true;
    c.recv_wait_timeout = RECEIVE_S;
    c.send_wait_timeout = SEND_S;
    c.uri_match_fn = httpd_uri_match_wildcard;
    esp_err_t err = httpd_start(&server, &c);
    if (err == ESP_OK)
        err = httpd_register_uri_handler(server, &get);
    if (err == ESP_OK)
        err = httpd_register_uri_handler(server, &post);
    if (err == ESP_OK)
        th_board_log(TH_LOG_INFO, "status: http on port %u", (unsigned)port);
    else
        th_board_log(TH_LOG_ERROR, "status: http does not start: error 0x%x", (unsigned)err);
}

void th_status_start(const struct thimble *engine, const struct thimble_settings *s)
{
    const char *name = thimble_settings_text(s, s->network.hostname);
    const char *key = thimble_settings_text(s, s->update.key);

    source = (struct thimble_status_source){ .engine = engine, .name = name ? name : th_board_name,
                                             .peer = thimble_sockets_peer };
    if (s->status.http_port) {
        task.web.source = &source;
        port = s->status.http_port;
    }
    if (key)
        allow_update(key);
    if (task.web.source || task.update)
        start_server();
}

/* The engine counts by itself. */
void th_status_event(const struct thimble_event *event)
{
    (void)event;
}

const char *th_esp32_web_point(const esp_ip4_addr_t *ip)
{
    char address[16];

    if (ip) {
        esp_ip4addr_ntoa(ip, address, sizeof address);
        if (port == PORT)
            snprintf(task.web.point, sizeof task.web.point, "%s", address);
        else
            snprintf(task.web.point, sizeof task.web.point, "%s:%u", address, (unsigned)port);
        start_server();
    }
    atomic_store(&point_ip, ip ? ip->addr : 0);
    return task.web.point;
}

void th_remote_poll(bool serves)
{
    th_handoff_serve(&handoff);
    th_restart_poll();
    try_firmware(serves);
}

#else

/* ISO C wants something in every file. */
typedef int th_esp32_web_is_not_compiled;

#endif
