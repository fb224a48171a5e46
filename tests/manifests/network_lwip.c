/* SPDX-License-Identifier: MIT
 *
 * network_lwip.c: lwIP with one interface that sends everything back, as the network of board_sockets.c.  To be
 * reached, it takes connections at 127.0.0.1 and carries their bytes to and from connections of its own, which
 * go through lwIP twice: once as the initiator's end, once as the board's.
 *
 * When the network is lost, the interface goes down and its address away, which ends connections in
 * lwIP as it does on a board.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <lwip/netif.h>
#include <lwip/sockets.h>
#include <lwip/tcpip.h>

#include "board_sockets.h"

struct pipe {
    int outside, inside;                /* this machine's socket, and lwIP's */
};

const char network_address[] = "192.0.2.1";

static struct netif netif;
static struct sockaddr_in inside = { .sin_family = AF_INET };
static int listener;

static err_t no_output(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
    (void)n, (void)p, (void)to;
    return ERR_OK;
}

static err_t init_netif(struct netif *n)
{
    n->output = no_output;              /* to others; to itself lwIP does by itself */
    n->mtu = 1500;
    return ERR_OK;
}

static void set_address(bool is_there)
{
    ip4_addr_t address, mask, none;
    IP4_ADDR(&address, 192, 0, 2, 1);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    ip4_addr_set_zero(&none);
    LOCK_TCPIP_CORE();
    netif_set_addr(&netif, is_there ? &address : &none, is_there ? &mask : &none, &none);
    if (is_there)
        netif_set_up(&netif);
    else
        netif_set_down(&netif);
    UNLOCK_TCPIP_CORE();
}

void network_set(bool is_there)
{
    set_address(is_there);
}

static void *carry_in(void *of)
{
    struct pipe *p = of;
    char bytes[4096];
    ssize_t n;
    while ((n = recv(p->outside, bytes, sizeof bytes, 0)) > 0)
        if (lwip_send(p->inside, bytes, (size_t)n, 0) != n)
            break;
    shutdown(p->outside, SHUT_RDWR);
    lwip_shutdown(p->inside, SHUT_WR);
    return NULL;
}

static void *carry_out(void *of)
{
    struct pipe *p = of;
    char bytes[4096];
    pthread_t thread;
    ssize_t n;
    if (pthread_create(&thread, NULL, carry_in, p) != 0)
        exit(1);
    while ((n = lwip_recv(p->inside, bytes, sizeof bytes, 0)) > 0)
        if (send(p->outside, bytes, (size_t)n, MSG_NOSIGNAL) != n)
            break;
    shutdown(p->outside, SHUT_RDWR);
    pthread_join(thread, NULL);
    lwip_close(p->inside);
    close(p->outside);
    free(p);
    return NULL;
}

static void *take_connections(void *unused)
{
    (void)unused;
    for (;;) {
        struct pipe *p = calloc(1, sizeof *p);
        pthread_t thread;
        if (!p)
            exit(1);
        p->outside = accept(listener, NULL, NULL);
        p->inside = lwip_socket(AF_INET, SOCK_STREAM, 0);
        if (p->outside >= 0 && p->inside >= 0 &&
            lwip_connect(p->inside, (struct sockaddr *)&inside, sizeof inside) == 0 &&
            pthread_create(&thread, NULL, carry_out, p) == 0) {
            pthread_detach(thread);
            continue;
        }
        close(p->outside);
        lwip_close(p->inside);
        free(p);
    }
    return NULL;
}

bool network_begin(uint16_t port)
{
    struct sockaddr_in outside = { .sin_family = AF_INET, .sin_port = htons(port) };
    pthread_t thread;
    int on = 1;

    tcpip_init(NULL, NULL);
    LOCK_TCPIP_CORE();
    netif_add_noaddr(&netif, NULL, init_netif, tcpip_input);
    netif_set_default(&netif);
    netif_set_link_up(&netif);
    UNLOCK_TCPIP_CORE();
    set_address(true);

    inet_pton(AF_INET, network_address, &inside.sin_addr);
    inside.sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.1", &outside.sin_addr);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return listener >= 0 && bind(listener, (struct sockaddr *)&outside, sizeof outside) == 0 &&
           listen(listener, 16) == 0 && pthread_create(&thread, NULL, take_connections, NULL) == 0;
}
