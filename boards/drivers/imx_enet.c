/* SPDX-License-Identifier: MIT
 *
 * imx_enet.c: the Ethernet controller of NXP's i.MX 6 and i.MX RT (ENET), with a ring of buffers
 * each way and DMA.  i.MX 6UltraLite and i.MX RT1060 reference manuals, chapter "10/100-Mbps
 * Ethernet MAC"; legacy descriptors of 8 bytes.
 *
 * A descriptor of the receive ring is ours while its E bit is clear; one of the send ring
 * while R is.  Frames are copied between the rings and pbufs, so a ring never waits for lwIP,
 * and a data cache, if one is switched on, has only the rings to be kept away from.
 *
 * board_config.h: ENET_BASE.
 */
#include "imx_enet.h"

#include <string.h>

#include "board_config.h"
#include "lwip/pbuf.h"
#include "mmio.h"
#include "net.h"
#include "nic.h"

#define EIR         REG(ENET_BASE + 0x004)
#define EIMR        REG(ENET_BASE + 0x008)
#define RDAR        REG(ENET_BASE + 0x010)
#define TDAR        REG(ENET_BASE + 0x014)
#define ECR         REG(ENET_BASE + 0x024)
#define RCR         REG(ENET_BASE + 0x084)
#define TCR         REG(ENET_BASE + 0x0c4)
#define PALR        REG(ENET_BASE + 0x0e4)
#define PAUR        REG(ENET_BASE + 0x0e8)
#define IAUR        REG(ENET_BASE + 0x118)
#define IALR        REG(ENET_BASE + 0x11c)
#define GAUR        REG(ENET_BASE + 0x120)
#define GALR        REG(ENET_BASE + 0x124)
#define TFWR        REG(ENET_BASE + 0x144)
#define RDSR        REG(ENET_BASE + 0x180)
#define TDSR        REG(ENET_BASE + 0x184)
#define MRBR        REG(ENET_BASE + 0x188)

#define EIR_RXF         BIT(25)
#define ECR_RESET       BIT(0)
#define ECR_ENABLE      BIT(1)
#define ECR_LITTLE_ENDIAN BIT(8)
#define RCR_MII         BIT(2)
#define RCR_RMII        BIT(8)
#define RCR_MAX_FRAME   (UINT32_C(1522) << 16)
#define TCR_FULL_DUPLEX BIT(2)
#define TFWR_STORE      BIT(8)          /* send a frame when it is there as a whole */

#define RX_EMPTY        0x8000u
#define RX_WRAP         0x2000u
#define RX_LAST         0x0800u
#define RX_BAD          0x0037u         /* too long, not octets, CRC, overrun, truncated */
#define TX_READY        0x8000u
#define TX_WRAP         0x2000u
#define TX_LAST         0x0800u
#define TX_CRC          0x0400u

enum { RX_RING = 16, TX_RING = 8, BUFFER_BYTES = 1536, FCS_BYTES = 4 };

struct descriptor {
    uint16_t len;
    uint16_t flags;
    uint32_t address;
};

static volatile struct descriptor rx_ring[RX_RING] __attribute__((aligned(64)));
static volatile struct descriptor tx_ring[TX_RING] __attribute__((aligned(64)));
static uint8_t rx_buffer[RX_RING][BUFFER_BYTES] __attribute__((aligned(64)));
static uint8_t tx_buffer[TX_RING][BUFFER_BYTES] __attribute__((aligned(64)));
static unsigned rx_next, tx_next;

/* What was written before is seen by the controller before what is written after. */
static void barrier(void)
{
    __sync_synchronize();
}

static uint16_t rx_flags(unsigned i)
{
    return i == RX_RING - 1 ? RX_EMPTY | RX_WRAP : RX_EMPTY;
}

void nic_start(uint8_t mac[6])
{
    uint32_t low = PALR;                /* as the boot loader, or QEMU, left it */
    uint32_t high = PAUR;
    if (low == 0) {
        low = UINT32_C(0x02007448);     /* a local one, 02:00:74:48:00:01 */
        high = UINT32_C(0x00010000);
    }
    for (int i = 0; i < 4; i++)
        mac[i] = (uint8_t)(low >> (24 - 8 * i));
    mac[4] = (uint8_t)(high >> 24);
    mac[5] = (uint8_t)(high >> 16);

    ECR = ECR_RESET;
    while (ECR & ECR_RESET)
        ;
    for (unsigned i = 0; i < RX_RING; i++) {
        rx_ring[i].address = (uint32_t)(uintptr_t)rx_buffer[i];
        rx_ring[i].flags = rx_flags(i);
    }
    for (unsigned i = 0; i < TX_RING; i++) {
        tx_ring[i].address = (uint32_t)(uintptr_t)tx_buffer[i];
        tx_ring[i].flags = i == TX_RING - 1 ? TX_WRAP : 0;
    }
    barrier();

    PALR = low;
    PAUR = (high & 0xffff0000u) | 0x8808;
    IAUR = 0;
    IALR = 0;
    GAUR = UINT32_MAX;                  /* all groups: IPv6 finds its neighbours by them */
    GALR = UINT32_MAX;
    RCR = RCR_MAX_FRAME | RCR_RMII | RCR_MII;
    TCR = TCR_FULL_DUPLEX;
    TFWR = TFWR_STORE;
    MRBR = BUFFER_BYTES;
    RDSR = (uint32_t)(uintptr_t)rx_ring;
    TDSR = (uint32_t)(uintptr_t)tx_ring;
    EIR = UINT32_MAX;
    EIMR = EIR_RXF;
    ECR = ECR_ENABLE | ECR_LITTLE_ENDIAN;
    RDAR = BIT(24);
}

void imx_enet_irq(void)
{
    EIR = EIR_RXF;
}

bool nic_waiting(void)
{
    return !(rx_ring[rx_next].flags & RX_EMPTY);
}

struct pbuf *nic_receive(uint32_t *dropped)
{
    if (!nic_waiting())
        return NULL;
    barrier();

    struct pbuf *p = NULL;
    uint16_t flags = rx_ring[rx_next].flags;
    uint32_t len = rx_ring[rx_next].len;
    if ((flags & (RX_LAST | RX_BAD)) == RX_LAST && len > FCS_BYTES && len <= 1514 + FCS_BYTES) {
        len -= FCS_BYTES;
        p = net_frame_alloc((uint16_t)(len + ETH_PAD_SIZE));
    }
    if (p)
        memcpy((uint8_t *)p->payload + ETH_PAD_SIZE, rx_buffer[rx_next], len);
    else
        ++*dropped;

    barrier();
    rx_ring[rx_next].flags = rx_flags(rx_next);
    barrier();
    RDAR = BIT(24);
    rx_next = (rx_next + 1) % RX_RING;
    return p;
}

bool nic_send(const struct pbuf *frame)
{
    volatile struct descriptor *d = &tx_ring[tx_next];
    if ((d->flags & TX_READY) || frame->tot_len > BUFFER_BYTES)
        return false;

    uint16_t len = (uint16_t)(frame->tot_len - ETH_PAD_SIZE);
    pbuf_copy_partial(frame, tx_buffer[tx_next], len, ETH_PAD_SIZE);
    d->len = len;
    barrier();
    d->flags = (uint16_t)(TX_READY | TX_LAST | TX_CRC |
                          (tx_next == TX_RING - 1 ? TX_WRAP : 0));
    barrier();
    TDAR = BIT(24);
    tx_next = (tx_next + 1) % TX_RING;
    return true;
}

/* The physical layer is not asked. */
bool nic_link(void)
{
    return true;
}
