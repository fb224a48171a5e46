/* SPDX-License-Identifier: MIT
 *
 * w5500_model.c: see w5500_model.h.  W5500 Datasheet, chapters 2 to 4; written without a look at the driver's
 * constants.
 */
#include "w5500_model.h"

#include <string.h>

enum {
    NS_A_BYTE = 256, NS_A_LOOK = 1000, NS_A_FRAME_BYTE = 80, NS_A_COMMAND = 500,
    RING_MASK = W5500_RING - 1,
};

/* Registers by the datasheet's names. */
enum { MR = 0x00, SHAR = 0x09, SIMR = 0x18, PHYCFGR = 0x2e, VERSIONR = 0x39 };
enum {
    Sn_MR = 0x00, Sn_CR = 0x01, Sn_IR = 0x02, Sn_SR = 0x03, Sn_RXBUF_SIZE = 0x1e,
    Sn_TXBUF_SIZE = 0x1f, Sn_TX_RD = 0x22, Sn_TX_WR = 0x24, Sn_RX_RSR = 0x26, Sn_RX_RD = 0x28,
    Sn_IMR = 0x2c,
};

static void be16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static uint16_t get_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static bool is_open(const struct w5500_model *m)
{
    return m->socket[0][Sn_SR] == 0x42;
}

static void power_on(struct w5500_model *m)
{
    memset(m->common, 0, sizeof m->common);
    memset(m->socket, 0, sizeof m->socket);
    m->common[VERSIONR] = m->version;
    for (int i = 0; i < 8; i++)
        m->socket[i][Sn_RXBUF_SIZE] = m->socket[i][Sn_TXBUF_SIZE] = 2;
    m->rx_read = m->rx_write = m->tx_read = 0;
    m->sending = false;
}

void w5500_model_make(struct w5500_model *m)
{
    memset(m, 0, sizeof *m);
    m->link = true;
    m->version = 4;
    m->random = 1;
    m->limit_ms = UINT32_MAX;
    power_on(m);
}

/* --------------------------------------------------------------------------------------
 * Time
 */

static void pass(struct w5500_model *m, uint64_t ns)
{
    m->ns += ns;
    if (m->ns / 1000000 > m->limit_ms)
        m->hung = true;
    if (m->sending && m->ns >= m->sent_at_ns) {
        m->sending = false;
        m->socket[0][Sn_IR] |= 0x10;
    }
    if (m->socket[0][Sn_CR] && !m->stuck && m->ns >= m->taken_at_ns)
        m->socket[0][Sn_CR] = 0;
}

void w5500_model_wait_ms(struct w5500_model *m, uint32_t ms)
{
    pass(m, (uint64_t)ms * 1000000);
}

/* --------------------------------------------------------------------------------------
 * The socket
 */

bool w5500_model_arrive(struct w5500_model *m, const uint8_t *frame, size_t len, uint16_t claimed)
{
    uint16_t used = (uint16_t)(m->rx_write - m->rx_read);
    if (!is_open(m) || m->socket[0][Sn_RXBUF_SIZE] != 16 || used + len + 2 > W5500_RING) {
        m->frames_lost++;
        return false;
    }
    uint8_t length[2];
    be16(length, claimed ? claimed : (uint16_t)(len + 2));
    for (size_t i = 0; i < len + 2; i++)
        m->rx[(m->rx_write + i) & RING_MASK] = i < 2 ? length[i] : frame[i - 2];
    m->rx_write = (uint16_t)(m->rx_write + len + 2);
    m->socket[0][Sn_IR] |= 0x04;
    return true;
}

static void send_frame(struct w5500_model *m)
{
    uint16_t end = get_be16(m->socket[0] + Sn_TX_WR);
    uint16_t len = (uint16_t)(end - m->tx_read);

    if (m->sending || len < 60 || len > 1518 || m->socket[0][Sn_TXBUF_SIZE] != 16)
        m->violations++;
    if (m->fault == W5500_FAULT_NEVER_SENT && m->sends++ == m->at) {
        m->happened++;
        return;
    }
    if (len <= sizeof m->out)
        for (uint16_t i = 0; i < len; i++)
            m->out[i] = m->tx[(m->tx_read + i) & RING_MASK];
    m->out_len = len;
    m->frames_out++;
    m->tx_read = end;
    m->sending = true;
    m->sent_at_ns = m->ns + (uint64_t)len * NS_A_FRAME_BYTE;
}

