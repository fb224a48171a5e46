/* SPDX-License-Identifier: MIT
 *
 * inquiry.c: who a logical unit is and what it can do: INQUIRY and its vital product data pages.
 *
 * Facts to parameter data; no disk call.  The pages are a table.  Layer 2.  SPC-4 6.6 and 7.8; pages
 * B0h and above are SBC-3's 6.6.
 */
#include <string.h>

#include "../core/wire.h"
#include "ops.h"

/* --------------------------------------------------------------------------------------
 * Identity
 */

/* Company identifier of our NAA designators.  We own no IEEE identifier; this one has the bit
 * set that marks a locally administered one, so that it can be nobody else's product. */
#define NAA_COMPANY_ID UINT32_C(0x025448)

/* The disk's, or NULL: it has none, or a unit that was added before has it.  A disk at two places is two units, each with
 * its own reservations; initiators must not take them for two paths to one. */
static const char *serial_of(const struct th_lu *lu)
{
    const char *serial = lu->block->serial;

    for (const struct th_lu *o = lu->before; serial && o; o = o->before)
        if (o->block->serial && strcmp(o->block->serial, serial) == 0)
            return NULL;
    return serial;
}

/* A number that is the same after every restart, and other for another unit: from the disk's serial number, wherever it is
 * served; without one from the unit's place, the target's name and the LUN.  FNV-1a. */
static uint64_t identity(const struct th_lu *lu, uint64_t seed)
{
    const char *text = serial_of(lu);
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ seed;

    if (!text) {
        text = lu->target->name;
        hash ^= (lu->lun + UINT64_C(1)) << 32;
    }
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return hash;
}

static void put_hex(char *out, const uint8_t *bytes, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
}

enum { SERIAL_MAX = 32 };

/* NAA IEEE Registered Extended (SPC-4 7.8.6.6.5). */
void th_lu_naa(const struct th_lu *lu, uint8_t p[TH_NAA_BYTES])
{
    uint64_t vendor_specific = identity(lu, UINT64_C(0x9e3779b97f4a7c15)) >> 28;  /* 36 bits */

    th_put64(p, UINT64_C(6) << 60 | (uint64_t)NAA_COMPANY_ID << 36 | vendor_specific);
    th_put64(p + 8, identity(lu, 0));
}

/* Returns the length. */
static uint32_t put_serial(const struct th_lu *lu, uint8_t *p)
{
    const char *serial = serial_of(lu);

    if (serial) {
        uint32_t n = th_min32((uint32_t)strlen(serial), SERIAL_MAX);
        memcpy(p, serial, n);
        return n;
    }
    uint8_t id[8];
    th_put64(id, identity(lu, 0));
    put_hex((char *)p, id, sizeof id);
    return 2 * sizeof id;
}

/* Text, filled up with spaces (SPC-4 4.3.1). */
static void put_ascii(uint8_t *p, const char *text, size_t width)
{
    size_t n = strlen(text);

    memset(p, ' ', width);
    memcpy(p, text, n < width ? n : width);
}

/* --------------------------------------------------------------------------------------
 * INQUIRY (6.6)
 */
enum {
    PERIPHERAL_NONE = 0x7f,             /* qualifier 3: no unit can be here; type unknown */
    PERIPHERAL_WELL_KNOWN = 0x1e,
    STANDARD_BYTES = 96,
    EVPD = 0x01,
};

/* Version descriptors (SPC-4 6.6.4): SAM-5, iSCSI, SPC-4, and SBC-3 or MMC-6. */
static const uint16_t versions[] = { 0x00a0, 0x0960, 0x0460, 0x04c0 };
enum { MMC_6 = 0x04e0 };

static uint8_t peripheral(const struct th_cmd *cmd)
{
    return cmd->lu ? cmd->lu->type : th_well_known(cmd) ? PERIPHERAL_WELL_KNOWN : PERIPHERAL_NONE;
}

