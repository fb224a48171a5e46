/* SPDX-License-Identifier: MIT
 *
 * stellaris_enet.h: what the board calls besides nic.h.
 */
#ifndef STELLARIS_ENET_H
#define STELLARIS_ENET_H

#include <stdint.h>

/* Before nic_start(): the address, if the board has one for it. */
void stellaris_enet_set_mac(const uint8_t mac[6]);

/* The controller's interrupt: it only ends a sleep. */
void stellaris_enet_irq(void);

#endif
