/* SPDX-License-Identifier: MIT
 *
 * test_keys.c: every key of the table, by lines of request, answer and outcome.
 *
 * A line with a status is a login that is refused; `answer` is then the key that the log
 * names.  In full feature phase it is a text exchange that is rejected.
 */
#include "nego_test.h"

enum where { OP, SEC, FF, DISC_OP, DISC_FF };

struct key_case {
    const char *title;
    enum where where;
    const char *request, *answer;
    const char *outcome;        /* part of params_text(), or NULL */
    uint16_t status;            /* or, in full feature phase, a Reject reason */
    enum thimble_reason why;
};

#define FINE 0, THIMBLE_REASON_NONE
#define ERR TH_LOGIN_INITIATOR_ERROR
#define VALUE THIMBLE_REASON_KEY_VALUE
#define STAGE THIMBLE_REASON_LOGIN_PROTOCOL
#define TWICE THIMBLE_REASON_KEY_REPEATED

#define V64 "0123456789012345678901234567890123456789012345678901234567890123"
#define V256 V64 V64 V64 V64

static const struct key_case cases[] = {
    /* HeaderDigest, DataDigest */
    { "HeaderDigest: CRC32C", OP, "HeaderDigest=CRC32C", "HeaderDigest=CRC32C",
      " hd=1 dd=0 ", FINE },
    { "HeaderDigest: None", OP, "HeaderDigest=None", "HeaderDigest=None", " hd=0 ",
      FINE },
    { "HeaderDigest: their order, None first", OP, "HeaderDigest=None,CRC32C",
      "HeaderDigest=None", " hd=0 ", FINE },
    { "HeaderDigest: their order, CRC32C first", OP, "HeaderDigest=CRC32C,None",
      "HeaderDigest=CRC32C", " hd=1 ", FINE },
    { "HeaderDigest: what we do not know is passed over", OP,
      "HeaderDigest=X-sum,CRC32C,None",
      "HeaderDigest=CRC32C", " hd=1 ", FINE },
    { "HeaderDigest: nothing that we know", OP, "HeaderDigest=X-sum",
      "HeaderDigest=Reject", " hd=0 ", FINE },
    { "HeaderDigest: None is not ours to add", OP, "HeaderDigest=crc32c",
      "HeaderDigest=Reject", " hd=0 ", FINE },
    { "HeaderDigest: part of a word", OP, "HeaderDigest=CRC32", "HeaderDigest=Reject",
      NULL, FINE },
    { "HeaderDigest: empty", OP, "HeaderDigest=", "HeaderDigest=Reject", NULL, FINE },
    { "HeaderDigest: list of nothing", OP, "HeaderDigest=,,", "HeaderDigest=Reject", NULL,
      FINE },
    { "HeaderDigest: in the security stage", SEC, "HeaderDigest=None", "HeaderDigest",
      NULL, ERR, STAGE },
    { "HeaderDigest: in full feature phase", FF, "HeaderDigest=CRC32C",
      "HeaderDigest=Reject", " hd=0 ", FINE },
    { "HeaderDigest: in discovery", DISC_OP, "HeaderDigest=CRC32C", "HeaderDigest=CRC32C",
      " hd=1 ", FINE },
    { "HeaderDigest: twice", OP, "HeaderDigest=None HeaderDigest=None", "HeaderDigest",
      NULL, ERR, TWICE },
    { "DataDigest: CRC32C", OP, "DataDigest=CRC32C", "DataDigest=CRC32C", " hd=0 dd=1 ",
      FINE },
    { "DataDigest: their order", OP, "DataDigest=None,CRC32C", "DataDigest=None",
      " dd=0 ", FINE },
    { "DataDigest: nothing that we know", OP, "DataDigest=MD5", "DataDigest=Reject",
      " dd=0 ", FINE },
    { "DataDigest: in full feature phase", FF, "DataDigest=None", "DataDigest=Reject",
      NULL, FINE },

    /* MaxConnections */
    { "MaxConnections: least", OP, "MaxConnections=1", "MaxConnections=1", NULL, FINE },
    { "MaxConnections: most", OP, "MaxConnections=65535", "MaxConnections=1", NULL,
      FINE },
    { "MaxConnections: too few", OP, "MaxConnections=0", "MaxConnections=Reject", NULL,
      FINE },
    { "MaxConnections: too many", OP, "MaxConnections=65536", "MaxConnections=Reject",
      NULL, FINE },
    { "MaxConnections: in discovery", DISC_OP, "MaxConnections=1",
      "MaxConnections=Irrelevant", NULL, FINE },
    { "MaxConnections: in full feature phase", FF, "MaxConnections=1",
      "MaxConnections=Reject", NULL, FINE },

    /* SendTargets: the listings are in test_sendtargets.c */
    { "SendTargets: in the operational stage", OP, "SendTargets=All", "SendTargets", NULL,
      ERR, STAGE },
    { "SendTargets: in the security stage", SEC, "SendTargets=All", "SendTargets", NULL,
      ERR, STAGE },
    { "SendTargets: All in a normal session", FF, "SendTargets=All", "SendTargets=Reject",
      NULL, FINE },
    { "SendTargets: this one in discovery", DISC_FF, "SendTargets=", "SendTargets=Reject",
      NULL, FINE },
    { "SendTargets: of nobody", DISC_FF, "SendTargets=iqn.nobody", "", NULL, FINE },
    { "SendTargets: twice", DISC_FF, "SendTargets=All SendTargets=All", "SendTargets",
      NULL,
      TH_REJECT_PROTOCOL_ERROR, TWICE },

    /* Who: the first request is in test_login.c */
    { "TargetName: again", OP, "TargetName=" DISK, "", NULL, FINE },
    { "TargetName: again, in capitals", OP, "TargetName=IQN.2024-01.EXAMPLE:DISK", "",
      NULL, FINE },
    { "TargetName: another", OP, "TargetName=" OTHER, "TargetName", NULL, ERR, TWICE },
    { "TargetName: late, in discovery", DISC_OP, "TargetName=" OTHER, "", NULL, FINE },
    { "TargetName: in full feature phase", FF, "TargetName=" DISK, "TargetName=Reject",
      NULL, FINE },
    { "InitiatorName: again", OP, "InitiatorName=" HOST, "", NULL, FINE },
    { "InitiatorName: another", OP, "InitiatorName=" FRIEND, "InitiatorName", NULL, ERR,
      TWICE },
    { "InitiatorName: in full feature phase", FF, "InitiatorName=" HOST,
      "InitiatorName=Reject", NULL, FINE },
    { "SessionType: again", OP, "SessionType=Normal", "", " discovery=0 ", FINE },
    { "SessionType: another", OP, "SessionType=Discovery", "SessionType", " discovery=0 ",
      ERR, TWICE },
    { "SessionType: unknown", OP, "SessionType=Abnormal", "SessionType", NULL,
      TH_LOGIN_SESSION_TYPE,
      THIMBLE_REASON_SESSION_TYPE },
    { "SessionType: list", OP, "SessionType=Normal,Discovery", "SessionType", NULL,
      TH_LOGIN_SESSION_TYPE,
      THIMBLE_REASON_SESSION_TYPE },
    { "SessionType: in full feature phase", FF, "SessionType=Normal",
      "SessionType=Reject", NULL, FINE },
    { "InitiatorAlias: declared", OP, "InitiatorAlias=my^host", "", NULL, FINE },
    { "InitiatorAlias: empty", OP, "InitiatorAlias=", "", NULL, FINE },
    { "InitiatorAlias: in the security stage", SEC, "InitiatorAlias=a", "", NULL, FINE },
    { "InitiatorAlias: in both stages, or twice", OP, "InitiatorAlias=a InitiatorAlias=b",
      "", NULL, FINE },
    { "InitiatorAlias: in full feature phase", FF, "InitiatorAlias=a", "", NULL, FINE },
    { "TargetAlias: not theirs to send", OP, "TargetAlias=a", "TargetAlias=Reject", NULL,
      FINE },
    { "TargetAlias: in full feature phase", FF, "TargetAlias=a", "TargetAlias=Reject",
      NULL, FINE },
    { "TargetAddress: not theirs to send", OP, "TargetAddress=192.0.2.1,1",
      "TargetAddress=Reject", NULL, FINE },
    { "TargetPortalGroupTag: not theirs to send", OP, "TargetPortalGroupTag=1",
      "TargetPortalGroupTag=Reject", NULL, FINE },
    { "TargetPortalGroupTag: an answer to ours", OP, "TargetPortalGroupTag=NotUnderstood",
      "", NULL, FINE },

    /* Booleans */
    { "InitialR2T: No", OP, "InitialR2T=No", "InitialR2T=No", " r2t=0 ", FINE },
    { "InitialR2T: Yes", OP, "InitialR2T=Yes", "InitialR2T=Yes", " r2t=1 ", FINE },
    { "InitialR2T: neither", OP, "InitialR2T=Maybe", "InitialR2T=Reject", " r2t=1 ",
      FINE },
    { "InitialR2T: small letters", OP, "InitialR2T=no", "InitialR2T=Reject", " r2t=1 ",
      FINE },
    { "InitialR2T: empty", OP, "InitialR2T=", "InitialR2T=Reject", " r2t=1 ", FINE },
    { "InitialR2T: in discovery", DISC_OP, "InitialR2T=No", "InitialR2T=Irrelevant",
      " r2t=1 ", FINE },
    { "InitialR2T: in full feature phase", FF, "InitialR2T=No", "InitialR2T=Reject",
      " r2t=1 ", FINE },
    { "InitialR2T: twice", OP, "InitialR2T=No InitialR2T=No", "InitialR2T", NULL, ERR,
      TWICE },
    { "ImmediateData: Yes", OP, "ImmediateData=Yes", "ImmediateData=Yes", " imm=1 ",
      FINE },
    { "ImmediateData: No", OP, "ImmediateData=No", "ImmediateData=No", " imm=0 ", FINE },
    { "ImmediateData: neither", OP, "ImmediateData=1", "ImmediateData=Reject", " imm=1 ",
      FINE },
    { "ImmediateData: in discovery", DISC_OP, "ImmediateData=No",
      "ImmediateData=Irrelevant", " imm=1 ", FINE },
    { "DataPDUInOrder: No", OP, "DataPDUInOrder=No", "DataPDUInOrder=Yes", NULL, FINE },
    { "DataPDUInOrder: Yes", OP, "DataPDUInOrder=Yes", "DataPDUInOrder=Yes", NULL, FINE },
    { "DataPDUInOrder: neither", OP, "DataPDUInOrder=0", "DataPDUInOrder=Reject", NULL,
      FINE },
    { "DataPDUInOrder: in discovery", DISC_OP, "DataPDUInOrder=Yes",
      "DataPDUInOrder=Irrelevant", NULL, FINE },
    { "DataSequenceInOrder: No", OP, "DataSequenceInOrder=No", "DataSequenceInOrder=Yes",
      NULL, FINE },
    { "DataSequenceInOrder: Yes", OP, "DataSequenceInOrder=Yes",
      "DataSequenceInOrder=Yes", NULL, FINE },
    { "DataSequenceInOrder: neither", OP, "DataSequenceInOrder=YES",
      "DataSequenceInOrder=Reject", NULL, FINE },
    { "DataSequenceInOrder: in discovery", DISC_OP, "DataSequenceInOrder=No",
      "DataSequenceInOrder=Irrelevant", NULL, FINE },

    /* MaxRecvDataSegmentLength: declared, so no answer */
    { "MaxRecvDataSegmentLength: least", OP, "MaxRecvDataSegmentLength=512", "",
      " send=512 ", FINE },
    { "MaxRecvDataSegmentLength: most", OP, "MaxRecvDataSegmentLength=16777215", "",
      " send=16777215 ", FINE },
    { "MaxRecvDataSegmentLength: hexadecimal", OP, "MaxRecvDataSegmentLength=0x10000", "",
      " send=65536 ", FINE },
    { "MaxRecvDataSegmentLength: in discovery", DISC_OP, "MaxRecvDataSegmentLength=32768",
      "", " send=32768 ", FINE },
    { "MaxRecvDataSegmentLength: zero", OP, "MaxRecvDataSegmentLength=0",
      "MaxRecvDataSegmentLength", " send=8192 ", ERR, VALUE },
    { "MaxRecvDataSegmentLength: too little", OP, "MaxRecvDataSegmentLength=511",
      "MaxRecvDataSegmentLength", NULL, ERR, VALUE },
    { "MaxRecvDataSegmentLength: too much", OP, "MaxRecvDataSegmentLength=16777216",
      "MaxRecvDataSegmentLength", NULL, ERR, VALUE },
    { "MaxRecvDataSegmentLength: 2^32 + 8192", OP, "MaxRecvDataSegmentLength=4294975488",
      "MaxRecvDataSegmentLength", NULL, ERR, VALUE },
    { "MaxRecvDataSegmentLength: 2^64 + 8192", OP,
      "MaxRecvDataSegmentLength=18446744073709559808", "MaxRecvDataSegmentLength", NULL,
      ERR, VALUE },
    { "MaxRecvDataSegmentLength: a word", OP, "MaxRecvDataSegmentLength=much",
      "MaxRecvDataSegmentLength", NULL, ERR, VALUE },
    { "MaxRecvDataSegmentLength: twice", OP,
      "MaxRecvDataSegmentLength=512 MaxRecvDataSegmentLength=512",
      "MaxRecvDataSegmentLength", NULL, ERR, TWICE },
    { "MaxRecvDataSegmentLength: in the security stage", SEC,
      "MaxRecvDataSegmentLength=512", "MaxRecvDataSegmentLength", " send=8192 ", ERR,
      STAGE },
    { "MaxRecvDataSegmentLength: again in full feature phase", FF,
      "MaxRecvDataSegmentLength=65536", "", " send=65536 ", FINE },
    { "MaxRecvDataSegmentLength: zero in full feature phase", FF,
      "MaxRecvDataSegmentLength=0", "MaxRecvDataSegmentLength", " send=8192 ",
      TH_REJECT_PROTOCOL_ERROR, VALUE },
    { "MaxRecvDataSegmentLength: good, then another key bad", FF,
      "MaxRecvDataSegmentLength=512 junk", "", " send=8192 ", TH_REJECT_PROTOCOL_ERROR,
      THIMBLE_REASON_TEXT_MALFORMED },

    /* Numbers */
    { "MaxBurstLength: least", OP, "MaxBurstLength=512", "MaxBurstLength=512",
      " max=512 ", FINE },
    { "MaxBurstLength: ours", OP, "MaxBurstLength=262144", "MaxBurstLength=262144",
      " max=262144 ", FINE },
    { "MaxBurstLength: most", OP, "MaxBurstLength=16777215", "MaxBurstLength=262144",
      " max=262144 ", FINE },
    { "MaxBurstLength: hexadecimal", OP, "MaxBurstLength=0x8000", "MaxBurstLength=32768",
      " max=32768 ", FINE },
    { "MaxBurstLength: too little", OP, "MaxBurstLength=511", "MaxBurstLength=Reject",
      " max=262144 ", FINE },
    { "MaxBurstLength: too much", OP, "MaxBurstLength=16777216", "MaxBurstLength=Reject",
      " max=262144 ", FINE },
    { "MaxBurstLength: 2^28, once seen in the wild", OP, "MaxBurstLength=268435456",
      "MaxBurstLength=Reject", " max=262144 ", FINE },
    { "MaxBurstLength: a word", OP, "MaxBurstLength=abc", "MaxBurstLength=Reject",
      " max=262144 ", FINE },
    { "MaxBurstLength: empty", OP, "MaxBurstLength=", "MaxBurstLength=Reject", NULL,
      FINE },
    { "MaxBurstLength: negative", OP, "MaxBurstLength=-1", "MaxBurstLength=Reject", NULL,
      FINE },
    { "MaxBurstLength: 256 digits", OP, "MaxBurstLength=" V256, "MaxBurstLength=Reject",
      NULL, FINE },
    { "MaxBurstLength: in discovery", DISC_OP, "MaxBurstLength=512",
      "MaxBurstLength=Irrelevant", " max=262144 ", FINE },
    { "MaxBurstLength: in full feature phase", FF, "MaxBurstLength=512",
      "MaxBurstLength=Reject", " max=262144 ", FINE },
    { "MaxBurstLength: in the security stage", SEC, "MaxBurstLength=512",
      "MaxBurstLength", NULL, ERR, STAGE },
    { "MaxBurstLength: twice", OP, "MaxBurstLength=512 MaxBurstLength=1024",
      "MaxBurstLength", NULL, ERR, TWICE },
    { "FirstBurstLength: least", OP, "FirstBurstLength=512", "FirstBurstLength=512",
      " first=512 ", FINE },
    { "FirstBurstLength: most", OP, "FirstBurstLength=16777215", "FirstBurstLength=65536",
      " first=65536 ", FINE },
    { "FirstBurstLength: too little", OP, "FirstBurstLength=511",
      "FirstBurstLength=Reject", " first=65536 ", FINE },
    { "FirstBurstLength: too much", OP, "FirstBurstLength=16777216",
      "FirstBurstLength=Reject", NULL, FINE },
    { "FirstBurstLength: at most MaxBurstLength", OP,
      "MaxBurstLength=8192 FirstBurstLength=65536",
      "MaxBurstLength=8192 FirstBurstLength=8192", " max=8192 first=8192 ", FINE },
    { "FirstBurstLength: the same in the other order", OP,
      "FirstBurstLength=65536 MaxBurstLength=8192",
      "MaxBurstLength=8192 FirstBurstLength=8192", " max=8192 first=8192 ", FINE },
    { "FirstBurstLength: twice", OP, "FirstBurstLength=512 FirstBurstLength=512",
      "FirstBurstLength", NULL, ERR, TWICE },
    { "FirstBurstLength: in discovery", DISC_OP, "FirstBurstLength=512",
      "FirstBurstLength=Irrelevant", " first=65536 ", FINE },
    { "DefaultTime2Wait: least", OP, "DefaultTime2Wait=0", "DefaultTime2Wait=2",
      " wait=2 ", FINE },
    { "DefaultTime2Wait: the greater one", OP, "DefaultTime2Wait=5", "DefaultTime2Wait=5",
      " wait=5 ", FINE },
    { "DefaultTime2Wait: most", OP, "DefaultTime2Wait=3600", "DefaultTime2Wait=3600",
      " wait=3600 ", FINE },
    { "DefaultTime2Wait: too much", OP, "DefaultTime2Wait=3601",
      "DefaultTime2Wait=Reject", " wait=2 ", FINE },
    { "DefaultTime2Wait: in discovery", DISC_OP, "DefaultTime2Wait=3",
      "DefaultTime2Wait=3", " wait=3 ", FINE },
    { "DefaultTime2Retain: least", OP, "DefaultTime2Retain=0", "DefaultTime2Retain=0",
      " retain=0 ", FINE },
    { "DefaultTime2Retain: most", OP, "DefaultTime2Retain=3600", "DefaultTime2Retain=0",
      " retain=0 ", FINE },
    { "DefaultTime2Retain: too much", OP, "DefaultTime2Retain=3601",
      "DefaultTime2Retain=Reject", " retain=20 ", FINE },
    { "MaxOutstandingR2T: least", OP, "MaxOutstandingR2T=1", "MaxOutstandingR2T=1",
      " n_r2t=1 ", FINE },
    { "MaxOutstandingR2T: most", OP, "MaxOutstandingR2T=65535", "MaxOutstandingR2T=4",
      " n_r2t=4 ", FINE },
    { "MaxOutstandingR2T: none", OP, "MaxOutstandingR2T=0", "MaxOutstandingR2T=Reject",
      " n_r2t=1 ", FINE },
    { "MaxOutstandingR2T: too many", OP, "MaxOutstandingR2T=65536",
      "MaxOutstandingR2T=Reject", " n_r2t=1 ", FINE },
    { "MaxOutstandingR2T: in discovery", DISC_OP, "MaxOutstandingR2T=1",
      "MaxOutstandingR2T=Irrelevant", NULL, FINE },
    { "ErrorRecoveryLevel: 0", OP, "ErrorRecoveryLevel=0", "ErrorRecoveryLevel=0", NULL,
      FINE },
    { "ErrorRecoveryLevel: most", OP, "ErrorRecoveryLevel=2", "ErrorRecoveryLevel=0",
      NULL, FINE },
    { "ErrorRecoveryLevel: too much", OP, "ErrorRecoveryLevel=3",
      "ErrorRecoveryLevel=Reject", NULL, FINE },
    { "ErrorRecoveryLevel: in discovery", DISC_OP, "ErrorRecoveryLevel=1",
      "ErrorRecoveryLevel=0", NULL, FINE },
    { "iSCSIProtocolLevel: 0", OP, "iSCSIProtocolLevel=0", "iSCSIProtocolLevel=0",
      " level=0 ", FINE },
    { "iSCSIProtocolLevel: 1", OP, "iSCSIProtocolLevel=1", "iSCSIProtocolLevel=1",
      " level=1 ", FINE },
    { "iSCSIProtocolLevel: 2, RFC 7144", OP, "iSCSIProtocolLevel=2",
      "iSCSIProtocolLevel=2", " level=2 ", FINE },
    { "iSCSIProtocolLevel: most", OP, "iSCSIProtocolLevel=31", "iSCSIProtocolLevel=2",
      " level=2 ", FINE },
    { "iSCSIProtocolLevel: too much", OP, "iSCSIProtocolLevel=32",
      "iSCSIProtocolLevel=Reject", " level=1 ", FINE },
    { "iSCSIProtocolLevel: in discovery", DISC_OP, "iSCSIProtocolLevel=2",
      "iSCSIProtocolLevel=Irrelevant", " level=1 ", FINE },

    /* TaskReporting */
    { "TaskReporting: RFC3720", OP, "TaskReporting=RFC3720", "TaskReporting=RFC3720",
      " reporting=0 ", FINE },
    { "TaskReporting: ResponseFence", OP, "TaskReporting=ResponseFence,RFC3720",
      "TaskReporting=ResponseFence", " reporting=1 ", FINE },
    { "TaskReporting: FastAbort is not there, the next is taken", OP, "TaskReporting=FastAbort,ResponseFence",
      "TaskReporting=ResponseFence", " reporting=1 ", FINE },
    { "TaskReporting: FastAbort alone", OP, "TaskReporting=FastAbort",
      "TaskReporting=Reject", " reporting=0 ", FINE },
    { "TaskReporting: nothing that we know", OP, "TaskReporting=Never",
      "TaskReporting=Reject", " reporting=0 ", FINE },
    { "TaskReporting: in discovery", DISC_OP, "TaskReporting=FastAbort",
      "TaskReporting=Irrelevant", " reporting=0 ", FINE },

    /* Declared for nothing */
    { "X#NodeArchitecture: declared", OP, "X#NodeArchitecture=a,b", "", NULL, FINE },
    { "X#NodeArchitecture: in the security stage", SEC, "X#NodeArchitecture=a",
      "X#NodeArchitecture", NULL, ERR, STAGE },
    { "X#NodeArchitecture: in full feature phase", FF, "X#NodeArchitecture=a",
      "X#NodeArchitecture=Reject", NULL, FINE },

    /* Obsolete: never NotUnderstood */
    { "OFMarker: Yes", OP, "OFMarker=Yes", "OFMarker=No", NULL, FINE },
    { "OFMarker: No", OP, "OFMarker=No", "OFMarker=No", NULL, FINE },
    { "OFMarker: neither", OP, "OFMarker=1", "OFMarker=Reject", NULL, FINE },
    { "IFMarker: Yes", OP, "IFMarker=Yes", "IFMarker=No", NULL, FINE },
    { "IFMarker: in discovery", DISC_OP, "IFMarker=No", "IFMarker=No", NULL, FINE },
    { "OFMarkInt: a range", OP, "OFMarkInt=2048~4096", "OFMarkInt=Reject", NULL, FINE },
    { "IFMarkInt: a number", OP, "IFMarkInt=2048", "IFMarkInt=Reject", NULL, FINE },

    /* iSER */
    { "RDMAExtensions: Yes", OP, "RDMAExtensions=Yes", "RDMAExtensions=No", NULL, FINE },
    { "RDMAExtensions: No", OP, "RDMAExtensions=No", "RDMAExtensions=No", NULL, FINE },
    { "RDMAExtensions: neither", OP, "RDMAExtensions=a", "RDMAExtensions=Reject", NULL,
      FINE },
    { "InitiatorRecvDataSegmentLength", OP, "InitiatorRecvDataSegmentLength=8192",
      "InitiatorRecvDataSegmentLength=NotUnderstood", NULL, FINE },
    { "TargetRecvDataSegmentLength", OP, "TargetRecvDataSegmentLength=8192",
      "TargetRecvDataSegmentLength=NotUnderstood", " send=8192 ", FINE },
    { "MaxOutstandingUnexpectedPDUs", OP, "MaxOutstandingUnexpectedPDUs=0",
      "MaxOutstandingUnexpectedPDUs=NotUnderstood", NULL, FINE },
    { "MaxAHSLength", OP, "MaxAHSLength=256", "MaxAHSLength=NotUnderstood", NULL, FINE },
    { "TaggedBufferForSolicitedDataOnly", OP, "TaggedBufferForSolicitedDataOnly=No",
      "TaggedBufferForSolicitedDataOnly=NotUnderstood", NULL, FINE },
    { "iSERHelloRequired", OP, "iSERHelloRequired=No", "iSERHelloRequired=NotUnderstood",
      NULL, FINE },

    /* Security: what CHAP does is in test_chap.c */
    { "AuthMethod: None", SEC, "AuthMethod=None", "AuthMethod=None", NULL, FINE },
    { "AuthMethod: None is all that is needed", SEC, "AuthMethod=CHAP,None",
      "AuthMethod=None", NULL, FINE },
    { "AuthMethod: unknown ones are passed over", SEC, "AuthMethod=KRB5,SRP,X-y,None",
      "AuthMethod=None", NULL, FINE },
    { "AuthMethod: CHAP with nobody to check", SEC, "AuthMethod=CHAP", "AuthMethod", NULL,
      TH_LOGIN_AUTH_FAILURE, THIMBLE_REASON_AUTH_PROTOCOL },
    { "AuthMethod: unknown", SEC, "AuthMethod=KRB5", "AuthMethod", NULL,
      TH_LOGIN_AUTH_FAILURE, THIMBLE_REASON_AUTH_PROTOCOL },
    { "AuthMethod: empty", SEC, "AuthMethod=", "AuthMethod", NULL, TH_LOGIN_AUTH_FAILURE,
      THIMBLE_REASON_AUTH_PROTOCOL },
    { "AuthMethod: twice", SEC, "AuthMethod=None AuthMethod=None", "AuthMethod", NULL,
      ERR, TWICE },
    { "AuthMethod: in the operational stage", OP, "AuthMethod=None", "AuthMethod", NULL,
      ERR, STAGE },
    { "AuthMethod: in full feature phase", FF, "AuthMethod=None", "AuthMethod=Reject",
      NULL, FINE },
#if THIMBLE_CHAP
    { "CHAP_A: nobody asked", SEC, "CHAP_A=5", "CHAP_A", NULL, TH_LOGIN_AUTH_FAILURE,
      THIMBLE_REASON_AUTH_PROTOCOL },
    { "CHAP_A: in the operational stage", OP, "CHAP_A=5", "CHAP_A", NULL, ERR, STAGE },
    { "CHAP_I: nobody asked", SEC, "CHAP_I=1", "AuthMethod", NULL, TH_LOGIN_AUTH_FAILURE,
      THIMBLE_REASON_AUTH_PROTOCOL },
    { "CHAP_C: in full feature phase", FF, "CHAP_C=0x00", "CHAP_C=Reject", NULL, FINE },
    { "CHAP_N: in the operational stage", OP, "CHAP_N=me", "CHAP_N", NULL, ERR, STAGE },
    { "CHAP_R: nobody asked", SEC, "CHAP_R=0x00", "AuthMethod", NULL,
      TH_LOGIN_AUTH_FAILURE, THIMBLE_REASON_AUTH_PROTOCOL },
#endif

    /* Keys of nobody, and text that is none */
    { "unknown key", OP, "Frobnicate=Yes", "Frobnicate=NotUnderstood", NULL, FINE },
    { "unknown key, empty value", OP, "X-com.example.key=",
      "X-com.example.key=NotUnderstood", NULL, FINE },
    { "unknown key in the security stage", SEC, "X-a=1", "X-a=NotUnderstood", NULL,
      FINE },
    { "unknown key in full feature phase", FF, "X-a=1", "X-a=NotUnderstood", NULL, FINE },
    { "unknown key in discovery", DISC_FF, "X-a=1", "X-a=NotUnderstood", NULL, FINE },
    { "keys are case sensitive", OP, "maxburstlength=512", "maxburstlength=NotUnderstood",
      " max=262144 ", FINE },
    { "an answer is not answered: unknown key", OP, "X-a=NotUnderstood", "", NULL, FINE },
    { "an answer is not answered: known key", OP, "MaxBurstLength=Reject", "",
      " max=262144 ", FINE },
    { "an answer is not answered: Irrelevant", OP, "ImmediateData=Irrelevant", "",
      " imm=1 ", FINE },
    { "an answer is not answered, and may repeat", OP, "OFMarker=Reject OFMarker=No",
      "OFMarker=No", NULL, FINE },
    { "several keys, answered in order", OP, "InitialR2T=No X=1 ImmediateData=Yes",
      "InitialR2T=No X=NotUnderstood ImmediateData=Yes", " r2t=0 imm=1 ", FINE },
    { "empty pairs are padding", OP, "  InitialR2T=No   ", "InitialR2T=No", " r2t=0 ",
      FINE },
    { "no '='", OP, "InitialR2T", "", NULL, ERR, THIMBLE_REASON_TEXT_MALFORMED },
    { "nothing before '='", OP, "=Yes", "", NULL, ERR, THIMBLE_REASON_TEXT_MALFORMED },
    { "key of 63 bytes", OP,
      "A23456789012345678901234567890123456789012345678901234567890123=1",
      "A23456789012345678901234567890123456789012345678901234567890123=NotUnderstood",
      NULL, FINE },
    { "key of 64 bytes", OP,
      "A234567890123456789012345678901234567890123456789012345678901234=1", "", NULL, ERR,
      THIMBLE_REASON_TEXT_MALFORMED },
    { "no text at all", OP, "", "", NULL, FINE },
    { "no '=' in full feature phase", FF, "junk", "", NULL, TH_REJECT_PROTOCOL_ERROR,
      THIMBLE_REASON_TEXT_MALFORMED },
};

