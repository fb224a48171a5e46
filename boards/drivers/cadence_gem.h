/* SPDX-License-Identifier: MIT
 *
 * cadence_gem.h: what the board calls besides nic.h.
 */
#ifndef CADENCE_GEM_H
#define CADENCE_GEM_H

/* Clears the controller's interrupt, which only ends a sleep; call it after the sleep. */
void cadence_gem_irq(void);

#endif
