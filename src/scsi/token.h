/* SPDX-License-Identifier: MIT
 *
 * token.h: what tokens (token.c) tell of themselves.  Layer 2.  Private to src/scsi/.
 */
#ifndef TH_SCSI_TOKEN_H
#define TH_SCSI_TOKEN_H

#include "copies.h"

/* RECEIVE ROD TOKEN INFORMATION, behind the sense data: the token that a command made; returns the length. */
uint32_t th_token_put_result(const struct th_cmd *cmd, const struct th_copy_record *r, uint8_t *p);

/* REPORT ALL ROD TOKENS: of each, the part that names it; returns the length. */
uint32_t th_tokens_put(const struct th_cmd *cmd, uint8_t *p);

/* Descriptors 0000h; 0106h and 0108h of VPD page 8Fh. */
void th_token_put_limits(const struct th_lu *lu, uint8_t *p);
void th_token_put_features(uint8_t *features, uint8_t *types);

/* Nobody copies from it any more. */
void th_token_leave(struct th_copies *copies, struct th_token *t, bool delete_it);

/* A token that is being copied from still stands. */
bool th_token_stands(const struct th_token *t, uint32_t number);

#endif
