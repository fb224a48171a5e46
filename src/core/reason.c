/* SPDX-License-Identifier: MIT
 *
 * reason.c: thimble_reason_text(), the English of enum thimble_reason.
 *
 * Layer 0.  A file of its own: it costs flash only where a log is kept.
 */
#include "../thimble.h"

static const char *const texts[THIMBLE_REASON_COUNT] = {
    [THIMBLE_REASON_NONE] = "no reason given",
    [THIMBLE_REASON_PEER_CLOSED] = "the initiator closed the connection",
    [THIMBLE_REASON_NOT_LOGIN] = "the first PDU was not a Login Request",
    [THIMBLE_REASON_LOGIN_TIMEOUT] = "the login took too long",
    [THIMBLE_REASON_LOGIN_EVICTED] = "an unfinished login made room for a newer one",
    [THIMBLE_REASON_LOGIN_PROTOCOL] = "a login PDU breaks the rules of the login phase",
    [THIMBLE_REASON_LOGIN_VERSION] = "the initiator speaks another protocol version",
    [THIMBLE_REASON_TEXT_MALFORMED] = "the text is not made of key=value pairs",
    [THIMBLE_REASON_TEXT_TOO_LONG] = "the text, or one pair of it, is too long",
    [THIMBLE_REASON_KEY_REPEATED] = "a key came twice in one negotiation",
    [THIMBLE_REASON_KEY_VALUE] = "a key has a value outside its range",
    [THIMBLE_REASON_NAME_MISSING] = "a name that the first request must give is missing",
    [THIMBLE_REASON_NAME_BAD] = "not an iSCSI name",
    [THIMBLE_REASON_TARGET_UNKNOWN] = "there is no target of that name",
    [THIMBLE_REASON_NOT_ALLOWED] = "the initiator is not on the target's allow-list",
    [THIMBLE_REASON_AUTH_NEEDED] = "the target asks for CHAP, which was not offered",
    [THIMBLE_REASON_AUTH_FAILED] = "the CHAP name or secret is wrong",
    [THIMBLE_REASON_AUTH_REFLECTION] = "the initiator sent our own CHAP challenge back",
    [THIMBLE_REASON_AUTH_PROTOCOL] = "a CHAP key is missing, wrong or out of order",
    [THIMBLE_REASON_SESSION_TYPE] = "unknown SessionType",
    [THIMBLE_REASON_SESSION_UNKNOWN] = "there is no session of that TSIH",
    [THIMBLE_REASON_CONNECTIONS] = "a second connection for one session",
    [THIMBLE_REASON_NO_ROOM] = "no room for it now",
    [THIMBLE_REASON_SHUTDOWN] = "shutting down",
    [THIMBLE_REASON_DATA_TOO_LONG] = "the data segment is longer than was declared",
    [THIMBLE_REASON_AHS_TOO_LONG] = "the additional header segments are too long",
    [THIMBLE_REASON_HEADER_DIGEST] = "the header digest does not match",
    [THIMBLE_REASON_DATA_DIGEST] = "the data digest does not match",
    [THIMBLE_REASON_OPCODE] = "an opcode that is unknown or not allowed now",
    [THIMBLE_REASON_FIELD] = "a field of the PDU is wrong",
    [THIMBLE_REASON_CMD_SN] = "command numbers are out of order beyond repair",
    [THIMBLE_REASON_DATA_SN] = "Data-Out came out of order or was not asked for",
    [THIMBLE_REASON_TOO_MANY] = "too many immediate commands at a time",
    [THIMBLE_REASON_DATA_TIMEOUT] = "data that we asked for did not come",
    [THIMBLE_REASON_NOP_TIMEOUT] = "our ping was not answered",
    [THIMBLE_REASON_SEND_TIMEOUT] = "the initiator stopped taking what we send",
    [THIMBLE_REASON_LOGOUT_TIMEOUT] = "the logout took too long",
    [THIMBLE_REASON_RESET] = "the target was reset",
    [THIMBLE_REASON_RANDOM] = "no random bytes for a CHAP challenge",
};

const char *thimble_reason_text(enum thimble_reason reason)
{
    if ((unsigned)reason >= THIMBLE_REASON_COUNT || !texts[reason])
        return "unknown reason";
    return texts[reason];
}