static void open_socket(struct w5500_model *m)
{
    if ((m->socket[0][Sn_MR] & 0x0f) != 4) {
        m->violations++;
        return;
    }
    m->socket[0][Sn_SR] = 0x42;
    m->rx_read = m->rx_write = 0;
    m->tx_read = 0;
    be16(m->socket[0] + Sn_TX_WR, 0);
    be16(m->socket[0] + Sn_RX_RD, 0);
}

static void receive_done(struct w5500_model *m)
{
    uint16_t to = get_be16(m->socket[0] + Sn_RX_RD);
    uint16_t used = (uint16_t)(m->rx_write - m->rx_read);
    if ((uint16_t)(to - m->rx_read) > used)
        m->violations++;
    m->rx_read = to;
    if ((uint16_t)(m->rx_write - m->rx_read) > 0)
        m->socket[0][Sn_IR] |= 0x04;
}

static void run_command(struct w5500_model *m, uint8_t what)
{
    uint64_t number = m->commands++;
    if (m->socket[0][Sn_CR])
        m->violations++;
    m->socket[0][Sn_CR] = what;
    m->taken_at_ns = m->ns + NS_A_COMMAND;
    if (m->fault == W5500_FAULT_COMMAND_STUCK && number >= m->at) {
        m->happened++;
        m->stuck = true;
        return;
    }
    if (m->fault == W5500_FAULT_COMMAND_LOST && number == m->at) {
        m->happened++;
        return;
    }
    switch (what) {
    case 0x01: open_socket(m); break;
    case 0x10: m->socket[0][Sn_SR] = 0; m->sending = false; break;
    case 0x20: is_open(m) ? send_frame(m) : (void)m->violations++; break;
    case 0x40: is_open(m) ? receive_done(m) : (void)m->violations++; break;
    default:   m->violations++; break;
    }
}

/* --------------------------------------------------------------------------------------
 * Registers
 */

static uint8_t read_socket(struct w5500_model *m, unsigned n, uint16_t at)
{
    uint16_t size = (uint16_t)(m->rx_write - m->rx_read);
    if (n == 0 && at == Sn_RX_RSR) {
        if (m->tearing) {               /* the low byte will be that of another size */
            const uint8_t *frame = m->tearing;
            m->tearing = NULL;
            w5500_model_arrive(m, frame, m->tearing_len, 0);
        }
        return (uint8_t)(size >> 8);
    }
    if (n == 0 && at == Sn_RX_RSR + 1)
        return (uint8_t)size;
    return at < 64 ? m->socket[n][at] : 0;
}

static void write_socket(struct w5500_model *m, unsigned n, uint16_t at, uint8_t byte)
{
    if (at >= 64)
        return;
    if (n == 0 && at == Sn_CR) {
        if (byte)
            run_command(m, byte);
    } else if (at == Sn_IR) {
        m->socket[n][at] &= (uint8_t)~byte;
    } else if (at != Sn_SR) {
        m->socket[n][at] = byte;
    }
}

static uint8_t read_common(struct w5500_model *m, uint16_t at)
{
    if (at == PHYCFGR)
        return m->link ? 0xbf : 0xb8;
    return at < 64 ? m->common[at] : 0;
}

static void write_common(struct w5500_model *m, uint16_t at, uint8_t byte)
{
    if (at == MR && byte & 0x80)
        power_on(m);
    else if (at < 64 && at != VERSIONR)
        m->common[at] = byte;
}

