/* SPDX-License-Identifier: MIT
 *
 * mmc.c: an image of a CD or DVD as a drive with one data track, read-only.
 *
 * The medium is one closed session with one track of 2048-byte blocks.  Up to what the addresses of a CD reach it is
 * told as a CD-ROM, beyond that as a DVD-ROM.  There is nothing but user data: no audio, no raw sectors, no
 * subchannels.  Layer 2.  MMC-6 chapter 6; the mode page that tells it all is MMC-3's.
 */
#include "ops.h"

#if THIMBLE_SCSI_CDROM

#include <string.h>

#include "../core/wire.h"

enum {
    FRAMES_OF_SECOND = 75, SECONDS_OF_MINUTE = 60,
    MSF_OF_LBA_0 = 2 * FRAMES_OF_SECOND,                /* the first two seconds are the lead-in's */
    CD_FRAMES = 100 * SECONDS_OF_MINUTE * FRAMES_OF_SECOND,     /* 99:59:74 is the last one */
    MSF = 0x02,                                         /* CDB byte 1: addresses in minutes, seconds, frames */
    DATA_TRACK = 0x14,                                  /* ADR 1, CONTROL 4: data, not to be copied */
    LEAD_OUT = 0xaa,
    PROFILE_NONE = 0x0000, PROFILE_CD_ROM = 0x0008, PROFILE_DVD_ROM = 0x0010,
};

static uint32_t size_of(const struct th_lu *lu)
{
    uint64_t size_blocks = lu->block->size_blocks;

    return size_blocks > UINT32_MAX ? UINT32_MAX : (uint32_t)size_blocks;
}

static bool is_cd(const struct th_lu *lu)
{
    return lu->block->size_blocks <= CD_FRAMES - MSF_OF_LBA_0;
}

/* Three bytes.  What is behind the last minute that fits into a byte is told as the last frame of it. */
static void put_msf(uint8_t *p, uint32_t lba)
{
    uint64_t frame = (uint64_t)lba + MSF_OF_LBA_0;
    uint64_t minute = frame / (SECONDS_OF_MINUTE * FRAMES_OF_SECOND);
    bool fits = minute <= UINT8_MAX;

    p[0] = fits ? (uint8_t)minute : UINT8_MAX;
    p[1] = fits ? (uint8_t)(frame / FRAMES_OF_SECOND % SECONDS_OF_MINUTE) : SECONDS_OF_MINUTE - 1;
    p[2] = fits ? (uint8_t)(frame % FRAMES_OF_SECOND) : FRAMES_OF_SECOND - 1;
}

/* Four bytes, as the CDB wants them. */
static void put_address(const struct th_cmd *cmd, uint8_t *p, uint32_t lba)
{
    if (cmd->cdb[1] & MSF) {
        p[0] = 0;
        put_msf(p + 1, lba);
    } else {
        th_put32(p, lba);
    }
}

/* --------------------------------------------------------------------------------------
 * READ TOC/PMA/ATIP (6.26)
 */
enum { TOC_TRACKS = 0, TOC_SESSIONS = 1, TOC_RAW = 2 };

/* Before MMC the format stood in the vendor's bits of the control byte; Linux still asks so. */
static unsigned toc_format(const struct th_cmd *cmd)
{
    unsigned format = cmd->cdb[2] & 0x0f;

    return format ? format : cmd->cdb[9] >> 6;
}

enum th_next th_read_toc_run(struct th_cmd *cmd)
{
    unsigned format = toc_format(cmd), first = cmd->cdb[6];

    if (format > TOC_RAW || (format == TOC_RAW && !is_cd(cmd->lu)))
        return th_check_cdb(cmd, 2, 3);
    if (format == TOC_TRACKS && first > 1 && first != LEAD_OUT)
        return th_check_cdb(cmd, 6, TH_FIELD_WHOLE_BYTE);

    return TH_NEXT_REPLY;
}

