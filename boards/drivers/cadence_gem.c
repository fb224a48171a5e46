/* SPDX-License-Identifier: MIT
 *
 * cadence_gem.c: Cadence's Gigabit Ethernet controller, with a ring of buffers each way and DMA.
 * FU540-C000 manual, chapter "Gigabit Ethernet", and Zynq-7000 TRM, appendix "GEM".
 *
 * A descriptor of the receive ring is ours while its lowest address bit is set; one of the
 * send ring while the top bit of its control word is.  Frames are copied between the rings and
 * pbufs, so a ring never waits for lwIP.
 *
 * board_config.h: GEM_BASE.
 */
#include "cadence_gem.h"

#include <string.h>

#include "board_config.h"
#include "lwip/pbuf.h"
#include "mmio.h"
#include "net.h"
#include "nic.h"

#define NWCTRL      REG(GEM_BASE + 0x00)
#define NWCFG       REG(GEM_BASE + 0x04)
#define DMACFG      REG(GEM_BASE + 0x10)
#define TXSTATUS    REG(GEM_BASE + 0x14)
#define RXQBASE     REG(GEM_BASE + 0x18)
#define TXQBASE     REG(GEM_BASE + 0x1c)
#define RXSTATUS    REG(GEM_BASE + 0x20)
#define NWSTATUS    REG(GEM_BASE + 0x08)
#define PHYMNTNC    REG(GEM_BASE + 0x34)
#define ISR         REG(GEM_BASE + 0x24)
#define IER         REG(GEM_BASE + 0x28)
#define IDR         REG(GEM_BASE + 0x2c)
#define HASHLO      REG(GEM_BASE + 0x80)
#define HASHHI      REG(GEM_BASE + 0x84)
#define SPADDR1LO   REG(GEM_BASE + 0x88)
#define SPADDR1HI   REG(GEM_BASE + 0x8c)

#define NWCTRL_RX           BIT(2)
#define NWCTRL_TX           BIT(3)
#define NWCTRL_MANAGE       BIT(4)
#define NWCTRL_TX_START     BIT(9)
#define NWSTATUS_MANAGED    BIT(2)
#define RXSTATUS_RAN_DRY    BIT(0)
#define PHY_READ(phy, reg)  (UINT32_C(0x60020000) | (uint32_t)(phy) << 23 | (uint32_t)(reg) << 18)
#define NWCFG_SPEED_100     BIT(0)
#define NWCFG_FULL_DUPLEX   BIT(1)
#define NWCFG_GROUPS        BIT(6)
#define NWCFG_DROP_FCS      BIT(17)
#define NWCFG_MDC_DIV_48    (UINT32_C(3) << 18)
#define DMACFG_BURST_16     UINT32_C(16)
#define DMACFG_RX_ALL       (UINT32_C(3) << 8)
#define DMACFG_TX_ALL       BIT(10)
#define DMACFG_RX_UNITS(n)  ((uint32_t)(n) << 16)       /* of 64 bytes */
#define INT_RX_DONE         BIT(1)

#define RX_OURS             BIT(0)
#define RX_WRAP             BIT(1)
#define RX_LENGTH           0x1fffu
#define RX_WHOLE            (BIT(14) | BIT(15))         /* first and last buffer of a frame */
#define TX_OURS             BIT(31)
#define TX_WRAP             BIT(30)
#define TX_LAST             BIT(15)

enum { RX_RING = 16, TX_RING = 8, BUFFER_BYTES = 1536 };

struct descriptor {
    uint32_t address;
    uint32_t control;
};

static volatile struct descriptor rx_ring[RX_RING] __attribute__((aligned(8)));
static volatile struct descriptor tx_ring[TX_RING] __attribute__((aligned(8)));
static uint8_t rx_buffer[RX_RING][BUFFER_BYTES] __attribute__((aligned(64)));
static uint8_t tx_buffer[TX_RING][BUFFER_BYTES] __attribute__((aligned(64)));
static unsigned rx_next, tx_next;

/* What was written before is seen by the controller before what is written after. */
static void barrier(void)
{
    __sync_synchronize();
}

