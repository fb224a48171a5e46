/* SPDX-License-Identifier: MIT
 *
 * irq.h: the board's interrupt handlers, for the vectors in start.c.
 */
#ifndef IRQ_H
#define IRQ_H

enum { IRQ_ETHERNET = 13, IRQ_COUNT = 32 };

void systick_irq(void);
void ethernet_irq(void);

#endif
