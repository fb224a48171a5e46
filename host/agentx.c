/* SPDX-License-Identifier: MIT
 *
 * agentx.c: see agentx.h.
 *
 * Net-SNMP's library is one agent a process, and so is this file.  Its descriptors are in an epoll of our own, which the
 * server's loop watches as one; where there is no epoll, agentx_run() is asked every 100 ms.
 */
#define _GNU_SOURCE

#include "agentx.h"

#ifdef HAVE_NETSNMP

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/library/large_fd_set.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/epoll.h>
#endif

#include "log.h"

enum {
    ROOT_LEN = 7,
    RETRY_S = 15,
    DESCRIPTORS_MAX = 8,                /* it has one or two */
    TURNS = 16,                         /* then the disks have theirs */
    LOOK_MS = 100,                      /* without epoll */
};

static oid root[ROOT_LEN] = { 1, 3, 6, 1, 2, 1, 142 };

static struct {
    struct thimble_mib *mib;
    int epoll;                          /* -1: none */
    int known[DESCRIPTORS_MAX];
    size_t n_known;
    bool ready;
    uint64_t due_ms;
} agent = { .epoll = -1 };

static uint64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --------------------------------------------------------------------------------------
 * Objects
 */
static size_t to_oid(const uint32_t *name, size_t len, oid *out)
{
    for (size_t i = 0; i < len; i++)
        out[i] = name[i];
    return len;
}

/* The part of a name that is behind the root, as far as it matters; sub-identifiers over 32 bits do not exist. */
static size_t behind_root(const netsnmp_variable_list *v, uint32_t *name, size_t max)
{
    size_t n = 0;

    for (size_t i = ROOT_LEN; i < v->name_length && n < max; i++)
        name[n++] = (uint32_t)v->name[i];
    return n;
}

static void put_value(netsnmp_variable_list *v, const struct thimble_mib_value *from)
{
    static const u_char types[] = {
        [THIMBLE_MIB_INTEGER] = ASN_INTEGER, [THIMBLE_MIB_UNSIGNED] = ASN_UNSIGNED,
        [THIMBLE_MIB_COUNTER32] = ASN_COUNTER, [THIMBLE_MIB_COUNTER64] = ASN_COUNTER64,
        [THIMBLE_MIB_TICKS] = ASN_TIMETICKS, [THIMBLE_MIB_OCTETS] = ASN_OCTET_STR,
        [THIMBLE_MIB_OID] = ASN_OBJECT_ID,
    };
    oid names[MAX_OID_LEN];
    u_long number = (u_long)(uint32_t)from->number;
    struct counter64 wide = { .high = (u_long)(from->number >> 32),
                              .low = (u_long)(from->number & 0xffffffff) };

    switch (from->type) {
    case THIMBLE_MIB_OCTETS:
        snmp_set_var_typed_value(v, ASN_OCTET_STR, from->octets, from->len);
        break;
    case THIMBLE_MIB_OID:
        snmp_set_var_typed_value(v, ASN_OBJECT_ID, names,
                                 to_oid(from->oid, from->len, names) * sizeof names[0]);
        break;
    case THIMBLE_MIB_COUNTER64:
        snmp_set_var_typed_value(v, ASN_COUNTER64, &wide, sizeof wide);
        break;
    default:
        snmp_set_var_typed_value(v, types[from->type], &number, sizeof number);
        break;
    }
}

static void answer_next(netsnmp_request_info *request)
{
    uint32_t name[MAX_OID_LEN], next[THIMBLE_MIB_NAME_MAX];
    size_t next_len, len = behind_root(request->requestvb, name, MAX_OID_LEN);
    struct thimble_mib_value value;
    oid whole[ROOT_LEN + THIMBLE_MIB_NAME_MAX];
    bool before = snmp_oid_compare(request->requestvb->name, request->requestvb->name_length, root,
                                   ROOT_LEN) < 0;

    if (before)
        len = 0;
    if (request->inclusive && thimble_mib_get(agent.mib, name, len, &value)) {
        put_value(request->requestvb, &value);
        return;
    }
    if (!thimble_mib_next(agent.mib, name, len, next, &next_len, &value))
        return;                         /* the agent goes on behind us */
    memcpy(whole, root, sizeof root);
    to_oid(next, next_len, whole + ROOT_LEN);
    snmp_set_var_objid(request->requestvb, whole, ROOT_LEN + next_len);
    put_value(request->requestvb, &value);
}

static void answer_get(netsnmp_agent_request_info *about, netsnmp_request_info *request)
{
    uint32_t name[MAX_OID_LEN];
    size_t len = behind_root(request->requestvb, name, MAX_OID_LEN);
    struct thimble_mib_value value;

    if (thimble_mib_get(agent.mib, name, len, &value))
        put_value(request->requestvb, &value);
    else
        netsnmp_set_request_error(about, request, SNMP_NOSUCHINSTANCE);
}

static int on_request(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
                      netsnmp_agent_request_info *about, netsnmp_request_info *requests)
{
    (void)handler, (void)registration;
    for (netsnmp_request_info *r = requests; r; r = r->next) {
        if (r->processed)
            continue;
        if (about->mode == MODE_GET)
            answer_get(about, r);
        else if (about->mode == MODE_GETNEXT)
            answer_next(r);
    }
    return SNMP_ERR_NOERROR;
}

/* --------------------------------------------------------------------------------------
 * Life
 */
