/* SPDX-License-Identifier: MIT
 *
 * persist_out.c: PERSISTENT RESERVE OUT (SPC-4 6.16): registering, and persistent reservations (5.12).
 *
 * The parameter list becomes a change of the registry (registry.h); if it is to outlive a restart, the store has it
 * before it is in force and the status is GOOD.  Layer 2.
 *
 *     run -> param -> [gate] -> change -> [store] -> in_force -> [aborted commands end] -> status
 */
#include "ops.h"

#if THIMBLE_SCSI_PERSISTENT_RESERVE

#include <string.h>

#include "../core/wire.h"
#include "registry.h"

enum service_action {
    REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, PREEMPT_AND_ABORT, REGISTER_AND_IGNORE, REGISTER_AND_MOVE
};

/* The parameter list. */
enum {
    LIST_BYTES = 24,
    AT_KEY = 0, AT_ACTION_KEY = 8,
    AT_FLAGS = 20, SPEC_I_PT = 0x08, ALL_TG_PT = 0x04, APTPL = 0x01,
    AT_PORTS_LENGTH = 24, AT_PORTS = 28,
    AT_MOVE_FLAGS = 17, UNREG = 0x02, AT_MOVE_PORT = 18, AT_MOVE_LENGTH = 20, AT_MOVE_ID = 24,
};

static enum service_action action_of(const struct th_cmd *cmd)
{
    return (enum service_action)(cmd->cdb[1] & 0x1f);
}

static unsigned type_of(const struct th_cmd *cmd)
{
    return cmd->cdb[2] & 0x0f;
}

static uint64_t key_of(const struct th_cmd *cmd)
{
    return th_get64(cmd->param + AT_KEY);
}

static uint64_t action_key_of(const struct th_cmd *cmd)
{
    return th_get64(cmd->param + AT_ACTION_KEY);
}

/* True if cmd was refused: there is no such reservation. */
static bool bad_type(struct th_cmd *cmd)
{
    if (cmd->cdb[2] >> 4 != 0)          /* SCOPE: the logical unit */
        th_check_cdb(cmd, 2, 7);
    else if (!th_type_ok(type_of(cmd)))
        th_check_cdb(cmd, 2, 3);
    else
        return false;
    return true;
}

enum th_next th_prout_run(struct th_cmd *cmd)
{
    uint32_t list_bytes = th_get32(cmd->cdb + 5);
    enum service_action action = action_of(cmd);
    bool longer = action == REGISTER || action == REGISTER_AND_MOVE;

    if (list_bytes < LIST_BYTES || (list_bytes > LIST_BYTES && !longer) ||
        list_bytes > cmd->lu->param_bytes)
        return th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
    if ((action == RESERVE || action == RELEASE) && bad_type(cmd))
        return TH_NEXT_STATUS;

    cmd->data_bytes = list_bytes;
    return TH_NEXT_PARAM;
}

/* --------------------------------------------------------------------------------------
 * The service actions.  `me` is the registration of cmd's nexus, or NULL.  Each makes its change, or refuses cmd and answers
 * false; what it has changed until then does not count.
 */
static bool refuse(enum th_next status)
{
    (void)status;                       /* it is TH_NEXT_STATUS */
    return false;
}

/* One more registration, with the key of the service action; NULL: cmd was refused. */
static struct th_registration *add(struct th_cmd *cmd, const struct th_port *port)
{
    struct th_registration *r = th_change_add(cmd->lu, port);

    if (r)
        r->next_key = action_key_of(cmd);
    else
        th_scsi_check(cmd, TH_SENSE_REGISTRATIONS_FULL);
    return r;
}

/* Whether registrations shall outlive a restart. */
static bool set_kept(struct th_cmd *cmd, uint32_t at)
{
    bool kept = cmd->param[at] & APTPL;

    if (kept && !cmd->lu->store)
        return refuse(th_check_list(cmd, at));
    cmd->lu->persistent.next_kept = kept;
    return true;
}

/* An initiator port's registration with this target port, or if `all_ports` with each, gets the key; those that were there
 * before keep theirs, if `only_new`. */
static bool register_port(struct th_cmd *cmd, const struct th_port *of, bool all_ports, bool only_new)
{
    const struct th_scsi_target *target = cmd->lu->target;
    struct th_port port = *of;

    for (unsigned i = 0; i < th_ports(target); i++) {
        if (all_ports)
            port.tag = th_port_tag(target, i);
        else if (port.tag != th_port_tag(target, i))
            continue;
        struct th_registration *r = th_registration_find(cmd->lu, &port);
        if (r && !only_new)
            r->next_key = action_key_of(cmd);
        if (r || action_key_of(cmd) == 0)
            continue;
        r = add(cmd, &port);
        if (!r)
            return false;
        r->all_ports = all_ports && th_ports(target) == 1;      /* else each port has one of its own */
    }
    return true;
}

