/* SPDX-License-Identifier: MIT
 *
 * lan9118.c: SMSC's LAN9118 Ethernet controller: FIFOs of words for frames and for their
 * status.  LAN9118 data sheet.
 *
 * Frames move between FIFO and pbufs word by word.  The controller is told to skip two bytes in
 * front of each frame, in both directions, which are the pad bytes of the pbuf (ETH_PAD_SIZE):
 * so the words of both are the same.
 *
 * board_config.h: LAN9118_BASE.  The board calls lan9118_reset() before it lets the interrupt in,
 * and lan9118_irq() from its handler.
 */
#include "lan9118.h"

#include "board_config.h"
#include "lwip/pbuf.h"
#include "mmio.h"
#include "net.h"
#include "nic.h"

#define RX_DATA         REG(LAN9118_BASE + 0x00)
#define TX_DATA         REG(LAN9118_BASE + 0x20)
#define RX_STATUS       REG(LAN9118_BASE + 0x40)
#define TX_STATUS       REG(LAN9118_BASE + 0x48)
#define IRQ_CFG         REG(LAN9118_BASE + 0x54)
#define INT_STS         REG(LAN9118_BASE + 0x58)
#define INT_EN          REG(LAN9118_BASE + 0x5c)
#define BYTE_TEST       REG(LAN9118_BASE + 0x64)
#define FIFO_INT        REG(LAN9118_BASE + 0x68)
#define RX_CFG          REG(LAN9118_BASE + 0x6c)
#define TX_CFG          REG(LAN9118_BASE + 0x70)
#define HW_CFG          REG(LAN9118_BASE + 0x74)
#define RX_FIFO_INF     REG(LAN9118_BASE + 0x7c)
#define TX_FIFO_INF     REG(LAN9118_BASE + 0x80)
#define MAC_CSR_CMD     REG(LAN9118_BASE + 0xa4)
#define MAC_CSR_DATA    REG(LAN9118_BASE + 0xa8)

#define BYTE_TEST_VALUE 0x87654321u

#define HW_CFG_RESET    BIT(0)
#define HW_CFG_MUST     BIT(20)
#define HW_CFG_TX_KIB(n) ((uint32_t)(n) << 16)

#define IRQ_CFG_PUSH_PULL_HIGH  (BIT(0) | BIT(4))
#define IRQ_CFG_ON      BIT(8)
#define INT_RX_STATUS   BIT(3)          /* more frames in the FIFO than FIFO_INT says */

#define RX_STATUS_ERROR BIT(15)
#define RX_STATUS_LEN(s) ((s) >> 16 & 0x3fff)
#define STATUS_USED(inf) ((inf) >> 16 & 0xff)
#define TX_FREE(inf)    ((inf) & 0xffff)
#define TX_CFG_ON       BIT(1)

#define TX_A_SKIP(n)    ((uint32_t)(n) << 16)
#define TX_A_ONLY       (BIT(13) | BIT(12))     /* first and last buffer of its frame */

#define MAC_BUSY        BIT(31)
#define MAC_READ        BIT(30)
enum { MAC_CR = 1, MAC_ADDRH = 2, MAC_ADDRL = 3 };
#define MAC_CR_RX       BIT(2)
#define MAC_CR_TX       BIT(3)
#define MAC_CR_DUPLEX   BIT(20)

enum { FCS_BYTES = 4, HEADER_BYTES = 14, FRAME_MAX = 1514, TX_WORDS = 2, TRIES = 100000 };

_Static_assert(PBUF_POOL_BUFSIZE >= FRAME_MAX + ETH_PAD_SIZE + FCS_BYTES, "a frame is one pbuf");

static void mac_wait(void)
{
    for (int i = 0; i < TRIES && (MAC_CSR_CMD & MAC_BUSY); i++)
        ;
}

static uint32_t mac_read(uint32_t which)
{
    mac_wait();
    MAC_CSR_CMD = MAC_BUSY | MAC_READ | which;
    mac_wait();
    return MAC_CSR_DATA;
}

static void mac_write(uint32_t which, uint32_t value)
{
    mac_wait();
    MAC_CSR_DATA = value;
    MAC_CSR_CMD = MAC_BUSY | which;
    mac_wait();
}

/* The address that the controller read from its EEPROM; without one, a local address. */
static void find_mac(uint8_t mac[6])
{
    uint32_t low = mac_read(MAC_ADDRL);
    uint32_t high = mac_read(MAC_ADDRH) & 0xffff;
    bool none = (low == UINT32_MAX && high == 0xffff) || (low == 0 && high == 0);

    if (none) {
        low = 0x69687402;               /* 02:74:68:69:6d:62 */
        high = 0x626d;
    }
    for (int i = 0; i < 4; i++)
        mac[i] = (uint8_t)(low >> 8 * i);
    mac[4] = (uint8_t)high;
    mac[5] = (uint8_t)(high >> 8);
    mac_write(MAC_ADDRL, low);
    mac_write(MAC_ADDRH, high);
}