static uint32_t put_standard(const struct th_cmd *cmd, uint8_t *p)
{
    const struct th_lu *lu = cmd->lu;

    memset(p, 0, STANDARD_BYTES);
    p[0] = peripheral(cmd);
    p[1] = lu && th_removable(lu) ? 0x80 : 0x00;        /* RMB */
    p[2] = 0x06;                                        /* SPC-4 */
    p[3] = 0x12;                                        /* HISUP, response data format 2 */
    p[4] = STANDARD_BYTES - 5;
    if (THIMBLE_SCSI_ALUA && lu && !th_is_cdrom(lu))
        p[5] = 0x30;                                    /* TPGS: implicit and explicit */
    if (lu && THIMBLE_SCSI_THIRD_PARTY && th_copy_offered(lu))
        p[5] |= 0x08;                                    /* 3PC */
    p[7] = 0x02;                                        /* CMDQUE */
    put_ascii(p + 8, lu ? lu->vendor : "THIMBLE", 8);
    put_ascii(p + 16, lu ? lu->product : "", 16);
    put_ascii(p + 32, lu ? lu->revision : "", 4);
    for (unsigned i = 0; i < sizeof versions / sizeof versions[0]; i++)
        th_put16(p + 58 + 2 * i, versions[i]);
    if (lu && th_is_cdrom(lu))
        th_put16(p + 64, MMC_6);
    if (th_well_known(cmd))
        th_put16(p + 64, 0);                            /* SPC says all of it */
    return STANDARD_BYTES;
}

/* A VPD page: writes what follows the four-byte header (zeroed up to TH_REPLY_MAX), returns its
 * length. */
struct vpd_page {
    uint8_t code;
    uint32_t (*put)(const struct th_cmd *cmd, uint8_t *p);
};

static uint32_t vpd_supported(const struct th_cmd *cmd, uint8_t *p);

static uint32_t vpd_serial(const struct th_cmd *cmd, uint8_t *p)
{
    return put_serial(cmd->lu, p);
}

/* Designators (7.8.6): what they name, and how. */
enum {
    FOR_UNIT = 0x00, FOR_PORT = 0x10, FOR_TARGET = 0x20,        /* ASSOCIATION */
    TYPE_T10 = 1, TYPE_NAA = 3, TYPE_RELATIVE_PORT = 4, TYPE_PORT_GROUP = 5, TYPE_SCSI_NAME = 8,
    CODE_BINARY = 1, CODE_ASCII = 2, CODE_UTF8 = 3,
    PIV = 0x80, PROTOCOL_ISCSI = 0x50,
};

/* The header of a designator of n bytes; returns where they go. */
static uint8_t *put_designator(uint8_t **p, unsigned code_set, unsigned association,
                               unsigned type, uint32_t n)
{
    uint8_t *at = *p;
    bool of_port = association != FOR_UNIT;             /* then it says which protocol */

    at[0] = (uint8_t)((of_port ? PROTOCOL_ISCSI : 0u) | code_set);
    at[1] = (uint8_t)((of_port ? PIV : 0u) | association | type);
    at[3] = (uint8_t)n;
    *p = at + 4 + n;
    return at + 4;
}

/* A SCSI name string: text, then extra; ended by a zero, filled up with zeros. */
static void put_scsi_name(uint8_t **p, unsigned association, const char *text,
                          const char *extra)
{
    uint32_t n = (uint32_t)strlen(text), m = (uint32_t)strlen(extra);
    uint8_t *at = put_designator(p, CODE_UTF8, association, TYPE_SCSI_NAME,
                                 th_pad4(n + m + 1));
    memcpy(at, text, n);
    memcpy(at + n, extra, m);
}

/* The target port's (RFC 7143 4.2.7.1, 4.4.1). */
static void put_port_name(uint8_t **p, const struct th_scsi_target *target, uint16_t port_tag)
{
    char text[] = ",t,0x0000";
    uint8_t tag[2];

    th_put16(tag, port_tag);
    put_hex(text + 5, tag, 2);
    put_scsi_name(p, FOR_PORT, target->name, text);
}

static void put_unit_names(uint8_t **end, const struct th_lu *lu)
{
    uint8_t serial[SERIAL_MAX], naa[TH_NAA_BYTES], *at;
    uint32_t serial_len = put_serial(lu, serial);

    at = put_designator(end, CODE_ASCII, FOR_UNIT, TYPE_T10, 8 + 16 + serial_len);
    put_ascii(at, lu->vendor, 8);
    put_ascii(at + 8, lu->product, 16);
    memcpy(at + 24, serial, serial_len);

    th_lu_naa(lu, naa);
    at = put_designator(end, CODE_BINARY, FOR_UNIT, TYPE_NAA, TH_NAA_BYTES);
    memcpy(at, naa, TH_NAA_BYTES);

    char naa_text[2 * TH_NAA_BYTES + 1] = { 0 };
    put_hex(naa_text, naa, TH_NAA_BYTES);
    put_scsi_name(end, FOR_UNIT, "naa.", naa_text);
}