static void run(struct world *w, const struct key_case *k)
{
    switch (k->where) {
    case OP:
        login_init(w);
        login(w, CSG(1), NORMAL);
        assert_string_equal(plain_text(w),
                            "TargetPortalGroupTag=1 MaxRecvDataSegmentLength=16384");
        login(w, CSG(1), k->request);
        break;
    case SEC:
        login_init(w);
        login(w, CSG(0), NORMAL);
        assert_string_equal(plain_text(w), "TargetPortalGroupTag=1");
        login(w, CSG(0), k->request);
        break;
    case DISC_OP:
        login_init(w);
        login(w, CSG(1), DISCOVERY);
        assert_string_equal(plain_text(w), "MaxRecvDataSegmentLength=16384");
        login(w, CSG(1), k->request);
        break;
    case FF:
        text_init(w, &w->nodes[0]);
        text(w, T, k->request);
        break;
    case DISC_FF:
        text_init(w, NULL);
        text(w, T, k->request);
        break;
    }
}

static void test_cases(void **state)
{
    (void)state;
    static struct world w;
    unsigned bad = 0;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct key_case *k = &cases[i];
        world_init(&w);
        run(&w, k);

        bool full = k->where == FF || k->where == DISC_FF;
        uint16_t status = full ? w.reject : w.n.status;
        const char *answer = status != 0 ? w.n.why_key : plain_text(&w);
        if (status != k->status || w.n.why != k->why || strcmp(answer, k->answer) != 0 ||
            (k->outcome && !strstr(params_text(&w.params), k->outcome))) {
            print_error("%s: status %04x, why %d, answer '%s',%s\n", k->title, status,
                        w.n.why,
                        answer, params_text(&w.params));
            bad++;
        }
        if (!full && status == 0)
            assert_int_equal(w.next, TH_LOGIN_ANSWER);
    }
    assert_int_equal(bad, 0);
}

