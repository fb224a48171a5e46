/* SPDX-License-Identifier: MIT
 *
 * selftest.c: in the place of the target (app.h), two small TCP services that put each driver
 * of a board to work.  tests/firmware/drivers.py is the other side.
 *
 *     port 7   echo
 *     port 9   disk and board.  A request is 16 bytes, little-endian: operation, number of blocks,
 *              block address (64 bits), then the data of a write.  The answer is a
 *              32-bit result, then the data of a read.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "lwip/tcp.h"
#include "net.h"
#include "random.h"
#include "thimble.h"

enum operation { OP_INFO = 'I', OP_READ = 'R', OP_WRITE = 'W', OP_FLUSH = 'F', OP_ERASE = 'E',
                 OP_LED = 'L', OP_HANG = 'H', OP_FAULT = 'T', OP_RANDOM = 'Z' };

enum { ECHO_PORT = 7, DISK_PORT = 9, BLOCK_BYTES = 512, MAX_BLOCKS = 8, REQUEST_BYTES = 16 };

static bool hang;

/* ---------------------------------------------------------------------------------- echo */

static struct pbuf *echo_pending[4];
static struct tcp_pcb *echo_pcb[4];

static void echo_move(unsigned i)
{
    struct tcp_pcb *pcb = echo_pcb[i];
    while (echo_pending[i]) {
        struct pbuf *p = echo_pending[i];
        uint16_t room = tcp_sndbuf(pcb);
        uint16_t n = p->len < room ? p->len : room;
        if (n > 512)
            n = 512;
        if (n == 0 || tcp_write(pcb, p->payload, n, TCP_WRITE_FLAG_COPY) != ERR_OK)
            break;
        tcp_recved(pcb, n);
        if (p->len > n) {
            pbuf_remove_header(p, n);
        } else {
            echo_pending[i] = p->next;
            if (p->next)
                pbuf_ref(p->next);
            pbuf_free(p);
        }
    }
    tcp_output(pcb);
}

static unsigned echo_index(const struct tcp_pcb *pcb)
{
    unsigned i = 0;
    while (i < 4 && echo_pcb[i] != pcb)
        i++;
    return i;
}

static void echo_forget(unsigned i)
{
    if (echo_pending[i])
        pbuf_free(echo_pending[i]);
    echo_pending[i] = NULL;
    echo_pcb[i] = NULL;
}

static err_t echo_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    unsigned i = echo_index(pcb);
    if (!p) {
        echo_forget(i);
        tcp_arg(pcb, NULL);
        if (tcp_close(pcb) != ERR_OK) {
            tcp_abort(pcb);
            return ERR_ABRT;
        }
        return ERR_OK;
    }
    if (echo_pending[i])
        pbuf_cat(echo_pending[i], p);
    else
        echo_pending[i] = p;
    echo_move(i);
    return ERR_OK;
}

static err_t echo_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    (void)arg;
    (void)len;
    unsigned i = echo_index(pcb);
    if (i < 4)
        echo_move(i);
    return ERR_OK;
}

static err_t echo_poll(void *arg, struct tcp_pcb *pcb)
{
    return echo_sent(arg, pcb, 0);
}

static void echo_error(void *arg, err_t err)
{
    (void)err;
    struct tcp_pcb **slot = arg;
    if (slot)
        echo_forget((unsigned)(slot - echo_pcb));
}

static err_t echo_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    unsigned i = echo_index(NULL);
    if (err != ERR_OK || i == 4)
        return ERR_MEM;
    echo_pcb[i] = pcb;
    tcp_arg(pcb, &echo_pcb[i]);
    tcp_recv(pcb, echo_recv);
    tcp_sent(pcb, echo_sent);
    tcp_poll(pcb, echo_poll, 1);
    tcp_err(pcb, echo_error);
    return ERR_OK;
}

/* ---------------------------------------------------------------------------------- disk */

static struct {
    struct tcp_pcb *pcb;
    uint8_t request[REQUEST_BYTES];
    uint32_t in;                        /* bytes of request and data so far */
    uint32_t answer_bytes, sent;        /* of result and data */
    struct {
        int32_t result;
        uint8_t data[MAX_BLOCKS * BLOCK_BYTES];
    } answer;
} disk;

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static uint32_t disk_request_bytes(void)
{
    if (disk.in < REQUEST_BYTES)
        return REQUEST_BYTES;
    uint32_t data_bytes = disk.request[0] == OP_WRITE ? le32(disk.request + 4) * BLOCK_BYTES : 0;
    return REQUEST_BYTES + data_bytes;
}