/* A well known logical unit has no name of its own. */
static uint32_t vpd_identification(const struct th_cmd *cmd, uint8_t *p)
{
    const struct th_lu *lu = cmd->lu;
    const struct th_scsi_target *target = cmd->nexus->target;
    uint16_t tag = th_tag_of(cmd->nexus);
    uint8_t *end = p, *at;

    if (lu)
        put_unit_names(&end, lu);
    at = put_designator(&end, CODE_BINARY, FOR_PORT, TYPE_RELATIVE_PORT, 4);
    th_put16(at + 2, tag);

    if (THIMBLE_SCSI_ALUA && lu && !th_is_cdrom(lu)) {
        at = put_designator(&end, CODE_BINARY, FOR_PORT, TYPE_PORT_GROUP, 4);
        th_put16(at + 2, tag);
    }
    put_port_name(&end, target, tag);
    put_scsi_name(&end, FOR_TARGET, target->name, "");
    return (uint32_t)(end - p);
}

static uint32_t vpd_extended(const struct th_cmd *cmd, uint8_t *p)
{
    p[1] = THIMBLE_TASK_ATTRIBUTES ? 0x07 : 0x01;       /* HEADSUP, ORDSUP, SIMPSUP */
    p[2] = th_write_cache(cmd->lu) ? 0x01 : 0x00;       /* V_SUP */
    p[3] = 0x01;                /* LUICLR: a unit attention is cleared for its nexus only */
    return 60;
}

#if THIMBLE_SCSI_VPD
/* Management network addresses (7.8.8): where the target's state can be seen. */
enum { SERVICE_STATUS = 0x03, URL_MAX_BYTES = 250 };

static bool has_status_url(const struct th_scsi_target *target)
{
    size_t n = target->status_url ? strlen(target->status_url) : 0;

    return n > 0 && n <= URL_MAX_BYTES;
}

static uint32_t vpd_management(const struct th_cmd *cmd, uint8_t *p)
{
    const char *url = cmd->lu->target->status_url;
    uint32_t n = (uint32_t)strlen(url), len = th_pad4(n + 1);
    p[0] = FOR_TARGET << 1 | SERVICE_STATUS;            /* ASSOCIATION is one bit further up than in a designator */
    th_put16(p + 2, len);
    memcpy(p + 4, url, n);
    return 4 + len;
}

/* Mode page policy (7.8.11): every page and subpage is shared by all. */
static uint32_t vpd_mode_policy(const struct th_cmd *cmd, uint8_t *p)
{
    (void)cmd;
    p[0] = 0x3f;
    p[1] = 0xff;
    return 4;
}

/* SCSI ports (7.8.14): the target ports. */
enum { PORT_HEADER_BYTES = 12, PORT_NAME_MAX = 4 + 236 };       /* a designator, and a name as in put_port_name() */
_Static_assert(4 + THIMBLE_PORT_GROUPS * (PORT_HEADER_BYTES + PORT_NAME_MAX) <= TH_REPLY_MAX, "all ports in one page");

static uint32_t vpd_ports(const struct th_cmd *cmd, uint8_t *p)
{
    const struct th_scsi_target *target = cmd->lu->target;
    uint8_t *end = p;

    for (unsigned port = 0; port < th_ports(target); port++) {
        uint8_t *at = end;
        end += PORT_HEADER_BYTES;
        th_put16(at + 2, th_port_tag(target, port));
        put_port_name(&end, target, th_port_tag(target, port));
        th_put16(at + 10, (uint32_t)(end - at) - PORT_HEADER_BYTES);
    }
    return (uint32_t)(end - p);
}
#endif

static uint32_t vpd_block_limits(const struct th_cmd *cmd, uint8_t *p)
{
    const struct th_lu *lu = cmd->lu;
    uint32_t granularity = UINT32_C(1) << lu->block->physical_shift;

    p[0] = 0x01;                                        /* WSNZ */
    p[1] = (uint8_t)th_max_compare_and_write_blocks(lu);
    th_put16(p + 2, granularity);                       /* of an optimal transfer */
    th_put32(p + 4, th_max_transfer_blocks(lu));
    th_put32(p + 8, th_min32(lu->block->optimal_blocks, th_max_transfer_blocks(lu)));
    if (th_thin(lu)) {
        th_put32(p + 16, TH_MAX_UNMAP_BLOCKS);
        th_put32(p + 20, th_max_unmap_descriptors(lu));
        if (granularity > 1) {                          /* QEMU trips over a granularity of one
                                                         * block of 4096 bytes; 0 says the same */
            th_put32(p + 24, granularity);
            th_put32(p + 28, UINT32_C(1) << 31);        /* UGAVALID: aligned to 0 */
        }
    }
    if (THIMBLE_SCSI_WRITE_SAME)
        th_put64(p + 32, TH_MAX_WRITE_SAME_BLOCKS);
    if (THIMBLE_SCSI_WRITE_ATOMIC) {
        uint32_t atomic_blocks = th_scsi_atomic_blocks(lu);
        th_put32(p + 40, atomic_blocks);                /* length, alignment, granularity; no boundaries */
        th_put32(p + 44, atomic_blocks);
        th_put32(p + 48, atomic_blocks);
    }
    return 60;
}

