/* SPDX-License-Identifier: MIT
 *
 * worker.h: a thread for calls of the system that take their time, so that the loop need not wait for them.
 *
 * The loop's thread submits jobs and is told, in its own thread again, that they have been done: nothing but a list changes
 * hands, and what a job works on is left alone by the loop in between.
 */
#ifndef HOST_WORKER_H
#define HOST_WORKER_H

struct worker;

struct worker_job {
    void (*run)(struct worker_job *job);    /* in the worker's thread */
    void (*done)(struct worker_job *job);   /* in the loop's, by worker_answer(); may submit it again */
    struct worker_job *next;                /* the worker's */
};

/* NULL, and errno: there is none. */
struct worker *worker_start(void);

/* Becomes readable when worker_answer() has something to do. */
int worker_fd(const struct worker *w);

/* Jobs are run one after the other, in the order of their coming. */
void worker_submit(struct worker *w, struct worker_job *job);
void worker_answer(struct worker *w);

/* Waits until all jobs have run; nobody is told.  NULL is none. */
void worker_stop(struct worker *w);

#endif
