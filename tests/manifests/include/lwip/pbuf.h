/* SPDX-License-Identifier: MIT
 *
 * pbuf.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_LWIP_PBUF_H
#define TEST_LWIP_PBUF_H

#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8_t;
typedef uint16_t u16_t;
typedef uint32_t u32_t;
typedef int8_t s8_t;
typedef int8_t err_t;
enum { ERR_OK = 0, ERR_MEM = -1, ERR_IF = -12, ERR_ABRT = -13 };

typedef enum { PBUF_RAW, PBUF_TRANSPORT } pbuf_layer;
typedef enum { PBUF_POOL, PBUF_RAM } pbuf_type;

struct pbuf {
    struct pbuf *next;
    void *payload;
    u16_t tot_len, len;
};

struct pbuf *pbuf_alloc(pbuf_layer layer, u16_t length, pbuf_type type);
void pbuf_cat(struct pbuf *head, struct pbuf *tail);
u16_t pbuf_clen(const struct pbuf *p);
err_t pbuf_copy(struct pbuf *to, const struct pbuf *from);
u16_t pbuf_copy_partial(const struct pbuf *p, void *to, u16_t len, u16_t offset);
err_t pbuf_take(struct pbuf *p, const void *data, u16_t len);
u8_t pbuf_free(struct pbuf *p);
void pbuf_ref(struct pbuf *p);
u8_t pbuf_remove_header(struct pbuf *p, size_t bytes);

#endif