/* A TransportID without an ISID: each port of that name that we know. */
static bool register_device(struct th_cmd *cmd, const struct th_port *device, bool all_ports)
{
    for (struct th_nexus *n = cmd->lu->target->nexuses; n; n = n->next) {
        struct th_port port = { device->name, device->name_len, n->isid, th_tag_of(cmd->nexus) };
        if (strlen(n->initiator) == device->name_len &&
            memcmp(n->initiator, device->name, device->name_len) == 0 &&
            !register_port(cmd, &port, all_ports, true))
            return false;
    }
    return true;
}

static bool register_ports(struct th_cmd *cmd, bool all_ports)
{
    uint32_t at = AT_PORTS;

    if (cmd->data_bytes < AT_PORTS ||
        th_get32(cmd->param + AT_PORTS_LENGTH) != cmd->data_bytes - AT_PORTS)
        return refuse(th_scsi_check(cmd, TH_SENSE_LIST_LENGTH));
    while (at < cmd->data_bytes) {
        struct th_port port;
        uint8_t isid[6];
        uint32_t n = th_transport_id_get(cmd->param + at, cmd->data_bytes - at, &port, isid);
        if (n == 0)
            return refuse(th_check_list(cmd, at));
        port.tag = th_tag_of(cmd->nexus);
        bool done = port.isid ? register_port(cmd, &port, all_ports, true)
                              : register_device(cmd, &port, all_ports);
        if (!done)
            return false;
        at += n;
    }
    return true;
}

/* For all target ports is as if it were asked through each (5.12.7): the key must be that of each registration. */
static bool keys_differ(const struct th_cmd *cmd, const struct th_port *of)
{
    const struct th_scsi_target *target = cmd->lu->target;
    struct th_port port = *of;
    bool differ = false;

    for (unsigned i = 0; i < th_ports(target); i++) {
        port.tag = th_port_tag(target, i);
        const struct th_registration *r = th_registration_find(cmd->lu, &port);
        differ = differ || key_of(cmd) != (r ? r->key : 0);
    }
    return differ;
}

static bool do_register(struct th_cmd *cmd, struct th_registration *me)
{
    const struct th_nexus *n = cmd->nexus;
    struct th_port port = { n->initiator, strlen(n->initiator), n->isid, th_tag_of(n) };
    unsigned flags = cmd->param[AT_FLAGS];
    bool ignores = action_of(cmd) == REGISTER_AND_IGNORE;
    bool with_ports = flags & SPEC_I_PT;
    bool all_ports = flags & ALL_TG_PT;

    if (!ignores && (key_of(cmd) != (me ? me->key : 0) || (all_ports && keys_differ(cmd, &port))))
        return refuse(th_conflict(cmd));
    if (with_ports && (ignores || me))
        return refuse(th_check_list(cmd, AT_FLAGS));
    if (!with_ports && cmd->data_bytes != LIST_BYTES)
        return refuse(th_scsi_check(cmd, TH_SENSE_LIST_LENGTH));
    if (!set_kept(cmd, AT_FLAGS))
        return false;
    if (!register_port(cmd, &port, all_ports, false))
        return false;
    cmd->lu->persistent.by = th_registration_find(cmd->lu, &port);
    return !with_ports || action_key_of(cmd) == 0 || register_ports(cmd, all_ports);
}

static bool do_reserve(struct th_cmd *cmd, struct th_registration *me)
{
    struct th_persistent *p = &cmd->lu->persistent;
    unsigned type = type_of(cmd);

    if (p->type && (!th_is_holder(cmd->lu, me) || p->type != type))
        return refuse(th_conflict(cmd));
    if (!p->type) {
        p->next_type = (uint8_t)type;
        p->next_holder = me;
    }
    return true;
}

static bool do_release(struct th_cmd *cmd, struct th_registration *me)
{
    struct th_persistent *p = &cmd->lu->persistent;

    if (!th_is_holder(cmd->lu, me))
        return true;                    /* nothing to release */
    if (p->type != type_of(cmd))
        return refuse(th_scsi_check(cmd, TH_SENSE_INVALID_RELEASE));
    p->next_type = TH_RESERVATION_NONE;
    return true;
}