/* Block numbers: 0 common; 1, 2, 3: registers, transmit and receive memory of socket 0; 5 ... */
static uint8_t access(struct w5500_model *m, uint8_t byte)
{
    unsigned block = m->head[2] >> 3, n = block / 4, kind = block % 4;
    bool write = m->head[2] & 4;
    uint16_t at = m->address++;
    uint8_t got = 0;

    if (block == 0)
        write ? write_common(m, at, byte) : (void)(got = read_common(m, at));
    else if (kind == 1)
        write ? write_socket(m, n, at, byte) : (void)(got = read_socket(m, n, at));
    else if (kind == 2 && n == 0 && write)
        m->tx[at & RING_MASK] = byte;
    else if (kind == 3 && n == 0 && !write)
        got = m->rx[at & RING_MASK];
    else
        m->violations++;
    return got;
}

/* --------------------------------------------------------------------------------------
 * The bus
 */

static bool strikes(struct w5500_model *m, enum w5500_fault fault)
{
    if (m->fault != fault || m->bytes != m->at)
        return false;
    m->happened++;
    return true;
}

static uint8_t clock_byte(struct w5500_model *m, uint8_t in)
{
    uint8_t out = 0;
    pass(m, NS_A_BYTE);
    if (strikes(m, W5500_FAULT_BYTE_IN))
        in ^= 0x10;
    if (strikes(m, W5500_FAULT_GARBAGE))
        m->garbage = 600;
    if (strikes(m, W5500_FAULT_HIGH))
        m->gone_high = true;
    if (strikes(m, W5500_FAULT_LOW))
        m->gone_low = true;
    if (strikes(m, W5500_FAULT_RESET))
        power_on(m);

    if (!m->selected)
        m->violations++;
    if (!m->gone_high && !m->gone_low && !m->in_reset) {
        if (m->n_head < 3) {
            m->head[m->n_head++] = in;
            m->address = get_be16(m->head);
        } else {
            out = access(m, in);
        }
    }
    if (strikes(m, W5500_FAULT_BYTE_OUT))
        out ^= 0x04;
    if (m->garbage > 0) {
        m->garbage--;
        m->random = m->random * 1103515245u + 12345u;
        out = (uint8_t)(m->random >> 16);
    }
    if (m->gone_high || m->in_reset)
        out = 0xff;
    if (m->gone_low)
        out = 0;
    m->bytes++;
    return out;
}

static void transfer(void *ctx, const uint8_t *tx, uint8_t *rx, size_t n)
{
    struct w5500_model *m = ctx;
    for (size_t i = 0; i < n; i++) {
        uint8_t got = clock_byte(m, tx ? tx[i] : 0xa5);
        if (rx)
            rx[i] = got;
    }
}

static void select_chip(void *ctx, bool on)
{
    struct w5500_model *m = ctx;
    if (m->selected == on)
        m->violations++;
    m->selected = on;
    m->n_head = 0;
}

static uint32_t millis(void *ctx)
{
    struct w5500_model *m = ctx;
    pass(m, NS_A_LOOK);
    return (uint32_t)(m->ns / 1000000) + 0xfffff000;    /* wraps after four seconds */
}

static void reset(void *ctx, bool on)
{
    struct w5500_model *m = ctx;
    m->in_reset = on;
    if (on)
        power_on(m);
}

static bool interrupt(void *ctx)
{
    struct w5500_model *m = ctx;
    if (m->wire_broken)
        return false;
    return (m->socket[0][Sn_IR] & m->socket[0][Sn_IMR]) && m->common[SIMR] & 1;
}

void w5500_model_fail(struct w5500_model *m, enum w5500_fault fault, uint64_t at)
{
    m->fault = fault;
    m->at = at;
    m->happened = 0;
    m->bytes = m->commands = m->sends = 0;
}

void w5500_model_heal(struct w5500_model *m)
{
    m->fault = W5500_FAULT_NONE;
    m->gone_high = m->gone_low = m->stuck = false;
    m->garbage = 0;
}

struct thimble_w5500_config w5500_model_config(struct w5500_model *m)
{
    return (struct thimble_w5500_config){
        .hooks = { .ctx = m, .transfer = transfer, .select = select_chip, .millis = millis,
                   .reset = reset, .interrupt = interrupt },
        .mac = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 },
    };
}