static uint32_t put_track(const struct th_cmd *cmd, uint8_t *p, uint8_t track, uint32_t lba)
{
    p[1] = DATA_TRACK;
    p[2] = track;
    put_address(cmd, p + 4, lba);
    return 8;
}

/* An entry of the lead-in as it is on the disc. */
static uint32_t put_point(uint8_t *p, uint8_t point, uint32_t lba)
{
    p[0] = 1;                                           /* session */
    p[1] = DATA_TRACK;
    p[3] = point;
    if (point == 0xa0 || point == 0xa1)
        p[8] = 1;                                       /* the first track, the last track */
    else
        put_msf(p + 8, lba);
    return 11;
}

enum th_next th_read_toc_reply(struct th_cmd *cmd, uint8_t *buf)
{
    uint32_t n = 4, end = size_of(cmd->lu);

    memset(buf, 0, 64);
    buf[2] = buf[3] = 1;                                /* first and last track, or session */
    switch (toc_format(cmd)) {
    case TOC_SESSIONS:
        n += put_track(cmd, buf + n, 1, 0);
        break;
    case TOC_RAW:
        n += put_point(buf + n, 0xa0, 0);
        n += put_point(buf + n, 0xa1, 0);
        n += put_point(buf + n, 0xa2, end);
        n += put_point(buf + n, 1, 0);
        break;
    default:
        if (cmd->cdb[6] <= 1)
            n += put_track(cmd, buf + n, 1, 0);
        n += put_track(cmd, buf + n, LEAD_OUT, end);
        break;
    }
    th_put16(buf, n - 2);
    return th_reply_done(cmd, n, th_get16(cmd->cdb + 7));
}

/* --------------------------------------------------------------------------------------
 * READ SUB-CHANNEL (MMC-5 6.28): nothing plays, and the disc has no numbers.
 */
enum { SUBQ = 0x40, NO_AUDIO_STATUS = 0x15, POSITION = 1, CATALOG_NUMBER = 2, RECORDING_CODE = 3 };

enum th_next th_read_subchannel_run(struct th_cmd *cmd)
{
    if (cmd->cdb[2] & SUBQ && (cmd->cdb[3] < POSITION || cmd->cdb[3] > RECORDING_CODE))
        return th_check_cdb(cmd, 3, TH_FIELD_WHOLE_BYTE);

    return TH_NEXT_REPLY;
}

enum th_next th_read_subchannel_reply(struct th_cmd *cmd, uint8_t *buf)
{
    uint32_t n = 4;

    memset(buf, 0, 24);
    buf[1] = NO_AUDIO_STATUS;
    if (cmd->cdb[2] & SUBQ) {
        buf[4] = cmd->cdb[3];
        n = buf[4] == POSITION ? 16 : 24;
        if (buf[4] != CATALOG_NUMBER) {
            buf[5] = DATA_TRACK;
            buf[6] = 1;
        }
        if (buf[4] == POSITION) {
            buf[7] = 1;                                 /* index */
            put_address(cmd, buf + 8, 0);
            put_address(cmd, buf + 12, 0);
        }
        buf[3] = (uint8_t)(n - 4);
    }
    return th_reply_done(cmd, n, th_get16(cmd->cdb + 7));
}

/* --------------------------------------------------------------------------------------
 * GET CONFIGURATION (6.5) and the features (chapter 5)
 */
static uint32_t profile(const struct th_lu *lu)
{
    if (th_not_ready(lu) != TH_SENSE_NONE)
        return PROFILE_NONE;
    return is_cd(lu) ? PROFILE_CD_ROM : PROFILE_DVD_ROM;
}

/* p is zeroed and points behind the feature's header; n_bytes follow there. */
struct feature {
    uint16_t code;
    uint8_t  flags;                     /* VERSION, and one of these */
    uint8_t  n_bytes;
    void (*put)(const struct th_lu *lu, uint8_t *p);
};
enum { PERSISTENT = 0x02, WITH_MEDIUM = 0x40, WITH_CD = 0x41, WITH_DVD = 0x42, VERSION_1 = 0x04, VERSION_2 = 0x08 };