void lan9118_reset(void)
{
    for (int i = 0; i < TRIES && BYTE_TEST != BYTE_TEST_VALUE; i++)
        ;
    HW_CFG = HW_CFG_RESET;
    for (int i = 0; i < TRIES && (HW_CFG & HW_CFG_RESET); i++)
        ;
    HW_CFG = HW_CFG_MUST | HW_CFG_TX_KIB(5);
    INT_EN = 0;
    INT_STS = UINT32_MAX;
    FIFO_INT = 0;
    IRQ_CFG = IRQ_CFG_ON | IRQ_CFG_PUSH_PULL_HIGH;
}

void nic_start(uint8_t mac[6])
{
    find_mac(mac);
    RX_CFG = (uint32_t)ETH_PAD_SIZE << 8;
    TX_CFG = TX_CFG_ON;
    mac_write(MAC_CR, MAC_CR_DUPLEX | MAC_CR_TX | MAC_CR_RX);
    INT_EN = INT_RX_STATUS;
}

void lan9118_irq(void)
{
    INT_EN = 0;                         /* nic_receive() allows it again, when it is done */
}

/* [guide: nic waiting] */
bool nic_waiting(void)
{
    return STATUS_USED(RX_FIFO_INF) != 0;
}

/* True: a frame is there.  If not, the next one will interrupt: the interrupt is latched when a
 * frame arrives, so it is cleared first and the count is looked at again after that. */
static bool frame_or_interrupt(void)
{
    if (nic_waiting())
        return true;
    INT_STS = INT_RX_STATUS;
    if (nic_waiting())
        return true;
    INT_EN = INT_RX_STATUS;
    return false;
}
/* [end] */

/* [guide: nic receive] */
struct pbuf *nic_receive(uint32_t *dropped)
{
    if (!frame_or_interrupt())
        return NULL;

    uint32_t status = RX_STATUS;
    uint32_t len = RX_STATUS_LEN(status);       /* with its check sequence */
    uint32_t words = (ETH_PAD_SIZE + len + 3) / 4;

    struct pbuf *p = NULL;
    if (!(status & RX_STATUS_ERROR) && len >= HEADER_BYTES + FCS_BYTES &&
        len <= FRAME_MAX + FCS_BYTES)
        p = net_frame_alloc((uint16_t)(ETH_PAD_SIZE + len));
    if (!p) {
        while (words-- > 0)             /* the FIFO must be emptied all the same */
            (void)RX_DATA;
        ++*dropped;
        return NULL;
    }

    uint32_t *to = p->payload;
    while (words-- > 0)
        *to++ = RX_DATA;
    pbuf_realloc(p, (u16_t)(ETH_PAD_SIZE + len - FCS_BYTES));
    return p;
}
/* [end] */

/* Nobody reads how sending went, but a full FIFO of it would stop the sender. */
static void drop_tx_status(void)
{
    while (STATUS_USED(TX_FIFO_INF) != 0)
        (void)TX_STATUS;
}

bool nic_send(const struct pbuf *frame)
{
    uint32_t len = frame->tot_len - (uint32_t)ETH_PAD_SIZE;
    uint32_t words = TX_WORDS + (frame->tot_len + 3u) / 4;

    drop_tx_status();
    for (int tries = 0; TX_FREE(TX_FIFO_INF) < 4 * words; tries++)
        if (tries == TRIES)
            return false;
    TX_DATA = TX_A_SKIP(ETH_PAD_SIZE) | TX_A_ONLY | len;
    TX_DATA = len;

    uint32_t word = 0;                  /* bytes of a word that two pbufs share */
    unsigned held = 0;
    for (const struct pbuf *q = frame; q; q = q->next) {
        const uint8_t *from = q->payload;
        size_t left = q->len;
        if (held == 0 && (uintptr_t)from % 4 == 0) {
            const uint32_t *words_from = q->payload;
            for (; left >= 4; left -= 4)
                TX_DATA = *words_from++;
            from = (const uint8_t *)words_from;
        }
        for (; left > 0; left--) {
            word |= (uint32_t)*from++ << 8 * held;
            if (++held == 4) {
                TX_DATA = word;
                word = 0;
                held = 0;
            }
        }
    }
    if (held > 0)
        TX_DATA = word;
    return true;
}

/* The physical layer is not asked. */
bool nic_link(void)
{
    return true;
}
