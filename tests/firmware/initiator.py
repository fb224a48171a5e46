# SPDX-License-Identifier: MIT
#
# initiator.py: just enough of an iSCSI initiator (RFC 7143) to treat a target badly: it can cut its
# segments, stop anywhere, keep commands open, and ask for digests.  Real initiators
# prove the rest.

import socket
import struct
import time

NAME = "iqn.2026-01.org.example:firmware.test"


def crc32c_table():
    table = []
    for i in range(256):
        c = i
        for _ in range(8):
            c = c >> 1 ^ (0x82F63B78 if c & 1 else 0)
        table.append(c)
    return table


CRC_TABLE = crc32c_table()


def crc32c(data):
    c = 0xFFFFFFFF
    for b in data:
        c = CRC_TABLE[(c ^ b) & 255] ^ c >> 8
    return struct.pack("<I", c ^ 0xFFFFFFFF)


def pad(data):
    return data + bytes(-len(data) % 4)


class Closed(Exception):
    """The target ended the connection."""


class CheckCondition(Exception):
    """SCSI status 2; sense is (key, asc, ascq)."""

    def __init__(self, sense):
        super().__init__("sense %x/%02x/%02x" % sense)
        self.sense = sense


class Pdu:
    def __init__(self, header, data):
        self.header = header
        self.data = data
        self.opcode = header[0] & 0x3F
        self.flags = header[1]
        self.itt, self.ttt = struct.unpack(">II", header[16:24])