static void feature_profiles(const struct th_lu *lu, uint8_t *p)
{
    th_put16(p, PROFILE_DVD_ROM);
    p[2] = profile(lu) == PROFILE_DVD_ROM;
    th_put16(p + 4, PROFILE_CD_ROM);
    p[6] = profile(lu) == PROFILE_CD_ROM;
}

static void feature_core(const struct th_lu *lu, uint8_t *p)
{
    (void)lu;
    th_put32(p, 1);                                     /* an interface of the SCSI family */
}

static void feature_removable(const struct th_lu *lu, uint8_t *p)
{
    (void)lu;
    /* A tray; it loads and ejects, and locks. */
    p[0] = 0x20 | (THIMBLE_SCSI_START_STOP ? 0x18 : 0) | (THIMBLE_SCSI_PREVENT ? 0x01 : 0);
}

static void feature_random_readable(const struct th_lu *lu, uint8_t *p)
{
    th_put32(p, th_block_bytes(lu));
    th_put16(p + 4, is_cd(lu) ? 1 : 16);                /* blocks that the disc has together */
}

static void feature_empty(const struct th_lu *lu, uint8_t *p)
{
    (void)lu;
    (void)p;
}

static const struct feature features[] = {              /* ascending */
    { 0x0000, PERSISTENT, 8, feature_profiles },
    { 0x0001, PERSISTENT | VERSION_2, 8, feature_core },
    { 0x0002, PERSISTENT | VERSION_1, 4, feature_empty },       /* morphing: events are polled */
    { 0x0003, PERSISTENT | VERSION_2, 4, feature_removable },
    { 0x0010, WITH_MEDIUM, 8, feature_random_readable },
    { 0x001e, WITH_CD | VERSION_2, 4, feature_empty },  /* CD read: neither C2 nor CD text */
    { 0x001f, WITH_DVD | VERSION_1, 4, feature_empty }, /* DVD read */
};
enum { ALL_FEATURES = 0, CURRENT_FEATURES = 1, ONE_FEATURE = 2 };

static bool feature_is_current(const struct feature *f, const struct th_lu *lu)
{
    switch (f->flags & ~(VERSION_1 | VERSION_2)) {
    case WITH_MEDIUM: return profile(lu) != PROFILE_NONE;
    case WITH_CD:     return profile(lu) == PROFILE_CD_ROM;
    case WITH_DVD:    return profile(lu) == PROFILE_DVD_ROM;
    default:          return true;
    }
}

enum th_next th_get_configuration_run(struct th_cmd *cmd)
{
    if ((cmd->cdb[1] & 3) > ONE_FEATURE)
        return th_check_cdb(cmd, 1, 1);

    return TH_NEXT_REPLY;
}

enum th_next th_get_configuration_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct th_lu *lu = cmd->lu;
    unsigned which = cmd->cdb[1] & 3, from = th_get16(cmd->cdb + 2);
    uint32_t n = 8;

    memset(buf, 0, 128);
    for (unsigned i = 0; i < sizeof features / sizeof features[0]; i++) {
        const struct feature *f = &features[i];
        bool current = feature_is_current(f, lu);
        if (f->code < from || (which == ONE_FEATURE && f->code != from) ||
            (which == CURRENT_FEATURES && !current))
            continue;
        th_put16(buf + n, f->code);
        buf[n + 2] = (uint8_t)((f->flags & (VERSION_1 | VERSION_2)) |
                               (f->flags & WITH_MEDIUM ? 0 : PERSISTENT) | current);
        buf[n + 3] = f->n_bytes;
        f->put(lu, buf + n + 4);
        n += 4u + f->n_bytes;
    }
    th_put32(buf, n - 4);
    th_put16(buf + 6, profile(lu));
    return th_reply_done(cmd, n, th_get16(cmd->cdb + 7));
}

