/* SPDX-License-Identifier: MIT
 *
 * board_sockets.c: a board with sockets and tasks on a development machine: src/port/board with transport_sockets.c and
 * src/port/sockets, as an ESP32 runs them.  What is played here is the platform: its network is one that
 * can be lost, its disk is memory.
 *
 *     board_sockets PORT      serves 127.0.0.1:PORT until its input says `quit` or ends; the log is its output
 *
 * Lines of input: `lose` and `find` (the network), `turns` (how many there were is told), `quit`.
 *
 * With LWIP_SOCKET defined, TCP/IP is lwIP's own (network_lwip.c), else this machine's.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "board_sockets.h"
#include "port/board/announce.h"
#include "port/board/platform.h"

static uint8_t memory[2048 * 512];
static struct thimble_ram_disk disk;
static atomic_uint turns;
static atomic_bool is_lost;
static uint16_t port;

const char th_board_name[] = "a test";

void th_board_start(void) {}
uint32_t th_board_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}
void th_board_write(const char *text, size_t len)
{
    fwrite(text, 1, len, stdout);
    fflush(stdout);
}

static void pause_ms(uint32_t ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
    nanosleep(&t, NULL);
}

static void *take_turns(void *turn)
{
    for (;;) {
        (*(void (**)(void))turn)();
        turns++;
    }
    return NULL;
}

bool th_board_task(void (*turn)(void))
{
    static void (*of_task)(void);
    pthread_t thread;
    if (!of_task) {
        of_task = turn;
        if (pthread_create(&thread, NULL, take_turns, (void *)&of_task) != 0)
            exit(1);
    }
    pause_ms(10);
    return true;
}

void th_board_idle(uint32_t ms)
{
    if (ms > 0 && !th_transport_sleep(ms))
        pause_ms(ms);
}

void th_board_pins(const struct thimble_settings *s) { (void)s; }
void th_board_led(enum th_led led, bool on) { (void)led, (void)on; }
bool th_board_has_display(void) { return false; }
void th_board_wire(enum th_wire wire, bool released) { (void)wire, (void)released; }
bool th_board_wire_is_high(enum th_wire wire) { (void)wire; return true; }
void th_board_wire_wait(void) {}
void th_board_watchdog_start(uint32_t ms) { (void)ms; }
void th_board_watchdog_feed(void) {}
uint8_t th_board_strikes(void) { return 0; }
void th_board_set_strikes(uint8_t n) { (void)n; }
bool th_board_was_stuck(void) { return false; }
bool th_board_random(void *buf, size_t len) { memset(buf, 7, len); return true; }
struct thimble_block *thimble_board_card(void) { return NULL; }
struct thimble_block *thimble_board_flash(void) { return NULL; }
size_t th_board_psram_bytes(void) { return 0; }
void *thimble_board_psram(size_t bytes) { (void)bytes; return NULL; }
void *th_board_memory(size_t bytes) { return calloc(1, bytes); }
bool th_board_card_poll(void) { return false; }

/* The first try fails, as a radio's may. */
bool th_board_network_start(const struct thimble_settings *s)
{
    static unsigned tries;
    (void)s;
    return tries++ > 0 && network_begin(port);
}

void th_board_network_poll(void)
{
    static bool was_lost;
    if (is_lost != was_lost)
        network_set(was_lost);
    was_lost = is_lost;
}
const char *th_board_address(void) { return is_lost ? "" : network_address; }
enum th_network_trouble th_board_network_trouble(void)
{
    return is_lost ? TH_NETWORK_WIFI_NOT_FOUND : TH_NETWORK_NO_TROUBLE;
}

const bool th_announce_is_there = false;
void th_announce_start(const struct th_announced *what) { (void)what; }
void th_announce_poll(void) {}

static void *listen_to_input(void *unused)
{
    char line[80];
    (void)unused;
    while (fgets(line, sizeof line, stdin) && strcmp(line, "quit\n") != 0) {
        if (strcmp(line, "lose\n") == 0)
            is_lost = true;
        else if (strcmp(line, "find\n") == 0)
            is_lost = false;
        else if (strcmp(line, "turns\n") == 0)
            thimble_board_log("turns %u", turns);
    }
    exit(0);
}

int main(int argc, char **argv)
{
    struct thimble_lun_config lun = { .block = &disk.block };
    struct thimble_board_config config = { 0 };
    pthread_t thread;
    if (argc != 2)
        return 2;
    port = (uint16_t)atoi(argv[1]);
    config.port = port;
    thimble_ram_disk_init(&disk, memory, 2048, 9);
    if (thimble_board_begin(&config) != THIMBLE_OK || thimble_board_lun_add(0, &lun) != THIMBLE_OK ||
        pthread_create(&thread, NULL, listen_to_input, NULL) != 0)
        return 1;
    for (;;)                            /* as loop() does */
        thimble_board_run();
}