static bool do_clear(struct th_cmd *cmd, struct th_registration *me)
{
    (void)me;
    for (struct th_registration *r = cmd->lu->persistent.first; r; r = r->next)
        r->next_key = 0;
    return true;
}

/* 5.12.11.4: the key of the service action names the holder (0: all registrants, if they are), whose reservation and
 * registration are taken over; or other registrations, which end. */
static bool do_preempt(struct th_cmd *cmd, struct th_registration *me)
{
    struct th_persistent *p = &cmd->lu->persistent;
    uint64_t key = action_key_of(cmd);
    bool of_all = th_type_of_all(p->type);
    bool takes_over = of_all ? key == 0 : p->holder && p->holder->key == key;
    bool found = false;

    if (key == 0 && !of_all)
        return refuse(th_check_list(cmd, AT_ACTION_KEY));
    if (takes_over && bad_type(cmd))
        return false;
    for (struct th_registration *r = p->first; r; r = r->next)
        if (key == 0 || r->key == key) {
            found = true;
            if (!takes_over || r != me)
                r->next_key = 0;
        }
    if (!found)
        return refuse(th_conflict(cmd));
    if (takes_over) {
        p->next_type = (uint8_t)type_of(cmd);
        p->next_holder = me;
    }
    return true;
}

static bool do_move(struct th_cmd *cmd, struct th_registration *me)
{
    struct th_persistent *p = &cmd->lu->persistent;
    struct th_port port;
    uint8_t isid[6];
    uint32_t id_bytes = cmd->data_bytes - LIST_BYTES;

    if (!p->type)
        return refuse(th_check_cdb(cmd, 1, 4));
    if (p->holder != me)                /* also where all registrants are holders */
        return refuse(th_conflict(cmd));
    if (action_key_of(cmd) == 0)
        return refuse(th_check_list(cmd, AT_ACTION_KEY));
    if (th_port_by_tag(cmd->lu->target, th_get16(cmd->param + AT_MOVE_PORT)) < 0)
        return refuse(th_check_list(cmd, AT_MOVE_PORT));
    if (th_get32(cmd->param + AT_MOVE_LENGTH) != id_bytes)
        return refuse(th_scsi_check(cmd, TH_SENSE_LIST_LENGTH));
    if (th_transport_id_get(cmd->param + AT_MOVE_ID, id_bytes, &port, isid) != id_bytes ||
        !port.isid)
        return refuse(th_check_list(cmd, AT_MOVE_ID));
    port.tag = th_get16(cmd->param + AT_MOVE_PORT);
    struct th_registration *to = th_registration_find(cmd->lu, &port);
    if (to == me)
        return refuse(th_check_list(cmd, AT_MOVE_ID));
    if (!set_kept(cmd, AT_MOVE_FLAGS))
        return false;

    if (to)
        to->next_key = action_key_of(cmd);
    else
        to = add(cmd, &port);
    if (!to)
        return false;
    p->next_holder = to;
    if (cmd->param[AT_MOVE_FLAGS] & UNREG)
        me->next_key = 0;
    return true;
}

/* By service action.  Who may ask: all but the first and the ignoring one want a registration and its key. */
static const struct {
    bool (*make)(struct th_cmd *cmd, struct th_registration *me);
    bool for_anybody;
    bool counts;                        /* adds to PRGENERATION */
} actions[] = {
    [REGISTER]            = { do_register, true, true },
    [RESERVE]             = { do_reserve, false, false },
    [RELEASE]             = { do_release, false, false },
    [CLEAR]               = { do_clear, false, true },
    [PREEMPT]             = { do_preempt, false, true },
    [PREEMPT_AND_ABORT]   = { do_preempt, false, true },
    [REGISTER_AND_IGNORE] = { do_register, true, true },
    [REGISTER_AND_MOVE]   = { do_move, false, true },
};

/* --------------------------------------------------------------------------------------
 * The change takes effect
 */
static enum th_next leave(struct th_cmd *cmd)
{
    th_gate_leave(&cmd->lu->persistent.gate, TH_GATE_EXCLUSIVE);
    return TH_NEXT_STATUS;
}

static void attend(const struct th_lu *lu, struct th_nexus *nexus, enum th_ua ua)
{
    nexus->ua[lu->lun] = (uint16_t)(nexus->ua[lu->lun] | 1u << ua);
}

/* Before the change is in force: what the other registrants are told (5.12.11).  Those that lose their registration by PREEMPT
 * AND ABORT are marked.  True: some are. */
