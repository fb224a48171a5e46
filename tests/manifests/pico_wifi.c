/* SPDX-License-Identifier: MIT
 *
 * pico_wifi.c: port/pico's network on a development machine: WiFi networks, addresses and the access point, with a played
 * radio, lwIP and flash.  `pico_wifi SCENARIO`; tests/manifests/run names them.
 */
#include <hardware/flash.h>
#include <pico/cyw43_arch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/udp.h"
#include "port/board/card_views.h"
#include "port/board/platform.h"
#include "port/board/point.h"
#include "port/board/remote.h"
#include "port/board/web_lwip.h"

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

static struct {
    bool up;
    char name[33], password[64];
    uint32_t auth;
    int guests;
} point;

void cyw43_wifi_set_up(cyw43_t *self, int itf, bool up, uint32_t country)
{
    (void)self;
    EXPECT(up || itf == CYW43_ITF_AP);
    EXPECT(country == CYW43_COUNTRY('D', 'E', 0) || country == CYW43_COUNTRY_WORLDWIDE);
    if (itf == CYW43_ITF_AP)
        point.up = up;
}
int cyw43_wifi_leave(cyw43_t *self, int itf)
{
    (void)self;
    EXPECT(itf == CYW43_ITF_STA && status == CYW43_LINK_JOIN);
    status = CYW43_LINK_DOWN;
    return 0;
}
int cyw43_wifi_get_mac(cyw43_t *self, int itf, uint8_t mac[6])
{
    (void)self, (void)itf;
    memcpy(mac, "\x28\xcd\xc1\x01\x3f\xa2", 6);
    return 0;
}
void cyw43_wifi_ap_set_ssid(cyw43_t *self, size_t len, const uint8_t *name)
{
    (void)self;
    snprintf(point.name, sizeof point.name, "%.*s", (int)len, (const char *)name);
}
void cyw43_wifi_ap_set_password(cyw43_t *self, size_t len, const uint8_t *password)
{
    (void)self;
    snprintf(point.password, sizeof point.password, "%.*s", (int)len, (const char *)password);
}
void cyw43_wifi_ap_set_auth(cyw43_t *self, uint32_t auth) { (void)self; point.auth = auth; }
void cyw43_wifi_ap_get_stas(cyw43_t *self, int *n, uint8_t *macs)
{
    (void)self;
    EXPECT(point.up && *n >= point.guests);
    memset(macs, 0, 6 * (size_t)point.guests);
    *n = point.guests;
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

/* Datagrams: what a guest sends goes to whoever listens there, what is answered is kept. */
static struct udp_pcb pcbs[4];
static unsigned n_pcbs, defaults_set;
static const struct netif *came_by;
static struct {
    uint8_t bytes[600];
    size_t len;
    uint8_t to[4];
    u16_t port;
} sent;
const ip_addr_t ip_addr_any_type;

void netif_set_default(struct netif *n) { EXPECT(n == &cyw43_state.netif[CYW43_ITF_STA]); defaults_set++; }
void netif_set_down(struct netif *n) { EXPECT(n == &cyw43_state.netif[CYW43_ITF_AP]); }
struct netif *ip_current_input_netif(void) { return (struct netif *)came_by; }
const ip4_addr_t *ip_2_ip4(const ip_addr_t *ip) { return (const ip4_addr_t *)ip; }
struct udp_pcb *udp_new(void) { EXPECT(n_pcbs < 4); return &pcbs[n_pcbs++]; }
void udp_remove(struct udp_pcb *pcb) { (void)pcb; EXPECT(false); }
err_t udp_bind(struct udp_pcb *pcb, const ip_addr_t *at, u16_t port) { (void)at; pcb->local_port = port; return ERR_OK; }
void udp_recv(struct udp_pcb *pcb, udp_recv_fn f, void *arg) { pcb->recv = f; pcb->recv_arg = arg; }

struct pbuf *pbuf_alloc(pbuf_layer layer, u16_t length, pbuf_type type)
{
    struct pbuf *p = calloc(1, sizeof *p + length);
    (void)layer, (void)type;
    p->payload = p + 1;
    p->len = p->tot_len = length;
    return p;
}
u8_t pbuf_free(struct pbuf *p) { free(p); return 1; }
err_t pbuf_take(struct pbuf *p, const void *data, u16_t len) { memcpy(p->payload, data, len); return ERR_OK; }
u16_t pbuf_copy_partial(const struct pbuf *p, void *to, u16_t len, u16_t offset)
{
    u16_t n = p->len < len ? p->len : len;
    EXPECT(offset == 0);
    memcpy(to, p->payload, n);
    return n;
}

err_t udp_sendto_if(struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *to, u16_t port, struct netif *n)
{
    (void)pcb;
    EXPECT(n == &cyw43_state.netif[CYW43_ITF_AP] && point.up);
    sent.len = p->len;
    memcpy(sent.bytes, p->payload, p->len);
    memcpy(sent.to, to->addr, 4);
    sent.port = port;
    return ERR_OK;
}

static size_t say(u16_t port, const void *data, size_t len, int itf)
{
    ip_addr_t from;
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_RAM);
    IP_ADDR4(&from, 192, 168, 4, 2);
    memcpy(p->payload, data, len);
    came_by = &cyw43_state.netif[itf];
    sent.len = 0;
    for (unsigned i = 0; i < n_pcbs; i++)
        if (pcbs[i].local_port == port) {
            pcbs[i].recv(pcbs[i].recv_arg, &pcbs[i], p, &from, 4000);
            return sent.len;
        }
    pbuf_free(p);
    return 0;
}