/* No key without a line. */
static void test_complete(void **state)
{
    (void)state;
    for (int i = 0; i < th_n_keys; i++) {
        bool found = false;
        size_t len = strlen(th_keys[i].name);
        for (size_t k = 0; k < COUNT(cases) && !found; k++)
            found = strncmp(cases[k].request, th_keys[i].name, len) == 0 &&
                    cases[k].request[len] == '=';
        if (!found)
            fail_msg("no line for %s", th_keys[i].name);
        assert_int_equal(th_key_find(th_keys[i].name), i);
    }
    assert_int_equal(th_key_find("CHAP"), -1);
    assert_int_equal(th_key_find(""), -1);
}

static void test_defaults(void **state)
{
    (void)state;
    struct th_params p;
    memset(&p, 0xff, sizeof p);
    th_params_default(&p);
    assert_string_equal(params_text(&p),
                        " hd=0 dd=0 r2t=1 imm=1 send=8192 max=262144 first=65536 "
                                         "n_r2t=1 wait=2 retain=20 level=1 reporting=0 discovery=0 ");
}

/* The configuration's limits come in where the table has none. */
static void test_configured(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w);
    w.config.max_burst_bytes = 8192;
    w.config.first_burst_bytes = 4096;
    w.config.max_outstanding_r2t = 255;
    w.config.refuse_unsolicited = true;
    w.config.refuse_immediate = true;
    w.env.max_recv_bytes = 4096;

    login_init(&w);
    login(&w, CSG(1), NORMAL " InitialR2T=No ImmediateData=Yes MaxBurstLength=262144 "
                             "FirstBurstLength=65536 MaxOutstandingR2T=65535");
    assert_string_equal(plain_text(&w),
                        "InitialR2T=Yes ImmediateData=No MaxBurstLength=8192 MaxOutstandingR2T=255 "
                        "FirstBurstLength=4096 TargetPortalGroupTag=1 MaxRecvDataSegmentLength=4096");
    assert_non_null(strstr(params_text(&w.params),
                    " r2t=1 imm=0 send=8192 max=8192 first=4096 n_r2t=255 "));
}

