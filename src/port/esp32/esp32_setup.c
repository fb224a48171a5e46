/* SPDX-License-Identifier: MIT
 *
 * esp32_setup.c: what was entered in the form of device/setup.h, kept in the flash (ESP-IDF's NVS); and the access point at
 * which it is entered.
 *
 * Layer 6.  device/setup.h says when there is one.  NVS is not encrypted unless the project says so.
 */
#include "esp32.h"

#if TH_BOARD_ESP32 && TH_BOARD_SETUP

#include <esp_wifi.h>
#include <netinet/in.h>
#include <nvs.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../board/point.h"
#include "../board/remote.h"

#define SPACE "thimble"

/* --------------------------------------------------------------------------------------
 * Kept
 */
static bool get_text(nvs_handle_t h, const char *name, char *to, size_t size)
{
    to[0] = '\0';
    return nvs_get_str(h, name, to, &size) == ESP_OK;
}

bool th_remote_entered(struct thimble_setup *s)
{
    nvs_handle_t h;

    memset(s, 0, sizeof *s);
    if (th_esp32_storage() != ESP_OK || nvs_open(SPACE, NVS_READONLY, &h) != ESP_OK)
        return false;
    bool there = get_text(h, "ssid", s->ssid, sizeof s->ssid);
    get_text(h, "password", s->password, sizeof s->password);
    get_text(h, "hostname", s->host_name, sizeof s->host_name);
    nvs_close(h);
    return there && !thimble_setup_problem(s);
}

bool th_esp32_keep(const struct thimble_setup *s)
{
    nvs_handle_t h;

    if (nvs_open(SPACE, NVS_READWRITE, &h) != ESP_OK)
        return false;
    esp_err_t err = nvs_set_str(h, "ssid", s->ssid);
    if (err == ESP_OK)
        err = nvs_set_str(h, "password", s->password);
    if (err == ESP_OK)
        err = nvs_set_str(h, "hostname", s->host_name);
    if (err == ESP_OK)
        err = nvs_commit(h);
    nvs_close(h);
    return err == ESP_OK;
}

/* --------------------------------------------------------------------------------------
 * The access point
 */
enum { GUESTS_MAX = 2, NAMES_A_TURN = 4, DNS_PORT = 53 };

static esp_netif_t *interface;
static int names = -1;                  /* a socket */

bool th_point_password(char password[THIMBLE_POINT_PASSWORD + 1])
{
    uint8_t random[THIMBLE_POINT_PASSWORD];
    nvs_handle_t h;

    if (nvs_open(SPACE, NVS_READWRITE, &h) != ESP_OK)
        return false;
    bool there = get_text(h, "point", password, THIMBLE_POINT_PASSWORD + 1) &&
                 strlen(password) == THIMBLE_POINT_PASSWORD;
    if (!there && th_board_random(random, sizeof random)) {
        thimble_point_password(password, random);
        there = nvs_set_str(h, "point", password) == ESP_OK && nvs_commit(h) == ESP_OK;
    }
    nvs_close(h);
    return there;
}

bool th_point_mac(uint8_t mac[6])
{
    return esp_wifi_get_mac(WIFI_IF_STA, mac) == ESP_OK;
}

static void listen_for_names(const esp_ip4_addr_t *ip)
{
    struct sockaddr_in a;

    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_port = htons(DNS_PORT);
    a.sin_addr.s_addr = ip->addr;
    names = socket(AF_INET, SOCK_DGRAM, 0);
    if (names >= 0 && bind(names, (const struct sockaddr *)&a, sizeof a) == 0)
        return;
    th_board_log(TH_LOG_WARNING, "setup: names are not answered; the form is at the address alone");
    if (names >= 0)
        close(names);
    names = -1;
}

static void answer_names(void)
{
    static uint8_t question[THIMBLE_NAME_ANSWER_BYTES], reply[THIMBLE_NAME_ANSWER_BYTES];
    esp_netif_ip_info_t ip;

    if (names < 0 || esp_netif_get_ip_info(interface, &ip) != ESP_OK)
        return;
    for (unsigned i = 0; i < NAMES_A_TURN; i++) {
        struct sockaddr_in from;
        socklen_t from_len = sizeof from;
        ssize_t n = recvfrom(names, question, sizeof question, MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
        if (n <= 0)
            return;
        size_t len = thimble_name_answer(question, (size_t)n, (const uint8_t *)&ip.ip.addr, reply);
        if (len > 0)
            sendto(names, reply, len, MSG_DONTWAIT, (const struct sockaddr *)&from, from_len);
    }
}

static esp_err_t set_point(const char *name, const char *password)
{
    wifi_config_t c = { .ap = { .max_connection = GUESTS_MAX,
                                .authmode = password[0] ? WIFI_AUTH_WPA2_PSK : WIFI_AUTH_OPEN } };

    c.ap.ssid_len = (uint8_t)strlen(name);
    memcpy(c.ap.ssid, name, c.ap.ssid_len);
    memcpy(c.ap.password, password, strlen(password));
    esp_err_t err = esp_wifi_set_mode(WIFI_MODE_APSTA);
    return err == ESP_OK ? esp_wifi_set_config(WIFI_IF_AP, &c) : err;
}

const char *th_point_start(const char *name, const char *password)
{
    esp_netif_ip_info_t ip;

    if (!interface)
        interface = esp_netif_create_default_wifi_ap();
    esp_err_t err = set_point(name, password);
    if (err == ESP_OK)
        err = esp_netif_get_ip_info(interface, &ip);
    if (err != ESP_OK) {
        th_board_log(TH_LOG_ERROR, "setup: the access point does not start: error 0x%x", (unsigned)err);
        return NULL;
    }
    listen_for_names(&ip.ip);
    return th_esp32_web_point(&ip.ip);
}

void th_point_stop(void)
{
    th_esp32_web_point(NULL);
    if (names >= 0)
        close(names);
    names = -1;
    esp_wifi_set_mode(WIFI_MODE_STA);
}

unsigned th_point_guests(void)
{
    wifi_sta_list_t list;
    return esp_wifi_ap_get_sta_list(&list) == ESP_OK ? (unsigned)list.num : 0;
}

bool th_esp32_point_poll(const struct thimble_settings *s, bool joined, bool any_network)
{
    bool guests = th_point_poll(s, joined, any_network, false) == TH_POINT_GUESTS;
    answer_names();
    return guests;
}

#else

/* ISO C wants something in every file. */
typedef int th_esp32_setup_is_not_compiled;

#endif