static int on_log(int major, int minor, void *message, void *ctx)
{
    const struct snmp_log_message *m = message;
    int len = (int)strcspn(m->msg, "\n");

    (void)major, (void)minor, (void)ctx;
    if (len > 0)
        log_line(m->priority <= LOG_WARNING ? LEVEL_WARNING : LEVEL_INFO, "snmp: %.*s", len, m->msg);
    return 0;
}

bool agentx_start(const char *address, struct thimble_mib *mib)
{
    agent.mib = mib;
    agent.ready = true;
#ifdef __linux__
    agent.epoll = epoll_create1(EPOLL_CLOEXEC);
#endif
    snmp_disable_log();
    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_DEBUG);
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, NULL);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE, 1);
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, address);
    netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, RETRY_S);
    init_agent("thimble");
    netsnmp_register_handler(
        netsnmp_create_handler_registration("iscsiMibModule", on_request, root, ROOT_LEN, HANDLER_CAN_RONLY));
    init_snmp("thimble");
    return true;
}

int agentx_fd(void)
{
    return agent.epoll;
}

void agentx_wake(void)
{
    agent.ready = true;
}

/* Which descriptors the library has now, and when it wants to be called next. */
static void look_at_descriptors(void)
{
    netsnmp_large_fd_set set;
    struct timeval wait = { RETRY_S, 0 };
    int n = 0, block = 0;
    int now[DESCRIPTORS_MAX];
    size_t n_now = 0;

    netsnmp_large_fd_set_init(&set, FD_SETSIZE);
    NETSNMP_LARGE_FD_ZERO(&set);
    snmp_select_info2(&n, &set, &wait, &block);
    for (int fd = 0; fd < n && n_now < DESCRIPTORS_MAX; fd++)
        if (NETSNMP_LARGE_FD_ISSET(fd, &set))
            now[n_now++] = fd;
    netsnmp_large_fd_set_cleanup(&set);
#ifdef __linux__
    for (size_t i = 0; i < agent.n_known; i++)      /* a closed one is gone already: no error counts */
        epoll_ctl(agent.epoll, EPOLL_CTL_DEL, agent.known[i], NULL);
    for (size_t i = 0; i < n_now; i++)
        epoll_ctl(agent.epoll, EPOLL_CTL_ADD, now[i], &(struct epoll_event){ .events = EPOLLIN });
#endif
    memcpy(agent.known, now, sizeof now);
    agent.n_known = n_now;
    uint64_t ms = block ? RETRY_S * 1000u : (uint64_t)wait.tv_sec * 1000 + (uint64_t)wait.tv_usec / 1000 + 1;
    agent.due_ms = clock_ms() + ms;
}

uint32_t agentx_run(void)
{
    uint64_t now_ms = clock_ms();

    if (!agent.mib)
        return THIMBLE_NEVER;
    if (agent.ready || agent.epoll < 0 || now_ms >= agent.due_ms) {
        int turns = 0;
        agent.ready = false;
        while (agent_check_and_process(0) > 0 && turns < TURNS)
            turns++;
        run_alarms();
        look_at_descriptors();
        if (turns == TURNS) {
            agent.ready = true;
            return 0;
        }
        now_ms = clock_ms();
    }
    uint64_t left = now_ms < agent.due_ms ? agent.due_ms - now_ms : 0;
    return agent.epoll < 0 && left > LOOK_MS ? LOOK_MS : (uint32_t)left;
}

static void notify(unsigned n, int target)
{
    oid what[] = { 1, 3, 6, 1, 2, 1, 142, 0, n }, trap[] = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 };
    uint32_t names[8][THIMBLE_MIB_NAME_MAX];
    size_t lens[8], count = thimble_mib_notified(n, target, names, lens, 8);
    netsnmp_variable_list *list = NULL;

    snmp_varlist_add_variable(&list, trap, OID_LENGTH(trap), ASN_OBJECT_ID, what, sizeof what);
    for (size_t i = 0; i < count; i++) {
        struct thimble_mib_value value;
        oid whole[ROOT_LEN + THIMBLE_MIB_NAME_MAX];
        if (!thimble_mib_get(agent.mib, names[i], lens[i], &value))
            continue;
        memcpy(whole, root, sizeof root);
        to_oid(names[i], lens[i], whole + ROOT_LEN);
        netsnmp_variable_list *v =
            snmp_varlist_add_variable(&list, whole, ROOT_LEN + lens[i], ASN_NULL, NULL, 0);
        if (v)
            put_value(v, &value);
    }
    send_v2trap(list);
    snmp_free_varbind(list);
}

void agentx_event(const struct thimble_event *event)
{
    int target;

    if (!agent.mib)
        return;
    unsigned n = thimble_mib_note(agent.mib, event, (uint32_t)netsnmp_get_agent_uptime(), &target);
    if (n > 0)
        notify(n, target);
}

void agentx_stop(void)
{
    if (!agent.mib)
        return;
    snmp_shutdown("thimble");
    if (agent.epoll >= 0)
        close(agent.epoll);
    agent.mib = NULL;
    agent.epoll = -1;
}

#else

bool agentx_start(const char *address, struct thimble_mib *mib)
{
    (void)address, (void)mib;
    return false;
}

int agentx_fd(void)
{
    return -1;
}

void agentx_wake(void)
{
}

uint32_t agentx_run(void)
{
    return THIMBLE_NEVER;
}

void agentx_event(const struct thimble_event *event)
{
    (void)event;
}

void agentx_stop(void)
{
}

#endif
