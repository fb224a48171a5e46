/* SPDX-License-Identifier: MIT
 *
 * buffer.c: data buffers and parameter buffers: who has one, and who waits for one.
 *
 * Layer 3.  The last free data buffer is kept for data that arrives: it goes to the disk and comes
 * back whatever the peers do, so a peer that does not read its answers can never stop the
 * writes of others.  That is all the deadlock avoidance there is.  Of the others, a connection that holds as
 * many as are left for everybody else gets no more until it reads, so it cannot stop the reads of others either.
 */
#include "engine.h"

/* c may hold one more buffer until its peer reads it (or its turn comes). */
static bool may_hold(const struct thimble_conn *c)
{
    const struct thimble *e = c->engine;

    return e->n_free_bufs > 1 &&
           (c->n_held < THIMBLE_READ_AHEAD || e->n_free_bufs > 1u + c->n_held);
}

/* A command that waits for others may have one more: those that it waits for keep two, one for data that arrives and one for
 * a READ, and half of all.  (If it gets none it is refused, see receive.c: behind its data may be theirs.) */
static bool may_wait(const struct thimble *e)
{
    return e->n_free_bufs > 2 && e->n_free_bufs > e->config.n_buffers / 2u;
}

struct th_buf *th_buf_take(struct thimble_conn *c, enum th_buf_use use)
{
    struct thimble *e = c->engine;

    if (use == BUF_HELD ? !may_hold(c) : e->n_free_bufs == 0)
        return NULL;
    if (THIMBLE_TASK_ATTRIBUTES && use == BUF_DORMANT && !may_wait(e))
        return NULL;

    struct th_buf *b = e->free_bufs;
    e->free_bufs = b->next;
    e->n_free_bufs--;
    th_count_buffers(e);
    b->next = NULL;
    b->task = NULL;
    b->offset = b->len = b->sent = 0;
    b->holder = NULL;
    if (use == BUF_HELD) {
        b->holder = c;
        c->n_held++;
    }
    return b;
}

/* The oldest of those who wait and may have a buffer now, or NULL. */
static struct th_task *next_waiting(const struct thimble *e)
{
    struct th_task *t = e->wait_first;

    while (t && !may_hold(t->conn))
        t = t->next;
    return t;
}

/* Buffers came back: tasks that wait for one go on, oldest first.  A task that goes on may fail and give its buffer
 * back at once: that is seen by the loop that is running already, so calls never nest. */
static void serve_waiting(struct thimble *e)
{
    if (e->serving)
        return;
    e->serving = true;
    for (struct th_task *t; (t = next_waiting(e)) != NULL;) {
        struct thimble_conn *c = t->conn;
        th_buf_unwait(t);
        th_command_pump(t);
        th_conn_wake(c);
    }
    e->serving = false;
}

void th_buf_give(struct thimble *e, struct th_buf *b)
{
    if (b->holder)
        b->holder->n_held--;
    b->holder = NULL;
    b->task = NULL;
    b->next = e->free_bufs;
    e->free_bufs = b;
    e->n_free_bufs++;

    th_wake_stalled(e);
    serve_waiting(e);
}

/* t, which has nothing to send, stands in line for a data buffer: th_command_pump() is called when there is one. */
void th_buf_wait(struct th_task *t)
{
    struct thimble *e = t->conn->engine;

    if (t->waiting)
        return;
    t->waiting = true;
    t->next = NULL;
    if (e->wait_first)
        e->wait_last->next = t;
    else
        e->wait_first = t;
    e->wait_last = t;
}

void th_buf_unwait(struct th_task *t)
{
    struct thimble *e = t->conn->engine;

    if (!t->waiting)
        return;
    struct th_task *before = NULL;
    for (struct th_task *i = e->wait_first; i != t; i = i->next)
        before = i;
    if (before)
        before->next = t->next;
    else
        e->wait_first = t->next;
    if (e->wait_last == t)
        e->wait_last = before;
    t->waiting = false;
}

uint8_t *th_param_take(struct thimble *e)
{
    for (unsigned i = 0; i < e->config.n_parameter_buffers; i++) {
        if (!(e->params_used >> i & 1)) {
            e->params_used |= UINT64_C(1) << i;
            return e->params + (size_t)i * e->config.parameter_bytes;
        }
    }
    return NULL;
}

void th_param_give(struct thimble *e, uint8_t *mem)
{
    size_t i = (size_t)(mem - e->params) / e->config.parameter_bytes;
    e->params_used &= ~(UINT64_C(1) << i);
}

/* c's next PDU waits for a buffer, a task or a negotiation. */
void th_stall(struct thimble_conn *c)
{
    if (!c->stalled) {
        c->stalled = true;
        c->engine->n_stalled++;
    }
}

/* Something was given back: whoever waits tries again. */
void th_wake_stalled(struct thimble *e)
{
    for (unsigned i = 0; e->n_stalled > 0 && i < e->n_conns; i++) {
        struct thimble_conn *c = &e->conns[i];
        if (c->stalled) {
            c->stalled = false;
            e->n_stalled--;
            th_conn_wake(c);
        }
    }
}
