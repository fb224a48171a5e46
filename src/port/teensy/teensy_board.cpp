// SPDX-License-Identifier: MIT
//
// teensy_board.cpp: Teensy 4.1 for board.c: serial line, LEDs, watchdog, random bytes, and the network by
// QNEthernet.  C++ because QNEthernet is.
//
// Layer 6.  Compiled where the sketch has included <QNEthernet.h>.
#include "../board/which.h"

#if TH_BOARD_TEENSY

#include <Arduino.h>
#include <QNEthernet.h>
#include <stdio.h>
#include <string.h>

#include "../board/platform.h"
#include "lwip/ip4_addr.h"
#include "qnethernet/entropy/entropy.h"

using qindesign::network::Ethernet;

static const int8_t led_pins[TH_LED_COUNT] = {
    THIMBLE_BOARD_LED_READY, THIMBLE_BOARD_LED_READ, THIMBLE_BOARD_LED_WRITE,
    THIMBLE_BOARD_LED_ERROR,
};
static bool watchdog_runs;
static bool link_was_up;

extern "C" {

extern uint8_t external_psram_size;     // MiB; found by the core's start-up code

const char th_board_name[] = "Teensy 4.1";

void th_board_start(void)
{
    Serial.begin(115200);
    for (int8_t pin : led_pins)
        if (pin >= 0)
            pinMode(pin, OUTPUT);
}

uint32_t th_board_ms(void)
{
    return millis();
}

void th_board_write(const char *text, size_t len)
{
    Serial.write(text, len);
}

void th_board_led(enum th_led led, bool on)
{
    if (led_pins[led] >= 0)
        digitalWrite(led_pins[led], on ? HIGH : LOW);
}

// WDOG1, i.MX RT1060 Reference Manual chapter 57: in steps of half a second, once started never stopped.
void th_board_watchdog_start(uint32_t ms)
{
    uint32_t halves = ms / 500;
    halves = halves < 1 ? 1 : halves > 256 ? 256 : halves;
    CCM_CCGR3 |= CCM_CCGR3_WDOG1(CCM_CCGR_ON);
    WDOG1_WMCR = 0;
    WDOG1_WCR = WDOG_WCR_WT(halves - 1) | WDOG_WCR_WDA | WDOG_WCR_SRS | WDOG_WCR_WDE;
    watchdog_runs = true;
    th_board_watchdog_feed();
}

void th_board_watchdog_feed(void)
{
    if (!watchdog_runs)
        return;
    WDOG1_WSR = 0x5555;
    WDOG1_WSR = 0xaaaa;
}

bool th_board_was_stuck(void)
{
    CCM_CCGR3 |= CCM_CCGR3_WDOG1(CCM_CCGR_ON);
    return (WDOG1_WRSR & WDOG_WRSR_TOUT) != 0;
}

// A register of the part that is fed by the battery; the upper bytes tell that it is ours.
enum { STRIKES_MARK = 0x54484d00 };

uint8_t th_board_strikes(void)
{
    uint32_t kept = SNVS_LPGPR0;
    return (kept & 0xffffff00) == STRIKES_MARK ? (uint8_t)kept : 0;
}

void th_board_set_strikes(uint8_t n)
{
    SNVS_LPGPR0 = STRIKES_MARK | n;
}

bool th_board_random(void *buf, size_t len)
{
    if (!qindesign::entropy::trng_is_started())
        qindesign::entropy::trng_init();
    return qindesign::entropy::trng_data(buf, len) == len;
}

static IPAddress parsed(const char *text)
{
    ip4_addr_t a;
    if (!text || !ip4addr_aton(text, &a))
        return INADDR_NONE;
    return IPAddress(ip4_addr_get_u32(&a));
}

bool th_board_network_start(const struct thimble_board_config *config, const char *host_name)
{
    Ethernet.setHostname(host_name);
    if (!config->address) {
        thimble_board_log("network: asking DHCP for an address");
        return Ethernet.begin();
    }
    IPAddress address = parsed(config->address), mask = parsed(config->netmask);
    IPAddress gateway = config->gateway ? parsed(config->gateway) : IPAddress(0, 0, 0, 0);
    if (address == INADDR_NONE || mask == INADDR_NONE ||
        (config->gateway && gateway == INADDR_NONE)) {
        thimble_board_log("network: the static address, its mask or gateway is no IPv4 address");
        return false;
    }
    return Ethernet.begin(address, mask, gateway);
}

void th_board_network_poll(void)
{
    Ethernet.loop();
    bool link = Ethernet.linkState();
    if (link != link_was_up)
        thimble_board_log("network: the link is %s", link ? "up" : "down");
    link_was_up = link;
}

const char *th_board_address(void)
{
    static char text[16];
    IPAddress a = Ethernet.localIP();
    if (!link_was_up || a == INADDR_NONE || (uint32_t)a == 0)
        return "";
    snprintf(text, sizeof text, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    return text;
}

void *thimble_board_psram(size_t bytes)
{
    if (bytes > (size_t)external_psram_size << 20) {    // else the core would take it from the heap
        thimble_board_log("psram: %lu bytes wanted, %u MiB are there", (unsigned long)bytes,
                          external_psram_size);
        return nullptr;
    }
    void *memory = extmem_malloc(bytes);
    if (memory)
        memset(memory, 0, bytes);
    return memory;
}

} // extern "C"

#endif