static void disk_run(void)
{
    struct thimble_block *b = board_disk();
    uint32_t n = le32(disk.request + 4);
    uint64_t lba = (uint64_t)le32(disk.request + 12) << 32 | le32(disk.request + 8);
    struct thimble_io io = { 0 };
    uint32_t data_bytes = 0;
    int32_t result = THIMBLE_ERR_ARGUMENT;

    if (n > MAX_BLOCKS)
        n = MAX_BLOCKS;
    switch (disk.request[0]) {
    case OP_INFO: {
        uint32_t info[] = { b ? (uint32_t)b->size_blocks : 0, board_stack_used(),
                            board_stack_bytes(), net_counters.dropped_in,
                            net_counters.dropped_out, board_ms() };
        memcpy(disk.answer.data, info, sizeof info);
        data_bytes = sizeof info;
        result = b ? (b->ready ? b->ready(b) : THIMBLE_OK) : THIMBLE_ERR_NO_MEDIUM;
        break;
    }
    case OP_READ:
        board_led(BOARD_LED_READ, true);
        result = b ? b->read(b, lba, n, disk.answer.data, &io) : THIMBLE_ERR_NO_MEDIUM;
        board_led(BOARD_LED_READ, false);
        data_bytes = n * BLOCK_BYTES;
        break;
    case OP_WRITE:
        result = b ? b->write(b, lba, n, disk.answer.data, &io) : THIMBLE_ERR_NO_MEDIUM;
        break;
    case OP_FLUSH:
        result = b && b->flush ? b->flush(b, &io) : THIMBLE_OK;
        break;
    case OP_ERASE:
        if (b && b->unmap)
            result = b->unmap(b, lba, le32(disk.request + 4), &io);
        break;
    case OP_LED:
        board_led((enum board_led)lba, n != 0);
        result = THIMBLE_OK;
        break;
    case OP_RANDOM:
        random_fill(disk.answer.data, 32);
        data_bytes = 32;
        result = THIMBLE_OK;
        break;
    case OP_HANG:
        hang = true;
        result = THIMBLE_OK;
        break;
    case OP_FAULT:
        __builtin_trap();
    default:
        break;
    }
    disk.answer.result = result;
    disk.answer_bytes = (uint32_t)sizeof result + data_bytes;
    disk.sent = 0;
}

static void disk_send(void)
{
    while (disk.sent < disk.answer_bytes) {
        uint32_t n = disk.answer_bytes - disk.sent;
        if (n > tcp_sndbuf(disk.pcb))
            n = tcp_sndbuf(disk.pcb);
        const uint8_t *from = (const uint8_t *)&disk.answer + disk.sent;
        if (n == 0 || tcp_write(disk.pcb, from, (u16_t)n, 0) != ERR_OK)
            break;
        disk.sent += n;
    }
    tcp_output(disk.pcb);
}

static void disk_take(const uint8_t *from, uint32_t n)
{
    while (n > 0) {
        uint32_t want = disk_request_bytes();
        uint8_t *to = disk.in < REQUEST_BYTES ? disk.request + disk.in
                                              : disk.answer.data + (disk.in - REQUEST_BYTES);
        uint32_t m = want - disk.in < n ? want - disk.in : n;
        if (disk.in >= REQUEST_BYTES && disk.in - REQUEST_BYTES + m > sizeof disk.answer.data)
            return;
        memcpy(to, from, m);
        disk.in += m;
        from += m;
        n -= m;
        if (disk.in == disk_request_bytes()) {
            disk.in = 0;
            disk_run();
            disk_send();
        }
    }
}

static err_t disk_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    if (!p) {
        disk.pcb = NULL;
        tcp_arg(pcb, NULL);
        return tcp_close(pcb);
    }
    tcp_recved(pcb, p->tot_len);
    for (struct pbuf *q = p; q; q = q->next)
        disk_take(q->payload, q->len);
    pbuf_free(p);
    return ERR_OK;
}

static err_t disk_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    (void)arg;
    (void)pcb;
    (void)len;
    if (disk.pcb)
        disk_send();
    return ERR_OK;
}

static err_t disk_poll(void *arg, struct tcp_pcb *pcb)
{
    return disk_sent(arg, pcb, 0);
}

static void disk_error(void *arg, err_t err)
{
    (void)err;
    if (arg)
        disk.pcb = NULL;
}

static err_t disk_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    if (err != ERR_OK || disk.pcb)
        return ERR_MEM;
    disk.pcb = pcb;
    disk.in = 0;
    disk.answer_bytes = 0;
    disk.sent = 0;
    tcp_arg(pcb, &disk);
    tcp_recv(pcb, disk_recv);
    tcp_sent(pcb, disk_sent);
    tcp_poll(pcb, disk_poll, 1);
    tcp_err(pcb, disk_error);
    return ERR_OK;
}

/* --------------------------------------------------------------------------------------- */

static void serve(uint16_t port, tcp_accept_fn accept)
{
    struct tcp_pcb *pcb = tcp_new();
    if (!pcb || tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK)
        return;
    pcb = tcp_listen_with_backlog(pcb, 4);
    if (pcb)
        tcp_accept(pcb, accept);
}

static void start(void)
{
    struct thimble_block *b = board_disk();
    printf("selftest: board %s, card of %lu blocks\n", BOARD_NAME,
           b ? (unsigned long)b->size_blocks : 0ul);
    serve(ECHO_PORT, echo_accept);
    serve(DISK_PORT, disk_accept);
}

static void turn(void)
{
    static bool ready;
    net_poll();
    if (!ready && net_address()[0] != '\0') {
        ready = true;
        printf("selftest: ready\n");
    }
    while (hang)
        ;
    board_watchdog_feed();
    uint32_t idle_ms = net_sleep_ms();
    if (idle_ms > 0)
        board_sleep(idle_ms);
}

int main(void)
{
    static const struct net_config config = {
        .host_name = "selftest", .dhcp = true, .ip = { 10, 0, 2, 15 }, .prefix = 24,
        .gateway = { 10, 0, 2, 2 },
    };
    board_start();
    net_start(&config);
    start();
    for (;;)
        turn();
}
