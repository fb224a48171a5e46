/* SPDX-License-Identifier: MIT
 *
 * web_lwip.c: port/board/web_lwip.c on a development machine, with a played lwIP: its answers, whatever the peer and lwIP's
 * memory do.  `web_lwip SCENARIO`; tests/manifests/run names them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/tcp.h"
#include "port/board/platform.h"
#include "port/board/web_lwip.h"

#define EXPECT(truth) ((truth) ? (void)0 : (printf("line %d: %s\n", __LINE__, #truth), exit(1)))

enum { PEERS = 8, GOT_MAX = 65536, POINT = 0x0104a8c0 };        /* 192.168.4.1 in the network's order */
#define GET(path) "GET " path " HTTP/1.1\r\nHost: board\r\n\r\n"
#define GUEST_GET(path) "GET " path " HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n"
#define FORM "ssid=cellar&password=correct-horse&token=0123456789abcdef"
#define POST "POST /setup HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 57\r\n\r\n" FORM

static uint32_t now_ms = 4294960000u;   /* the clock wraps soon */
static unsigned writes, fail_write;     /* the one that finds no memory, from 1; 0: none */
static unsigned kept, restarts;
static bool keeps = true;

/* --------------------------------------------------------------------------------------
 * lwIP.  What was written without a copy is looked at when it is acknowledged, as late as that.
 */
static struct peer {
    struct tcp_pcb pcb;
    enum { FREE, OPEN, CLOSED, ABORTED } state;
    void *arg;
    tcp_recv_fn receive;
    tcp_sent_fn sent;
    tcp_poll_fn poll;
    tcp_err_fn error;
    struct { const char *data; size_t len; bool copied; } queue[64];
    unsigned n_queue;
    size_t queued, got;
    char text[GOT_MAX + 1];
} peers[PEERS];

static struct tcp_pcb listener_pcb;
static tcp_accept_fn accept_it;
const ip_addr_t ip_addr_any_type;

static struct peer *of(struct tcp_pcb *pcb)
{
    return (struct peer *)pcb;
}

struct tcp_pcb *tcp_new_ip_type(u8_t type) { (void)type; return &listener_pcb; }
err_t tcp_bind(struct tcp_pcb *pcb, const ip_addr_t *at, u16_t port) { (void)pcb, (void)at; EXPECT(port == 80); return ERR_OK; }
struct tcp_pcb *tcp_listen_with_backlog(struct tcp_pcb *pcb, u8_t backlog) { EXPECT(backlog > 0); return pcb; }
void tcp_accept(struct tcp_pcb *pcb, tcp_accept_fn f) { (void)pcb; accept_it = f; }
void tcp_arg(struct tcp_pcb *pcb, void *arg) { of(pcb)->arg = arg; }
void tcp_recv(struct tcp_pcb *pcb, tcp_recv_fn f) { of(pcb)->receive = f; }
void tcp_sent(struct tcp_pcb *pcb, tcp_sent_fn f) { of(pcb)->sent = f; }
void tcp_poll(struct tcp_pcb *pcb, tcp_poll_fn f, u8_t interval) { (void)interval; of(pcb)->poll = f; }
void tcp_err(struct tcp_pcb *pcb, tcp_err_fn f) { of(pcb)->error = f; }
void tcp_recved(struct tcp_pcb *pcb, u16_t len) { EXPECT(of(pcb)->state == OPEN && len > 0); }
void tcp_setprio(struct tcp_pcb *pcb, u8_t prio) { (void)pcb; EXPECT(prio == TCP_PRIO_MIN); }
void tcp_nagle_disable(struct tcp_pcb *pcb) { (void)pcb; }
u8_t pbuf_free(struct pbuf *p) { (void)p; return 1; }
const ip4_addr_t *ip_2_ip4(const ip_addr_t *ip) { return (const ip4_addr_t *)ip; }

u16_t tcp_sndbuf(const struct tcp_pcb *pcb)
{
    size_t used = ((const struct peer *)pcb)->queued;
    return used < 8 * TCP_MSS ? (u16_t)(8 * TCP_MSS - used) : 0;
}

err_t tcp_write(struct tcp_pcb *pcb, const void *data, u16_t len, u8_t flags)
{
    struct peer *p = of(pcb);
    bool copied = flags & TCP_WRITE_FLAG_COPY;

    EXPECT(p->state == OPEN && len > 0 && len <= tcp_sndbuf(pcb));
    if (++writes == fail_write || p->n_queue == sizeof p->queue / sizeof p->queue[0])
        return ERR_MEM;
    char *copy = copied ? malloc(len) : NULL;
    if (copied)
        memcpy(copy, data, len);
    p->queue[p->n_queue].data = copied ? copy : data;
    p->queue[p->n_queue].len = len;
    p->queue[p->n_queue++].copied = copied;
    p->queued += len;
    return ERR_OK;
}

