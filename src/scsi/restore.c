/* SPDX-License-Identifier: MIT
 *
 * restore.c: what a logical unit's store kept comes back when the unit is added.
 *
 * A family of commands that keeps something over a restart saves it by th_step_save() and has a row here, which
 * takes it in.  Layer 2.
 */
#include "ops.h"
#include "registry.h"
#include "work.h"

#if THIMBLE_STORE

#include "../core/record.h"

struct kept {
    enum thimble_record record;         /* 0: the last row */
    /* Takes in the n bytes that the record says.  THIMBLE_OK, or THIMBLE_ERR_RECORD: they make no sense. */
    int (*restore)(struct th_lu *lu, const uint8_t *bytes, uint32_t n);
};

static const struct kept kinds[] = {
#if THIMBLE_SCSI_MODE_SELECT
    { THIMBLE_RECORD_MODE_PAGES, th_mode_restore },
#endif
#if THIMBLE_SCSI_PERSISTENT_RESERVE
    { THIMBLE_RECORD_RESERVATIONS, th_registry_restore },
#endif
#if THIMBLE_WORK
    { THIMBLE_RECORD_WORK, th_work_restore },
#endif
    { 0, NULL },
};

static int restore_one(struct th_lu *lu, const struct kept *k, uint8_t *buf, uint32_t size)
{
    int n = lu->store->load(lu->store, k->record, buf, size);

    if (n <= 0)
        return n;
    if ((uint32_t)n > size)
        return THIMBLE_ERR_RECORD;
    n = th_record_open(buf, (uint32_t)n, (uint8_t)k->record);
    return n < 0 ? n : k->restore(lu, buf + TH_RECORD_HEADER_BYTES, (uint32_t)n);
}

int th_scsi_lu_restore(struct th_lu *lu, uint8_t *buf, uint32_t size)
{
    int err = THIMBLE_OK;

    for (const struct kept *k = kinds; k->record && err == THIMBLE_OK; k++)
        err = restore_one(lu, k, buf, size);
    return err;
}

#endif
