// SPDX-License-Identifier: MIT
//
// QNEthernet.h: declarations for a compile test only, see README.md.
#pragma once

#include <Arduino.h>

namespace qindesign::network {

class EthernetClass {
public:
    void setHostname(const char *name);
    bool begin();
    bool begin(const IPAddress &address, const IPAddress &mask, const IPAddress &gateway);
    void loop();
    bool linkState() const;
    IPAddress localIP() const;
};
extern EthernetClass &Ethernet;

} // namespace qindesign::network
