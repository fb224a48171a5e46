/* SPDX-License-Identifier: MIT
 *
 * client.c: an initiator that is fast and knows four commands, for what only a real process can show.
 *
 *     client counter PORT NAME WRITERS ROUNDS
 *         so many sessions add 1 to a number in block 0, each with COMPARE AND WRITE until it succeeds, until
 *         ROUNDS were added in all; the number must be ROUNDS at the end
 *     client clone PORT NAME BLOCKS
 *         copies blocks of LUN 0 to LUN 1 with EXTENDED COPY, while another session reads without a pause; prints the bytes
 *         that the first moved and the longest time that a READ took
 *
 * Logs in with what RFC 7143 assumes when nothing is negotiated.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/wire.h"

enum { BLOCK = 512, WRITERS_MAX = 64, SEGMENTS = 32, SEGMENT_BLOCKS = 32768 };

static uint64_t moved_bytes;            /* of sessions that count */

struct session {
    int fd;
    bool counts;
    uint32_t itt, cmd_sn, exp_stat_sn;
    uint64_t expected;                  /* counter: what it believes the number to be */
    bool reading;
    uint8_t in[1024];                   /* of the PDU that comes */
    size_t in_len;
};

static void die(const char *what)
{
    fprintf(stderr, "client: %s\n", what);
    exit(1);
}

static void say(struct session *s, const uint8_t *bytes, size_t len)
{
    if (s->counts)
        moved_bytes += len;
    while (len) {
        ssize_t n = send(s->fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            die("the target has hung up");
        bytes += n;
        len -= (size_t)n;
    }
}

/* True when s->in holds a whole PDU. */
static bool hear(struct session *s)
{
    size_t want = 48;

    if (s->in_len >= 48)
        want += th_pad4(th_get24(s->in + 5));
    if (want > sizeof s->in)
        die("a PDU longer than this client takes");
    if (s->in_len < want) {
        ssize_t n = recv(s->fd, s->in + s->in_len, want - s->in_len, 0);
        if (n <= 0)
            die("the target has hung up");
        s->in_len += (size_t)n;
        if (s->counts)
            moved_bytes += (size_t)n;
    }
    return s->in_len >= 48 && s->in_len == 48 + th_pad4(th_get24(s->in + 5));
}

static void hear_all(struct session *s)
{
    s->in_len = 0;
    while (!hear(s))
        continue;
}

static void log_in(struct session *s, int port, const char *name, unsigned number)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    uint8_t pdu[48 + 512] = { 0x43, 0x87 };
    int one = 1;

    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (s->fd < 0 || connect(s->fd, (const void *)&a, sizeof a) < 0)
        die("cannot connect");
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    pdu[8] = 0x80;
    th_put16(pdu + 12, number);
    th_put32(pdu + 24, s->cmd_sn = 1);
    int n = snprintf((char *)pdu + 48, 512, "InitiatorName=iqn.2026-01.org.example:client%cTargetName=%s%c"
                     "SessionType=Normal%cImmediateData=Yes", 0, name, 0, 0) + 1;
    th_put24(pdu + 5, (uint32_t)n);
    say(s, pdu, 48 + th_pad4((uint32_t)n));
    hear_all(s);
    if (s->in[0] != 0x23 || s->in[36] != 0 || !(s->in[1] & 0x80))
        die("the login was refused");
    s->exp_stat_sn = th_get32(s->in + 24) + 1;
}

static void send_command(struct session *s, uint8_t lun, const uint8_t cdb[16], const uint8_t *out, uint32_t out_len,
                         uint32_t in_len)
{
    uint8_t pdu[48 + 2048] = { 0x01, (uint8_t)(0x81 | (in_len ? 0x40 : 0) | (out_len ? 0x20 : 0)) };

    pdu[9] = lun;
    th_put24(pdu + 5, out_len);
    th_put32(pdu + 16, ++s->itt);
    th_put32(pdu + 20, out_len + in_len);
    th_put32(pdu + 24, s->cmd_sn++);
    th_put32(pdu + 28, s->exp_stat_sn);
    memcpy(pdu + 32, cdb, 16);
    memcpy(pdu + 48, out, out_len);
    say(s, pdu, 48 + th_pad4(out_len));
    s->in_len = 0;
}

/* The status of the PDU in s->in, -1: it has none. */
static int status_of(struct session *s)
{
    bool response = s->in[0] == 0x21, data_in = s->in[0] == 0x25;

    if (!response && !data_in)
        die("an answer that was not expected");
    if (data_in && !(s->in[1] & 0x01))
        return -1;
    s->exp_stat_sn = th_get32(s->in + 24) + 1;
    return s->in[3];
}

static int command(struct session *s, uint8_t lun, const uint8_t cdb[16], const uint8_t *out, uint32_t out_len,
                   uint8_t *in, uint32_t in_len)
{
    send_command(s, lun, cdb, out, out_len, in_len);
    for (;;) {
        hear_all(s);
        if (s->in[0] == 0x25)
            memcpy(in + th_get32(s->in + 40), s->in + 48, th_get24(s->in + 5));
        int status = status_of(s);
        if (status >= 0)
            return status;
    }
}

static void wake_up(struct session *s, uint8_t lun)
{
    static const uint8_t test_unit_ready[16];

    for (int i = 0; i < 3 && command(s, lun, test_unit_ready, NULL, 0, NULL, 0) != 0; i++)
        continue;                       /* unit attentions */
}

/* ---- counter ---- */
static const uint8_t read_block_0[16] = { 0x28, [8] = 1 };
static const uint8_t compare_and_write[16] = { 0x89, [13] = 1 };

