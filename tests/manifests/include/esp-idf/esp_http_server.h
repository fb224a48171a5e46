/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: esp_http_server.  See ../README.md.
 */
#ifndef FAKE_ESP_HTTP_SERVER_H
#define FAKE_ESP_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "sdkconfig.h"

enum http_method { HTTP_GET = 1, HTTP_POST = 3 };
typedef enum http_method httpd_method_t;
typedef void *httpd_handle_t;
typedef bool (*httpd_uri_match_func_t)(const char *reference, const char *uri, size_t len);
typedef struct {
    unsigned task_priority;
    size_t stack_size;
    uint16_t server_port, max_open_sockets;
    bool lru_purge_enable;
    uint16_t recv_wait_timeout, send_wait_timeout;
    httpd_uri_match_func_t uri_match_fn;
} httpd_config_t;
#define HTTPD_DEFAULT_CONFIG() { .task_priority = 5, .stack_size = 4096, .server_port = 80 }
typedef struct httpd_req {
    httpd_handle_t handle;
    int method;
    const char uri[CONFIG_HTTPD_MAX_URI_LEN + 1];
    size_t content_len;
} httpd_req_t;
typedef struct {
    const char *uri;
    httpd_method_t method;
    esp_err_t (*handler)(httpd_req_t *request);
    void *user_ctx;
} httpd_uri_t;
esp_err_t httpd_start(httpd_handle_t *handle, const httpd_config_t *config);
esp_err_t httpd_register_uri_handler(httpd_handle_t handle, const httpd_uri_t *handler);
bool httpd_uri_match_wildcard(const char *reference, const char *uri, size_t len);
int httpd_req_to_sockfd(httpd_req_t *request);
int httpd_req_recv(httpd_req_t *request, char *to, size_t size);
esp_err_t httpd_req_get_hdr_value_str(httpd_req_t *request, const char *field, char *to, size_t size);
esp_err_t httpd_resp_set_status(httpd_req_t *request, const char *status);
esp_err_t httpd_resp_set_type(httpd_req_t *request, const char *type);
esp_err_t httpd_resp_set_hdr(httpd_req_t *request, const char *field, const char *value);
esp_err_t httpd_resp_send_chunk(httpd_req_t *request, const char *from, ssize_t len);

#endif