err_t tcp_output(struct tcp_pcb *pcb) { EXPECT(of(pcb)->state == OPEN); return ERR_OK; }

static void forget(struct peer *p, int state)
{
    EXPECT(p->state == OPEN);
    for (unsigned i = 0; i < p->n_queue; i++)
        if (p->queue[i].copied)
            free((char *)p->queue[i].data);
    p->n_queue = 0;
    p->state = state;
}

err_t tcp_close(struct tcp_pcb *pcb)
{
    EXPECT(of(pcb)->queued == 0 && !of(pcb)->receive && !of(pcb)->arg);
    if (++writes == fail_write)
        return ERR_MEM;
    forget(of(pcb), CLOSED);
    return ERR_OK;
}

void tcp_abort(struct tcp_pcb *pcb)
{
    struct peer *p = of(pcb);
    void *arg = p->arg;
    forget(p, ABORTED);
    if (p->error)
        p->error(arg, ERR_ABRT);
}

/* --------------------------------------------------------------------------------------
 * Peers
 */
static struct peer *come(bool as_guest)
{
    struct peer *p = peers;
    while (p < peers + PEERS && p->state == OPEN)
        p++;
    EXPECT(p < peers + PEERS);
    memset(p, 0, sizeof *p);
    p->state = OPEN;
    p->pcb.local_ip.addr[0] = as_guest ? POINT : 0x0702a8c0;
    err_t err = accept_it(NULL, &p->pcb, ERR_OK);
    EXPECT((err == ERR_ABRT) == (p->state == ABORTED));
    return p;
}

static void say(struct peer *p, const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1); /* ends where its memory does */
    struct pbuf buf = { .payload = copy, .tot_len = (u16_t)len, .len = (u16_t)len };
    memcpy(copy, text, len);
    if (p->state == OPEN && p->receive) {
        err_t err = p->receive(p->arg, &p->pcb, &buf, ERR_OK);
        EXPECT((err == ERR_ABRT) == (p->state == ABORTED));
    }
    free(copy);
}

/* Takes at most `most` bytes; false: there are none. */
static bool hear(struct peer *p, size_t most)
{
    if (p->state != OPEN || p->n_queue == 0)
        return false;
    size_t n = p->queue[0].len < most ? p->queue[0].len : most;
    EXPECT(p->got + n <= GOT_MAX);
    memcpy(p->text + p->got, p->queue[0].data, n);
    p->got += n;
    p->queued -= n;
    if (n < p->queue[0].len && !p->queue[0].copied) {
        p->queue[0].data += n;
        p->queue[0].len -= n;
    } else if (n < p->queue[0].len) {
        memmove((char *)p->queue[0].data, p->queue[0].data + n, p->queue[0].len -= n);
    } else {
        if (p->queue[0].copied)
            free((char *)p->queue[0].data);
        memmove(p->queue, p->queue + 1, --p->n_queue * sizeof p->queue[0]);
    }
    err_t err = p->sent(p->arg, &p->pcb, (u16_t)n);
    EXPECT((err == ERR_ABRT) == (p->state == ABORTED));
    return true;
}

static void pass(uint32_t ms)
{
    for (uint32_t i = 0; i < ms; i += 500) {
        now_ms += 500;
        for (struct peer *p = peers; p < peers + PEERS; p++)
            if (p->state == OPEN && p->poll) {
                err_t err = p->poll(p->arg, &p->pcb);
                EXPECT((err == ERR_ABRT) == (p->state == ABORTED));
            }
    }
}

/* The whole answer, taken in bites. */
static const char *ask(bool as_guest, const char *text, size_t bite)
{
    struct peer *p = come(as_guest);
    say(p, text, strlen(text));
    for (int tries = 0; p->state == OPEN && tries < 4; tries++) {
        while (hear(p, bite))
            ;
        pass(500);
    }
    EXPECT(p->state == CLOSED || fail_write);
    p->text[p->got] = '\0';
    return p->text;
}

static bool is(const char *answer, const char *status, const char *words)
{
    return strncmp(answer, "HTTP/1.0 ", 9) == 0 && strncmp(answer + 9, status, strlen(status)) == 0 && strstr(answer, words);
}

/* --------------------------------------------------------------------------------------
 * The board
 */
uint32_t th_board_ms(void) { return now_ms; }
void th_board_log(enum th_log level, const char *format, ...) { (void)level, (void)format; }

bool th_board_random(void *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = (uint8_t)(0x01 + 0x22 * i);      /* 0123456789abcdef */
    return true;
}

