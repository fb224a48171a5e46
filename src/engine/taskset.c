/* SPDX-License-Identifier: MIT
 *
 * taskset.c: in which order the commands of a logical unit may begin: their task attributes.
 *
 * Layer 3, SAM-5 8.6, RFC 7143 11.3.1.  A unit has one task set for all nexuses (TST 000b).
 *
 *     SIMPLE          begins when all older ORDERED and HEAD OF QUEUE commands have ended
 *     ORDERED         begins when all older commands have ended
 *     HEAD OF QUEUE   begins at once
 *
 * So long as all are SIMPLE, they are only counted.  ORDERED and HEAD OF QUEUE commands stand in a list until they end, and
 * so do those that wait, in the order of their coming; each SIMPLE command that has begun is then older than
 * every ORDERED one that waits, or it would have had to wait for it:
 *
 *     counted            | list: first ...                                  last
 *     SIMPLE, begun      | ORDERED or HEAD OF QUEUE, begun or not | waiting ones
 *
 * Hence only the first of the list may begin; and if it is ORDERED, only when none is counted.
 *
 * A command waits with nothing but its task, and what its initiator sent without being asked (buffer.c says when there is
 * room for that).  Its turn comes in thimble_conn_tx_buf(), so whoever ends does not run what follows.
 */
#include "engine.h"

/* ISO C wants something in every file. */
typedef int th_attributes_are_an_option;

#if THIMBLE_TASK_ATTRIBUTES

static void append(struct th_task_set *s, struct th_task *t)
{
    t->next_in_set = NULL;
    if (s->first)
        s->last->next_in_set = t;
    else
        s->first = t;
    s->last = t;
}

static void take_out(struct th_task_set *s, struct th_task *t)
{
    struct th_task *before = NULL;

    for (struct th_task *i = s->first; i != t; i = i->next_in_set)
        before = i;
    if (before)
        before->next_in_set = t->next_in_set;
    else
        s->first = t->next_in_set;
    if (s->last == t)
        s->last = before;
}

/* t, which c->bhs has just told, joins the task set of its unit.  False: it has to wait, and its turn will come. */
bool th_set_join(struct th_task *t)
{
    t->attribute = t->conn->bhs[1] & TH_ATTR_BITS;
    if (!t->cmd.lu)
        return true;                    /* nobody's: it is refused, or tells what there is */

    struct th_task_set *s = &t->cmd.lu->task_set;
    if (!s->first && t->attribute <= TH_ATTR_SIMPLE) {
        t->place = PLACE_COUNTED;
        s->n_simple++;
        return true;
    }
    if (th_scsi_at_once(&t->cmd))
        return true;
    bool begins = t->attribute == TH_ATTR_HEAD_OF_QUEUE || (!s->first && s->n_simple == 0);
    t->place = begins ? PLACE_LISTED : PLACE_WAITS;
    append(s, t);
    return begins;
}

/* t, which is in its unit's set, has ended or will never begin: those whose turn it is go on. */
void th_set_take_out(struct th_task *t)
{
    struct th_task_set *s = &t->cmd.lu->task_set;

    if (t->place == PLACE_COUNTED)
        s->n_simple--;
    else
        take_out(s, t);
    t->place = PLACE_NONE;

    while ((t = s->first) != NULL && t->place == PLACE_WAITS) {
        if (t->attribute == TH_ATTR_ORDERED) {
            if (s->n_simple > 0)
                return;
            t->place = PLACE_LISTED;
        } else {
            take_out(s, t);
            t->place = PLACE_COUNTED;
            s->n_simple++;
        }
        th_wait_turn(t);
    }
}

#endif