static bool tell_others(const struct th_cmd *cmd)
{
    const struct th_persistent *p = &cmd->lu->persistent;
    enum service_action action = action_of(cmd);
    bool preempts = action == PREEMPT || action == PREEMPT_AND_ABORT;
    bool registers = action == REGISTER || action == REGISTER_AND_IGNORE;   /* for all target ports: it ends its own */
    enum th_ua loss = preempts ? TH_UA_REGISTRATIONS_PREEMPTED : TH_UA_RESERVATIONS_PREEMPTED;
    bool changed = p->type && p->type != p->next_type;
    bool released = changed && (preempts || th_type_admits_registrants(p->type));
    bool marked = false;

    for (const struct th_registration *r = p->first; r; r = r->next) {
        if (r == p->by || !r->nexus || r->key == 0)
            continue;
        if (r->next_key == 0 && !registers)
            attend(cmd->lu, r->nexus, loss);
        else if (r->next_key != 0 && released)
            attend(cmd->lu, r->nexus, TH_UA_RESERVATIONS_RELEASED);
        if (r->next_key == 0 && action == PREEMPT_AND_ABORT)
            marked = r->nexus->preempted = true;
    }
    return marked;
}

static enum th_next in_force(struct th_cmd *cmd)
{
    struct th_persistent *p = &cmd->lu->persistent;
    bool aborts = tell_others(cmd);

    th_change_commit(cmd->lu);
    if (actions[action_of(cmd)].counts)
        p->generation++;
    th_good(cmd);
    leave(cmd);
    return aborts && cmd->nexus->abort_preempted(cmd) ? TH_NEXT_WAIT : TH_NEXT_STATUS;
}

static enum th_next kept(struct th_cmd *cmd, int result)
{
    if (result >= 0)
        return in_force(cmd);
    th_change_undo(cmd->lu);
    th_scsi_disk_error(cmd, result, true);
    return leave(cmd);
}

static struct th_cmd *cmd_of(struct thimble_io *io)
{
    return (struct th_cmd *)(void *)((char *)io - offsetof(struct th_cmd, io));
}

static void save_done(struct thimble_io *io, int result)
{
    struct th_cmd *cmd = cmd_of(io);

    if (kept(cmd, result) == TH_NEXT_STATUS)
        cmd->nexus->resume(cmd);
}

/* The parameter list is done with: its buffer becomes the record. */
static enum th_next keep(struct th_cmd *cmd)
{
    struct th_lu *lu = cmd->lu;
    struct thimble_store *store = lu->store;
    uint32_t len = lu->persistent.next_kept ? th_change_put(lu, cmd->param) : 0;

    cmd->io.done = save_done;
    int result = store->save(store, THIMBLE_RECORD_RESERVATIONS, cmd->param, len, &cmd->io);
    return result == THIMBLE_PENDING ? TH_NEXT_WAIT : kept(cmd, result);
}

static bool make_change(struct th_cmd *cmd)
{
    struct th_persistent *p = &cmd->lu->persistent;
    struct th_registration *me = th_registration_of(cmd->lu, cmd->nexus);
    enum service_action action = action_of(cmd);

    p->by = me;
    if (cmd->lu->reserved_by)           /* both kinds of reservation exclude each other */
        return refuse(th_conflict(cmd));
    if (!actions[action].for_anybody && (!me || me->key != key_of(cmd)))
        return refuse(th_conflict(cmd));
    return actions[action].make(cmd, me);
}

/* The gate is ours. */
static enum th_next change(struct th_cmd *cmd)
{
    const struct th_persistent *p = &cmd->lu->persistent;

    if (cmd->aborted) {
        cmd->status = TH_STATUS_TASK_ABORTED;
        return leave(cmd);
    }
    th_change_begin(cmd->lu);
    if (!make_change(cmd)) {
        th_change_undo(cmd->lu);
        return leave(cmd);
    }
    th_change_settle(cmd->lu);
    bool to_store = (p->kept || p->next_kept) && th_change_any(cmd->lu);
    return THIMBLE_STORE && to_store ? keep(cmd) : in_force(cmd);
}

static void admitted(struct thimble_io *io, int result)
{
    struct th_cmd *cmd = cmd_of(io);

    (void)result;
    if (change(cmd) == TH_NEXT_STATUS)
        cmd->nexus->resume(cmd);
}

enum th_next th_prout_param(struct th_cmd *cmd)
{
    cmd->io.done = admitted;
    if (th_gate_enter(&cmd->lu->persistent.gate, TH_GATE_EXCLUSIVE, &cmd->io) == THIMBLE_PENDING)
        return TH_NEXT_WAIT;
    return change(cmd);
}

#endif