/* What Linux, FreeBSD, iPXE and libiscsi send, as they send it. */
static void test_real_initiators(void **state)
{
    (void)state;
    static const struct { const char *title, *request, *answer, *outcome; } lines[] = {
        { "Linux",
          "HeaderDigest=None DataDigest=None DefaultTime2Wait=2 DefaultTime2Retain=0 IFMarker=No "
          "OFMarker=No ErrorRecoveryLevel=0 InitialR2T=No ImmediateData=Yes MaxBurstLength=16776192 "
          "FirstBurstLength=262144 MaxOutstandingR2T=1 MaxConnections=1 DataPDUInOrder=Yes "
          "DataSequenceInOrder=Yes MaxRecvDataSegmentLength=262144",
          "HeaderDigest=None DataDigest=None DefaultTime2Wait=2 DefaultTime2Retain=0 IFMarker=No "
          "OFMarker=No ErrorRecoveryLevel=0 InitialR2T=No ImmediateData=Yes MaxBurstLength=262144 "
          "MaxOutstandingR2T=1 MaxConnections=1 DataPDUInOrder=Yes DataSequenceInOrder=Yes "
          "FirstBurstLength=65536 TargetPortalGroupTag=1 MaxRecvDataSegmentLength=16384",
          " r2t=0 imm=1 send=262144 max=262144 first=65536 n_r2t=1 wait=2 retain=0 " },
        { "FreeBSD",
          "HeaderDigest=None DataDigest=None MaxRecvDataSegmentLength=131072 MaxBurstLength=262144 "
          "FirstBurstLength=131072 ImmediateData=Yes InitialR2T=Yes MaxOutstandingR2T=1 "
          "MaxConnections=1 DefaultTime2Wait=0 DefaultTime2Retain=0 ErrorRecoveryLevel=0 "
          "iSCSIProtocolLevel=2",
          "HeaderDigest=None DataDigest=None MaxBurstLength=262144 ImmediateData=Yes InitialR2T=Yes "
          "MaxOutstandingR2T=1 MaxConnections=1 DefaultTime2Wait=2 DefaultTime2Retain=0 "
          "ErrorRecoveryLevel=0 iSCSIProtocolLevel=2 FirstBurstLength=65536 TargetPortalGroupTag=1 "
          "MaxRecvDataSegmentLength=16384",
          " r2t=1 imm=1 send=131072 max=262144 first=65536 n_r2t=1 wait=2 retain=0 level=2 " },
        { "iPXE",
          "HeaderDigest=None DataDigest=None MaxConnections=1 InitialR2T=Yes ImmediateData=No "
          "MaxRecvDataSegmentLength=8192 MaxBurstLength=262144 DefaultTime2Wait=0 "
          "DefaultTime2Retain=0 MaxOutstandingR2T=1 DataPDUInOrder=Yes DataSequenceInOrder=Yes "
          "ErrorRecoveryLevel=0",
          "HeaderDigest=None DataDigest=None MaxConnections=1 InitialR2T=Yes ImmediateData=No "
          "MaxBurstLength=262144 DefaultTime2Wait=2 DefaultTime2Retain=0 MaxOutstandingR2T=1 "
          "DataPDUInOrder=Yes DataSequenceInOrder=Yes ErrorRecoveryLevel=0 TargetPortalGroupTag=1 "
          "MaxRecvDataSegmentLength=16384",
          " r2t=1 imm=0 send=8192 max=262144 first=65536 " },
        { "libiscsi, which introduces itself in each stage",
          "InitiatorAlias=test " NORMAL
          " HeaderDigest=None,CRC32C DataDigest=None InitialR2T=No "
          "ImmediateData=Yes MaxBurstLength=262144 FirstBurstLength=262144 "
          "MaxRecvDataSegmentLength=262144",
          "HeaderDigest=None DataDigest=None InitialR2T=No ImmediateData=Yes MaxBurstLength=262144 "
          "FirstBurstLength=65536 TargetPortalGroupTag=1 MaxRecvDataSegmentLength=16384",
          " hd=0 dd=0 r2t=0 imm=1 " },
    };
    static struct world w;
    for (size_t i = 0; i < COUNT(lines); i++) {
        char request[2048];
        snprintf(request, sizeof request, NORMAL " %s", lines[i].request);
        world_init(&w);
        login_init(&w);
        login(&w, T | CSG(1) | NSG(3), request);
        assert_int_equal(w.next, TH_LOGIN_DONE);
        if (strcmp(plain_text(&w), lines[i].answer) != 0 ||
            !strstr(params_text(&w.params), lines[i].outcome))
            fail_msg("%s: '%s'%s", lines[i].title, plain_text(&w),
                     params_text(&w.params));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),      cmocka_unit_test(test_complete),
        cmocka_unit_test(test_defaults),   cmocka_unit_test(test_configured),
        cmocka_unit_test(test_real_initiators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
