# SPDX-License-Identifier: MIT
#
# wire.py: the other end of a board's Ethernet cable, as a program that never depends on time.
#
# It speaks as much ARP, DHCP (as a server) and TCP (as a client) as one session needs.  QEMU's
# `-nic socket` brings the frames, each in a UDP datagram on 127.0.0.1.  Each frame is sent when the
# board has done all that the one before led to and sleeps, which the plugin counter.c tells: so the
# same conversation makes the board execute the same instructions, however busy the host is.
#
# As a receiver it acknowledges every second full segment (RFC 1122 4.2.3.2), and what is then
# left with the next thing that it sends.

import select
import socket
import struct

MAC = bytes.fromhex("020000000001")
OUR_IP = bytes((10, 0, 2, 2))
BOARD_IP = bytes((10, 0, 2, 15))
BROADCAST = b"\xff" * 6
MSS = 1460
WINDOW = 65535

ARP, IPV4 = 0x0806, 0x0800
TCP, UDP = 6, 17
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data[:len(data) & ~1]))
    if len(data) & 1:
        total += data[-1] << 8
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ipv4(protocol, payload, to=BOARD_IP):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0,
                         OUR_IP, to)
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def loopback():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    return s


class Wire:
    """records: reads what the plugin writes."""

    def __init__(self, records):
        self.records = records
        self.socket = loopback()
        with loopback() as other:
            self.board_address = other.getsockname()    # free now, and QEMU's soon
        self.board_mac = None
        self.connections = {}
        self.leased = False
        self.next_port = 40000

    def nic(self):
        """What QEMU's option -nic says."""
        return "socket,udp=%s:%d,localaddr=%s:%d" % (self.socket.getsockname() +
                                                     self.board_address)

    # --- frames ---

    def send(self, to, kind, payload):
        """Sends a frame, waits until the board sleeps again, and takes what it sent meanwhile."""
        frame = (to + MAC + struct.pack(">H", kind) + payload).ljust(60, b"\0")
        self.socket.sendto(frame, self.board_address)
        self.records.wait()
        self.take()

    def take(self, seconds=0):
        """Takes the frames that are there; waits so long for the first."""
        while select.select([self.socket], [], [], seconds)[0]:
            self.frame(self.socket.recv(2048))
            seconds = 0

    def frame(self, data):
        kind = struct.unpack(">H", data[12:14])[0]
        self.board_mac = data[6:12]
        if kind == ARP:
            self.arp(data[14:42])
        elif kind == IPV4:
            self.packet(data[14:14 + struct.unpack(">H", data[16:18])[0]])

    def arp(self, p):
        operation, sender, wanted = struct.unpack(">H", p[6:8])[0], p[8:18], p[24:28]
        if operation == 1 and wanted == OUR_IP:
            self.send(self.board_mac, ARP, p[:6] + struct.pack(">H", 2) + MAC + OUR_IP + sender)

    def packet(self, p):
        payload = p[(p[0] & 15) * 4:]
        if p[9] == UDP and payload[2:4] == b"\0\x43":
            self.dhcp(payload[8:])
        elif p[9] == TCP:
            connection = self.connections.get(struct.unpack(">H", payload[2:4])[0])
            if connection:
                connection.segment(payload)

    # --- an address for the board ---

    def dhcp(self, p):
        options, at = {}, 240
        while p[at] != 255:
            options[p[at]] = p[at + 2:at + 2 + p[at + 1]]
            at += 2 + p[at + 1]
        answer = {1: 2, 3: 5}.get(options[53][0])       # DISCOVER: OFFER, REQUEST: ACK
        if not answer:
            return
        self.leased = answer == 5
        reply = struct.pack(">BBBB4sHHI4s4s4s16s192x4s", 2, 1, 6, 0, p[4:8], 0, 0, 0, BOARD_IP,
                            OUR_IP, bytes(4), p[28:44], b"\x63\x82\x53\x63")
        for option, value in ((53, bytes((answer,))), (54, OUR_IP), (51, b"\0\x01\x51\x80"),
                              (1, b"\xff\xff\xff\0"), (3, OUR_IP)):
            reply += bytes((option, len(value))) + value
        reply += b"\xff"
        udp = struct.pack(">HHHH", 67, 68, 8 + len(reply), 0) + reply
        self.send(self.board_mac, IPV4, ipv4(UDP, udp))

    def serve_until_leased(self, seconds=20):
        for _ in range(seconds * 10):
            if self.leased:
                return
            self.take(0.1)
        raise AssertionError("the board did not ask for an address")

    def connect(self, port):
        self.next_port += 1
        connection = Connection(self, self.next_port, port)
        self.connections[self.next_port] = connection
        connection.open()
        return connection


