/* SPDX-License-Identifier: MIT
 *
 * cc.h: the compiler as lwIP wants it described.  All boards are little-endian and use GCC,
 * whose defaults in lwip/arch.h fit.
 */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <stdlib.h>

#include "random.h"

#define LWIP_RAND()                 random_u32()
#define LWIP_PLATFORM_DIAG(x)       ((void)0)
#define LWIP_PLATFORM_ASSERT(x)     ((void)0)
#define BYTE_ORDER                  LITTLE_ENDIAN

#endif
