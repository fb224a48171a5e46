/* SPDX-License-Identifier: MIT
 *
 * esp32_setup.c: what was entered in the form of device/setup.h, kept in the flash (ESP-IDF's NVS); and the access point at
 * which it is entered.
 *
 * Layer 6.  device/setup.h says when there is one.  NVS is not encrypted unless the project says so.
 */
#include "esp32.h"

#if TH_BOARD_ESP32 && TH_BOARD_WEB

#include <nvs.h>
#include <string.h>

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
    if (THIMBLE_BOARD_ETHERNET || th_esp32_storage() != ESP_OK || nvs_open(SPACE, NVS_READONLY, &h) != ESP_OK)
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

#endif

#if TH_BOARD_ESP32 && TH_BOARD_WEB && !THIMBLE_BOARD_ETHERNET

#include <esp_wifi.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GUESTS_MAX = 2, GUESTS_LOOK_MS = 1000, NAMES_A_TURN = 4, DNS_PORT = 53 };
enum { POINT_PASSWORD = 1, POINT_OPEN, POINT_NO };      /* [setup] access-point */

static struct thimble_point point;
static bool begun, running;
static unsigned n_guests;
static uint32_t looked_ms;
static esp_netif_t *interface;
static int names = -1;                  /* a socket */

/* Made once, and kept. */
static bool own_password(char password[THIMBLE_POINT_PASSWORD + 1])
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

static esp_err_t set_point(bool open, char name[THIMBLE_SETUP_SSID], char password[THIMBLE_POINT_PASSWORD + 1])
{
    wifi_config_t c = { .ap = { .max_connection = GUESTS_MAX, .authmode = open ? WIFI_AUTH_OPEN : WIFI_AUTH_WPA2_PSK } };
    uint8_t mac[6];
    esp_err_t err = esp_wifi_get_mac(WIFI_IF_STA, mac);

    if (err != ESP_OK)
        return err;
    c.ap.ssid_len = (uint8_t)snprintf(name, THIMBLE_SETUP_SSID, "thimble-%02X%02X", mac[4], mac[5]);
    memcpy(c.ap.ssid, name, c.ap.ssid_len);
    if (!open)
        memcpy(c.ap.password, password, THIMBLE_POINT_PASSWORD);
    err = esp_wifi_set_mode(WIFI_MODE_APSTA);
    return err == ESP_OK ? esp_wifi_set_config(WIFI_IF_AP, &c) : err;
}

static void start_point(bool open)
{
    char name[THIMBLE_SETUP_SSID], password[THIMBLE_POINT_PASSWORD + 1] = "";
    esp_netif_ip_info_t ip;

    if (!interface)
        interface = esp_netif_create_default_wifi_ap();
    if (!open && !own_password(password)) {
        th_board_log(TH_LOG_ERROR, "setup: no password can be kept, so there is no access point");
        return;
    }
    esp_err_t err = set_point(open, name, password);
    if (err == ESP_OK)
        err = esp_netif_get_ip_info(interface, &ip);
    if (err != ESP_OK) {
        th_board_log(TH_LOG_ERROR, "setup: the access point does not start: error 0x%x", (unsigned)err);
        return;
    }
    listen_for_names(&ip.ip);
    th_esp32_web_point(&ip.ip);
    th_board_log(TH_LOG_WARNING, "setup: join %s, %s%s, and open http://" IPSTR "/setup", name,
                 open ? "which is open" : "password ", password, IP2STR(&ip.ip));
}

static void stop_point(void)
{
    th_esp32_web_point(NULL);
    if (names >= 0)
        close(names);
    names = -1;
    esp_wifi_set_mode(WIFI_MODE_STA);
    n_guests = 0;
    th_board_log(TH_LOG_INFO, "setup: the access point is off");
}

static void look_for_guests(void)
{
    wifi_sta_list_t list;

    if (!running || th_board_ms() - looked_ms < GUESTS_LOOK_MS)
        return;
    looked_ms = th_board_ms();
    n_guests = esp_wifi_ap_get_sta_list(&list) == ESP_OK ? (unsigned)list.num : 0;
}

bool th_esp32_point_poll(const struct thimble_settings *s, bool joined, bool any_network)
{
    if (s->setup.access_point == POINT_NO)
        return false;
    if (!begun)
        thimble_point_init(&point, th_board_ms());
    begun = true;
    look_for_guests();
    bool wanted = thimble_point_next(&point, joined, any_network, n_guests, th_board_ms());
    if (wanted && !running)
        start_point(s->setup.access_point == POINT_OPEN);
    else if (!wanted && running)
        stop_point();
    running = wanted;
    answer_names();
    return n_guests > 0;
}

#endif

#if !(TH_BOARD_ESP32 && TH_BOARD_WEB)

/* ISO C wants something in every file. */
typedef int th_esp32_setup_is_not_compiled;

#endif
