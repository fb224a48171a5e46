// SPDX-License-Identifier: MIT
//
// Arduino.h: declarations for a compile test only, see README.md.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { LOW = 0, HIGH = 1, OUTPUT = 1, INPUT_PULLUP = 2, LED_BUILTIN = 13 };

class IPAddress {
public:
    IPAddress(uint32_t address);
    IPAddress(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
    operator uint32_t() const;
    bool operator==(const IPAddress &other) const;
    bool operator!=(const IPAddress &other) const;
    uint8_t operator[](int i) const;
};
extern const IPAddress INADDR_NONE;

struct usb_serial_class {
    void begin(long baud);
    size_t write(const char *bytes, size_t len);
};
extern usb_serial_class Serial, Serial1;

struct RP2040 {                         // arduino-pico's
    void idleOtherCore();
    void resumeOtherCore();
};
extern RP2040 rp2040;

extern "C" {
uint32_t millis(void);
void yield(void);
void noInterrupts(void);
void interrupts(void);
void delayMicroseconds(uint32_t us);
void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t value);
uint8_t digitalRead(uint8_t pin);
void *extmem_malloc(size_t bytes);
void arm_dcache_flush(void *at, uint32_t bytes);
void arm_dcache_delete(void *at, uint32_t bytes);
void arm_dcache_flush_delete(void *at, uint32_t bytes);
}

// Registers, as variables: what they are called and how wide they are is all that is tested.
extern volatile uint32_t CCM_CCGR3, SNVS_LPGPR0;
extern volatile uint16_t WDOG1_WCR, WDOG1_WSR, WDOG1_WRSR, WDOG1_WMCR;
enum : uint32_t { CCM_CCGR_ON = 3 };
constexpr uint32_t CCM_CCGR3_WDOG1(uint32_t n) { return n << 16; }
constexpr uint16_t WDOG_WCR_WT(uint32_t n) { return static_cast<uint16_t>(n << 8); }
enum : uint16_t { WDOG_WCR_WDA = 0x20, WDOG_WCR_SRS = 0x10, WDOG_WCR_WDE = 0x04 };
enum : uint16_t { WDOG_WRSR_TOUT = 0x02 };
