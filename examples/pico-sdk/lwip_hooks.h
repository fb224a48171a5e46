/* SPDX-License-Identifier: MIT
 *
 * lwip_hooks.h: what lwIP's files must know of the functions named in lwipopts.h.
 */
#include <pico/rand.h>
