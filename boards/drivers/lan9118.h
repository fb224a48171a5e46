/* SPDX-License-Identifier: MIT
 *
 * lan9118.h: what the LAN9118 driver offers beside nic.h.
 */
#ifndef LAN9118_H
#define LAN9118_H

/* Resets the controller.  Before that its interrupt line is active low, and so looks like an
 * interrupt that never ends to a processor that wants it high. */
void lan9118_reset(void);

/* To be called by the controller's interrupt. */
void lan9118_irq(void);

#endif
