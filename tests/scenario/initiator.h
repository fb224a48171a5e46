/* SPDX-License-Identifier: MIT
 *
 * initiator.h: a small initiator, in words that read like a scenario.
 *
 *     struct peer *p = session(lab, "InitialR2T=No MaxBurstLength=512");
 *     struct cmd w = write_cmd(p, 7, 4, 'a');      WRITE(10) of 4 blocks at LBA 7
 *     good(p, &w);                                 its data goes as negotiated
 *     nop(p, "hello");
 *     expect(p, "nop-in 3 len=5");
 *
 * It checks whatever an initiator can check: digests, StatSN, the command window, DataSN,
 * R2TSN, bursts, lengths, offsets, residuals.  Where disk calls are made to fail
 * (lab->lenient), outcomes are not what a scenario says, but all that stays.
 *
 * Text is written with a blank where the wire has NUL: "InitialR2T=No MaxBurstLength=512".
 */
#ifndef INITIATOR_H
#define INITIATOR_H

#include "core/wire.h"
#include "iscsi/pdu.h"
#include "lab.h"
#include "scsi/scsi.h"
#include "scsi/sense.h"

enum order { ORDERED, IMMEDIATE };      /* does it take a CmdSN? */

/* A PDU before it is sent: whoever is hostile changes it. */
struct request {
    uint8_t  bhs[48];
    uint8_t  ahs[64];
    uint32_t ahs_len;                   /* whole words */
    const void *data;
    uint32_t len;
};

/* A SCSI command and what became of it. */
struct cmd {
    uint8_t  cdb[32];
    size_t   cdb_len;                   /* over 16: the rest is an additional header segment */
    uint8_t  lun;
    uint8_t  lun_method;                /* the byte before it */
    bool     read, write;               /* R and W bits */
    uint32_t edtl;                      /* Expected Data Transfer Length */
    const uint8_t *out;                 /* edtl bytes, if write */
    enum order order;
    uint8_t  attribute;                 /* enum th_attribute; 0: SIMPLE */

    uint32_t itt;
    uint32_t sent, data_sn, r2t_sn;     /* data out */
    uint8_t *in;                        /* data in: got bytes, room for edtl */
    uint32_t got;
    bool     answered;
    uint8_t  status;
    uint32_t sense;                     /* TH_SENSE(), 0: none */
    int64_t  residual;                  /* > 0: overflow, < 0: underflow */
};

/* ---- the wire ---- */
void initiator_init(struct peer *p);
void initiator_parse(struct peer *p);   /* takes in what came; checks it */
void initiator_dump(const struct lab *lab);
void put(struct peer *p, const struct request *r);
uint32_t text_bytes(char *out, const char *text);   /* blanks to NUL */
struct request login_request(struct peer *p, uint8_t flags, const char *text);
struct request command_request(struct peer *p, struct cmd *c, uint32_t immediate_len,
                               bool final);
struct request data_out(struct peer *p, const struct cmd *c, uint32_t ttt, uint32_t data_sn,
                        uint32_t at, uint32_t len, bool final);
struct request nop_request(struct peer *p, enum order order, const void *data, uint32_t len);
struct request tmf_request(struct peer *p, uint8_t function, uint8_t lun, uint32_t ref_itt);
struct request logout_request(struct peer *p, enum order order, uint8_t reason);
struct request text_request(struct peer *p, uint8_t flags, uint32_t ttt, const char *text);

#define CSG(n) ((n) << 2)
#define NSG(n) (n)
#define T_BIT 0x80
#define C_BIT 0x40
#define LAST_LOGIN (T_BIT | CSG(1) | NSG(3))    /* operational stage to full feature phase */

/* ---- what came ---- */

/* The next PDU, or NULL. */
struct pdu *hear(struct peer *p);

/* The next PDU of that opcode (and task, if not 0), wherever it stands; NULL: none came. */
struct pdu *hear_of(struct peer *p, enum th_opcode opcode, uint32_t itt);
const uint8_t *data_of(const struct peer *p, const struct pdu *pdu);

/* A PDU in words, see describe() in initiator.c.  The text is good until the next call. */
const char *describe(const struct peer *p, const struct pdu *pdu);

/* The next PDU is this one; or: this one is among those that came. */
void expect(struct peer *p, const char *text);
void expect_among(struct peer *p, const char *text);
void expect_silence(struct peer *p);

/* ---- sessions ---- */
void log_in(struct peer *p, const char *keys);      /* succeeds */
struct peer *session(struct lab *lab, const char *keys);    /* without unit attentions */
void refused(struct peer *p, uint16_t status, enum thimble_reason reason);  /* a login */
void log_out(struct peer *p);

/* ---- commands ---- */
struct cmd cdb_cmd(const char *hex, uint32_t in_bytes);
struct cmd out_cmd(const char *hex, const void *out, uint32_t bytes);
struct cmd read_cmd(const struct peer *p, uint32_t lba, uint16_t n_blocks);
struct cmd write_cmd(struct peer *p, uint32_t lba, uint16_t n_blocks, uint8_t seed);
uint8_t pattern(uint8_t seed, uint32_t i);          /* byte i of what write_cmd() writes */

void start(struct peer *p, struct cmd *c);          /* command and unsolicited data */
void finish(struct peer *p, struct cmd *c);         /* R2Ts, Data-In, until it is answered */
void perform(struct peer *p, struct cmd *c);
void good(struct peer *p, struct cmd *c);           /* perform(), GOOD, no residual */
void ends(struct peer *p, struct cmd *c, uint8_t status, uint32_t sense); /* perform(), this */
void was(struct peer *p, const struct cmd *c, uint8_t status, uint32_t sense);
void abandon(struct peer *p, uint32_t itt);         /* it will not be answered */

void read_ok(struct peer *p, uint8_t lun, uint32_t lba, uint16_t n_blocks);
void write_ok(struct peer *p, uint8_t lun, uint32_t lba, uint16_t n_blocks, uint8_t seed);

/* The medium holds n_blocks of write_cmd()'s data. */
void is_written(struct peer *p, unsigned lun, uint32_t lba, uint32_t n_blocks, uint8_t seed);
void is_untouched(struct peer *p, unsigned lun, uint32_t lba, uint32_t n_blocks);

/* ---- the rest ---- */
uint32_t nop(struct peer *p, const char *data);     /* its task tag */
void nop_answered(struct peer *p);
uint32_t tmf(struct peer *p, uint8_t function, uint8_t lun, uint32_t ref_itt);
void tmf_says(struct peer *p, uint32_t itt, uint8_t response);

#endif
