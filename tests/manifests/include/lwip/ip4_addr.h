/* SPDX-License-Identifier: MIT
 *
 * ip4_addr.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_LWIP_IP4_ADDR_H
#define TEST_LWIP_IP4_ADDR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t addr;
} ip4_addr_t;

int ip4addr_aton(const char *text, ip4_addr_t *addr);
#define ip4_addr_get_u32(a) ((a)->addr)

#ifdef __cplusplus
}
#endif

#endif
