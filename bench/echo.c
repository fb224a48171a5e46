/* SPDX-License-Identifier: MIT
 *
 * echo.c: how fast requests and answers of given lengths go over loopback TCP when nobody works
 * on them: the limit for bench/one-core.
 *
 *   echo REQUEST_BYTES ANSWER_BYTES DEPTH MILLISECONDS
 *
 * Prints exchanges a second.  Both sides send and receive as much as they can at a time.
 */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES    (1u << 20)

static char buffer[BUFFER_BYTES];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Sends n bytes of nothing in particular. */
static void send_all(int fd, size_t n)
{
    while (n > 0) {
        ssize_t done = send(fd, buffer, n < BUFFER_BYTES ? n : BUFFER_BYTES, MSG_NOSIGNAL);
        if (done <= 0)
            exit(1);
        n -= (size_t)done;
    }
}

/* Answers each request until the peer closes. */
static void serve(int fd, size_t request, size_t answer)
{
    size_t have = 0;

    for (;;) {
        ssize_t got = recv(fd, buffer, BUFFER_BYTES, 0);
        if (got <= 0)
            exit(0);
        have += (size_t)got;
        send_all(fd, have / request * answer);
        have %= request;
    }
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double measure(int fd, size_t request, size_t answer, size_t depth, double time_s)
{
    double began = seconds(), now = began;
    uint64_t done = 0;
    size_t have = 0;

    send_all(fd, depth * request);
    while (now - began < time_s) {
        ssize_t got = recv(fd, buffer, BUFFER_BYTES, 0);
        if (got <= 0)
            exit(1);
        have += (size_t)got;
        done += have / answer;
        send_all(fd, have / answer * request);
        have %= answer;
        now = seconds();
    }
    return (double)done / (now - began);
}

static size_t number(const char *text)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);

    if (*end || v == 0 || v > BUFFER_BYTES) {
        fprintf(stderr, "echo: %s: write a number from 1 to %u\n", text, BUFFER_BYTES);
        exit(2);
    }
    return v;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int one = 1;

    if (argc != 5) {
        fputs("usage: echo REQUEST_BYTES ANSWER_BYTES DEPTH MILLISECONDS\n", stderr);
        return 2;
    }
    size_t request = number(argv[1]), answer = number(argv[2]), depth = number(argv[3]);
    double time_s = (double)number(argv[4]) / 1000;

    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, len) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) < 0 ||
        connect(client, (struct sockaddr *)&address, len) < 0)
        fail("echo");
    int server = accept(listener, NULL, NULL);
    if (server < 0)
        fail("accept");
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    pid_t pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        close(client);
        serve(server, request, answer);
    }
    close(server);
    printf("%.0f\n", measure(client, request, answer, depth, time_s));
    shutdown(client, SHUT_RDWR);
    close(client);
    waitpid(pid, NULL, 0);
    return 0;
}