/* --------------------------------------------------------------------------------------
 * GET EVENT STATUS NOTIFICATION (6.6): what the one who asks has not been told yet
 */
enum { POLLED = 0x01, NO_EVENT = 0x80, CLASS_OPERATION = 1, CLASS_MEDIA = 4, TRAY_OPEN = 0x01, PRESENT = 0x02 };

enum th_next th_get_event_run(struct th_cmd *cmd)
{
    if (!(cmd->cdb[1] & POLLED))                        /* we call nobody by ourselves */
        return th_check_cdb(cmd, 1, 0);

    return TH_NEXT_REPLY;
}

enum th_next th_get_event_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct th_lu *lu = cmd->lu;
    unsigned classes = cmd->cdb[4] & (1u << CLASS_OPERATION | 1u << CLASS_MEDIA);
    enum th_media_event event = th_media_event_look(lu, cmd->nexus);
    uint32_t n = 8;

    memset(buf, 0, 8);
    buf[3] = 1u << CLASS_OPERATION | 1u << CLASS_MEDIA;
    if (classes == 0) {
        buf[2] = NO_EVENT;
        n = 4;
    } else if (classes == 1u << CLASS_MEDIA || (classes & 1u << CLASS_MEDIA && event)) {
        buf[2] = CLASS_MEDIA;
        buf[4] = (uint8_t)event;
        buf[5] = lu->ejected ? TRAY_OPEN : 0;
        if (th_not_ready(lu) == TH_SENSE_NONE)
            buf[5] |= PRESENT;
        if (th_get16(cmd->cdb + 7) > 4)                 /* else it is not told */
            th_media_event_told(lu, cmd->nexus);
    } else {
        buf[2] = CLASS_OPERATION;                       /* no change, ready */
    }
    th_put16(buf, n - 2);
    return th_reply_done(cmd, n, th_get16(cmd->cdb + 7));
}

/* --------------------------------------------------------------------------------------
 * MECHANISM STATUS (6.8), READ DISC INFORMATION (6.22), READ TRACK INFORMATION (6.27),
 * READ DISC STRUCTURE (6.23), SET CD SPEED (6.37)
 */
enum th_next th_mechanism_status_reply(struct th_cmd *cmd, uint8_t *buf)
{
    memset(buf, 0, 8);
    buf[1] = cmd->lu->ejected ? 0x10 : 0x00;            /* the door is open; no changer, idle */
    return th_reply_done(cmd, 8, th_get16(cmd->cdb + 8));
}

enum th_next th_read_disc_information_reply(struct th_cmd *cmd, uint8_t *buf)
{
    memset(buf, 0, 34);
    th_put16(buf, 32);
    buf[2] = 0x0e;                                      /* the session, and the disc, is complete */
    buf[3] = buf[4] = buf[5] = buf[6] = 1;              /* one session, one track */
    th_put32(buf + 16, UINT32_MAX);                     /* nothing can follow */
    th_put32(buf + 20, UINT32_MAX);
    return th_reply_done(cmd, 34, th_get16(cmd->cdb + 7));
}

enum { BY_LBA = 0, BY_TRACK = 1, BY_SESSION = 2 };

enum th_next th_read_track_information_run(struct th_cmd *cmd)
{
    unsigned by = cmd->cdb[1] & 3;
    uint32_t address = th_get32(cmd->cdb + 2);

    if (by > BY_SESSION)
        return th_check_cdb(cmd, 1, 1);
    if (by == BY_LBA && address >= cmd->lu->block->size_blocks)
        return th_scsi_check(cmd, TH_SENSE_LBA_OUT_OF_RANGE);
    if (by != BY_LBA && address != 1)
        return th_check_cdb(cmd, 2, TH_FIELD_WHOLE_BYTE);

    return TH_NEXT_REPLY;
}

