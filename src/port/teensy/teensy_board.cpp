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
#include <stdlib.h>
#include <string.h>

#include "../board/pins.h"
#include "../board/platform.h"
#include "qnethernet/entropy/entropy.h"

using qindesign::network::Ethernet;

#ifndef THIMBLE_BOARD_LED_READY
#define THIMBLE_BOARD_LED_READY 13      // the one on the board
#endif
#ifndef THIMBLE_BOARD_LED_READ
#define THIMBLE_BOARD_LED_READ 2
#endif
#ifndef THIMBLE_BOARD_LED_WRITE
#define THIMBLE_BOARD_LED_WRITE 3
#endif
#ifndef THIMBLE_BOARD_LED_ERROR
#define THIMBLE_BOARD_LED_ERROR 4
#endif
#ifndef THIMBLE_BOARD_DISPLAY_CLK
#define THIMBLE_BOARD_DISPLAY_CLK 5
#endif
#ifndef THIMBLE_BOARD_DISPLAY_DIO
#define THIMBLE_BOARD_DISPLAY_DIO 6
#endif

static constexpr uint32_t DHCP_WAIT_MS = 10000;
static constexpr int DIGITAL_PINS = 55;         // 0 to 54

static bool watchdog_runs;
static bool link_was_up, dhcp_waits, dhcp_silent;
static uint32_t dhcp_asked_ms;
static const struct thimble_settings *settings;

extern "C" {

extern uint8_t external_psram_size;     // MiB; found by the core's start-up code

const char th_board_name[] = "Teensy 4.1";

void th_board_start(void)
{
    Serial.begin(115200);
}

static bool is_pin(int pin)
{
    return pin < DIGITAL_PINS;
}

void th_board_pins(const struct thimble_settings *s)
{
    const int own[TH_PINS_OWN] = { THIMBLE_BOARD_LED_READY, THIMBLE_BOARD_LED_READ, THIMBLE_BOARD_LED_WRITE,
                                   THIMBLE_BOARD_LED_ERROR, THIMBLE_BOARD_DISPLAY_CLK, THIMBLE_BOARD_DISPLAY_DIO };
    th_pins_take(s, own, is_pin);
    for (int led = 0; led < TH_LED_COUNT; led++) {
        if (th_pins.led[led] < 0)
            continue;
        pinMode(th_pins.led[led], OUTPUT);
        th_board_led(static_cast<enum th_led>(led), false);
    }
    if (th_board_has_display())
        for (int pin : th_pins.wire)
            pinMode(pin, INPUT_PULLUP);
}

bool th_board_has_display(void)
{
    return th_pins_have_display();
}

void th_board_wire(enum th_wire wire, bool released)
{
    if (released) {
        pinMode(th_pins.wire[wire], INPUT_PULLUP);
    } else {
        digitalWrite(th_pins.wire[wire], LOW);
        pinMode(th_pins.wire[wire], OUTPUT);
        digitalWrite(th_pins.wire[wire], LOW);
    }
}

bool th_board_wire_is_high(enum th_wire wire)
{
    return digitalRead(th_pins.wire[wire]) == HIGH;
}

void th_board_wire_wait(void)
{
    delayMicroseconds(5);
}

bool th_board_task(void (*)(void))
{
    return false;
}

// Frames are looked for all the time.
void th_board_idle(uint32_t)
{
    yield();
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
    if (th_pins.led[led] >= 0)
        digitalWrite(th_pins.led[led], on != th_pins.low_is_on ? HIGH : LOW);
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

static IPAddress four(const uint8_t ip[4])
{
    return IPAddress(ip[0], ip[1], ip[2], ip[3]);
}

static bool take_address(const struct thimble_settings_address &a)
{
    uint32_t bits = UINT32_MAX << (32 - a.prefix);
    uint8_t mask[4];
    for (int i = 0; i < 4; i++)
        mask[i] = static_cast<uint8_t>(bits >> (24 - 8 * i));
    return Ethernet.begin(four(a.ip), four(mask), four(settings->network.gateway));
}

bool th_board_network_start(const struct thimble_settings *s)
{
    settings = s;
    Ethernet.setHostname(thimble_settings_text(s, s->network.hostname));
    if (s->network.address.prefix)
        return take_address(s->network.address);
    thimble_board_log("network: asking DHCP for an address");
    dhcp_waits = true;
    dhcp_asked_ms = millis();
    return Ethernet.begin();
}

static bool has_address()
{
    return static_cast<uint32_t>(Ethernet.localIP()) != 0 && Ethernet.localIP() != INADDR_NONE;
}

// The time without a link does not count: nobody was asked.
static void watch_dhcp()
{
    if (!dhcp_waits)
        return;
    if (!link_was_up)
        dhcp_asked_ms = millis();
    if (has_address()) {
        dhcp_waits = dhcp_silent = false;
    } else if (millis() - dhcp_asked_ms >= DHCP_WAIT_MS) {
        dhcp_waits = false;
        dhcp_silent = true;
        if (settings->network.fallback.prefix)
            take_address(settings->network.fallback);
    }
}

void th_board_network_poll(void)
{
    Ethernet.loop();
    link_was_up = Ethernet.linkState();
    watch_dhcp();
}

// QNEthernet goes on asking DHCP where there is no fallback.
enum th_network_trouble th_board_network_trouble(void)
{
    if (!link_was_up)
        return TH_NETWORK_NO_LINK;
    return dhcp_silent && !has_address() ? TH_NETWORK_NO_DHCP : TH_NETWORK_NO_TROUBLE;
}

const char *th_board_address(void)
{
    static char text[16];
    IPAddress a = Ethernet.localIP();
    if (!link_was_up || !has_address())
        return "";
    snprintf(text, sizeof text, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    return text;
}

struct thimble_block *thimble_board_flash(void)
{
    return nullptr;
}

static size_t psram_given;

size_t th_board_psram_bytes(void)
{
    return (static_cast<size_t>(external_psram_size) << 20) - psram_given;
}

void *thimble_board_psram(size_t bytes)
{
    if (bytes > th_board_psram_bytes()) {       // else the core would take it from the heap
        thimble_board_log("psram: %lu bytes wanted, %lu are there", (unsigned long)bytes,
                          (unsigned long)th_board_psram_bytes());
        return nullptr;
    }
    void *memory = extmem_malloc(bytes);
    if (!memory)
        return nullptr;
    psram_given += bytes;
    memset(memory, 0, bytes);
    return memory;
}

// The heap is in RAM2.  Nobody gives back, so what is left over for alignment is lost.
void *th_board_memory(size_t bytes)
{
    uintptr_t at = reinterpret_cast<uintptr_t>(malloc(bytes + 31));
    if (at == 0)
        return nullptr;
    void *memory = reinterpret_cast<void *>((at + 31) & ~static_cast<uintptr_t>(31));
    memset(memory, 0, bytes);
    return memory;
}

} // extern "C"

#endif
