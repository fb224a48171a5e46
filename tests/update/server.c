/* SPDX-License-Identifier: MIT
 *
 * server.c: what a board answers to HTTP (src/port/board/web.c and web_task.c), on a development machine: HTTP by a loop over plain sockets, the
 * engine in a thread of its own, flash in memory.
 *
 *     server PORT-FILE [KEY [ROOM]]       serves 127.0.0.1; writes its port to the file
 *
 * Its log is its output: what board.c's log would say, `used SIZE SHA256` when an image was made what starts next, `dropped`
 * when one was not, `kept SSID LENGTH HOSTNAME`, `restart`.  Requests for /as-guest/... are taken as ones to /... that came
 * by the access point.  Until its input ends.
 */
#define _GNU_SOURCE                     /* POSIX, beside C11 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "host/crypto.h"
#include "port/board/handoff.h"
#include "port/board/platform.h"
#include "port/board/web_task.h"

enum { HEAD_MAX = 4096, FLASH_BYTES = 4 << 20, CHIP = 5, PEER_WAIT_S = 2 };

/* --------------------------------------------------------------------------------------
 * The platform
 */
uint32_t th_board_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

void th_board_log(enum th_log level, const char *format, ...)
{
    va_list args;
    (void)level;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

/* For the form's token, which is then 0123456789abcdef. */
bool th_board_random(void *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = (uint8_t)(0x01 + 0x22 * i);
    return true;
}

static uint8_t flash[FLASH_BYTES];
static size_t written;

static bool flash_begin(void *ctx, uint32_t size)
{
    (void)ctx;
    written = 0;
    return size <= sizeof flash;
}

static bool flash_add(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    memcpy(flash + written, data, len);
    written += len;
    return true;
}

static bool flash_hash(void *ctx, uint8_t sha256[32])
{
    const struct thimble_span all = { flash, written };
    (void)ctx;
    return host_crypto.hash(host_crypto.ctx, THIMBLE_HASH_SHA256, &all, 1, sha256) == 32;
}

static bool flash_use(void *ctx)
{
    uint8_t sha256[32];
    char text[65];
    flash_hash(ctx, sha256);
    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", sha256[i]);
    th_board_log(TH_LOG_INFO, "used %zu %s", written, text);
    return true;
}

static void flash_drop(void *ctx)
{
    (void)ctx;
    th_board_log(TH_LOG_INFO, "dropped");
}

static bool keep(const struct thimble_setup *s)
{
    th_board_log(TH_LOG_INFO, "kept %s %zu %s", s->ssid, strlen(s->password), s->host_name);
    return true;
}

static void restart(void) { th_board_log(TH_LOG_INFO, "restart"); }

/* --------------------------------------------------------------------------------------
 * The engine's task
 */
static struct thimble_status_source source;
static struct th_handoff handoff;
static pthread_t engines;

static void rest(void)
{
    const struct timespec t = { .tv_nsec = 1000000 };
    nanosleep(&t, NULL);
}

static void make_there(void *arg)
{
    void **call = arg;
    if (!pthread_equal(pthread_self(), engines))
        abort();
    (*(void (**)(void *))call[0])(call[1]);
}

static bool make(void (*do_it)(void *arg), void *arg)
{
    void *call[] = { (void *)&do_it, arg };
    return th_handoff_ask(&handoff, make_there, call, rest, 5000);
}

static void *take_turns(void *unused)
{
    for (;;) {
        thimble_tick((struct thimble *)source.engine, th_board_ms());
        th_handoff_serve(&handoff);
        rest();
    }
    return unused;
}

/* Nobody logs in here. */
static void wake(void *ctx, struct thimble_conn *c, void *port_conn) { (void)ctx, (void)c, (void)port_conn; }

static size_t no_portal(void *ctx, void *port_conn, unsigned index, char *text, size_t size)
{
    (void)ctx, (void)port_conn, (void)index, (void)text, (void)size;
    return 0;
}

static void start_engine(void)
{
    const struct thimble_config c = { .n_connections = 4, .n_sessions = 3, .queue_depth = 16, .n_buffers = 4,
                                      .buffer_bytes = 8192, .wake = wake, .portal = no_portal };
    const struct thimble_target_config t = { .name = "iqn.2026-11.org.thimble:disk" };
    struct thimble *engine;
    size_t bytes = thimble_memory_bytes(&c);
    void *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    if (!memory || thimble_init(&engine, memory, bytes, &c) != THIMBLE_OK || thimble_target_add(engine, &t) < 0)
        exit(1);
    source = (struct thimble_status_source){ .engine = engine, .name = "test" };
    if (pthread_create(&engines, NULL, take_turns, NULL) != 0)
        exit(1);
}

/* --------------------------------------------------------------------------------------
 * HTTP
 */
struct peer {
    int fd;
    char head[HEAD_MAX + 1];
    size_t len, body_at;                /* bytes of `head`; those behind its end are the body's first */
    uint64_t left;
};

static bool header(void *ctx, const char *name, char *to, size_t size)
{
    struct peer *p = ctx;
    size_t n = strlen(name);
    for (char *line = strstr(p->head, "\r\n"); line && line + 2 < p->head + p->body_at; line = strstr(line + 2, "\r\n")) {
        char *value = line + 2 + n, *end = strstr(line + 2, "\r\n");
        if (strncasecmp(line + 2, name, n) != 0 || *value++ != ':')
            continue;
        value += strspn(value, " ");
        if ((size_t)(end - value) >= size)
            return false;
        memcpy(to, value, (size_t)(end - value));
        to[end - value] = '\0';
        return true;
    }
    return false;
}

static size_t read_body(void *ctx, void *to, size_t size)
{
    struct peer *p = ctx;
    size_t there = p->len - p->body_at;
    if (there > 0) {
        size_t n = there < size ? there : size;
        memcpy(to, p->head + p->body_at, n);
        p->body_at += n;
        return n;
    }
    ssize_t n = recv(p->fd, to, size, 0);
    return n > 0 ? (size_t)n : 0;
}

static bool send_all(void *ctx, const void *data, size_t len)
{
    struct peer *p = ctx;
    for (const char *at = data; len > 0;) {
        ssize_t n = send(p->fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool begin(void *ctx, const struct th_web_head *h)
{
    char text[512];
    int n = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Type: %s\r\nConnection: close\r\n%s%s%s%s\r\n", h->status,
                     h->type, h->name ? h->name : "", h->name ? ": " : "", h->name ? h->value : "", h->name ? "\r\n" : "");
    return send_all(ctx, text, (size_t)n);
}

static bool read_head(struct peer *p)
{
    char *end = NULL;
    while (!end && p->len < HEAD_MAX) {
        ssize_t n = recv(p->fd, p->head + p->len, HEAD_MAX - p->len, 0);
        if (n <= 0)
            return false;
        p->len += (size_t)n;
        p->head[p->len] = '\0';
        end = strstr(p->head, "\r\n\r\n");
    }
    if (!end)
        return false;
    p->body_at = (size_t)(end + 4 - p->head);
    return true;
}

static void serve(struct th_web_task *t, int fd)
{
    static struct peer p;
    char method[8], path[512], host[64] = "", length[24] = "0", rest_of_body[4096];
    p = (struct peer){ .fd = fd };
    if (!read_head(&p) || sscanf(p.head, "%7s %511s", method, path) != 2)
        return;
    header(&p, "Content-Length", length, sizeof length);
    header(&p, "Host", host, sizeof host);
    const char *guest = "/as-guest";
    bool by_point = strncmp(path, guest, strlen(guest)) == 0;
    struct th_web_call call = {
        .ctx = &p,
        .request = { .path = by_point ? path + strlen(guest) : path, .host = host, .is_post = strcmp(method, "POST") == 0,
                     .by_point = by_point, .body_bytes = strtoull(length, NULL, 10) },
        .header = header, .read = read_body, .begin = begin, .send = send_all,
    };
    if (th_web_answer(t, &call)) {         /* what nobody wanted is read, so that the answer is not lost by a reset */
        shutdown(fd, SHUT_WR);
        while (recv(fd, rest_of_body, sizeof rest_of_body, 0) > 0)
            ;
    }
}

static void *end_with_input(void *unused)
{
    while (getchar() != EOF)
        ;
    exit(0);
    return unused;
}

int main(int argc, char **argv)
{
    static const struct thimble_update_flash hooks = { .begin = flash_begin, .add = flash_add, .hash = flash_hash,
                                                       .use = flash_use, .drop = flash_drop };
    static struct thimble_update update = { .crypto = &host_crypto, .flash = &hooks, .room_bytes = 1 << 20, .chip = CHIP };
    static struct th_web_task task = { .web = { .source = &source, .keep = keep, .restart = restart }, .make = make };
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t a_len = sizeof a;
    const struct timeval wait = { .tv_sec = PEER_WAIT_S };
    pthread_t watcher;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (argc < 2 || bind(listener, (struct sockaddr *)&a, sizeof a) != 0 || listen(listener, 4) != 0 ||
        getsockname(listener, (struct sockaddr *)&a, &a_len) != 0)
        return 1;
    if (argc > 2) {
        update.key = argv[2];
        task.update = &update;
    }
    if (argc > 3)
        update.room_bytes = (uint32_t)strtoul(argv[3], NULL, 10);
    snprintf(task.web.point, sizeof task.web.point, "127.0.0.1:%u", ntohs(a.sin_port));
    th_web_new_token(&task.web);
    start_engine();
    FILE *file = fopen(argv[1], "w");
    if (!file || fprintf(file, "%u\n", ntohs(a.sin_port)) < 0 || fclose(file) != 0 ||
        pthread_create(&watcher, NULL, end_with_input, NULL) != 0)
        return 1;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            return 1;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
        serve(&task, fd);
        close(fd);
    }
}
