/* SPDX-License-Identifier: MIT
 *
 * initiator.c: PDUs out of words, words out of PDUs, and the checks of an initiator.
 *
 * RFC 7143 chapters 4.2 (numbering), 11 (PDUs), 13 (keys).
 */
#include "initiator.h"

#include "core/crc32c.h"

void initiator_init(struct peer *p)
{
    p->name = HOST;
    memcpy(p->isid, (uint8_t[]){ 0x80, 0, 0, 0, (uint8_t)(p->number >> 8), (uint8_t)p->number },
           6);
    p->cid = 1;
    p->cmd_sn = 0xfffffff8;             /* wraps soon */
    p->next_itt = 1;
    p->initial_r2t = p->immediate_data = true;
    p->recv_max = p->send_max = 8192;
    p->max_burst = 262144;
    p->first_burst = 65536;
    p->max_r2t = 1;
    p->immediate_bytes = UINT32_MAX;
}

/* ------------------------------------------------------------------------------------
 * Out
 */
static void say_digest(struct peer *p, uint32_t crc, bool *spoil)
{
    uint8_t digest[4];
    th_crc32c_put(digest, crc);
    if (*spoil)
        digest[1] ^= 0x10;
    *spoil = false;
    lab_say(p, digest, 4);
}

void put(struct peer *p, const struct request *r)
{
    static const uint8_t zero[4];
    uint32_t pad = th_pad4(r->len) - r->len;

    lab_say(p, r->bhs, 48);
    lab_say(p, r->ahs, r->ahs_len);
    if (p->digests_on && p->header_digest) {
        uint32_t crc = th_crc32c(TH_CRC32C_INIT, r->bhs, 48);
        say_digest(p, th_crc32c(crc, r->ahs, r->ahs_len), &p->spoil_header_digest);
    }
    if (r->len == 0)
        return;
    lab_say(p, r->data, r->len);
    lab_say(p, zero, pad);
    if (p->digests_on && p->data_digest) {
        uint32_t crc = th_crc32c(TH_CRC32C_INIT, r->data, r->len);
        say_digest(p, th_crc32c(crc, zero, pad), &p->spoil_data_digest);
    }
}

uint32_t text_bytes(char *out, const char *text)
{
    uint32_t len = 0;

    if (*text == '\0')
        return 0;
    for (; *text != '\0'; text++)
        out[len++] = *text == ' ' ? '\0' : *text;
    out[len++] = '\0';
    return len;
}

static struct request new_request(struct peer *p, enum th_opcode opcode, enum order order,
                                  const void *data, uint32_t len)
{
    struct request r = { .data = data, .len = len };

    r.bhs[0] = (uint8_t)opcode;
    r.bhs[1] = TH_FINAL;
    th_put24(r.bhs + 5, len);
    th_put32(r.bhs + 16, p->next_itt++);
    th_put32(r.bhs + 20, TH_TAG_NONE);
    th_put32(r.bhs + 24, p->cmd_sn);
    th_put32(r.bhs + 28, p->exp_stat_sn);
    if (order == IMMEDIATE)
        r.bhs[0] |= TH_IMMEDIATE;
    else
        p->cmd_sn++;
    return r;
}

static uint32_t itt_of(const struct request *r)
{
    return th_get32(r->bhs + 16);
}

static const void *keep(struct peer *p, const void *data, uint32_t len)
{
    void *copy = lab_alloc(p->lab, len);
    memcpy(copy, data, len);
    return copy;
}

static struct request with_text(struct peer *p, enum th_opcode opcode, enum order order,
                                uint8_t flags, const char *text)
{
    char *data = lab_alloc(p->lab, strlen(text) + 1);
    uint32_t len = text_bytes(data, text);
    struct request r = new_request(p, opcode, order, data, len);

    r.bhs[1] = flags;
    return r;
}

/* One login is one task. */
struct request login_request(struct peer *p, uint8_t flags, const char *text)
{
    struct request r = with_text(p, TH_OP_LOGIN, IMMEDIATE, flags, text);

    p->next_itt--;
    memcpy(r.bhs + 8, p->isid, 6);
    th_put16(r.bhs + 14, p->tsih);
    th_put32(r.bhs + 20, (uint32_t)p->cid << 16);
    return r;
}

struct request command_request(struct peer *p, struct cmd *c, uint32_t immediate_len,
                               bool final)
{
    struct request r = new_request(p, TH_OP_SCSI_COMMAND, c->order, c->out, immediate_len);

    c->itt = itt_of(&r);
    c->sent = immediate_len;
    if (c->read && !c->in)
        c->in = lab_alloc(p->lab, c->edtl);
    r.bhs[1] =
        (uint8_t)((final ? TH_FINAL : 0) | (c->read ? 0x40 : 0) | (c->write ? 0x20 : 0) |
                  (c->attribute ? c->attribute : TH_ATTR_SIMPLE));
    r.bhs[8] = c->lun_method;
    r.bhs[9] = c->lun;
    th_put32(r.bhs + 20, c->edtl);
    memcpy(r.bhs + 32, c->cdb, 16);
    if (c->cdb_len > 16) {
        r.ahs_len = th_pad4(4 + (uint32_t)c->cdb_len - 16);
        th_put16(r.ahs, (uint32_t)c->cdb_len - 15);
        r.ahs[2] = 0x01;                /* Extended CDB */
        memcpy(r.ahs + 4, c->cdb + 16, c->cdb_len - 16);
        r.bhs[4] = (uint8_t)(r.ahs_len / 4);
    }
    assert_true(p->n_open_itts < COUNT(p->open_itts));
    p->open_itts[p->n_open_itts++] = c->itt;
    return r;
}

