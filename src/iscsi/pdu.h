/* SPDX-License-Identifier: MIT
 *
 * pdu.h: the 48-byte basic header segment (BHS): numbers of RFC 7143 chapter 11, and its request headers as
 * values.
 *
 * Layer 1, pure functions.  `bhs + 20` is the word that the RFC's figures print at byte 20.
 */
#ifndef TH_ISCSI_PDU_H
#define TH_ISCSI_PDU_H

#include <stdbool.h>
#include <stdint.h>

#define TH_BHS_BYTES 48
#define TH_TAG_NONE UINT32_C(0xffffffff)    /* reserved value of a task tag */
#define TH_FINAL 0x80                       /* F (or T) bit of byte 1 */
#define TH_CONTINUE 0x40                    /* C bit of byte 1, login and text */
#define TH_IMMEDIATE 0x40                   /* I bit of byte 0 */

enum th_opcode {
    TH_OP_NOP_OUT = 0x00,
    TH_OP_SCSI_COMMAND = 0x01,
    TH_OP_TASK_MANAGEMENT = 0x02,
    TH_OP_LOGIN = 0x03,
    TH_OP_TEXT = 0x04,
    TH_OP_DATA_OUT = 0x05,
    TH_OP_LOGOUT = 0x06,
    TH_OP_SNACK = 0x10,
    TH_OP_NOP_IN = 0x20,
    TH_OP_SCSI_RESPONSE = 0x21,
    TH_OP_TASK_MANAGEMENT_RESPONSE = 0x22,
    TH_OP_LOGIN_RESPONSE = 0x23,
    TH_OP_TEXT_RESPONSE = 0x24,
    TH_OP_DATA_IN = 0x25,
    TH_OP_LOGOUT_RESPONSE = 0x26,
    TH_OP_R2T = 0x31,
    TH_OP_ASYNC = 0x32,
    TH_OP_REJECT = 0x3f,
};

/* Reject reasons that are given, RFC 7143 11.17.1. */
enum th_reject {
    TH_REJECT_NONE = 0,
    TH_REJECT_DATA_DIGEST = 0x02,
    TH_REJECT_SNACK = 0x03,
    TH_REJECT_PROTOCOL_ERROR = 0x04,
    TH_REJECT_NOT_SUPPORTED = 0x05,
    TH_REJECT_TOO_MANY_IMMEDIATE = 0x06,
    TH_REJECT_TASK_IN_PROGRESS = 0x07,
    TH_REJECT_INVALID_FIELD = 0x09,
    TH_REJECT_OUT_OF_RESOURCES = 0x0a,
};

/* Login status that is given, class << 8 | detail, RFC 7143 11.13.5. */
enum th_login_status {
    TH_LOGIN_SUCCESS = 0x0000,
    TH_LOGIN_INITIATOR_ERROR = 0x0200,
    TH_LOGIN_AUTH_FAILURE = 0x0201,
    TH_LOGIN_FORBIDDEN = 0x0202,
    TH_LOGIN_NOT_FOUND = 0x0203,
    TH_LOGIN_VERSION = 0x0205,
    TH_LOGIN_TOO_MANY_CONNECTIONS = 0x0206,
    TH_LOGIN_MISSING_PARAMETER = 0x0207,
    TH_LOGIN_SESSION_TYPE = 0x0209,
    TH_LOGIN_NO_SESSION = 0x020a,
    TH_LOGIN_INVALID_REQUEST = 0x020b,
    TH_LOGIN_TARGET_ERROR = 0x0300,
    TH_LOGIN_UNAVAILABLE = 0x0301,
    TH_LOGIN_OUT_OF_RESOURCES = 0x0302,
};

/* Task attributes, RFC 7143 11.3.1: the ATTR bits. */
enum th_attribute {
    TH_ATTR_UNTAGGED = 0,               /* as simple */
    TH_ATTR_SIMPLE = 1,
    TH_ATTR_ORDERED = 2,
    TH_ATTR_HEAD_OF_QUEUE = 3,
    TH_ATTR_ACA = 4,                    /* 5 to 7 are reserved */
};
#define TH_ATTR_BITS 0x07u

/* Task management functions, RFC 7143 11.5.1 and RFC 7144 4. */
enum th_tmf {
    TH_TMF_ABORT_TASK = 1,
    TH_TMF_ABORT_TASK_SET = 2,
    TH_TMF_CLEAR_ACA = 3,
    TH_TMF_CLEAR_TASK_SET = 4,
    TH_TMF_LOGICAL_UNIT_RESET = 5,
    TH_TMF_TARGET_WARM_RESET = 6,
    TH_TMF_TARGET_COLD_RESET = 7,
    TH_TMF_TASK_REASSIGN = 8,
    TH_TMF_QUERY_TASK = 9,
    TH_TMF_QUERY_TASK_SET = 10,
    TH_TMF_I_T_NEXUS_RESET = 11,
    TH_TMF_QUERY_ASYNCHRONOUS_EVENT = 12,
};

/* Task management responses that are given, RFC 7143 11.6.1 and RFC 7144 5. */
enum th_tmf_response {
    TH_TMF_COMPLETE = 0,
    TH_TMF_NO_TASK = 1,
    TH_TMF_NO_LUN = 2,
    TH_TMF_NO_REASSIGN = 4,
    TH_TMF_NOT_SUPPORTED = 5,
    TH_TMF_SUCCEEDED = 7,               /* "function succeeded" of RFC 7144 */
    TH_TMF_REJECTED = 255,
};

/* AsyncEvents that are sent, RFC 7143 11.9.1. */
enum th_async {
    TH_ASYNC_SCSI = 0,
    TH_ASYNC_LOGOUT = 1,                /* the initiator is asked to log out */
    TH_ASYNC_DROP_ALL = 3,              /* all connections of the session */
    TH_ASYNC_PARAMETERS = 4,            /* the initiator is asked to negotiate again */
};

#endif
