/* SPDX-License-Identifier: MIT
 *
 * worker.c: see worker.h.
 */
#define _GNU_SOURCE

#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct jobs {
    struct worker_job *first, *last;
};

struct worker {
    pthread_t thread;
    pthread_mutex_t lock;               /* of what follows */
    pthread_cond_t come;                /* a job, or the end */
    struct jobs waiting, ran;
    bool stopping;

    int bell[2];                        /* a pipe, for the loop */
};

static void put(struct jobs *jobs, struct worker_job *job)
{
    job->next = NULL;
    if (jobs->first)
        jobs->last->next = job;
    else
        jobs->first = job;
    jobs->last = job;
}

static struct worker_job *take(struct jobs *jobs)
{
    struct worker_job *job = jobs->first;

    if (job)
        jobs->first = job->next;
    return job;
}

static void ring(const struct worker *w)
{
    if (write(w->bell[1], "", 1) < 0) {
        /* The pipe is full: the loop will be woken. */
    }
}

static void *work(void *of)
{
    struct worker *w = of;

    pthread_mutex_lock(&w->lock);
    for (;;) {
        struct worker_job *job = take(&w->waiting);
        if (job) {
            pthread_mutex_unlock(&w->lock);
            job->run(job);
            pthread_mutex_lock(&w->lock);
            put(&w->ran, job);
            ring(w);
        } else if (w->stopping) {
            break;
        } else {
            pthread_cond_wait(&w->come, &w->lock);
        }
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Signals are for the loop's thread. */
static int start_thread(struct worker *w)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&w->thread, NULL, work, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

struct worker *worker_start(void)
{
    struct worker *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    if (pipe(w->bell) < 0) {
        free(w);
        return NULL;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(w->bell[i], F_SETFL, O_NONBLOCK);
        fcntl(w->bell[i], F_SETFD, FD_CLOEXEC);
    }
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->come, NULL);
    int error = start_thread(w);
    if (error == 0)
        return w;
    close(w->bell[0]);
    close(w->bell[1]);
    free(w);
    errno = error;
    return NULL;
}

int worker_fd(const struct worker *w)
{
    return w->bell[0];
}

void worker_submit(struct worker *w, struct worker_job *job)
{
    pthread_mutex_lock(&w->lock);
    put(&w->waiting, job);
    pthread_cond_signal(&w->come);
    pthread_mutex_unlock(&w->lock);
}

void worker_answer(struct worker *w)
{
    char bytes[64];

    while (read(w->bell[0], bytes, sizeof bytes) > 0) {
    }
    pthread_mutex_lock(&w->lock);
    struct jobs ran = w->ran;
    w->ran.first = NULL;
    pthread_mutex_unlock(&w->lock);
    for (struct worker_job *job; (job = take(&ran)) != NULL;)
        job->done(job);
}

void worker_stop(struct worker *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->come);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    close(w->bell[0]);
    close(w->bell[1]);
    pthread_cond_destroy(&w->come);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
