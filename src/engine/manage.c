/* SPDX-License-Identifier: MIT
 *
 * manage.c: task management functions.
 *
 * Layer 3, RFC 7143 11.5 and 11.6, RFC 7144 4 and 5, SAM-5 7.  A function is answered when every task that it
 * aborts has ended, so that nothing of them reaches the disk after the answer.
 */
#include <string.h>

#include "engine.h"

static void answer(struct th_task *m, enum th_tmf_response response)
{
    m->manage.response = (uint8_t)response;
    if (m->manage.to_end == 0)
        th_send_urgent(m);
}

/* A task that m aborted has ended. */
void th_manage_task_ended(struct th_task *m)
{
    if (m->kind == TASK_MANAGE && --m->manage.to_end == 0 && m->manage.complete) {
        answer(m, (enum th_tmf_response)m->manage.response);
        th_conn_wake(m->conn);          /* the task may have been another connection's */
    }
}

static struct th_task *parked_by_itt(struct thimble_conn *c, uint32_t itt)
{
    for (struct th_task *t = c->tasks; t; t = t->next_active)
        if (t->kind == TASK_PARKED && th_get32(t->bhs + 16) == itt)
            return t;
    return NULL;
}

/* The number of a command that has not come, and never will: its turn passes without it (11.6.1). */
static bool pass_over(struct thimble_conn *c, uint32_t cmd_sn)
{
    if (th_sn_before(cmd_sn, c->exp_cmd_sn) || th_sn_before(th_max_cmd_sn(c), cmd_sn))
        return false;
    if (cmd_sn == c->exp_cmd_sn) {
        c->exp_cmd_sn++;
        return true;
    }
    struct th_task *t = THIMBLE_OUT_OF_ORDER ? th_task_new(c, false) : NULL;
    if (!t)
        return false;
    t->kind = TASK_PARKED;
    th_put32(t->bhs + 24, cmd_sn);
    th_put32(t->bhs + 16, TH_TAG_NONE); /* nobody's tag */
    t->aborted = true;
    c->n_parked++;
    return true;
}

static enum th_tmf_response abort_task(struct th_task *m, const uint8_t *bhs)
{
    struct thimble_conn *c = m->conn;
    uint32_t ref_itt = th_get32(bhs + 20);
    uint32_t ref_cmd_sn = th_get32(bhs + 32);

    struct th_task *t = th_task_by_itt(c, ref_itt);
    if (t) {                            /* also if its status is ready: it would overtake it */
        th_task_abort(t, m);
        return TH_TMF_COMPLETE;
    }
    t = THIMBLE_OUT_OF_ORDER ? parked_by_itt(c, ref_itt) : NULL;
    if (t) {
        t->aborted = true;
        return TH_TMF_COMPLETE;
    }
    if (th_sn_before(ref_cmd_sn, th_get32(bhs + 24)) && pass_over(c, ref_cmd_sn))
        return TH_TMF_COMPLETE;
    return TH_TMF_NO_TASK;
}

/* All sessions of m's target. */
static enum th_tmf_response for_each_session(struct th_task *m, struct th_lu *lu)
{
    struct thimble *e = m->conn->engine;

    for (unsigned i = 0; i < e->n_conns; i++) {
        struct thimble_conn *c = &e->conns[i];
        if (c->state == CONN_FREE || c->node != m->conn->node || !c->session)
            continue;
        uint32_t n = th_abort_tasks(c, lu, m);
        if (n > 0 && c != m->conn && m->manage.function == TH_TMF_CLEAR_TASK_SET && !th_scsi_tells_aborts(lu))
            c->nexus.ua[lu->lun] |= 1u << TH_UA_COMMANDS_CLEARED;
    }
    return TH_TMF_COMPLETE;
}

static enum th_tmf_response reset_unit(struct th_task *m, struct th_lu *lu)
{
    for_each_session(m, lu);
    th_scsi_lu_reset(lu, NULL);         /* the one who asked is told, too (SAM-5 6.3.3) */
    return TH_TMF_COMPLETE;
}

/* What is hidden from the one who asks is not reset by it. */
static enum th_tmf_response reset_target(struct th_task *m)
{
    for (int i = 0; i < THIMBLE_LUNS_MAX; i++) {
        struct th_lu *lu = th_scsi_lu_of(&m->conn->nexus, i);
        if (!lu)
            continue;
        reset_unit(m, lu);
#if THIMBLE_SCSI_ORWRITE_LONG
        if (m->manage.function == TH_TMF_TARGET_COLD_RESET)
            th_scsi_or_forget(lu);
#endif
    }
    return TH_TMF_COMPLETE;
}