struct request data_out(struct peer *p, const struct cmd *c, uint32_t ttt, uint32_t data_sn,
                        uint32_t at, uint32_t len, bool final)
{
    struct request r = { .data = c->out + at, .len = len };

    r.bhs[0] = TH_OP_DATA_OUT;
    r.bhs[1] = final ? TH_FINAL : 0;
    th_put24(r.bhs + 5, len);
    r.bhs[9] = c->lun;
    th_put32(r.bhs + 16, c->itt);
    th_put32(r.bhs + 20, ttt);
    th_put32(r.bhs + 28, p->exp_stat_sn);
    th_put32(r.bhs + 36, data_sn);
    th_put32(r.bhs + 40, at);
    return r;
}

struct request nop_request(struct peer *p, enum order order, const void *data, uint32_t len)
{
    return new_request(p, TH_OP_NOP_OUT, order, keep(p, data, len), len);
}

struct request tmf_request(struct peer *p, uint8_t function, uint8_t lun, uint32_t ref_itt)
{
    struct request r = new_request(p, TH_OP_TASK_MANAGEMENT, IMMEDIATE, NULL, 0);

    r.bhs[1] |= function;
    r.bhs[9] = lun;
    th_put32(r.bhs + 20, ref_itt);
    return r;
}

struct request logout_request(struct peer *p, enum order order, uint8_t reason)
{
    struct request r = new_request(p, TH_OP_LOGOUT, order, NULL, 0);

    r.bhs[1] |= reason;
    th_put32(r.bhs + 20, (uint32_t)p->cid << 16);
    return r;
}

struct request text_request(struct peer *p, uint8_t flags, uint32_t ttt, const char *text)
{
    struct request r = with_text(p, TH_OP_TEXT, ORDERED, flags, text);

    th_put32(r.bhs + 20, ttt);
    return r;
}

/* ------------------------------------------------------------------------------------
 * In
 */
const uint8_t *data_of(const struct peer *p, const struct pdu *pdu)
{
    return p->out + pdu->at;
}

static unsigned opcode_of(const struct pdu *pdu)
{
    return pdu->bhs[0] & 0x3f;
}

/* StatSN: does the PDU take one, and does it show one? */
static bool takes_stat_sn(const struct pdu *pdu)
{
    switch (opcode_of(pdu)) {
    case TH_OP_NOP_IN:  return th_get32(pdu->bhs + 16) != TH_TAG_NONE;
    case TH_OP_DATA_IN: return (pdu->bhs[1] & 1) != 0;
    case TH_OP_R2T:     return false;
    default:            return true;
    }
}

static void check_numbers(struct peer *p, const struct pdu *pdu)
{
    struct lab *lab = p->lab;
    uint32_t stat_sn = th_get32(pdu->bhs + 24);
    uint32_t exp = th_get32(pdu->bhs + 28), max = th_get32(pdu->bhs + 32);
    bool shows = opcode_of(pdu) != TH_OP_DATA_IN || (pdu->bhs[1] & 1);

    if (!p->numbered) {
        p->numbered = true;
        p->exp_stat_sn = stat_sn;
        p->exp_cmd_sn = exp;
        p->max_cmd_sn = max;
    }
    CHECK(lab, !shows || stat_sn == p->exp_stat_sn, "peer %u: StatSN %u, expected %u: %s",
          p->number, (unsigned)stat_sn, (unsigned)p->exp_stat_sn, describe(p, pdu));
    p->exp_stat_sn += takes_stat_sn(pdu);
    CHECK(lab, !th_sn_before(exp, p->exp_cmd_sn) && !th_sn_before(max, p->max_cmd_sn),
          "peer %u: the command window went back: %s", p->number, describe(p, pdu));
    p->exp_cmd_sn = exp;
    p->max_cmd_sn = max;
    CHECK(lab, max - exp + 1 <= 1024, "peer %u: ExpCmdSN %u, MaxCmdSN %u", p->number,
          (unsigned)exp, (unsigned)max);
    if (max - exp + 1 > p->queue_depth)
        p->queue_depth = max - exp + 1;
}

static bool close_itt(struct peer *p, uint32_t itt)
{
    for (unsigned i = 0; i < p->n_open_itts; i++) {
        if (p->open_itts[i] == itt) {
            p->open_itts[i] = p->open_itts[--p->n_open_itts];
            return true;
        }
    }
    return false;
}

