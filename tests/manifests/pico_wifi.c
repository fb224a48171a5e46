/* SPDX-License-Identifier: MIT
 *
 * pico_wifi.c: port/pico's network on a development machine: WiFi networks and addresses, with a played radio and a played
 * lwIP.  `pico_wifi SCENARIO`; tests/manifests/run names them.
 */
#include <pico/cyw43_arch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/netif.h"
#include "port/board/platform.h"

#define EXPECT(truth) \
    ((truth) ? (void)0 : (printf("line %d: %s\n%s", __LINE__, #truth, told), exit(1)))

static uint32_t now_ms = 4294960000u;   /* the clock wraps soon */
static char told[8192];

/* What the radio does with a network of this name; anything else is not found. */
static const char *in_reach, *refuses, *is_silent;
static char joining[32], tried[256];
static uint32_t joining_since_ms;
static int status;
static bool link_up, radio_broken;
static unsigned led_changes;

static ip4_addr_t address;
static u32_t mask;
static unsigned dhcp_asks, dhcp_stops;
static bool dhcp_answers;

cyw43_t cyw43_state;
const ip4_addr_t ip4_addr_zero;

/* --------------------------------------------------------------------------------------
 * What board.c and pico_board.c are elsewhere
 */

uint32_t th_board_ms(void)
{
    return now_ms;
}

void th_board_log(enum th_log level, const char *format, ...)
{
    size_t len = strlen(told);
    va_list arguments;
    (void)level;
    va_start(arguments, format);
    vsnprintf(told + len, sizeof told - len - 1, format, arguments);
    va_end(arguments);
    strcat(told, "\n");
}

uint32_t get_rand_32(void)
{
    return 0;                           /* the longest pauses */
}

/* --------------------------------------------------------------------------------------
 * The radio
 */

bool cyw43_is_initialized(cyw43_t *self) { (void)self; return true; }
void cyw43_wifi_set_up(cyw43_t *self, int itf, bool up, uint32_t country)
{
    (void)self, (void)itf;
    EXPECT(up && country == CYW43_COUNTRY('D', 'E', 0));
}
int cyw43_wifi_pm(cyw43_t *self, uint32_t mode) { (void)self, (void)mode; return 0; }
int cyw43_arch_init_with_country(uint32_t country) { (void)country; return radio_broken ? -1 : 0; }
void cyw43_arch_gpio_put(unsigned pin, bool high) { (void)pin, (void)high; led_changes++; }
int cyw43_wifi_link_status(cyw43_t *self, int itf) { (void)self, (void)itf; return status; }

int cyw43_wifi_join(cyw43_t *self, size_t ssid_len, const uint8_t *ssid, size_t key_len, const uint8_t *key,
                    uint32_t auth_type, const uint8_t *bssid, uint32_t channel)
{
    (void)self, (void)bssid, (void)channel;
    EXPECT(ssid_len < sizeof joining);
    EXPECT(auth_type == (key ? CYW43_AUTH_WPA2_AES_PSK : CYW43_AUTH_OPEN) && !key == !key_len);
    memcpy(joining, ssid, ssid_len);
    joining[ssid_len] = '\0';
    strcat(strcat(tried, joining), " ");
    joining_since_ms = now_ms;
    status = CYW43_LINK_JOIN;
    link_up = false;
    return 0;
}

static bool is(const char *name)
{
    return name && strcmp(joining, name) == 0;
}

/* Two seconds, and the radio knows. */
void cyw43_arch_poll(void)
{
    if (status != CYW43_LINK_JOIN || link_up || now_ms - joining_since_ms < 2000)
        return;
    if (is(in_reach))
        link_up = true;
    else if (is(refuses))
        status = CYW43_LINK_BADAUTH;
    else if (!is(is_silent))
        status = -2;                    /* not found */
}

/* --------------------------------------------------------------------------------------
 * lwIP
 */

u8_t netif_is_link_up(const struct netif *n) { (void)n; return link_up; }
const ip4_addr_t *netif_ip4_addr(const struct netif *n) { (void)n; return &address; }
void netif_set_hostname(struct netif *n, const char *name) { (void)n; EXPECT(strcmp(name, "thimble") == 0); }
u32_t lwip_htonl(u32_t v) { return v >> 24 | (v >> 8 & 0xff00) | (v << 8 & 0xff0000) | v << 24; }

void netif_set_addr(struct netif *n, const ip4_addr_t *ip, const ip4_addr_t *m, const ip4_addr_t *gateway)
{
    (void)n, (void)gateway;
    address = *ip;
    mask = m->addr;
}

err_t dhcp_start(struct netif *n) { (void)n; dhcp_asks++; return ERR_OK; }
void dhcp_release_and_stop(struct netif *n) { (void)n; dhcp_stops++; }

char *ip4addr_ntoa_r(const ip4_addr_t *ip, char *text, int size)
{
    const uint8_t *b = (const uint8_t *)&ip->addr;      /* in the network's order, as lwIP has it */
    snprintf(text, (size_t)size, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    return text;
}

/* --------------------------------------------------------------------------------------
 * Scenarios
 */

static struct thimble_settings settings;
static const char *ini;

static int next_byte(void *ctx)
{
    (void)ctx;
    return *ini ? (unsigned char)*ini++ : THIMBLE_SETTINGS_END;
}

static void begin(const char *text)
{
    const struct thimble_settings_source source = { .get = next_byte };
    const struct thimble_settings_report report = { 0 };
    ini = text;
    EXPECT(thimble_settings_read(&settings, &source, &report));
    EXPECT(th_board_network_start(&settings));
}

static void run_ms(uint32_t ms)
{
    for (uint32_t i = 0; i < ms; i += 10) {
        now_ms += 10;
        th_board_network_poll();
        if (link_up && dhcp_answers)
            IP4_ADDR(&address, 192, 0, 2, 7);
    }
}

#define TWO "[wifi 1]\nssid = cellar\npassword = correct-horse\ncountry = DE\n[wifi 2]\nssid = attic\n"

static void second_network(void)
{
    in_reach = "attic";
    dhcp_answers = true;
    begin(TWO);
    EXPECT(strcmp(th_board_address(), "") == 0);
    run_ms(6000);
    EXPECT(strcmp(tried, "cellar attic ") == 0);
    EXPECT(strcmp(th_board_address(), "192.0.2.7") == 0);
    EXPECT(th_board_network_trouble() == TH_NETWORK_NO_TROUBLE);

    link_up = false;                    /* its access point goes, and the first one comes */
    status = CYW43_LINK_DOWN;
    in_reach = "cellar";
    run_ms(20);
    EXPECT(strstr(told, "WiFi lost") && strcmp(th_board_address(), "") == 0);
    run_ms(5000);
    EXPECT(strcmp(tried, "cellar attic cellar ") == 0);
    EXPECT(strcmp(th_board_address(), "192.0.2.7") == 0);
}

static void no_network(void)
{
    begin(TWO);
    run_ms(4500);
    EXPECT(strcmp(tried, "cellar attic ") == 0);
    EXPECT(th_board_network_trouble() == TH_NETWORK_WIFI_NOT_FOUND);
    run_ms(1000);                       /* then after 2 s, after 4 ... */
    EXPECT(strcmp(tried, "cellar attic cellar ") == 0);
    run_ms(5000);
    EXPECT(strcmp(tried, "cellar attic cellar attic ") == 0);
    for (int minute = 0; minute < 20; minute++)
        tried[0] = '\0', run_ms(60000);
    EXPECT(strlen(tried) <= sizeof "cellar attic ");
    in_reach = "attic";
    dhcp_answers = true;
    run_ms(70000);
    EXPECT(link_up && th_board_network_trouble() == TH_NETWORK_NO_TROUBLE);
}

static void password_refused(void)
{
    refuses = "cellar";
    is_silent = "attic";
    begin(TWO);
    run_ms(10000);
    EXPECT(strcmp(tried, "cellar attic ") == 0);        /* the second is waited for */
    run_ms(14000);
    EXPECT(th_board_network_trouble() == TH_NETWORK_WIFI_REFUSED);
    EXPECT(strncmp(tried, "cellar attic cellar ", 20) == 0);
    EXPECT(!strstr(told, "correct-horse"));
}

static void dhcp_is_silent(void)
{
    in_reach = "cellar";
    begin(TWO "[network]\nfallback = 192.0.2.50/20\n");
    EXPECT(dhcp_asks == 1);
    run_ms(11000);
    EXPECT(strcmp(th_board_address(), "") == 0);        /* the time without a link does not count */
    run_ms(1500);
    EXPECT(strcmp(th_board_address(), "192.0.2.50") == 0 && dhcp_stops == 1);
    EXPECT(mask == lwip_htonl(0xfffff000));
    EXPECT(th_board_network_trouble() == TH_NETWORK_NO_TROUBLE);

    link_up = false;
    status = CYW43_LINK_DOWN;
    run_ms(50);
    EXPECT(dhcp_asks == 2 && ip4_addr_isany_val(address));      /* asked anew with the next link */
}

static void no_fallback(void)
{
    in_reach = "cellar";
    begin(TWO);
    run_ms(13000);
    EXPECT(th_board_network_trouble() == TH_NETWORK_NO_DHCP && dhcp_stops == 0);
    dhcp_answers = true;
    run_ms(100);
    EXPECT(th_board_network_trouble() == TH_NETWORK_NO_TROUBLE);
    EXPECT(strcmp(th_board_address(), "192.0.2.7") == 0);
}

static void static_address(void)
{
    in_reach = "cellar";
    begin(TWO "[network]\naddress = 198.51.100.9/24\n");
    EXPECT(dhcp_asks == 0 && mask == lwip_htonl(0xffffff00));
    run_ms(3000);
    EXPECT(strcmp(th_board_address(), "198.51.100.9") == 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } scenarios[] = {
        { "second-network", second_network }, { "no-network", no_network },
        { "password-refused", password_refused }, { "dhcp-is-silent", dhcp_is_silent },
        { "no-fallback", no_fallback }, { "static-address", static_address },
    };
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        if (argc == 2 && strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            return 0;
        }
    }
    printf("no such scenario\n");
    return 1;
}
