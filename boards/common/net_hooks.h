/* SPDX-License-Identifier: MIT
 *
 * net_hooks.h: what lwIP calls (LWIP_HOOK_FILENAME in lwipopts.h).
 */
#ifndef NET_HOOKS_H
#define NET_HOOKS_H

#include "random.h"

#endif