static bool keep(const struct thimble_setup *s)
{
    EXPECT(strcmp(s->ssid, "cellar") == 0 && strcmp(s->password, "correct-horse") == 0);
    kept += keeps;
    return keeps;
}

static void restart(void) { restarts++; }
static void wake(void *ctx, struct thimble_conn *c, void *port_conn) { (void)ctx, (void)c, (void)port_conn; }

static size_t no_portal(void *ctx, void *port_conn, unsigned index, char *text, size_t size)
{
    (void)ctx, (void)port_conn, (void)index, (void)text, (void)size;
    return 0;
}

static void begin(void)
{
    static uint8_t memory[1 << 18] __attribute__((aligned(64)));
    static struct thimble_status_source source;
    const struct thimble_config c = { .n_connections = 4, .n_sessions = 3, .queue_depth = 16, .n_buffers = 4,
                                      .buffer_bytes = 8192, .wake = wake, .portal = no_portal };
    const struct thimble_target_config t = { .name = "iqn.2026-11.org.thimble:disk" };
    struct thimble *engine;

    EXPECT(thimble_init(&engine, memory, sizeof memory, &c) == THIMBLE_OK && thimble_target_add(engine, &t) == 0);
    source = (struct thimble_status_source){ .engine = engine, .name = "test" };
    th_web_lwip.source = &source;
    th_web_lwip.keep = keep;
    th_web_lwip.restart = restart;
    strcpy(th_web_lwip.point, "192.168.4.1");
    th_web_new_token(&th_web_lwip);
    th_web_lwip_point(POINT);
    th_web_lwip_start(80);
    th_web_lwip_start(80);
}

/* --------------------------------------------------------------------------------------
 * Scenarios
 */
static void answers(void)
{
    for (size_t bite = 1; bite < 5000; bite = bite * 3 + 1) {
        const char *json = ask(false, GET("/status.json"), bite);
        EXPECT(is(json, "200 OK", "iqn.2026-11.org.thimble:disk") && json[strlen(json) - 1] == '\n' && strstr(json, "\r\n\r\n{"));
        EXPECT(is(ask(false, GET("/metrics?x"), bite), "200 OK", "\nthimble_"));
        const char *page = ask(false, GET("/"), bite), *body = strstr(page, "\r\n\r\n");
        EXPECT(is(page, "200 OK", "Content-Encoding: gzip\r\n") && strstr(page, "Content-Security-Policy: ") && body);
        EXPECT(memcmp(body + 4, thimble_status_page, thimble_status_page_bytes) == 0);
        EXPECT(is(ask(false, GET("/setup"), bite), "404", "nothing of that name"));
        EXPECT(is(ask(false, POST, bite), "404", ""));
        EXPECT(is(ask(false, "BREW / HTTP/1.1\r\n", bite), "501", ""));
    }
    th_web_lwip.source = NULL;          /* [status] http is not set */
    EXPECT(is(ask(false, GET("/"), 5000), "404", "") && is(ask(false, GET("/metrics"), 5000), "404", ""));
}

static void form(void)
{
    const char *text = ask(true, GUEST_GET("/setup"), 100);
    EXPECT(is(text, "200 OK", "value=\"0123456789abcdef\""));
    EXPECT(is(ask(true, GUEST_GET("/"), 100), "302 Found", "Location: http://192.168.4.1/setup\r\n"));
    EXPECT(is(ask(true, GET("/generate_204"), 100), "302 Found", "Location: http://192.168.4.1/setup\r\n"));
    EXPECT(is(ask(true, GET("/setup"), 100), "302 Found", "Location: http://192.168.4.1/setup\r\n"));
    EXPECT(is(ask(true, "POST /setup HTTP/1.1\r\nHost: evil\r\nContent-Length: 57\r\n\r\n" FORM, 100), "404", ""));
    EXPECT(is(ask(true, "POST /setup HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 641\r\n\r\n", 100), "413", "too long"));
    EXPECT(is(ask(true, "POST /setup HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 0\r\n\r\n", 100), "400", "<b>"));
    EXPECT(is(ask(true, "POST /setup HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 57\r\n\r\nX" FORM, 100), "400", "<b>"));
    EXPECT(kept == 0 && restarts == 0);

    for (size_t cut = 1; cut < strlen(POST); cut++) {
        struct peer *p = come(true);
        say(p, POST, cut);
        EXPECT(p->queued == 0 && kept == cut - 1);
        say(p, POST + cut, strlen(POST) - cut);
        EXPECT(kept == cut && restarts == cut - 1);     /* not before the answer went */
        while (hear(p, 5000))
            ;
        EXPECT(p->state == CLOSED && restarts == cut && strstr(p->text, "Kept.") && !strstr(p->text, "correct-horse"));
    }
    keeps = false;
    restarts = 0;
    text = ask(true, POST, 5000);
    EXPECT(is(text, "500", "cannot be kept") && restarts == 0 && !strstr(text, "correct-horse"));
    th_web_lwip_point(0);
    EXPECT(is(ask(true, GUEST_GET("/setup"), 100), "404", ""));
}