/* --------------------------------------------------------------------------------------
 * The flash, the page, the rest of the board
 */
uint8_t flash_memory[PICO_FLASH_SIZE_BYTES];
static unsigned flash_writes, restarted;
static bool flash_fails, card_is_late;
static uint16_t page_port;
static uint32_t page_point;
struct th_web th_web_lwip;

void flash_range_erase(uint32_t offset, size_t count)
{
    EXPECT(offset == PICO_FLASH_SIZE_BYTES - FLASH_SECTOR_SIZE && count == FLASH_SECTOR_SIZE);
    memset(flash_memory + offset, 0xff, count);
}
void flash_range_program(uint32_t offset, const uint8_t *data, size_t count)
{
    EXPECT(offset == PICO_FLASH_SIZE_BYTES - FLASH_SECTOR_SIZE && count == FLASH_PAGE_SIZE);
    for (size_t i = 0; i < count - (flash_fails ? 100 : 0); i++)
        flash_memory[offset + i] &= data[i];
    flash_writes++;
}
bool th_pico_with_flash(void (*write)(void *arg), void *arg) { write(arg); return true; }
bool th_board_random(void *buf, size_t len) { memset(buf, 7 + (int)flash_writes, len); return true; }
void th_board_restart(void) { restarted++; }
bool th_card_write_late(void) { return card_is_late; }
void th_web_new_token(struct th_web *w) { strcpy(w->token, "0123456789abcdef"); }
void th_web_lwip_start(uint16_t port) { page_port = port; }
void th_web_lwip_point(uint32_t ip) { page_point = ip; }