void nic_start(uint8_t mac[6])
{
    uint32_t low = SPADDR1LO;
    uint32_t high = SPADDR1HI;
    for (int i = 0; i < 4; i++)
        mac[i] = (uint8_t)(low >> 8 * i);
    mac[4] = (uint8_t)high;
    mac[5] = (uint8_t)(high >> 8);

    NWCTRL = 0;
    IDR = UINT32_MAX;
    (void)ISR;
    for (unsigned i = 0; i < RX_RING; i++) {
        rx_ring[i].control = 0;
        rx_ring[i].address = (uint32_t)(uintptr_t)rx_buffer[i] |
                             (i == RX_RING - 1 ? RX_WRAP : 0);
    }
    for (unsigned i = 0; i < TX_RING; i++) {
        tx_ring[i].address = (uint32_t)(uintptr_t)tx_buffer[i];
        tx_ring[i].control = TX_OURS | (i == TX_RING - 1 ? TX_WRAP : 0);
    }
    barrier();

    NWCFG = NWCFG_SPEED_100 | NWCFG_FULL_DUPLEX | NWCFG_GROUPS | NWCFG_DROP_FCS | NWCFG_MDC_DIV_48;
    DMACFG = DMACFG_BURST_16 | DMACFG_RX_ALL | DMACFG_TX_ALL |
             DMACFG_RX_UNITS(BUFFER_BYTES / 64);
    RXQBASE = (uint32_t)(uintptr_t)rx_ring;
    TXQBASE = (uint32_t)(uintptr_t)tx_ring;
    SPADDR1LO = low;
    SPADDR1HI = high;
    HASHLO = UINT32_MAX;                /* all groups: multicast DNS, and IPv6 finds its neighbours by them */
    HASHHI = UINT32_MAX;
    IER = INT_RX_DONE;
    NWCTRL = NWCTRL_RX | NWCTRL_TX | NWCTRL_MANAGE;
}

/* IEEE 802.3 22.2.4: registers 1 (status) and 2 (who made it). */
static uint32_t phy_read(unsigned phy, unsigned reg)
{
    PHYMNTNC = PHY_READ(phy, reg);
    for (int i = 0; i < 10000 && !(NWSTATUS & NWSTATUS_MANAGED); i++)
        ;
    return PHYMNTNC & 0xffff;
}

/* A link that was lost meanwhile is told once: the second answer is that of now. */
bool nic_link(void)
{
    static unsigned phy;                /* 32: nobody answers, so nobody knows */
    static bool found;

    while (!found && phy < 32) {
        uint32_t maker = phy_read(phy, 2);
        found = maker != 0 && maker != 0xffff;
        phy += !found;
    }
    if (!found)
        return true;
    phy_read(phy, 1);
    return (phy_read(phy, 1) & BIT(2)) != 0;
}

void cadence_gem_irq(void)
{
    uint32_t isr = ISR;                 /* cleared by reading, or by writing, as it was built */
    ISR = isr;
    RXSTATUS = RXSTATUS & ~RXSTATUS_RAN_DRY;
}

bool nic_waiting(void)
{
    return (rx_ring[rx_next].address & RX_OURS) != 0;
}

struct pbuf *nic_receive(uint32_t *dropped)
{
    if (!nic_waiting())
        return NULL;
    barrier();

    struct pbuf *p = NULL;
    uint32_t control = rx_ring[rx_next].control;
    uint16_t len = control & RX_LENGTH;
    if ((control & RX_WHOLE) == RX_WHOLE && len <= 1514)
        p = net_frame_alloc((uint16_t)(len + ETH_PAD_SIZE));
    if (p)
        memcpy((uint8_t *)p->payload + ETH_PAD_SIZE, rx_buffer[rx_next], len);
    else
        ++*dropped;

    barrier();
    rx_ring[rx_next].address &= ~RX_OURS;
    rx_next = (rx_next + 1) % RX_RING;
    if (RXSTATUS & RXSTATUS_RAN_DRY) {  /* it looks at the ring again when it is told to */
        RXSTATUS = RXSTATUS_RAN_DRY;
        barrier();
        NWCTRL |= NWCTRL_RX;
    }
    return p;
}

bool nic_send(const struct pbuf *frame)
{
    volatile struct descriptor *d = &tx_ring[tx_next];
    if (!(d->control & TX_OURS) || frame->tot_len > BUFFER_BYTES)
        return false;

    uint16_t len = (uint16_t)(frame->tot_len - ETH_PAD_SIZE);
    pbuf_copy_partial(frame, tx_buffer[tx_next], len, ETH_PAD_SIZE);
    barrier();
    d->control = len | TX_LAST | (tx_next == TX_RING - 1 ? TX_WRAP : 0);
    barrier();
    NWCTRL |= NWCTRL_TX_START;
    tx_next = (tx_next + 1) % TX_RING;
    return true;
}
