/* SPDX-License-Identifier: MIT
 *
 * imx_enet.h: what the board calls besides nic.h.
 */
#ifndef IMX_ENET_H
#define IMX_ENET_H

/* Clears the controller's interrupt, which only ends a sleep; call it after the sleep. */
void imx_enet_irq(void);

#endif
