// SPDX-License-Identifier: MIT
//
// pico_arduino.cpp: what arduino-pico gives in C++ only: its serial ports, and where its radio driver asks for the
// interface that shall have what came in.
//
// Layer 6.  The log goes to USB and to the serial port at GP0.
#include "pico.h"

#if TH_BOARD_PICO && defined(ARDUINO)

#include <Arduino.h>

extern "C" void th_pico_serial_begin(void)
{
    Serial.begin(115200);
    Serial1.begin(115200);
}

extern "C" void th_pico_serial_write(const char *text, size_t len)
{
    Serial.write(text, len);
    Serial1.write(text, len);
}

#if TH_PICO_WIFI

#if TH_BOARD_SETUP

// The other core may run a sketch of its own.
extern "C" bool th_pico_with_flash(void (*write)(void *arg), void *arg)
{
    noInterrupts();
    rp2040.idleOtherCore();
    write(arg);
    rp2040.resumeOtherCore();
    interrupts();
    return true;
}

#endif

// Takes the place of the core's own, which has none to give without its network library.
struct netif *__getCYW43Netif()
{
    return th_pico_radio_netif();
}

#endif

#endif
