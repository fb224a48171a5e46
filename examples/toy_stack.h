/* SPDX-License-Identifier: MIT
 *
 * toy_stack.h: a make-believe TCP stack with the manners of those on microcontrollers.
 *
 *  - It calls back, from toy_poll() and from nowhere else.
 *  - It takes as much as it has room for, which is often less than it was given.
 *  - It does not copy unless told to: it sends from the caller's memory, and may send
 *    again from there until the peer has acknowledged.
 *  - It keeps what came in until the caller has taken it; meanwhile no more may come.
 *
 * Below, it uses the system's sockets, so real initiators can reach it.  It remembers a sum
 * of all memory that it was lent, and ends the program if that changes before it is
 * acknowledged.
 */
#ifndef TOY_STACK_H
#define TOY_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct toy_conn;

struct toy_events {
    void (*accepted)(struct toy_conn *t);
    void (*received)(struct toy_conn *t);               /* toy_peek() has more */
    void (*acked)(struct toy_conn *t, size_t n);        /* n more bytes have arrived */
    void (*ended)(struct toy_conn *t);                  /* the peer sends no more */
};

/* Listens on 127.0.0.1. */
bool toy_listen(uint16_t port, const struct toy_events *events);

/* Waits at most max_ms for something to happen, and calls back what did. */
void toy_poll(uint32_t max_ms);

/* A pointer of the caller's, NULL at first. */
void toy_set(struct toy_conn *t, void *mine);
void *toy_get(const struct toy_conn *t);

/* Takes the first bytes of data for sending; returns how many, 0: no room now.  Without
 * `copy` the memory must stay as it is until as many bytes are acknowledged. */
size_t toy_write(struct toy_conn *t, const uint8_t *data, size_t len, bool copy);

/* What has come in, or NULL. */
const uint8_t *toy_peek(const struct toy_conn *t, size_t *len);

/* The first n bytes of that were taken. */
void toy_consumed(struct toy_conn *t, size_t n);

/* True: memory of the caller is still on its way. */
bool toy_borrows(const struct toy_conn *t);

/* The caller is done with t.  What was copied is still sent; what is borrowed is not. */
void toy_close(struct toy_conn *t);

#endif