static void no_memory(void)
{
    static const char *const requests[] = { GET("/status.json"), GET("/"), GUEST_GET("/setup"), GET("/nothing") };
    for (unsigned i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        static char good[GOT_MAX + 1];
        unsigned n = 1;
        fail_write = writes = 0;
        strcpy(good, ask(i == 2, requests[i], 700));
        EXPECT(writes > 2);
        for (unsigned all = writes; n <= all; n++) {
            fail_write = n;
            writes = 0;
            const char *text = ask(i == 2, requests[i], 700);
            if (i == 0)                 /* the time in it is another */
                EXPECT(strlen(text) + 8 > strlen(good) && strcmp(text + strlen(text) - 8, good + strlen(good) - 8) == 0);
            else
                EXPECT(strcmp(text, good) == 0);
        }
    }
}

static void slow(void)
{
    struct peer *mute = come(false), *deaf = come(false), *half = come(true);
    say(deaf, GET("/"), strlen(GET("/")));
    say(half, POST, strlen(POST) - 1);
    pass(7500);
    EXPECT(mute->state == OPEN && deaf->state == OPEN && half->state == OPEN);
    pass(1000);
    EXPECT(mute->state == ABORTED && deaf->state == ABORTED && half->state == ABORTED && kept == 0);

    struct peer *bites = come(false), *drips = come(false);     /* always something, never enough */
    say(bites, GET("/"), strlen(GET("/")));
    for (uint32_t ms = 0; ms < 59000; ms += 500) {
        EXPECT(bites->state == OPEN && drips->state == OPEN);
        hear(bites, 1);
        say(drips, "GET / HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" + ms / 500, 1);
        pass(500);
    }
    pass(1500);
    EXPECT(bites->state == ABORTED && drips->state == ABORTED);

    struct peer *gone = come(false);    /* says nothing, and goes */
    EXPECT(gone->receive(gone->arg, &gone->pcb, NULL, ERR_OK) == ERR_OK && gone->state == CLOSED);
    struct peer *done = come(false);    /* has said all */
    say(done, GET("/"), strlen(GET("/")));
    EXPECT(done->receive(done->arg, &done->pcb, NULL, ERR_OK) == ERR_OK && done->state == OPEN);
    while (hear(done, 5000))
        ;
    EXPECT(done->state == CLOSED && is(done->text, "200 OK", ""));
}

static void crowd(void)
{
    struct peer *first[THIMBLE_BOARD_HTTP_CONNECTIONS];
    for (unsigned i = 0; i < THIMBLE_BOARD_HTTP_CONNECTIONS; i++) {
        first[i] = come(false);
        now_ms += 10;
    }
    say(first[0], GET("/"), strlen(GET("/")));          /* this one is being answered */
    EXPECT(come(false)->state == ABORTED);
    now_ms += 1000;
    struct peer *late = come(false);
    EXPECT(late->state == OPEN && first[0]->state == OPEN && first[1]->state == ABORTED && first[2]->state == OPEN);
    say(late, GET("/metrics"), strlen(GET("/metrics")));
    while (hear(late, 5000))
        ;
    EXPECT(is(late->text, "200 OK", "\nthimble_"));
    for (int i = 0; i < 1000; i++) {                    /* a flood, with what was there */
        now_ms += 7;
        struct peer *p = come(false);
        say(p, "GET / HT", 8);
    }
    EXPECT(first[0]->state == OPEN);
    while (hear(first[0], 5000))
        ;
    EXPECT(first[0]->state == CLOSED);
    pass(9000);
    EXPECT(is(ask(false, GET("/"), 5000), "200 OK", ""));
}

/* The connection is lost; what was kept is kept, so the board restarts. */
static void lost(void)
{
    for (size_t n = 1; n <= strlen(POST); n++) {
        struct peer *p = come(true);
        say(p, POST, n);
        EXPECT(restarts == 0);
        void *arg = p->arg;
        forget(p, ABORTED);
        p->error(arg, ERR_ABRT);
        EXPECT(restarts == (n == strlen(POST)));
    }
    EXPECT(kept == 1);
    EXPECT(is(ask(false, GET("/"), 5000), "200 OK", ""));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*play)(void);
    } scenarios[] = {
        { "answers", answers }, { "form", form }, { "no-memory", no_memory }, { "slow", slow }, { "crowd", crowd },
        { "lost", lost },
    };
    begin();
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        if (argc == 2 && strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].play();
            return 0;
        }
    return 2;
}