/* After the answer to TARGET COLD RESET all connections to the target end (11.5.1). */
void th_manage_cold_reset(struct thimble_conn *by)
{
    struct thimble *e = by->engine;

    for (unsigned i = 0; i < e->n_conns; i++) {
        struct thimble_conn *c = &e->conns[i];
        if (c != by && c->node == by->node && c->session)
            th_conn_fail(c, THIMBLE_REASON_RESET);
    }
    th_conn_leave(by, THIMBLE_REASON_RESET);
}

static bool has_tasks(const struct thimble_conn *c, const struct th_lu *lu)
{
    for (const struct th_task *t = c->tasks; t; t = t->next_active)
        if (t->kind == TASK_COMMAND && !t->aborted && t->cmd.lu == lu)
            return true;
    return false;
}

/* RFC 7144: the functions of SAM-3 and later. */
static enum th_tmf_response query(struct th_task *m, struct th_lu *lu, const uint8_t *bhs)
{
    struct thimble_conn *c = m->conn;

    switch (m->manage.function) {
    case TH_TMF_QUERY_TASK: {
        struct th_task *t = th_task_by_itt(c, th_get32(bhs + 20));
        return t && t->cmd.lu == lu ? TH_TMF_SUCCEEDED : TH_TMF_COMPLETE;
    }
    case TH_TMF_QUERY_TASK_SET:
        return has_tasks(c, lu) ? TH_TMF_SUCCEEDED : TH_TMF_COMPLETE;
    case TH_TMF_QUERY_ASYNCHRONOUS_EVENT:
        m->manage.information = th_scsi_ua_query(&c->nexus, lu->lun);
        return m->manage.information ? TH_TMF_SUCCEEDED : TH_TMF_COMPLETE;
    default:                            /* I_T NEXUS RESET */
        th_abort_tasks(c, NULL, m);
        th_scsi_nexus_reset(&c->nexus);
        return TH_TMF_COMPLETE;
    }
}

static bool has_rfc7144(const struct thimble_conn *c)
{
    return THIMBLE_RFC7144 && c->params.protocol_level >= 2;
}

static enum th_tmf_response perform(struct th_task *m, const uint8_t *bhs)
{
    struct thimble_conn *c = m->conn;
    struct th_lu *lu = th_scsi_lu_of(&c->nexus, th_scsi_lun_decode(bhs + 8));

    switch (m->manage.function) {
    case TH_TMF_TARGET_WARM_RESET:
    case TH_TMF_TARGET_COLD_RESET:
        return reset_target(m);
    case TH_TMF_TASK_REASSIGN:
        return TH_TMF_NO_REASSIGN;      /* ErrorRecoveryLevel 2 */
    case TH_TMF_CLEAR_ACA:
        return TH_TMF_NOT_SUPPORTED;    /* NormACA is 0 */
    case TH_TMF_I_T_NEXUS_RESET:
        return has_rfc7144(c) ? query(m, NULL, bhs) : TH_TMF_NOT_SUPPORTED;
    case TH_TMF_ABORT_TASK:
    case TH_TMF_ABORT_TASK_SET:
    case TH_TMF_CLEAR_TASK_SET:
    case TH_TMF_LOGICAL_UNIT_RESET:
        break;
    case TH_TMF_QUERY_TASK:
    case TH_TMF_QUERY_TASK_SET:
    case TH_TMF_QUERY_ASYNCHRONOUS_EVENT:
        if (!has_rfc7144(c))
            return TH_TMF_NOT_SUPPORTED;
        break;
    default:
        return TH_TMF_REJECTED;
    }
    if (!lu)
        return TH_TMF_NO_LUN;

    switch (m->manage.function) {
    case TH_TMF_ABORT_TASK:
        return abort_task(m, bhs);
    case TH_TMF_ABORT_TASK_SET:
        th_abort_tasks(c, lu, m);
        return TH_TMF_COMPLETE;
    case TH_TMF_CLEAR_TASK_SET:
        return for_each_session(m, lu);
    case TH_TMF_LOGICAL_UNIT_RESET:
        return reset_unit(m, lu);
    default:                            /* has_rfc7144(c) */
        return THIMBLE_RFC7144 ? query(m, lu, bhs) : TH_TMF_REJECTED;
    }
}

/* m is a new TASK_MANAGE task, bhs its request.  It is answered when the tasks that it aborts have ended. */
void th_manage(struct th_task *m, const uint8_t bhs[48])
{
    m->manage.function = bhs[1] & 0x7f;
    m->manage.to_end = m->manage.information = 0;
    m->manage.complete = false;
    m->manage.response = (uint8_t)perform(m, bhs);
    m->manage.complete = true;
    th_event(m->conn, THIMBLE_EVENT_TASK_MANAGEMENT, THIMBLE_REASON_NONE,
             (uint32_t)m->manage.function << 8 | m->manage.response);
    answer(m, (enum th_tmf_response)m->manage.response);
}