/* FNV-1a, as card_views.c has it. */
uint32_t th_sum(uint32_t sum, const void *bytes, size_t n)
{
    for (const uint8_t *at = bytes; n-- > 0; at++)
        sum = (sum ^ *at) * UINT32_C(0x01000193);
    return sum;
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

#define TWO "[setup]\naccess-point = no\n" NETWORKS
#define NETWORKS "[wifi 1]\nssid = cellar\npassword = correct-horse\ncountry = DE\n[wifi 2]\nssid = attic\n"

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

/* What a telephone does. */
static void guest_comes(void)
{
    uint8_t m[244] = { 1, 1, 6, 0, 1, 2, 3, 4, [28] = 2, [33] = 9, [236] = 99, 130, 83, 99, 53, 1, 1, 255 };
    static const uint8_t question[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\0\0\1\0\1";

    point.guests = 1;
    EXPECT(say(67, m, sizeof m, CYW43_ITF_AP) == 300 && sent.port == 68 && memcmp(sent.to, "\xff\xff\xff\xff", 4) == 0);
    EXPECT(memcmp(sent.bytes + 16, "\xc0\xa8\4\2", 4) == 0);
    EXPECT(say(53, question, sizeof question - 1, CYW43_ITF_AP) == sizeof question - 1 + 16 && sent.port == 4000);
    EXPECT(memcmp(sent.bytes + sent.len - 4, "\xc0\xa8\4\1", 4) == 0 && memcmp(sent.to, "\xc0\xa8\4\2", 4) == 0);
    EXPECT(say(67, m, sizeof m, CYW43_ITF_STA) == 0);   /* who is no guest is told nothing */
    EXPECT(say(53, question, sizeof question - 1, CYW43_ITF_STA) == 0);
    EXPECT(say(67, m, 0, CYW43_ITF_AP) == 0 && say(53, m, sizeof m, CYW43_ITF_AP) == 0);
}

static void set_up(void)
{
    struct thimble_setup entered;
    char password[64];

    memset(flash_memory, 0xff, sizeof flash_memory);
    EXPECT(!th_remote_entered(&entered));
    begin("[status]\nhttp = 8080\n");
    run_ms(20);
    EXPECT(point.up && strcmp(point.name, "thimble-3FA2") == 0 && strlen(point.password) == 12);
    EXPECT(point.auth == CYW43_AUTH_WPA2_AES_PSK && defaults_set == 1 && flash_writes == 1);
    EXPECT(page_port == 8080 && page_point == 0x0104a8c0 && strcmp(th_web_lwip.point, "192.168.4.1:8080") == 0);
    EXPECT(strstr(told, "join thimble-3FA2, password ") && strstr(told, "http://192.168.4.1:8080/setup"));
    strcpy(password, point.password);
    guest_comes();
    run_ms(THIMBLE_POINT_UNUSED_MS + 5000);             /* as long as somebody is there */
    EXPECT(point.up);
    point.guests = 0;
    run_ms(THIMBLE_POINT_UNUSED_MS + 5000);
    EXPECT(!point.up && page_point == 0);

    static const struct thimble_setup home = { "home", "correct-horse", "attic" };
    EXPECT(th_web_lwip.keep(&home) && flash_writes == 2);
    EXPECT(th_remote_entered(&entered) && strcmp(entered.ssid, "home") == 0 && strcmp(entered.password, "correct-horse") == 0);
    EXPECT(strcmp(entered.host_name, "attic") == 0 && !strstr(told, "correct-horse"));
    card_is_late = true;
    th_web_lwip.restart();
    th_remote_poll(true);
    run_ms(5000);
    th_remote_poll(true);
    EXPECT(restarted == 0);
    card_is_late = false;
    th_remote_poll(true);
    EXPECT(restarted == 1);

    flash_fails = true;                 /* the flash wears out: what is there is not taken for what was written */
    EXPECT(!th_web_lwip.keep(&(struct thimble_setup){ "other", "", "" }));
    EXPECT(!th_remote_entered(&entered));
    flash_fails = false;
    EXPECT(th_web_lwip.keep(&home) && th_remote_entered(&entered));
    uint8_t *kept = flash_memory + PICO_FLASH_SIZE_BYTES - FLASH_SECTOR_SIZE;
    for (unsigned i = 0; i < 8 + sizeof home; i++) {
        kept[i] ^= 0x10;
        EXPECT(!th_remote_entered(&entered));
        kept[i] ^= 0x10;
    }
    EXPECT(th_remote_entered(&entered) && password[0]);
}

static void same_password(void)
{
    struct thimble_setup entered;
    char password[64];

    memset(flash_memory, 0, sizeof flash_memory);
    begin("");
    run_ms(20);
    strcpy(password, point.password);
    run_ms(THIMBLE_POINT_UNUSED_MS + 5000);
    EXPECT(!point.up && !th_remote_entered(&entered));
    EXPECT(th_web_lwip.keep(&(struct thimble_setup){ "home", "", "" }));
    EXPECT(th_point_password(password) && strcmp(password, point.password) == 0 && page_port == 80);
    EXPECT(strcmp(th_web_lwip.point, "192.168.4.1") == 0);
}

static void point_while_away(void)
{
    begin(NETWORKS);
    run_ms(THIMBLE_POINT_AFTER_MS - 1000);
    EXPECT(!point.up);
    run_ms(2000);
    EXPECT(point.up);
    tried[0] = '\0';
    in_reach = "cellar";
    dhcp_answers = true;
    guest_comes();
    run_ms(2 * THIMBLE_POINT_ALONE_MS);
    EXPECT(point.up && tried[0] == '\0');               /* nobody is looked for */
    point.guests = 0;
    run_ms(THIMBLE_POINT_ALONE_MS + 1000);
    EXPECT(!point.up);
    run_ms(65000);
    EXPECT(link_up && strcmp(th_board_address(), "192.0.2.7") == 0);
    link_up = false;                    /* lost again, and for long */
    status = CYW43_LINK_DOWN;
    in_reach = NULL;
    run_ms(THIMBLE_POINT_AFTER_MS + 5000);
    EXPECT(point.up);
}

static void open_point(void)
{
    begin("[setup]\naccess-point = open\n");
    run_ms(20);
    EXPECT(point.up && point.auth == CYW43_AUTH_OPEN && point.password[0] == '\0' && flash_writes == 0);
    EXPECT(strstr(told, "which is open"));
}

static void no_point(void)
{
    begin("[setup]\naccess-point = no\n");
    run_ms(THIMBLE_POINT_AFTER_MS * 2);
    EXPECT(!point.up && n_pcbs == 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } scenarios[] = {
        { "second-network", second_network }, { "no-network", no_network },
        { "password-refused", password_refused }, { "dhcp-is-silent", dhcp_is_silent },
        { "no-fallback", no_fallback }, { "static-address", static_address }, { "set-up", set_up },
        { "same-password", same_password }, { "point-while-away", point_while_away }, { "open-point", open_point },
        { "no-point", no_point },
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