enum th_next th_read_track_information_reply(struct th_cmd *cmd, uint8_t *buf)
{
    memset(buf, 0, 36);
    th_put16(buf, 34);
    buf[2] = buf[3] = 1;                                /* track, session */
    buf[5] = 0x04;                                      /* a data track, */
    buf[6] = 0x01;                                      /* mode 1 */
    th_put32(buf + 24, size_of(cmd->lu));
    return th_reply_done(cmd, 36, th_get16(cmd->cdb + 7));
}

enum { PHYSICAL_FORMAT = 0x00, COPYRIGHT = 0x01, FIRST_SECTOR = 0x30000 };

enum th_next th_read_dvd_structure_run(struct th_cmd *cmd)
{
    if (is_cd(cmd->lu))
        return th_scsi_check(cmd, TH_SENSE_INCOMPATIBLE_FORMAT);
    if (cmd->cdb[6] != 0)                               /* one layer */
        return th_check_cdb(cmd, 6, TH_FIELD_WHOLE_BYTE);
    if (cmd->cdb[7] > COPYRIGHT)
        return th_check_cdb(cmd, 7, TH_FIELD_WHOLE_BYTE);

    return TH_NEXT_REPLY;
}

enum th_next th_read_dvd_structure_reply(struct th_cmd *cmd, uint8_t *buf)
{
    uint32_t n = cmd->cdb[7] == COPYRIGHT ? 8 : 4 + 2048;

    memset(buf, 0, n);                                  /* not protected, playable everywhere */
    th_put16(buf, n - 2);
    if (cmd->cdb[7] == PHYSICAL_FORMAT) {
        buf[4] = 0x01;                                  /* DVD-ROM, version 1 */
        buf[5] = 0x0f;                                  /* 120 mm; no rate is specified */
        buf[6] = 0x01;                                  /* one layer, embossed */
        th_put24(buf + 9, FIRST_SECTOR);
        th_put24(buf + 13, th_min32(FIRST_SECTOR + (size_of(cmd->lu) - 1), 0xffffff));
    }
    return th_reply_done(cmd, n, th_get16(cmd->cdb + 8));
}

/* Nothing turns; as fast as it can is what every speed asks for. */
enum th_next th_set_cd_speed_run(struct th_cmd *cmd)
{
    return th_good(cmd);
}

/* --------------------------------------------------------------------------------------
 * READ CD (6.20) and READ CD MSF (6.21): user data, or, with byte 9 zero, nothing
 */
enum { USER_DATA = 0x10 };

static enum th_next read_cd(struct th_cmd *cmd)
{
    if (!is_cd(cmd->lu))
        return th_scsi_check(cmd, TH_SENSE_INCOMPATIBLE_FORMAT);
    if (!th_range_ok(cmd->lba, cmd->n_blocks, cmd->lu->block->size_blocks))
        return th_scsi_check(cmd, TH_SENSE_LBA_OUT_OF_RANGE);
    if (!(cmd->cdb[9] & USER_DATA))
        return th_good(cmd);

    return th_transfer(cmd, TH_NEXT_READ);
}

enum th_next th_read_cd_run(struct th_cmd *cmd)
{
    cmd->lba = th_get32(cmd->cdb + 2);
    cmd->n_blocks = th_get24(cmd->cdb + 6);
    return read_cd(cmd);
}

/* The block at an address of three bytes; before LBA 0 it is one that no disc has. */
static uint32_t lba_of_msf(const uint8_t *p)
{
    uint32_t seconds = p[0] * (uint32_t)SECONDS_OF_MINUTE + p[1];

    return seconds * FRAMES_OF_SECOND + p[2] - MSF_OF_LBA_0;
}

enum th_next th_read_cd_msf_run(struct th_cmd *cmd)
{
    uint32_t first = lba_of_msf(cmd->cdb + 3), end = lba_of_msf(cmd->cdb + 6);

    if (end < first)
        return th_check_cdb(cmd, 6, TH_FIELD_WHOLE_BYTE);
    cmd->lba = first;
    cmd->n_blocks = end - first;
    return read_cd(cmd);
}

#endif
