#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# drivers.py: runs a board's selftest.elf in QEMU and puts its drivers to work: network (echo of
# random bytes, several connections, frames of every size), card (blocks written and read back,
# compared with the image file, first and last block, SDSC and SDHC, none), clock, LEDs,
# stack, watchdog, fault report, static address.
#
#   tests/firmware/drivers.py BOARD [SELFTEST_ELF]
#
# Ends with "N passed, M failed".

import os
import random
import re
import select
import socket
import struct
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from cases import play
from machine import GPIO, Machine, sparse_image

ECHO, DISK = 7, 9
MIB = 1 << 20
WATCHDOG = {"lm3s6965evb", "lm3s6965evb-m0plus", "mcimx6ul-evk", "mps2-an500"}

board = sys.argv[1]
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
elf = sys.argv[2] if len(sys.argv) > 2 else f"{root}/build/{board}/selftest.elf"
rng = random.Random(3260)
directory = tempfile.TemporaryDirectory(prefix="drivers")


class Disk:
    """The service on port 9 of selftest.c."""

    def __init__(self, machine):
        self.socket = machine.connect(DISK)
        self.socket.settimeout(20)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            piece = self.socket.recv(n - len(data))
            assert piece, "connection closed"
            data += piece
        return data

    def ask(self, op, n=0, lba=0, data=b"", answer_bytes=0):
        self.socket.sendall(struct.pack("<c3xIQ", op, n, lba) + data)
        result = struct.unpack("<i", self.exactly(4))[0]
        return result, self.exactly(answer_bytes)

    def info(self):
        result, data = self.ask(b"I", answer_bytes=24)
        names = ("blocks", "stack_used", "stack_bytes", "dropped_in", "dropped_out", "ms")
        return result, dict(zip(names, struct.unpack("<6I", data)))

    def read(self, lba, n):
        return self.ask(b"R", n, lba, answer_bytes=512 * n)

    def write(self, lba, data):
        return self.ask(b"W", len(data) // 512, lba, data)[0]


def start(image_size=64 * MIB, **options):
    image = None
    if image_size:
        image = os.path.join(directory.name, "card.img")
        if os.path.exists(image):
            os.unlink(image)
        sparse_image(image, image_size)
    machine = Machine(board, elf, image, guest_ports=(ECHO, DISK), **options)
    machine.image = image
    machine.wait_for("selftest: ready")
    return machine


def echo(sock, data, piece=65536):
    """Sends data, and returns what came back: at most as much."""
    sock.setblocking(False)
    sent, back = 0, bytearray()
    end = time.monotonic() + 30
    while len(back) < len(data):
        assert time.monotonic() < end, f"echo stopped after {len(back)} of {len(data)} bytes"
        want_write = [sock] if sent < len(data) else []
        readable, writable, _ = select.select([sock], want_write, [], 1)
        if writable:
            sent += sock.send(data[sent:sent + piece])
        if readable:
            got = sock.recv(65536)
            assert got, "connection closed"
            back += got
    return bytes(back)


def test_echo_of_random_bytes():
    with start() as m:
        data = rng.randbytes(2 * MIB)
        began = time.monotonic()
        with m.connect(ECHO) as s:
            assert echo(s, data) == data
        seconds = time.monotonic() - began
        result, info = Disk(m).info()
        print(f"    {2 * MIB / seconds / 1e6:.1f} MB/s there and back; {info}")
        assert info["dropped_out"] == 0


def test_echo_of_every_size():
    with start() as m, m.connect(ECHO) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for size in [*range(1, 80), *range(1400, 1530), *range(2900, 2930)]:
            data = rng.randbytes(size)
            assert echo(s, data) == data, f"{size} bytes"


def test_three_connections_at_once():
    with start() as m:
        sockets = [m.connect(ECHO) for _ in range(3)]
        data = [rng.randbytes(200000) for _ in sockets]
        back = [bytearray() for _ in sockets]
        sent = [0, 0, 0]
        for s in sockets:
            s.setblocking(False)
        end = time.monotonic() + 40
        while any(len(b) < len(d) for b, d in zip(back, data)):
            assert time.monotonic() < end, f"stopped at {[len(b) for b in back]}"
            readable, writable, _ = select.select(sockets, sockets, [], 1)
            for i, s in enumerate(sockets):
                if s in writable and sent[i] < len(data[i]):
                    sent[i] += s.send(data[i][sent[i]:sent[i] + 30000])
                if s in readable:
                    back[i] += s.recv(65536)
            if all(x == len(d) for x, d in zip(sent, data)):
                time.sleep(0.001)
        assert [bytes(b) for b in back] == data


def test_a_reader_that_stops_does_not_stop_the_others():
    """All the memory for frames waits for one connection; another one still works."""
    with start() as m:
        stuck = [m.connect(ECHO) for _ in range(2)]
        for s in stuck:
            s.setblocking(False)
            try:
                while True:
                    s.send(bytes(65536))
            except BlockingIOError:
                pass
        time.sleep(1)
        with m.connect(ECHO) as s:
            data = rng.randbytes(20000)
            assert echo(s, data) == data
        for s in stuck:
            s.close()


def compare_with_image(m, seed, size, count):
    """Writes count pieces anywhere, reads them back, and looks into the image file."""
    disk = Disk(m)
    pieces = {}
    choose = random.Random(seed)
    last = size // 512
    places = [0, last - 8] + [8 * choose.randrange(last // 8) for _ in range(count)]
    for lba in places:
        n = choose.randint(1, 8)
        data = choose.randbytes(512 * n)
        for i in range(n):
            pieces[lba + i] = data[512 * i:512 * i + 512]
        assert disk.write(lba, data) == 0, f"write of {n} blocks at {lba}"
    assert disk.ask(b"F")[0] == 0, "flush"
    for lba, data in pieces.items():
        result, got = disk.read(lba, 1)
        assert result == 0 and got == data, f"block {lba}"
    for lba in places:
        result, got = disk.read(lba, 8)
        assert result == 0
        for i in range(8):
            if lba + i in pieces:
                assert got[512 * i:512 * i + 512] == pieces[lba + i], f"block {lba} + {i}"
    disk.socket.close()
    m.stop()
    with open(m.image, "rb") as f:
        for lba, data in pieces.items():
            f.seek(lba * 512)
            assert f.read(512) == data, f"block {lba} in the image"


def card(size):
    with start(size) as m:
        result, info = Disk(m).info()
        assert result == 0 and info["blocks"] == size // 512, f"{result} {info}"
        compare_with_image(m, size, size, 200)


def test_card_sdsc_64_mib():
    card(64 * MIB)


def test_card_sdsc_2_gib():
    card(2048 * MIB)


def test_card_sdhc_4_gib():
    card(4096 * MIB)


def test_card_streams():
    """Consecutive requests, which a driver may join."""
    with start() as m:
        disk = Disk(m)
        data = rng.randbytes(512 * 1024)
        for i in range(0, 1024, 8):
            assert disk.write(1000 + i, data[512 * i:512 * (i + 8)]) == 0
        got = b"".join(disk.read(1000 + i, 8)[1] for i in range(0, 1024, 8))
        assert got == data
        time.sleep(0.2)
        for i in range(0, 1024, 100):
            result, one = disk.read(1000 + i, 1)
            assert result == 0 and one == data[512 * i:512 * i + 512]


def test_card_end():
    """A request beyond the end fails, and the card goes on."""
    with start() as m:
        disk = Disk(m)
        last = 64 * MIB // 512
        assert disk.read(last + 100, 1)[0] < 0
        assert disk.read(last - 1, 1) == (0, bytes(512))


def test_no_card():
    with start(None) as m:
        disk = Disk(m)
        began = time.monotonic()
        result, _ = disk.info()
        assert result == -2, f"ready answers {result}"
        assert disk.read(0, 1)[0] == -2
        assert time.monotonic() - began < 3
        with m.connect(ECHO) as s:
            assert echo(s, b"still here") == b"still here"


def test_clock():
    with start() as m:
        disk = Disk(m)
        first, began = disk.info()[1]["ms"], time.monotonic()
        time.sleep(3)
        passed = disk.info()[1]["ms"] - first
        real = (time.monotonic() - began) * 1000
        assert abs(passed - real) < 300, f"{passed} ms in {real:.0f} ms"


def test_answers_come_at_once():
    """A frame ends a sleep: the median answer takes less than the shortest timer."""
    with start() as m, m.connect(ECHO) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.settimeout(5)
        times = []
        for i in range(300):
            time.sleep(0.005)
            began = time.monotonic()
            s.sendall(b"x" * 48)
            got = 0
            while got < 48:
                got += len(s.recv(48))
            times.append(time.monotonic() - began)
        times.sort()
        print(f"    median {times[150] * 1e6:.0f} us, worst {times[-1] * 1e6:.0f} us")
        assert times[150] < 0.005 and times[-1] < 0.25, "sleeps through frames"


def test_leds():
    address, bits = GPIO[board]
    with start() as m:
        disk = Disk(m)
        for led in range(3):            # one after the other: two may share a lamp
            for on in (1, 0):
                assert disk.ask(b"L", on, led)[0] == 0
                value = int(m.monitor(f"xp /1wx {address:#x}").split(":")[-1].split()[0], 16)
                assert bool(value & bits[led]) == bool(on), f"LED {led} {on}: {value:#x}"


def test_random_numbers_differ():
    seen = set()
    for _ in range(3):
        with start() as m:
            disk = Disk(m)
            for _ in range(20):
                seen.add(disk.ask(b"Z", answer_bytes=32)[1])
    assert len(seen) == 60


def test_stack_is_enough():
    with start() as m:
        disk = Disk(m)
        for lba in range(0, 64, 8):
            assert disk.write(lba, rng.randbytes(4096)) == 0
            assert disk.read(lba, 8)[0] == 0
        info = disk.info()[1]
        print(f"    {info['stack_used']} of {info['stack_bytes']} bytes")
        assert 200 < info["stack_used"] < info["stack_bytes"] - 512


def test_watchdog():
    if board not in WATCHDOG:
        print("    not modelled")
        return
    with start() as m:
        assert Disk(m).ask(b"H")[0] == 0
        time.sleep(5)
        assert m.log.count("selftest: ready") == 1
        m.wait_for("selftest: ready", 10, times=2)


def test_idle_is_no_fault():
    """Nothing happens for longer than the watchdog's time."""
    with start() as m:
        time.sleep(12)
        assert m.log.count("selftest: ready") == 1
        with m.connect(ECHO) as s:
            assert echo(s, b"awake") == b"awake"


def test_fault_is_reported():
    with start() as m:
        try:
            Disk(m).ask(b"T")
        except (OSError, AssertionError):
            pass
        m.wait_for("fault ", 5)
        m.wait_for("selftest: ready", 10, times=2)


def test_static_address():
    """DHCP does not answer: the static address is taken after 10 s."""
    image = os.path.join(directory.name, "card.img")
    sparse_image(image, 64 * MIB)
    with Machine(board, elf, image, network=False) as m:
        m.wait_for("no answer from DHCP", 15)
        m.wait_for("address 10.0.2.15 (static)", 2)


sys.exit(play(globals(), board, sys.argv[3:]))