void abandon(struct peer *p, uint32_t itt)
{
    assert_true(p->n_abandoned < COUNT(p->abandoned));
    close_itt(p, itt);
    p->abandoned[p->n_abandoned++] = itt;
}

static bool abandoned(const struct peer *p, uint32_t itt)
{
    for (unsigned i = 0; i < p->n_abandoned; i++)
        if (p->abandoned[i] == itt)
            return true;
    return false;
}

/* A SCSI command is answered once, and never after it was aborted. */
static void check_answer(struct peer *p, const struct pdu *pdu)
{
    bool answers = opcode_of(pdu) == TH_OP_SCSI_RESPONSE ||
                   (opcode_of(pdu) == TH_OP_DATA_IN && (pdu->bhs[1] & 1));
    uint32_t itt = th_get32(pdu->bhs + 16);

    if (answers && !close_itt(p, itt))
        CHECK(p->lab, abandoned(p, itt), "peer %u: answered twice: %s", p->number,
              describe(p, pdu));
}

static void check_digest(const struct peer *p, const uint8_t *bytes, size_t len,
                         const char *what)
{
    uint8_t want[4];
    th_crc32c_put(want, th_crc32c(TH_CRC32C_INIT, bytes, len));
    CHECK(p->lab, memcmp(want, bytes + len, 4) == 0, "peer %u: wrong %s digest", p->number,
          what);
}

/* The PDU at p->out_parsed, if all of it is there. */
static bool parse_one(struct peer *p, struct pdu *pdu)
{
    const uint8_t *at = p->out + p->out_parsed;
    size_t left = p->out_len - p->out_parsed;
    size_t header = p->digests_on && p->header_digest ? 52 : 48;

    if (left < header)
        return false;
    uint32_t len = th_get24(at + 5);
    size_t data = len ? th_pad4(len) + (p->digests_on && p->data_digest ? 4u : 0u) : 0;
    if (left < header + data)
        return false;

    memset(pdu, 0, sizeof *pdu);
    memcpy(pdu->bhs, at, 48);
    pdu->at = p->out_parsed + header;
    pdu->len = len;
    CHECK(p->lab, at[4] == 0, "peer %u: an additional header segment came", p->number);
    if (header == 52)
        check_digest(p, at, 48, "header");
    for (uint32_t i = len; i < th_pad4(len); i++)
        CHECK(p->lab, at[header + i] == 0, "peer %u: padding is not zero", p->number);
    if (data > th_pad4(len))
        check_digest(p, at + header, th_pad4(len), "data");
    p->out_parsed += header + data;
    return true;
}

static void learn_from_login(struct peer *p, const struct pdu *pdu);

void initiator_parse(struct peer *p)
{
    struct pdu pdu;

    while (parse_one(p, &pdu)) {
        CHECK(p->lab, pdu.len <= p->recv_max,
              "peer %u: %u bytes of data, at most %u were allowed", p->number,
              (unsigned)pdu.len, (unsigned)p->recv_max);
        check_numbers(p, &pdu);
        check_answer(p, &pdu);
        if (p->n_pdus == p->pdus_room) {
            p->pdus_room = p->pdus_room * 2 + 16;
            p->pdus = realloc(p->pdus, p->pdus_room * sizeof *p->pdus);
            assert_non_null(p->pdus);
        }
        p->pdus[p->n_pdus++] = pdu;
        if (opcode_of(&pdu) == TH_OP_LOGIN_RESPONSE)
            learn_from_login(p, &pdu);
    }
}

/* ------------------------------------------------------------------------------------
 * In words
 */
struct words {
    char  *text;
    size_t len, room;
};

