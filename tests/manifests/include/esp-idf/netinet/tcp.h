/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: lwip.  See ../README.md.
 */
#ifndef FAKE_NETINET_TCP_H
#define FAKE_NETINET_TCP_H

#define TCP_NODELAY 0x01

#endif