static uint32_t vpd_characteristics(const struct th_cmd *cmd, uint8_t *p)
{
    th_put16(p, 0x0001);                                /* non-rotating medium */
    if (THIMBLE_SCSI_SANITIZE)
        p[3] = 0x40;                    /* WABEREQ 01b: after a block erase, blocks can be read */
    if (THIMBLE_SCSI_VERIFY && th_thin(cmd->lu))
        p[4] = 0x01;                    /* VBULS: VERIFY compares unmapped blocks, too: zeros */
    return 60;
}

#if THIMBLE_SCSI_THIN
static uint32_t vpd_provisioning(const struct th_cmd *cmd, uint8_t *p)
{
    if (th_has_thresholds(cmd->lu))
        p[0] = TH_THRESHOLD_EXPONENT;
    if (th_thin(cmd->lu)) {
        p[1] = THIMBLE_SCSI_WRITE_SAME ? 0xe4 : 0x84;   /* LBPU, LBPWS and LBPWS10; LBPRZ 1 */
        p[2] = 0x02;                                    /* thin */
    }
    return 4;
}
#endif

static const struct vpd_page vpd_pages[] = {            /* ascending, as page 00h lists them */
    { 0x00, vpd_supported },
    { 0x80, vpd_serial },
    { 0x83, vpd_identification },
#if THIMBLE_SCSI_VPD
    { 0x85, vpd_management },
#endif
    { 0x86, vpd_extended },
#if THIMBLE_SCSI_VPD
    { 0x87, vpd_mode_policy },
    { 0x88, vpd_ports },
#endif
#if THIMBLE_SCSI_THIRD_PARTY
    { 0x8f, th_vpd_third_party },
#endif
    { 0xb0, vpd_block_limits },
    { 0xb1, vpd_characteristics },
#if THIMBLE_SCSI_THIN
    { 0xb2, vpd_provisioning },
#endif
};

#define N_VPD_PAGES (sizeof vpd_pages / sizeof vpd_pages[0])

/* Pages from B0h on are the device type's own.  About a unit that is not there nothing is to be told. */
static bool vpd_offered(const struct vpd_page *page, const struct th_cmd *cmd)
{
    const struct th_lu *lu = cmd->lu;

    if (!lu)
        return page->code == 0x00 || (th_well_known(cmd) && page->code == 0x83);
    if (THIMBLE_SCSI_THIRD_PARTY && page->code == 0x8f)
        return th_copy_offered(lu);
#if THIMBLE_SCSI_VPD
    if (page->code == 0x85)
        return has_status_url(lu->target);
#endif
    return page->code < 0xb0 || !th_is_cdrom(lu);
}

static uint32_t vpd_supported(const struct th_cmd *cmd, uint8_t *p)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < N_VPD_PAGES; i++)
        if (vpd_offered(&vpd_pages[i], cmd))
            p[n++] = vpd_pages[i].code;
    return n;
}

static const struct vpd_page *find_vpd_page(const struct th_cmd *cmd)
{
    uint8_t code = cmd->cdb[2];

    for (unsigned i = 0; i < N_VPD_PAGES; i++)
        if (vpd_pages[i].code == code && vpd_offered(&vpd_pages[i], cmd))
            return &vpd_pages[i];
    return NULL;
}

enum th_next th_inquiry_run(struct th_cmd *cmd)
{
    bool evpd = cmd->cdb[1] & EVPD;

    if (evpd ? !find_vpd_page(cmd) : cmd->cdb[2] != 0)
        return th_check_cdb(cmd, 2, TH_FIELD_WHOLE_BYTE);

    return TH_NEXT_REPLY;
}

enum th_next th_inquiry_reply(struct th_cmd *cmd, uint8_t *buf)
{
    uint32_t n;

    if (cmd->cdb[1] & EVPD) {
        const struct vpd_page *page = find_vpd_page(cmd);
        if (!page)                                      /* what it tells has just gone */
            return th_check_cdb(cmd, 2, TH_FIELD_WHOLE_BYTE);
        memset(buf, 0, TH_REPLY_MAX);
        n = page->put(cmd, buf + 4);
        buf[0] = peripheral(cmd);
        buf[1] = cmd->cdb[2];
        th_put16(buf + 2, n);
        n += 4;
    } else {
        n = put_standard(cmd, buf);
    }
    return th_reply_done(cmd, n, th_get16(cmd->cdb + 3));
}