class Connection:
    """A TCP connection to the board, with as much of a socket as Initiator uses."""

    def __init__(self, wire, our_port, board_port):
        self.wire = wire
        self.ports = our_port, board_port
        self.sent = self.acknowledged = 1000 * our_port         # our next byte; theirs to know
        self.expected = 0                                       # the board's next byte
        self.unacknowledged = 0                                 # full segments that it waits for
        self.window = 0
        self.received = bytearray()
        self.established = self.closed = False

    def put(self, flags, data=b""):
        options = struct.pack(">BBH", 2, 4, MSS) if flags & SYN else b""
        segment = struct.pack(">HHIIBBHHH", *self.ports, self.sent & 0xFFFFFFFF, self.expected,
                              (20 + len(options)) // 4 << 4, flags, WINDOW, 0, 0) + options + data
        pseudo = OUR_IP + BOARD_IP + struct.pack(">BBH", 0, TCP, len(segment))
        segment = segment[:16] + struct.pack(">H", checksum(pseudo + segment)) + segment[18:]
        self.sent += len(data) + bool(flags & (SYN | FIN))
        self.unacknowledged = 0
        self.wire.send(self.wire.board_mac, IPV4, ipv4(TCP, segment))

    def segment(self, s):
        number, acknowledged = struct.unpack(">II", s[4:12])
        flags, self.window = s[13], struct.unpack(">H", s[14:16])[0]
        data = s[(s[12] >> 4) * 4:]
        if flags & RST:
            self.closed = True
            return
        if flags & ACK:
            self.acknowledged += (acknowledged - self.acknowledged) & 0xFFFFFFFF
        if flags & SYN:
            self.expected = (number + 1) & 0xFFFFFFFF
            self.established = True
        if number == self.expected:
            self.expected = (number + len(data) + bool(flags & FIN)) & 0xFFFFFFFF
            self.received += data
            self.closed |= bool(flags & FIN)
            self.unacknowledged += len(data) == MSS
        else:
            self.unacknowledged += 2 * bool(data)               # sent again: tell it where we are

    def open(self):
        self.put(SYN)
        self.wait(lambda: self.established)
        self.put(ACK)

    def wait(self, condition, seconds=10):
        """Until condition() holds; acknowledges what is due meanwhile."""
        for _ in range(seconds * 10):
            while self.unacknowledged >= 2:
                self.put(ACK)
            if condition():
                return
            self.wire.take(0.1)
        raise TimeoutError("the board is silent")

    # --- as a socket ---

    def room(self):
        return self.window - (self.sent - self.acknowledged)

    def sendall(self, data):
        for i in range(0, len(data), MSS):
            piece = data[i:i + MSS]
            self.wait(lambda: self.closed or self.room() >= len(piece))
            self.put(ACK | PSH * (i + MSS >= len(data)), piece)

    def recv(self, size):
        self.wait(lambda: self.received or self.closed)
        data = bytes(self.received[:size])
        del self.received[:size]
        return data

    def close(self):
        self.put(FIN | ACK)
        del self.wire.connections[self.ports[0]]
