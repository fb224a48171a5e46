/* SPDX-License-Identifier: MIT
 *
 * stellaris_enet.c: the Ethernet controller of the Stellaris LM3S6965, a FIFO of words each
 * way.  Frames move between the FIFO and pbufs, word by word.  LM3S6965 data sheet, chapter
 * "Ethernet Controller".
 *
 * A received frame opens with a 16-bit length that counts itself and the 4 bytes of FCS; a
 * sent one with a 16-bit length that leaves the 14 bytes of header out.  Both fall on the two
 * pad bytes in front of the Ethernet header (ETH_PAD_SIZE), so the words of the FIFO are the
 * words of the pbuf.
 *
 * board_config.h: STELLARIS_ENET_BASE.  The board's interrupt handler calls
 * stellaris_enet_irq().
 */
#include "stellaris_enet.h"

#include <string.h>

#include "board_config.h"
#include "lwip/pbuf.h"
#include "mmio.h"
#include "net.h"
#include "nic.h"

#define RIS_IACK    REG(STELLARIS_ENET_BASE + 0x00)
#define IM          REG(STELLARIS_ENET_BASE + 0x04)
#define RCTL        REG(STELLARIS_ENET_BASE + 0x08)
#define TCTL        REG(STELLARIS_ENET_BASE + 0x0c)
#define DATA        REG(STELLARIS_ENET_BASE + 0x10)
#define IA0         REG(STELLARIS_ENET_BASE + 0x14)
#define IA1         REG(STELLARIS_ENET_BASE + 0x18)
#define THR         REG(STELLARIS_ENET_BASE + 0x1c)
#define NP          REG(STELLARIS_ENET_BASE + 0x34)
#define TR          REG(STELLARIS_ENET_BASE + 0x38)

enum {
    INT_RX = 0x01, INT_ALL = 0x7f,
    RCTL_RXEN = 0x01, RCTL_GROUPS = 0x02, RCTL_BADCRC = 0x08, RCTL_RSTFIFO = 0x10,
    TCTL_TXEN = 0x01, TCTL_PADEN = 0x02, TCTL_CRC = 0x04, TCTL_DUPLEX = 0x10,
    LENGTH_BYTES = 2, FCS_BYTES = 4, ETHERNET_HEADER_BYTES = 14,
    TX_TRIES = 100000,                  /* a frame takes 122 us at 100 Mbit/s */
};

_Static_assert(ETH_PAD_SIZE == LENGTH_BYTES, "the FIFO's length word is the pbuf's pad");
_Static_assert(PBUF_POOL_BUFSIZE >= 1514 + LENGTH_BYTES + FCS_BYTES, "a frame is one pbuf");

void stellaris_enet_set_mac(const uint8_t mac[6])
{
    IA0 = (uint32_t)mac[3] << 24 | (uint32_t)mac[2] << 16 | (uint32_t)mac[1] << 8 | mac[0];
    IA1 = (uint32_t)mac[5] << 8 | mac[4];
}

void nic_start(uint8_t mac[6])
{
    uint32_t low = IA0;
    uint32_t high = IA1;
    for (int i = 0; i < 4; i++)
        mac[i] = (uint8_t)(low >> 8 * i);
    mac[4] = (uint8_t)high;
    mac[5] = (uint8_t)(high >> 8);

    IM = 0;
    THR = 0x3f;                         /* start sending when told to, not before */
    RCTL = RCTL_RSTFIFO;
    TCTL = TCTL_TXEN | TCTL_PADEN | TCTL_CRC | TCTL_DUPLEX;
    RCTL = RCTL_RXEN | RCTL_GROUPS | RCTL_BADCRC;
    RIS_IACK = INT_ALL;
    IM = INT_RX;
}

void stellaris_enet_irq(void)
{
    IM = 0;                             /* nic_receive() allows it again, when it is done */
}

bool nic_waiting(void)
{
    return NP != 0;
}

/* True: a frame is there.  If not, the next one will interrupt: the interrupt is latched when a
 * frame arrives, so it is cleared first and the count is looked at again after that. */
static bool frame_or_interrupt(void)
{
    if (NP != 0)
        return true;
    RIS_IACK = INT_RX;
    if (NP != 0)
        return true;
    IM = INT_RX;
    return false;
}

/* Words 1 to n - 1 of a frame; word 0 is there already. */
static void fetch_words(uint32_t *to, uint32_t n)
{
    uint32_t *end = to + n;
    to++;
    while (end - to >= 4) {
        to[0] = DATA;
        to[1] = DATA;
        to[2] = DATA;
        to[3] = DATA;
        to += 4;
    }
    while (to < end)
        *to++ = DATA;
}

struct pbuf *nic_receive(uint32_t *dropped)
{
    if (!frame_or_interrupt())
        return NULL;

    uint32_t first = DATA;
    uint32_t length = first & 0xffff;
    uint32_t words = (length + 3) / 4;

    struct pbuf *p = NULL;
    if (length >= LENGTH_BYTES + ETHERNET_HEADER_BYTES + FCS_BYTES &&
        length <= 1514 + LENGTH_BYTES + FCS_BYTES)
        p = net_frame_alloc((uint16_t)length);
    if (!p) {
        for (uint32_t i = 1; i < words; i++)
            (void)DATA;
        ++*dropped;
        return NULL;
    }

    uint32_t *to = p->payload;
    to[0] = first;
    fetch_words(to, words);
    pbuf_realloc(p, (u16_t)(length - FCS_BYTES));
    return p;
}

/* Moves whole words of a pbuf that starts on a word to the FIFO; returns the bytes moved. */
static size_t send_words(const uint8_t *from, size_t len)
{
    const uint32_t *word = (const uint32_t *)(const void *)from;
    size_t n = len / 4;

    while (n >= 4) {
        DATA = word[0];
        DATA = word[1];
        DATA = word[2];
        DATA = word[3];
        word += 4;
        n -= 4;
    }
    while (n-- > 0)
        DATA = *word++;
    return len & ~(size_t)3;
}

bool nic_send(const struct pbuf *frame)
{
    for (int tries = 0; TR & 1; tries++)
        if (tries == TX_TRIES)
            return false;

    uint16_t length = (uint16_t)(frame->tot_len - ETH_PAD_SIZE - ETHERNET_HEADER_BYTES);
    memcpy(frame->payload, &length, sizeof length);

    uint32_t word = 0;                  /* bytes of a word that two pbufs share */
    unsigned held = 0;
    for (const struct pbuf *q = frame; q; q = q->next) {
        const uint8_t *from = q->payload;
        size_t len = q->len;

        if (held == 0 && (uintptr_t)from % 4 == 0) {
            size_t moved = send_words(from, len);
            from += moved;
            len -= moved;
        }
        for (; len > 0; len--) {
            word |= (uint32_t)*from++ << 8 * held;
            if (++held == 4) {
                DATA = word;
                word = 0;
                held = 0;
            }
        }
    }
    if (held > 0)
        DATA = word;
    TR = 1;
    return true;
}

/* The physical layer is not asked. */
bool nic_link(void)
{
    return true;
}