class Initiator:
    """One connection, which is a session.  piece: bytes per send(), pause: seconds between.
    address: (host, port), or something that is connected already and works like a socket."""

    def __init__(self, address, target, name=NAME, isid=1, digests=False, piece=None, pause=0,
                 timeout=15, keys=(), lun=0):
        self.socket = address
        if isinstance(address, tuple):
            self.socket = socket.create_connection(address, timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.piece, self.pause = piece, pause
        self.lun = lun << 48            # of all its commands
        self.digests = False
        self.cmd_sn, self.exp_stat_sn, self.next_itt = 1, 0, 1
        self.max_recv = 8192
        self.isid = struct.pack(">BHBH", 0x80, 0, 0, isid)
        self.login(target, name, digests, keys)

    # --- bytes ---

    def send_bytes(self, data):
        step = self.piece or len(data)
        for i in range(0, len(data), step):
            self.socket.sendall(data[i:i + step])
            if self.pause:
                time.sleep(self.pause)

    def exactly(self, n):
        data = bytearray()
        while len(data) < n:
            try:
                piece = self.socket.recv(n - len(data))
            except ConnectionError:
                piece = b""
            if not piece:
                raise Closed()
            data += piece
        return bytes(data)

    def encode(self, header, data=b""):
        header = header[:4] + b"\0" + struct.pack(">I", len(data))[1:] + header[8:]
        out = header + (crc32c(header) if self.digests else b"")
        if data:
            out += pad(data) + (crc32c(pad(data)) if self.digests else b"")
        return out

    def send(self, header, data=b""):
        self.send_bytes(self.encode(header, data))

    def receive(self):
        header = self.exactly(48)
        if self.digests:
            assert self.exactly(4) == crc32c(header), "header digest"
        n = int.from_bytes(header[5:8], "big")
        data = b""
        if n:
            padded = self.exactly(n + -n % 4)
            data = padded[:n]
            if self.digests:
                assert self.exactly(4) == crc32c(padded), "data digest"
        pdu = Pdu(header, data)
        if pdu.opcode in (0x20, 0x21, 0x23, 0x24, 0x26, 0x32, 0x3F) or \
                (pdu.opcode == 0x25 and pdu.flags & 1):
            self.exp_stat_sn = (struct.unpack(">I", header[24:28])[0] + 1) & 0xFFFFFFFF
        return pdu

    # --- login and logout ---

    def login(self, target, name, digests, keys):
        digest = "CRC32C" if digests else "None"
        text = [f"InitiatorName={name}",
                *([f"TargetName={target}", "SessionType=Normal"] if target
                  else ["SessionType=Discovery"]),
                f"HeaderDigest={digest}", f"DataDigest={digest}",
                "MaxRecvDataSegmentLength=65536", *keys]
        data = "".join(t + "\0" for t in text).encode()
        header = struct.pack(">BBHI6sHIHHII16x", 0x43, 0x87, 0, 0, self.isid, 0, 0, 0, 0,
                             self.cmd_sn, 0)
        while True:
            self.send(header, data)
            pdu = self.receive()
            assert pdu.opcode == 0x23, f"opcode {pdu.opcode:#x}"
            status = struct.unpack(">H", pdu.header[36:38])[0]
            assert status == 0, f"login status {status:#06x}"
            for key in pdu.data.decode().split("\0"):
                if key.startswith("MaxRecvDataSegmentLength="):
                    self.max_recv = int(key.split("=")[1])
            if pdu.flags & 0x80:
                break
            header = struct.pack(">BBHI6sHIHHII16x", 0x43, 0x87, 0, 0, self.isid, 0, 0, 0, 0,
                                 self.cmd_sn, self.exp_stat_sn)
            data = b""
        self.digests = digests

    def logout(self):
        self.send(struct.pack(">BBHIQIHHII16x", 0x46, 0x80, 0, 0, 0, self.itt(), 0, 0,
                              self.cmd_sn, self.exp_stat_sn))
        assert self.receive().opcode == 0x26
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends the connection by RST, as a machine that crashed does when it is back."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    # --- commands ---

    def itt(self):
        self.next_itt += 1
        return self.next_itt

    def command(self, cdb, read_bytes=0, write_bytes=0, immediate=b""):
        """Sends a SCSI Command; returns its task tag."""
        itt = self.itt()
        flags = 0x81 | (0x40 if read_bytes else 0) | (0x20 if write_bytes else 0)
        header = struct.pack(">BBHIQIIII16s", 0x01, flags, 0, 0, self.lun, itt,
                             read_bytes or write_bytes, self.cmd_sn, self.exp_stat_sn,
                             cdb.ljust(16, b"\0"))
        self.cmd_sn = (self.cmd_sn + 1) & 0xFFFFFFFF
        self.send(header, immediate)
        return itt

    def data_out(self, itt, ttt, data, offset):
        """Answers one R2T for data, which goes to `offset`."""
        sn = 0
        for i in range(0, len(data), self.max_recv):
            piece = data[i:i + self.max_recv]
            last = i + self.max_recv >= len(data)
            self.send(struct.pack(">BBHIQIIIIIIII", 0x05, 0x80 if last else 0, 0, 0, self.lun, itt, ttt,
                                  0, self.exp_stat_sn, 0, sn, offset + i, 0), piece)
            sn += 1

    def finish(self, write_data=b""):
        """Serves PDUs until a SCSI status comes; returns (task tag, data of reads by tag)."""
        got = {}
        while True:
            pdu = self.receive()
            if pdu.opcode == 0x25:
                got.setdefault(pdu.itt, bytearray()).extend(pdu.data)
                if pdu.flags & 1:
                    assert pdu.header[3] == 0
                    return pdu.itt, got
            elif pdu.opcode == 0x31:
                offset, length = struct.unpack(">II", pdu.header[40:48])
                self.data_out(pdu.itt, pdu.ttt, write_data[offset:offset + length], offset)
            elif pdu.opcode == 0x21:
                if pdu.header[3] == 2:
                    sense = pdu.data[2:]
                    raise CheckCondition((sense[2] & 15, sense[12], sense[13]))
                assert pdu.header[3] == 0, f"SCSI status {pdu.header[3]:#x}"
                return pdu.itt, got
            elif pdu.opcode == 0x20:
                if pdu.ttt != 0xFFFFFFFF:
                    self.send(struct.pack(">BBHIQIIII16x", 0x40, 0x80, 0, 0, 0, 0xFFFFFFFF,
                                          pdu.ttt, self.cmd_sn, self.exp_stat_sn))
            else:
                raise AssertionError(f"unexpected opcode {pdu.opcode:#x}")

    def clear_unit_attention(self):
        for _ in range(4):
            try:
                self.command(bytes(6))
                self.finish()
                return
            except CheckCondition as e:
                assert e.sense[0] == 6, e

    def read(self, lba, n):
        itt = self.command(struct.pack(">BBIBHB", 0x28, 0, lba, 0, n, 0), read_bytes=512 * n)
        tag, got = self.finish()
        assert tag == itt
        return bytes(got.get(itt, b""))

    def write(self, lba, data, immediate=0):
        n = len(data) // 512
        self.command(struct.pack(">BBIBHB", 0x2A, 0, lba, 0, n, 0), write_bytes=len(data),
                     immediate=data[:immediate])
        self.finish(data)