static void try_to_add(struct session *s)
{
    uint8_t data[2 * BLOCK] = { 0 };

    th_put64(data, s->expected);
    th_put64(data + BLOCK, s->expected + 1);
    s->reading = false;
    send_command(s, 0, compare_and_write, data, sizeof data, 0);
}

static void read_number(struct session *s)
{
    s->reading = true;
    send_command(s, 0, read_block_0, NULL, 0, BLOCK);
}

static int counter(int port, const char *name, unsigned n, unsigned rounds)
{
    static struct session s[WRITERS_MAX];
    struct pollfd p[WRITERS_MAX];
    unsigned added = 0, open = n;
    unsigned long misses = 0;

    for (unsigned i = 0; i < n; i++) {
        log_in(&s[i], port, name, i);
        wake_up(&s[i], 0);
        p[i] = (struct pollfd){ .fd = s[i].fd, .events = POLLIN };
        read_number(&s[i]);
    }
    while (open > 0) {
        if (poll(p, n, 10000) <= 0)
            die("no answer for 10 seconds");
        for (unsigned i = 0; i < n; i++) {
            if (!(p[i].revents & (POLLIN | POLLHUP)) || !hear(&s[i]))
                continue;
            int status = status_of(&s[i]);
            if (s[i].reading) {
                if (s[i].in[0] == 0x25)
                    s[i].expected = th_get64(s[i].in + 48);
                s[i].in_len = 0;
                if (status < 0)
                    continue;
            } else if (status == 0) {
                s[i].expected++;
                added++;
            } else if (status != 2 || (s[i].in[48 + 2 + 2] & 0x0f) != 0x0e) {
                die("COMPARE AND WRITE ended with something else than MISCOMPARE");
            } else {
                misses++;
                read_number(&s[i]);
                continue;
            }
            /* rounds that are under way may succeed, too */
            if (added + (open - 1) >= rounds && added >= rounds - (open - 1)) {
                p[i].fd = -1;
                open--;
                continue;
            }
            try_to_add(&s[i]);
        }
    }
    uint8_t block[BLOCK];
    if (command(&s[0], 0, read_block_0, NULL, 0, block, BLOCK) != 0)
        die("READ failed");
    printf("%u writers, %u rounds, %lu that others were faster than; the number is %llu\n", n, added, misses,
           (unsigned long long)th_get64(block));
    return added >= rounds - n && misses > 0 && th_get64(block) == added ? 0 : 1;
}

/* ---- clone ---- */
static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void put_cscd(struct session *s, uint8_t lun, uint8_t *at)
{
    static const uint8_t inquiry_83[16] = { 0x12, 0x01, 0x83, 0x02, 0x00 };
    uint8_t page[512] = { 0 };

    wake_up(s, lun);
    if (command(s, lun, inquiry_83, NULL, 0, page, sizeof page) != 0)
        die("INQUIRY failed");
    memset(at, 0, 32);
    at[0] = 0xe4;
    at[31] = 0;
    th_put24(at + 29, BLOCK);
    for (uint32_t i = 4; i < 4u + th_get16(page + 2); i += 4u + page[i + 3])
        if ((page[i + 1] & 0x3f) == 3)
            memcpy(at + 4, page + i, 4u + page[i + 3]);
}

static int clone_unit(int port, const char *name, uint64_t n_blocks)
{
    static struct session s, other;
    static uint8_t list[16 + 2 * 32 + SEGMENTS * 28];
    uint64_t longest_us = 0, reads = 0;

    log_in(&s, port, name, 0);
    log_in(&other, port, name, 1);
    wake_up(&other, 0);
    put_cscd(&s, 0, list + 16);
    put_cscd(&s, 1, list + 48);
    s.counts = true;
    for (uint64_t lba = 0; lba < n_blocks;) {
        uint8_t cdb[16] = { 0x83 };
        uint32_t len = 16 + 2 * 32;

        memset(list, 0, 16);
        list[0] = 1;
        th_put16(list + 2, 2 * 32);
        for (unsigned i = 0; i < SEGMENTS && lba < n_blocks; i++, len += 28) {
            uint32_t n = n_blocks - lba < SEGMENT_BLOCKS ? (uint32_t)(n_blocks - lba) : SEGMENT_BLOCKS;
            uint8_t *d = list + len;
            memset(d, 0, 28);
            d[0] = 0x02;
            d[3] = 24;
            d[7] = 1;
            th_put16(d + 10, n);
            th_put64(d + 12, lba);
            th_put64(d + 20, lba);
            lba += n;
        }
        th_put32(list + 8, len - 80);
        th_put32(cdb + 10, len);
        send_command(&s, 0, cdb, list, len, 0);

        struct pollfd p = { .fd = s.fd, .events = POLLIN };
        while (poll(&p, 1, 0) == 0) {
            uint8_t block[BLOCK];
            uint64_t began = now_us();
            if (command(&other, 0, read_block_0, NULL, 0, block, BLOCK) != 0)
                die("READ failed");
            uint64_t took = now_us() - began;
            longest_us = took > longest_us ? took : longest_us;
            reads++;
        }
        hear_all(&s);
        if (status_of(&s) != 0)
            die("EXTENDED COPY failed");
    }
    printf("%llu bytes on the wire; %llu READs beside it, the longest %llu us\n", (unsigned long long)moved_bytes,
           (unsigned long long)reads, (unsigned long long)longest_us);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "counter") == 0)
        return counter(atoi(argv[2]), argv[3], (unsigned)atoi(argv[4]), (unsigned)atoi(argv[5]));
    if (argc == 5 && strcmp(argv[1], "clone") == 0)
        return clone_unit(atoi(argv[2]), argv[3], strtoull(argv[4], NULL, 10));
    die("client counter PORT NAME WRITERS ROUNDS | client clone PORT NAME BLOCKS");
    return 2;
}
