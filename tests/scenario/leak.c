/* SPDX-License-Identifier: MIT
 *
 * leak.c: counts an engine's buffers, tasks and places, and compares with its own books.
 */
#include "leak.h"

#include "engine/engine.h"

static unsigned count_bufs(const struct th_buf *b)
{
    unsigned n = 0;
    for (; b; b = b->next)
        n++;
    return n;
}

static unsigned count_tasks(const struct th_task *t)
{
    unsigned n = 0;
    for (; t; t = t->next_active)
        n++;
    return n;
}

static unsigned count_set(const uint8_t *bytes, unsigned n)
{
    unsigned set = 0;
    for (unsigned i = 0; i < n; i++)
        set += bytes[i] != 0;
    return set;
}

static const char *units_after_close(const struct thimble *e)
{
    for (unsigned i = 0; i < e->n_lus; i++) {
        const struct th_gate *g = &e->lus[i].gate;
        if (g->sharers || g->exclusive || g->first || g->granting)
            return "the gate of a logical unit is not open";
        if (e->lus[i].task_set.first || e->lus[i].task_set.n_simple)
            return "the task set of a logical unit is not empty";
        if (e->lus[i].reserved_by)
            return "a logical unit is reserved for a session that is gone";
        const struct th_persistent *p = &e->lus[i].persistent;
        if (p->gate.exclusive || p->gate.first)
            return "a change of registrations has not ended";
        for (const struct th_registration *r = p->first; r; r = r->next)
            if (r->nexus || r->key == 0)
                return "a registration is of a session that is gone";
    }
    for (unsigned i = 0; i < e->env.n_nodes; i++)
        if (e->targets[i].nexuses)
            return "a target knows a session that is gone";
    return NULL;
}

const char *leak_after_close(const struct thimble *e)
{
    if (!thimble_idle(e) || e->n_open != 0)
        return "a connection is left";
    for (unsigned i = 0; i < e->n_conns; i++) {
        if (e->conns[i].state != CONN_FREE)
            return "a connection is not free";
        if (e->conns[i].tasks)
            return "a task is left";
    }
    if (e->n_free_bufs != e->config.n_buffers ||
        count_bufs(e->free_bufs) != e->config.n_buffers)
        return "a data buffer is lost";
    if (e->params_used != 0)
        return "a parameter buffer is lost";
    if (count_set(e->logins_used, e->config.n_logins) != 0)
        return "a place for negotiation is lost";
    if (count_set(e->sessions_used, e->config.n_sessions) != 0)
        return "a place for a session is lost";
    if (e->wait_first)
        return "a task waits for a buffer";
    if (e->scratch.first)
        return "a buffer waits for the scratch block";
    if (e->n_stalled != 0)
        return "a connection counts as stalled";
    return units_after_close(e);
}

static const char *conn_while_running(const struct thimble_conn *c)
{
    unsigned immediate = 0, counted = 0, parked = 0;

    for (const struct th_task *t = c->tasks; t; t = t->next_active) {
        if (t->conn != c || t->kind == TASK_FREE)
            return "a task is in the wrong list";
        immediate += t->immediate;
        counted += !t->immediate;
        parked += t->kind == TASK_PARKED;
    }
    if (immediate != c->n_immediate || counted != c->used || parked != c->n_parked)
        return "the tasks of a connection are miscounted";
    if (c->state > CONN_FULL)
        return NULL;                    /* its session may have given its tasks back */

    unsigned own = TH_TASKS_IMMEDIATE + 1 + (c->session ? c->window : 0u);
    if (count_tasks(c->tasks) + count_tasks(c->free_tasks) != own)
        return "a task of a connection is lost";
    return NULL;
}

static unsigned bufs_of_conn(const struct thimble_conn *c)
{
    unsigned n = count_bufs(c->unacked) + (c->rx_buf != NULL);

    for (unsigned i = 0; i < c->slot_count; i++)
        n += c->slots[(c->slot_first + i) % THIMBLE_TX_SLOTS].buf != NULL;
    for (const struct th_task *t = c->tasks; t; t = t->next_active) {
        bool with_bufs = t->kind == TASK_COMMAND && t->phase != PHASE_DISK;     /* else PREEMPT AND ABORT counts */
        n += count_bufs(t->ready) + (with_bufs ? t->disk_calls : 0u);
    }
    return n;
}

/* A unit's task set has the commands that say so, and the first of those that wait has a reason to. */
static const char *task_set_while_running(const struct thimble *e, const struct th_lu *lu)
{
    uint32_t counted = 0, listed = 0;

    for (unsigned i = 0; i < e->n_conns; i++)
        for (const struct th_task *t = e->conns[i].tasks; t; t = t->next_active) {
            if (t->kind != TASK_COMMAND || t->cmd.lu != lu)
                continue;
            counted += t->place == PLACE_COUNTED;
            listed += t->place == PLACE_LISTED || t->place == PLACE_WAITS;
            if (t->phase == PHASE_DORMANT ? t->place == PLACE_NONE || (t->place != PLACE_WAITS && !t->queued)
                                          : t->place == PLACE_WAITS)
                return "a command and its task set do not agree whether it has begun";
        }
    for (const struct th_task *t = lu->task_set.first; t; t = t->next_in_set, listed--)
        if (listed == 0 || t->cmd.lu != lu)
            return "a task set has a command that it should not have";
    if (listed != 0 || counted != lu->task_set.n_simple)
        return "a task set is miscounted";
    const struct th_task *first = lu->task_set.first;
    if (first && first->place == PLACE_WAITS && (first->attribute != TH_ATTR_ORDERED || counted == 0))
        return "a command waits although none is ahead of it";
    return NULL;
}

const char *leak_while_running(const struct thimble *e)
{
    unsigned bufs = count_bufs(e->free_bufs), stalled = 0, texts = 0;

    if (bufs != e->n_free_bufs)
        return "the free data buffers are miscounted";
    for (unsigned i = 0; i < e->n_conns; i++) {
        const struct thimble_conn *c = &e->conns[i];
        if (c->state == CONN_FREE)
            continue;
        const char *what = conn_while_running(c);
        if (what)
            return what;
        bufs += bufs_of_conn(c);
        if (c->n_held > bufs_of_conn(c))
            return "a connection is charged for buffers that it does not have";
        stalled += c->stalled;
        texts += c->text != NULL;
    }
    if (bufs != e->config.n_buffers)
        return "a data buffer is in no place, or in two";
    if (stalled != e->n_stalled)
        return "the stalled connections are miscounted";
    if (texts != count_set(e->logins_used, e->config.n_logins))
        return "the places for negotiation are miscounted";
    for (unsigned i = 0; i < e->n_lus; i++) {
        const char *what = task_set_while_running(e, &e->lus[i]);
        if (what)
            return what;
    }
    return NULL;
}
