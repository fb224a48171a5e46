/* SPDX-License-Identifier: MIT
 *
 * lu.h: what the command handlers need of a logical unit beyond scsi.h.
 *
 * Layer 2.  Private to src/scsi/.
 */
#ifndef TH_SCSI_LU_H
#define TH_SCSI_LU_H

#include "scsi.h"
#include "sense.h"

static inline uint32_t th_block_bytes(const struct th_lu *lu)
{
    return UINT32_C(1) << lu->block->block_shift;
}

/* Why this nexus cannot write, or TH_SENSE_NONE. */
static inline uint32_t th_write_protection(const struct th_lu *lu, const struct th_nexus *nexus)
{
    if (THIMBLE_SCSI_MODE_SELECT && lu->software_protected)
        return TH_SENSE_SOFTWARE_PROTECTED;
#if THIMBLE_LUN_MASKS
    if (th_lun_set_has(&nexus->read_only, lu->lun))
        return TH_SENSE_WRITE_PROTECTED;
#endif
    (void)nexus;
    return lu->read_only || !lu->block->write ? TH_SENSE_WRITE_PROTECTED : TH_SENSE_NONE;
}

/* WCE was cleared (mode page 08h): every write is durable before it is answered. */
static inline bool th_write_through(const struct th_lu *lu)
{
    return THIMBLE_SCSI_MODE_SELECT && lu->write_through;
}

static inline bool th_is_cdrom(const struct th_lu *lu)
{
    return THIMBLE_SCSI_CDROM && lu->type == THIMBLE_DEVICE_CDROM;
}

static inline bool th_removable(const struct th_lu *lu)
{
    return th_is_cdrom(lu) || lu->block->removable;
}

/* A write cache: writes that are answered need a flush to be durable. */
static inline bool th_write_cache(const struct th_lu *lu)
{
    return lu->block->flush != NULL;
}

/* Thin provisioning is offered (LBPME). */
static inline bool th_thin(const struct th_lu *lu)
{
    return THIMBLE_SCSI_THIN && lu->block->unmap != NULL;
}

/* Why commands that need the medium cannot be served now, or TH_SENSE_NONE. */
static inline uint32_t th_not_ready(const struct th_lu *lu)
{
    if (lu->ejected)
        return th_is_cdrom(lu) ? TH_SENSE_TRAY_OPEN : TH_SENSE_NO_MEDIUM;
    int err = lu->block->ready ? lu->block->ready(lu->block) : THIMBLE_OK;
    if (err == THIMBLE_ERR_NO_MEDIUM && th_is_cdrom(lu))
        return TH_SENSE_TRAY_CLOSED;
    return err < 0 ? th_sense_of_error(err, false) : TH_SENSE_NONE;
}

/* Why what reads or writes blocks cannot be served in the unit's access state (alua.c), or TH_SENSE_NONE. */
static inline uint32_t th_access_sense(const struct th_lu *lu, const struct th_nexus *nexus)
{
#if THIMBLE_SCSI_ALUA
    switch ((enum thimble_access)lu->access[th_port_of(nexus)].state) {
    case THIMBLE_ACCESS_OPTIMIZED:
    case THIMBLE_ACCESS_NON_OPTIMIZED: return TH_SENSE_NONE;
    case THIMBLE_ACCESS_STANDBY:       return TH_SENSE_PORT_STANDBY;
    case THIMBLE_ACCESS_UNAVAILABLE:   return TH_SENSE_PORT_UNAVAILABLE;
    case THIMBLE_ACCESS_OFFLINE:       return TH_SENSE_PORT_OFFLINE;
    case THIMBLE_ACCESS_TRANSITIONING: return TH_SENSE_PORT_TRANSITIONING;
    }
#endif
    (void)lu;
    (void)nexus;
    return TH_SENSE_NONE;
}

/* The informational exception that is to be told to who asks (mode page 1Ch), or TH_SENSE_NONE. */
#if THIMBLE_SCSI_LOG
uint32_t th_exception(const struct th_lu *lu);
#else
static inline uint32_t th_exception(const struct th_lu *lu)
{
    return THIMBLE_SCSI_MODE_SELECT && lu->exception_test && !lu->exceptions_off ? TH_SENSE_EXCEPTION_TEST : TH_SENSE_NONE;
}
#endif

/* Blocks are about to change. */
#if THIMBLE_SCSI_THIRD_PARTY
void th_changed(const struct th_lu *lu, uint64_t lba, uint64_t n_blocks);
#else
static inline void th_changed(const struct th_lu *lu, uint64_t lba, uint64_t n_blocks)
{
    (void)lu;
    (void)lba;
    (void)n_blocks;
}
#endif

/* Its NAA identifier, as page 83h has it. */
#define TH_NAA_BYTES 16
void th_lu_naa(const struct th_lu *lu, uint8_t naa[TH_NAA_BYTES]);

/* What thresholds are counted in, as a number of bits: VPD page B2h, log page 0Ch. */
#define TH_THRESHOLD_EXPONENT 11

static inline uint32_t th_threshold_sets(uint64_t blocks)
{
    uint64_t sets = blocks >> TH_THRESHOLD_EXPONENT;
    return sets < UINT32_MAX ? (uint32_t)sets : UINT32_MAX;
}

/* The disk tells how full it is. */
static inline bool th_has_thresholds(const struct th_lu *lu)
{
    return THIMBLE_SCSI_THRESHOLDS && th_thin(lu) && lu->block->insight && lu->block->insight->fill;
}

/* The 8-byte LUN field of a LUN (SAM-5 4.7); of the REPORT LUNS well known logical unit. */
void th_lun_encode(uint8_t field[8], uint16_t lun);
void th_lun_encode_report_luns(uint8_t field[8]);

/* The unit attention that comes first, which is then no longer pending, or TH_SENSE_NONE. */
uint32_t th_ua_take(const struct th_lu *lu, struct th_nexus *nexus);

/* What GET EVENT STATUS NOTIFICATION tells of a medium (MMC-6 6.6.3.5), the last that happened: to every nexus; what this
 * one has not been told; that it now has. */
enum th_media_event { TH_MEDIA_NONE = 0, TH_MEDIA_NEW = 2, TH_MEDIA_REMOVAL = 3 };
void th_media_event(struct th_lu *lu, enum th_media_event event);
enum th_media_event th_media_event_look(const struct th_lu *lu, const struct th_nexus *nexus);
void th_media_event_told(const struct th_lu *lu, struct th_nexus *nexus);

/* Mode parameters as they were saved, or at their defaults; from a record of a store. */
void th_mode_reset(struct th_lu *lu);
int  th_mode_restore(struct th_lu *lu, const uint8_t *bytes, uint32_t n);

/* For all logical units of this nexus. */
void th_ua_clear_everywhere(struct th_nexus *nexus, enum th_ua ua);

/* reserve.c: what the nexus has reserved by RESERVE is free again. */
void th_release_all(const struct th_nexus *nexus);

#endif