static void word(struct words *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void word(struct words *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(w->text + w->len, w->room - w->len, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < w->room - w->len)
        w->len += (size_t)n;
}

static void plain_text(struct words *w, const uint8_t *data, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        if (data[i] != '\0' || i + 1 < len)
            word(w, "%c", data[i] == '\0' ? ' ' : data[i]);
}

/* The sense data of a SCSI Response, as TH_SENSE(): fixed or descriptor format. */
static uint32_t sense_of(const struct peer *p, const struct pdu *pdu)
{
    const uint8_t *sense = data_of(p, pdu) + 2;

    if (pdu->len < 4)
        return 0;
    if ((sense[0] & 0x7f) == 0x72)
        return TH_SENSE(sense[1] & 0xf, sense[2], sense[3]);
    return TH_SENSE(sense[2] & 0xf, sense[12], sense[13]);
}

static void status_words(struct words *w, const struct peer *p, const struct pdu *pdu)
{
    const uint8_t *bhs = pdu->bhs;
    uint32_t sense = opcode_of(pdu) == TH_OP_SCSI_RESPONSE ? sense_of(p, pdu) : 0;

    if (bhs[3] == TH_STATUS_GOOD)
        word(w, " good");
    else if (bhs[3] == TH_STATUS_CHECK_CONDITION)
        word(w, " check %x/%02x/%02x", (unsigned)(sense >> 16), (unsigned)(sense >> 8 & 0xff),
             (unsigned)(sense & 0xff));
    else
        word(w, " status %02x", bhs[3]);
    if (bhs[1] & 0x04)
        word(w, " over=%u", (unsigned)th_get32(bhs + 44));
    if (bhs[1] & 0x02)
        word(w, " under=%u", (unsigned)th_get32(bhs + 44));
}

/* What identifies a PDU to a reader; the numbers that check_numbers() looked at are left out:
 *
 *     login 0000 1-3 KEY=VALUE ...     status, CSG, and NSG if it moves
 *     response 5 good                  check 5/24/00, under=512, over=512
 *     data-in 5 sn=0 at=0 len=512 F    and then " good" with status
 *     r2t 5 sn=0 at=0 len=512
 *     nop-in 5 len=3, ping, tmf 5 0, text 5 F KEY=VALUE, logout 5 0, async 1, reject 09 of 01
 */
const char *describe(const struct peer *p, const struct pdu *pdu)
{
    static char text[16384];
    struct words w = { text, 0, sizeof text };
    const uint8_t *bhs = pdu->bhs;
    unsigned itt = th_get32(bhs + 16);

    switch (opcode_of(pdu)) {
    case TH_OP_LOGIN_RESPONSE:
        word(&w, "login %04x %u", th_get16(bhs + 36), bhs[1] >> 2 & 3u);
        if (bhs[1] & T_BIT)
            word(&w, "-%u", bhs[1] & 3u);
        word(&w, "%s%s", bhs[1] & C_BIT ? " C" : "", pdu->len ? " " : "");
        plain_text(&w, data_of(p, pdu), pdu->len);
        break;
    case TH_OP_SCSI_RESPONSE:
        word(&w, "response %u", itt);
        if (bhs[2])
            word(&w, " failure %02x", bhs[2]);
        status_words(&w, p, pdu);
        break;
    case TH_OP_DATA_IN:
        word(&w, "data-in %u sn=%u at=%u len=%u%s", itt, (unsigned)th_get32(bhs + 36),
             (unsigned)th_get32(bhs + 40), (unsigned)pdu->len, bhs[1] & TH_FINAL ? " F" : "");
        if (bhs[1] & 1)
            status_words(&w, p, pdu);
        break;
    case TH_OP_R2T:
        word(&w, "r2t %u sn=%u at=%u len=%u", itt, (unsigned)th_get32(bhs + 36),
             (unsigned)th_get32(bhs + 40), (unsigned)th_get32(bhs + 44));
        break;
    case TH_OP_NOP_IN:
        if (itt == TH_TAG_NONE)
            word(&w, "ping");
        else
            word(&w, "nop-in %u len=%u", itt, (unsigned)pdu->len);
        break;
    case TH_OP_TASK_MANAGEMENT_RESPONSE:
        word(&w, "tmf %u %u", itt, bhs[2]);
        break;
    case TH_OP_TEXT_RESPONSE:
        word(&w, "text %u%s%s%s", itt, bhs[1] & TH_FINAL ? " F" : "",
             bhs[1] & C_BIT ? " C" : "", pdu->len ? " " : "");
        plain_text(&w, data_of(p, pdu), pdu->len);
        break;
    case TH_OP_LOGOUT_RESPONSE:
        word(&w, "logout %u %u", itt, bhs[2]);
        break;
    case TH_OP_ASYNC:
        word(&w, "async %u", bhs[36]);
        break;
    case TH_OP_REJECT:
        word(&w, "reject %02x of %02x", bhs[2],
             pdu->len >= 48 ? data_of(p, pdu)[0] & 0x3f : 0xff);
        break;
    default:
        word(&w, "opcode %02x", opcode_of(pdu));
        break;
    }
    return text;
}

void initiator_dump(const struct lab *lab)
{
    for (unsigned i = 0; i < lab->n_peers && i < 8; i++) {
        const struct peer *p = lab->peers[i];
        fprintf(stderr, "    peer %u%s, %zu of %zu bytes received:\n", p->number,
                p->conn ? "" : " (closed)", p->in_at, p->in_len);
        size_t first = p->n_pdus > 20 ? p->n_pdus - 20 : 0;
        for (size_t k = first; k < p->n_pdus; k++)
            fprintf(stderr, "        %s%s\n", describe(p, &p->pdus[k]),
                    p->pdus[k].taken ? "" : "   (not taken)");
    }
    unsigned first = lab->n_seen > 8 ? lab->n_seen - 8 : 0;
    for (unsigned i = first; i < lab->n_seen; i++) {
        const struct seen *s = &lab->seen[i % LAB_EVENTS];
        fprintf(stderr, "    event %d, peer %u, detail %x, %s\n", s->kind,
                s->peer ? s->peer->number : 0, (unsigned)s->detail,
                thimble_reason_text(s->reason));
    }
}

/* ------------------------------------------------------------------------------------
 * Expectations
 */
struct pdu *hear(struct peer *p)
{
    lab_run(p->lab);
    for (size_t i = 0; i < p->n_pdus; i++) {
        if (!p->pdus[i].taken) {
            p->pdus[i].taken = true;
            return &p->pdus[i];
        }
    }
    return NULL;
}

struct pdu *hear_of(struct peer *p, enum th_opcode opcode, uint32_t itt)
{
    lab_run(p->lab);
    for (size_t i = 0; i < p->n_pdus; i++) {
        struct pdu *pdu = &p->pdus[i];
        if (!pdu->taken && opcode_of(pdu) == (unsigned)opcode &&
            (itt == 0 || th_get32(pdu->bhs + 16) == itt)) {
            pdu->taken = true;
            return pdu;
        }
    }
    return NULL;
}

void expect(struct peer *p, const char *text)
{
    struct pdu *pdu = hear(p);
    const char *came = pdu ? describe(p, pdu) : "nothing";

    CHECK(p->lab, p->lab->lenient || strcmp(came, text) == 0,
          "peer %u: expected \"%s\", got \"%s\"", p->number, text, came);
}

void expect_among(struct peer *p, const char *text)
{
    lab_run(p->lab);
    for (size_t i = 0; i < p->n_pdus; i++) {
        struct pdu *pdu = &p->pdus[i];
        if (!pdu->taken && strcmp(describe(p, pdu), text) == 0) {
            pdu->taken = true;
            return;
        }
    }
    CHECK(p->lab, p->lab->lenient, "peer %u: expected \"%s\" among what came", p->number, text);
}

void expect_silence(struct peer *p)
{
    struct pdu *pdu = hear(p);
    CHECK(p->lab, p->lab->lenient || !pdu, "peer %u: expected nothing, got \"%s\"", p->number,
          describe(p, pdu));
}

/* ------------------------------------------------------------------------------------
 * Sessions
 */

/* The value of a key in text, or NULL. */
static const char *value_of(const uint8_t *text, uint32_t len, const char *key)
{
    size_t key_len = strlen(key);

    for (uint32_t at = 0; at + key_len + 1 < len;) {
        const char *pair = (const char *)text + at;
        if (strncmp(pair, key, key_len) == 0 && pair[key_len] == '=')
            return pair + key_len + 1;
        at += (uint32_t)strlen(pair) + 1;
    }
    return NULL;
}

static void learn_number(const uint8_t *text, uint32_t len, const char *key, uint32_t *number)
{
    const char *value = value_of(text, len, key);
    if (value && *value >= '0' && *value <= '9')
        *number = (uint32_t)strtoul(value, NULL, 0);
}

static void learn_bool(const uint8_t *text, uint32_t len, const char *key, const char *yes,
                       bool *flag)
{
    const char *value = value_of(text, len, key);
    if (value)
        *flag = strcmp(value, yes) == 0;
}

static void learn_from_login(struct peer *p, const struct pdu *pdu)
{
    const uint8_t *text = data_of(p, pdu);
    uint32_t len = pdu->len;

    if (th_get16(pdu->bhs + 36) != 0)
        return;
    learn_number(text, len, "MaxRecvDataSegmentLength", &p->send_max);
    learn_number(text, len, "MaxBurstLength", &p->max_burst);
    learn_number(text, len, "FirstBurstLength", &p->first_burst);
    learn_number(text, len, "MaxOutstandingR2T", &p->max_r2t);
    learn_bool(text, len, "InitialR2T", "Yes", &p->initial_r2t);
    learn_bool(text, len, "ImmediateData", "Yes", &p->immediate_data);
    learn_bool(text, len, "HeaderDigest", "CRC32C", &p->header_digest);
    learn_bool(text, len, "DataDigest", "CRC32C", &p->data_digest);
    if ((pdu->bhs[1] & T_BIT) && (pdu->bhs[1] & 3) == 3) {
        p->tsih = th_get16(pdu->bhs + 14);
        p->logged_in = p->digests_on = true;
        p->next_itt++;                  /* the login's is used up */
        if (p->first_burst > p->max_burst)
            p->first_burst = p->max_burst;
    }
}

void log_in(struct peer *p, const char *keys)
{
    struct lab *lab = p->lab;
    bool discovery = strstr(keys, "SessionType=Discovery") != NULL;
    bool digests = lab->way.digests && !strstr(keys, "Digest=");
    char text[2048];

    snprintf(text, sizeof text, "InitiatorName=%s%s%s%s%s", p->name,
             discovery || strstr(keys, "TargetName=") ? "" : " TargetName=" DISK,
             *keys ? " " : "", keys, digests ? " HeaderDigest=CRC32C DataDigest=CRC32C" : "");
    const char *own = strstr(keys, "MaxRecvDataSegmentLength=");
    if (own)
        p->recv_max = (uint32_t)strtoul(own + strlen("MaxRecvDataSegmentLength="), NULL, 0);

    struct request r = login_request(p, LAST_LOGIN, text);
    put(p, &r);
    lab_run(lab);
    struct pdu *pdu = hear_of(p, TH_OP_LOGIN_RESPONSE, 0);
    CHECK(lab, pdu && p->logged_in, "peer %u: the login failed: %s", p->number,
          pdu ? describe(p, pdu) : "no answer");
    CHECK(lab, p->tsih != 0, "peer %u: no TSIH", p->number);
}

struct peer *session(struct lab *lab, const char *keys)
{
    struct peer *p = lab_connect(lab);

    CHECK(lab, p, "no connection is free");
    log_in(p, keys);
    for (uint8_t lun = 0; lun < LAB_LUNS - 1; lun++) {
        struct cmd c = cdb_cmd("00 00 00 00 00 00", 0);
        c.lun = lun;
        perform(p, &c);                 /* the unit attention of a new session */
        struct cmd again = cdb_cmd("00 00 00 00 00 00", 0);
        again.lun = lun;
        good(p, &again);
    }
    return p;
}

void refused(struct peer *p, uint16_t status, enum thimble_reason reason)
{
    struct lab *lab = p->lab;
    struct pdu *pdu = hear_of(p, TH_OP_LOGIN_RESPONSE, 0);

    while (pdu && th_get16(pdu->bhs + 36) == 0)
        pdu = hear_of(p, TH_OP_LOGIN_RESPONSE, 0);
    CHECK(lab, pdu && th_get16(pdu->bhs + 36) == status,
          "peer %u: expected login status %04x, got %s", p->number, status,
          pdu ? describe(p, pdu) : "nothing");
    CHECK(lab, !p->conn, "peer %u: the connection stays open behind the refusal", p->number);
    unsigned n = lab_seen(lab, p, THIMBLE_EVENT_LOGIN_REFUSED, reason);
    CHECK(lab, n == 1, "peer %u: %u events say: %s", p->number, n, thimble_reason_text(reason));
}

void log_out(struct peer *p)
{
    struct lab *lab = p->lab;
    struct request r = logout_request(p, IMMEDIATE, 0);

    put(p, &r);
    struct pdu *pdu = hear_of(p, TH_OP_LOGOUT_RESPONSE, itt_of(&r));
    CHECK(lab, pdu && pdu->bhs[2] == 0, "peer %u: the logout was not answered", p->number);
    CHECK(lab, !p->conn, "peer %u: the connection stays open behind the logout", p->number);
    CHECK(lab, lab_seen(lab, p, THIMBLE_EVENT_LOGOUT, THIMBLE_REASON_NONE) == 1, "no event");
}

/* ------------------------------------------------------------------------------------
 * Commands
 */
static size_t from_hex(const char *hex, uint8_t *bytes, size_t max)
{
    size_t n = 0;

    for (; *hex; hex++) {
        if (*hex == ' ')
            continue;
        unsigned byte = 0;
        assert_true(n < max && sscanf(hex, "%2x", &byte) == 1);
        bytes[n++] = (uint8_t)byte;
        hex++;
    }
    return n;
}

struct cmd cdb_cmd(const char *hex, uint32_t in_bytes)
{
    struct cmd c = { .read = in_bytes > 0, .edtl = in_bytes };
    c.cdb_len = from_hex(hex, c.cdb, sizeof c.cdb);
    return c;
}

struct cmd out_cmd(const char *hex, const void *out, uint32_t bytes)
{
    struct cmd c = { .write = bytes > 0, .edtl = bytes, .out = out };
    c.cdb_len = from_hex(hex, c.cdb, sizeof c.cdb);
    return c;
}

static void ten_byte_cdb(uint8_t *cdb, uint8_t opcode, uint32_t lba, uint16_t n_blocks)
{
    cdb[0] = opcode;
    th_put32(cdb + 2, lba);
    th_put16(cdb + 7, n_blocks);
}

struct cmd read_cmd(const struct peer *p, uint32_t lba, uint16_t n_blocks)
{
    struct cmd c = { .read = true, .edtl = n_blocks * lab_block_bytes(p->lab) };
    ten_byte_cdb(c.cdb, 0x28, lba, n_blocks);
    return c;
}

uint8_t pattern(uint8_t seed, uint32_t i)
{
    return (uint8_t)(seed + i * 31 + (i >> 9) * 17);
}

struct cmd write_cmd(struct peer *p, uint32_t lba, uint16_t n_blocks, uint8_t seed)
{
    struct cmd c = { .write = true, .edtl = n_blocks * lab_block_bytes(p->lab) };
    uint8_t *data = lab_alloc(p->lab, c.edtl);

    for (uint32_t i = 0; i < c.edtl; i++)
        data[i] = pattern(seed, i);
    c.out = data;
    ten_byte_cdb(c.cdb, 0x2a, lba, n_blocks);
    return c;
}

/* Data-Out from c->sent to `end`, as the pieces allow. */
static void send_burst(struct peer *p, struct cmd *c, uint32_t ttt, uint32_t end)
{
    uint32_t data_sn = 0;
    uint32_t max = p->piece ? th_min32(p->piece, p->send_max) : p->send_max;

    do {
        uint32_t len = th_min32(max, end - c->sent);
        struct request r = data_out(p, c, ttt, data_sn++, c->sent, len, c->sent + len == end);
        put(p, &r);
        c->sent += len;
    } while (c->sent < end);
}

void start(struct peer *p, struct cmd *c)
{
    uint32_t first = c->write ? th_min32(p->first_burst, c->edtl) : 0;
    uint32_t now = p->immediate_data
                       ? th_min32(th_min32(p->immediate_bytes, p->send_max), first) : 0;
    bool more = c->write && !p->initial_r2t && !p->no_unsolicited && now < first;

    struct request r = command_request(p, c, now, !more);
    put(p, &r);
    if (more)
        send_burst(p, c, TH_TAG_NONE, first);
}

static void take_data_in(struct peer *p, struct cmd *c, const struct pdu *pdu)
{
    struct lab *lab = p->lab;
    uint32_t at = th_get32(pdu->bhs + 40);
    uint32_t burst = c->got % p->max_burst + pdu->len;

    CHECK(lab, c->read && at == c->got && th_range_ok(at, pdu->len, c->edtl) && pdu->len > 0,
          "data not asked for: %s", describe(p, pdu));
    CHECK(lab, th_get32(pdu->bhs + 36) == c->data_sn, "DataSN: %s", describe(p, pdu));
    CHECK(lab, th_get32(pdu->bhs + 20) == TH_TAG_NONE, "a target transfer tag in Data-In");
    CHECK(lab, burst <= p->max_burst, "over MaxBurstLength: %s", describe(p, pdu));
    CHECK(lab, burst < p->max_burst || (pdu->bhs[1] & TH_FINAL),
          "no F bit at the end of a burst");
    memcpy(c->in + c->got, data_of(p, pdu), pdu->len);
    c->got += pdu->len;
    c->data_sn++;
}

static void take_r2t(struct peer *p, struct cmd *c, const struct pdu *pdu)
{
    struct lab *lab = p->lab;
    uint32_t at = th_get32(pdu->bhs + 40), len = th_get32(pdu->bhs + 44);

    CHECK(lab, c->write && th_get32(pdu->bhs + 36) == c->r2t_sn, "R2TSN: %s", describe(p, pdu));
    CHECK(lab, at == c->sent && len > 0 && th_range_ok(at, len, c->edtl), "not in turn: %s",
          describe(p, pdu));
    CHECK(lab, len <= p->max_burst, "over MaxBurstLength: %s", describe(p, pdu));
    CHECK(lab, th_get32(pdu->bhs + 20) != TH_TAG_NONE, "an R2T without a tag");
    CHECK(lab, pdu->bhs[8] == c->lun_method && pdu->bhs[9] == c->lun, "an R2T for LUN %02x%02x",
          pdu->bhs[8], pdu->bhs[9]);
    c->r2t_sn++;
    send_burst(p, c, th_get32(pdu->bhs + 20), at + len);
}

static void take_status(struct peer *p, struct cmd *c, const struct pdu *pdu)
{
    struct lab *lab = p->lab;
    bool response = opcode_of(pdu) == TH_OP_SCSI_RESPONSE;

    c->answered = true;
    c->status = pdu->bhs[3];
    c->sense = response && c->status == TH_STATUS_CHECK_CONDITION ? sense_of(p, pdu) : 0;
    CHECK(lab, !response || pdu->bhs[2] == 0, "response byte %02x", pdu->bhs[2]);
    CHECK(lab, c->status != TH_STATUS_CHECK_CONDITION || c->sense, "no sense data");
    if (pdu->bhs[1] & 0x04)
        c->residual = th_get32(pdu->bhs + 44);
    else if (pdu->bhs[1] & 0x02)
        c->residual = -(int64_t)th_get32(pdu->bhs + 44);
    CHECK(lab, (pdu->bhs[1] & 0x06) != 0x06, "overflow and underflow");
    CHECK(lab, (pdu->bhs[1] & 0x18) == 0, "a bidirectional residual");
    if (response && c->read)
        CHECK(lab, th_get32(pdu->bhs + 36) == c->data_sn, "ExpDataSN: %s", describe(p, pdu));
    if (response && c->write)
        CHECK(lab, th_get32(pdu->bhs + 36) == c->r2t_sn, "ExpDataSN: %s", describe(p, pdu));
    if (c->status == TH_STATUS_GOOD && c->read)
        CHECK(lab, c->got + (c->residual < 0 ? -c->residual : 0) == c->edtl,
              "%u of %u bytes came, residual %d", (unsigned)c->got, (unsigned)c->edtl,
              (int)c->residual);
}

/* Takes the PDUs of c that came.  False: there was none. */
static bool take_some(struct peer *p, struct cmd *c)
{
    bool some = false;

    for (size_t i = 0; i < p->n_pdus && !c->answered; i++) {
        struct pdu *pdu = &p->pdus[i];
        unsigned opcode = opcode_of(pdu);
        if (pdu->taken || th_get32(pdu->bhs + 16) != c->itt)
            continue;
        if (opcode != TH_OP_DATA_IN && opcode != TH_OP_R2T && opcode != TH_OP_SCSI_RESPONSE)
            continue;
        pdu->taken = some = true;
        if (opcode == TH_OP_DATA_IN)
            take_data_in(p, c, pdu);
        if (opcode == TH_OP_R2T)
            take_r2t(p, c, pdu);
        if (opcode == TH_OP_SCSI_RESPONSE || (opcode == TH_OP_DATA_IN && (pdu->bhs[1] & 1)))
            take_status(p, c, pdu);
    }
    return some;
}

void finish(struct peer *p, struct cmd *c)
{
    do
        lab_run(p->lab);
    while (take_some(p, c) && !c->answered);
}

void perform(struct peer *p, struct cmd *c)
{
    start(p, c);
    finish(p, c);
}

void was(struct peer *p, const struct cmd *c, uint8_t status, uint32_t sense)
{
    struct lab *lab = p->lab;

    if (lab->lenient)
        return;
    CHECK(lab, c->answered, "peer %u: command %02x (task %u) was not answered", p->number,
          c->cdb[0], (unsigned)c->itt);
    CHECK(lab, c->status == status && c->sense == sense,
          "peer %u: command %02x (task %u) ended with status %02x, sense %06x; expected %02x, "
          "%06x",
          p->number, c->cdb[0], (unsigned)c->itt, c->status, (unsigned)c->sense, status,
          (unsigned)sense);
}

void ends(struct peer *p, struct cmd *c, uint8_t status, uint32_t sense)
{
    perform(p, c);
    was(p, c, status, sense);
}

void good(struct peer *p, struct cmd *c)
{
    ends(p, c, TH_STATUS_GOOD, 0);
    CHECK(p->lab, p->lab->lenient || c->residual == 0,
          "peer %u: command %02x has a residual of %d", p->number, c->cdb[0], (int)c->residual);
}

static const uint8_t *medium_at(struct peer *p, unsigned lun, uint32_t lba)
{
    return p->lab->medium[lun] + (size_t)lba * lab_block_bytes(p->lab);
}

void read_ok(struct peer *p, uint8_t lun, uint32_t lba, uint16_t n_blocks)
{
    struct cmd c = read_cmd(p, lba, n_blocks);

    c.lun = lun;
    good(p, &c);
    if (c.answered && c.status == TH_STATUS_GOOD)
        CHECK(p->lab, memcmp(c.in, medium_at(p, lun, lba), c.edtl) == 0,
              "peer %u: READ of %u blocks at %u got other data", p->number, n_blocks,
              (unsigned)lba);
}

void is_written(struct peer *p, unsigned lun, uint32_t lba, uint32_t n_blocks, uint8_t seed)
{
    const uint8_t *at = medium_at(p, lun, lba);

    for (uint32_t i = 0; i < n_blocks * lab_block_bytes(p->lab); i++)
        CHECK(p->lab, p->lab->lenient || at[i] == pattern(seed, i),
              "byte %u behind LBA %u is %02x and not what was written, %02x", (unsigned)i,
              (unsigned)lba, at[i], pattern(seed, i));
}

void is_untouched(struct peer *p, unsigned lun, uint32_t lba, uint32_t n_blocks)
{
    for (uint32_t i = 0; i < n_blocks && !p->lab->lenient; i++)
        CHECK(p->lab, lab_untouched(p->lab, lun, lba + i, 1), "LBA %u of LUN %u was written",
              (unsigned)(lba + i), lun);
}

void write_ok(struct peer *p, uint8_t lun, uint32_t lba, uint16_t n_blocks, uint8_t seed)
{
    struct cmd c = write_cmd(p, lba, n_blocks, seed);

    c.lun = lun;
    good(p, &c);
    if (c.answered && c.status == TH_STATUS_GOOD)
        is_written(p, lun, lba, n_blocks, seed);
}

/* ------------------------------------------------------------------------------------
 * The rest
 */
uint32_t nop(struct peer *p, const char *data)
{
    struct request r = nop_request(p, IMMEDIATE, data, (uint32_t)strlen(data));
    put(p, &r);
    return itt_of(&r);
}

void nop_answered(struct peer *p)
{
    uint32_t itt = nop(p, "are you there");
    struct pdu *pdu = hear_of(p, TH_OP_NOP_IN, itt);

    CHECK(p->lab, pdu && pdu->len == 13 && memcmp(data_of(p, pdu), "are you there", 13) == 0,
          "peer %u: a NOP-Out was not answered", p->number);
}

uint32_t tmf(struct peer *p, uint8_t function, uint8_t lun, uint32_t ref_itt)
{
    struct request r = tmf_request(p, function, lun, ref_itt);
    put(p, &r);
    return itt_of(&r);
}

void tmf_says(struct peer *p, uint32_t itt, uint8_t response)
{
    struct pdu *pdu = hear_of(p, TH_OP_TASK_MANAGEMENT_RESPONSE, itt);

    CHECK(p->lab, pdu, "peer %u: task management was not answered", p->number);
    CHECK(p->lab, p->lab->lenient || pdu->bhs[2] == response,
          "peer %u: task management response %u, expected %u", p->number, pdu->bhs[2],
          response);
}
