/* SPDX-License-Identifier: MIT
 *
 * params.h: what a login negotiated, and who logged in.  Layer 1, plain values.
 */
#ifndef TH_ISCSI_PARAMS_H
#define TH_ISCSI_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#define TH_NAME_MAX 223                 /* RFC 7143 4.2.7.1 */

/* The results of RFC 7143 chapter 13; before negotiation, its defaults (th_params_default). */
struct th_params {
    uint32_t max_send_bytes;            /* the initiator's MaxRecvDataSegmentLength */
    uint32_t max_burst_bytes;
    uint32_t first_burst_bytes;
    uint16_t max_outstanding_r2t;
    uint16_t time2wait_s;
    uint16_t time2retain_s;
    uint8_t  protocol_level;            /* iSCSIProtocolLevel; 2: RFC 7144 functions may be used */
    uint8_t  task_reporting;            /* enum th_task_reporting */
    bool     header_digest : 1;
    bool     data_digest : 1;
    bool     initial_r2t : 1;
    bool     immediate_data : 1;
    bool     discovery : 1;             /* SessionType=Discovery */
};

enum th_task_reporting { TH_REPORTING_RFC3720, TH_REPORTING_RESPONSE_FENCE };

/* The initiator's side of the nexus, and the numbers that name the session (RFC 7143 4.4.3.1). */
struct th_peer {
    char     name[TH_NAME_MAX + 1];     /* InitiatorName, "" until it is known */
    uint8_t  isid[6];
    uint16_t tsih;                      /* in login: as the initiator sent it, 0 for a new session */
    uint16_t cid;
};

#endif
