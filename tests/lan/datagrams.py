#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Datagrams of multicast DNS, sent from within a namespace.

  datagrams.py ask FROM TO NAME TYPE     one question; prints how many records the answer has, 0: nobody answered
  datagrams.py storm FROM SECONDS NAME   to the group: what no responder should choke on; prints how many were sent
"""
import random
import socket
import struct
import sys
import time

GROUP, PORT = "224.0.0.251", 5353
TYPES = {"A": 1, "PTR": 12, "AAAA": 28, "ANY": 255}


def header(flags=0, questions=0, answers=0, authorities=0, additionals=0):
    return struct.pack(">6H", 0, flags, questions, answers, authorities, additionals)


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def question(text, kind):
    return name(text) + struct.pack(">2H", TYPES[kind], 1)


def opened(address):
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    u.bind((address, 0))
    return u


def ask(address, to, text, kind):
    with opened(address) as u:
        u.settimeout(1)
        u.sendto(header(questions=1) + question(text, kind), (to, PORT))
        try:
            answer = u.recv(2000)
        except TimeoutError:
            return 0
    return sum(struct.unpack(">3H", answer[6:12]))


def storm(address, seconds, text):
    rng = random.Random(6762)
    record = b"\0" + struct.pack(">HHIH", 1, 1, 120, 0x10000 - 11)     # its data ends where it begins
    loop = b"\xc0\x0c" + struct.pack(">2H", 255, 1)                    # a name that is itself
    services = question("_services._dns-sd._udp.local", "PTR")
    good = [header(questions=3) + question(text, "ANY") + question("_iscsi._tcp.local", "PTR") + services,
            header(0x8400, answers=1) + name(text) + struct.pack(">HHIH", 1, 0x8001, 120, 4) + bytes(4)]
    bad = [header(answers=0xffff) + record, header(0x8400, answers=0xffff, additionals=0xffff) + record,
           header(questions=0xffff) + services, header(questions=1) + loop, header(questions=1) + b"\x3f" * 1400,
           header(0x8400, answers=20) + (b"\xc0\x0c" + record[1:]) * 20, b"", b"\0" * 11,
           header(questions=200) + loop * 200, header(0x7800, 1) + services]
    sent, end = 0, time.monotonic() + seconds
    with opened(address) as u:
        while time.monotonic() < end:
            for _ in range(20):
                data = bytearray(rng.choice(good if rng.random() < 0.5 else bad))
                for _ in range(rng.randrange(4) if data else 0):
                    data[rng.randrange(len(data))] = rng.randrange(256)
                u.sendto(data if rng.random() < 0.9 else rng.randbytes(rng.randrange(1400)), (GROUP, PORT))
                sent += 1
            time.sleep(0.004)
    return sent


command, *words = sys.argv[1:]
print(ask(*words) if command == "ask" else storm(words[0], float(words[1]), words[2]))
