#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# target.py: a board's firmware as an iSCSI target, in QEMU: real initiators copy disks to and from
# it, and a bad one (initiator.py) cuts, stops, floods and dies.
#
#   tests/firmware/target.py BOARD [FOLDER_OF_THE_BUILD [WORD...]]
#
# With words, only the tests whose names have one of them.  SOAK_SECONDS sets how long the soak
# lasts (60).  Ends with "N passed, M failed".

import os
import random
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from cases import play
from initiator import CheckCondition, Closed, Initiator
from machine import Machine, sparse_image

PORT = 3260
MIB = 1 << 20
TARGET = "iqn.2026-11.org.thimble:disk"
BAD_LBA = 10000 - 8192                  # of thimble-test.elf: 8 blocks of the card, in partition 2
PARTITION_LBA = 8192

board = sys.argv[1]
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
build = sys.argv[2] if len(sys.argv) > 2 else f"{root}/build/{board}"
small = board.startswith("lm3s")
connections = 4 if small else 8
rng = random.Random(7143)
directory = tempfile.TemporaryDirectory(prefix="target")


def path(name):
    return os.path.join(directory.name, name)


def start(image_size=64 * MIB, elf="thimble.elf", prepare=None):
    image = path("card.img")
    if os.path.exists(image):
        os.unlink(image)
    sparse_image(image, image_size)
    if prepare:
        prepare(image)
    m = Machine(board, os.path.join(build, elf), image, guest_ports=(PORT,))
    m.image = image
    m.address = ("127.0.0.1", m.ports[PORT])
    m.url = f"iscsi://127.0.0.1:{m.ports[PORT]}/{TARGET}/0"
    m.wait_for("ready iscsi://")
    return m


def healthy(m):
    """Nothing restarted, and a new initiator is served at once."""
    assert m.log.count("ready iscsi://") == 1, f"the board restarted: {m.story()}"
    with_session(m, lambda i: i.read(0, 8))


def with_session(m, work, **options):
    """As initiators do, it tries again for a while: what was there before may still be going,
    and then there is no connection (reset) or no session (0x0302) for it yet."""
    end = time.monotonic() + 3
    while True:
        try:
            i = Initiator(m.address, TARGET, **options)
            break
        except (AssertionError, Closed) as e:
            if not isinstance(e, Closed) and "0x0302" not in str(e) or time.monotonic() > end:
                raise
            time.sleep(0.02)
    i.clear_unit_attention()
    work(i)
    i.logout()


def run(*command, seconds=300):
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()[-2000:]}"
    return done.stdout


def ext4_image(size):
    name = path(f"ext4.{size}.img")
    if not os.path.exists(name):
        content = path("content")
        os.makedirs(content, exist_ok=True)
        for n in range(20):
            with open(os.path.join(content, f"file{n}"), "wb") as f:
                f.write(rng.randbytes(rng.randrange(size // 100)))
        sparse_image(name, size)
        run("mkfs.ext4", "-q", "-F", "-d", content, name)
    return name


def same(a, b, size):
    with open(a, "rb") as fa, open(b, "rb") as fb:
        for at in range(0, size, MIB):
            n = min(MIB, size - at)
            assert fa.read(n) == fb.read(n), f"{a} and {b} differ in MiB {at // MIB}"


def block_device(m, **options):
    """The disk as QEMU's tools take it in --image-opts, below driver=raw."""
    portal = {"driver": "iscsi", "transport": "tcp", "lun": 0, "target": TARGET,
              "portal": "%s:%d" % m.address}
    return ",".join(f"file.{k}={v}" for k, v in {**portal, **options}.items())


def copies_are_identical(card_size, image_size):
    ext4 = ext4_image(image_size)
    with start(card_size) as m:
        began = time.monotonic()
        run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", ext4, m.url)
        middle = time.monotonic()
        run("qemu-img", "convert", "--image-opts", "-O", "raw",
            f"driver=raw,size={image_size}," + block_device(m), path("back.img"))
        print(f"    {image_size / 1e6 / (middle - began):.1f} MB/s to it, "
              f"{image_size / 1e6 / (time.monotonic() - middle):.1f} MB/s back")
        healthy(m)
    same(ext4, path("back.img"), image_size)
    same(ext4, m.image, image_size)


def test_discovery():
    with start() as m:
        out = run("iscsi-ls", f"iscsi://127.0.0.1:{m.ports[PORT]}")
        assert f"Target:{TARGET} Portal:10.0.2.15:3260,1" in out, out
        out = run("iscsi-inq", m.url)
        # The card's, by whichever driver: QEMU's CID.
        assert "AAXYQEMU!01DEADBEEF062" in run("iscsi-inq", "-e", "1", "-c", "128", m.url)
        assert "Vendor:THIMBLE" in out and "Product:DISK" in out, out
        out = run("iscsi-readcapacity16", m.url)
        assert f"Number of logical blocks:{64 * MIB // 512}" in out.replace(" ", "").replace(
            "Numberoflogicalblocks", "Number of logical blocks") or str(64 * MIB) in out, out


def test_copy_to_a_64_mib_card_and_back():
    copies_are_identical(64 * MIB, 64 * MIB)


def test_copy_to_a_4_gib_card_and_back():
    copies_are_identical(4096 * MIB, 16 * MIB)


def test_last_blocks_of_a_4_gib_card():
    with start(4096 * MIB) as m:
        last = 4096 * MIB // 512 - 8
        data = rng.randbytes(4096)
        with_session(m, lambda i: i.write(last, data))
        with_session(m, lambda i: (assert_equal(i.read(last, 8), data),
                                   assert_sense(lambda: i.read(last + 1, 8), (5, 0x21, 0))))
    with open(m.image, "rb") as f:
        f.seek(last * 512)
        assert f.read() == data


def assert_equal(a, b):
    assert a == b


def assert_sense(work, sense):
    try:
        work()
    except CheckCondition as e:
        assert e.sense == sense, e
    else:
        raise AssertionError("no CHECK CONDITION")


def shadow_work(m, name, isid, first, blocks, seconds, failures, seed, **options):
    """Random reads and writes of blocks [first, first + blocks), checked against a copy."""
    try:
        choose = random.Random(seed)
        shadow = bytearray(512 * blocks)
        known = bytearray(blocks)
        i = Initiator(m.address, TARGET, name=name, isid=isid, **options)
        i.clear_unit_attention()
        end = time.monotonic() + seconds
        count = 0
        while time.monotonic() < end:
            n = choose.choice((1, 2, 7, 8, 8, 16, 33, 128))
            at = choose.randrange(blocks - n)
            if choose.random() < 0.5:
                data = choose.randbytes(512 * n)
                i.write(first + at, data, choose.choice((0, 512, 4096)) if n >= 8 else 0)
                shadow[512 * at:512 * (at + n)] = data
                known[at:at + n] = b"\1" * n
            else:
                data = i.read(first + at, n)
                for k in range(n):
                    if known[at + k]:
                        assert data[512 * k:512 * k + 512] == \
                            shadow[512 * (at + k):512 * (at + k + 1)], f"block {first + at + k}"
            count += 1
        i.logout()
        print(f"    {name}: {count} commands")
        return
    except Exception as e:
        failures.append(f"{name}: {type(e).__name__} {e}")


def initiators_at_once(m, seconds, specifications):
    failures = []
    threads = [threading.Thread(target=shadow_work, args=(
        m, f"iqn.2026-01.org.example:number{k}", k + 1, 4096 * k, 4096, seconds, failures, k),
        kwargs=options) for k, options in enumerate(specifications)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, f"{failures}; {m.story()}"


def test_two_initiators_at_once():
    with start() as m:
        initiators_at_once(m, 8, [{}, {}])
        healthy(m)


def test_two_initiators_with_digests():
    with start() as m:
        initiators_at_once(m, 8, [{"digests": True}, {"digests": True}])
        healthy(m)


def test_two_copies_at_once():
    """Two real initiators, each to its own half of the card."""
    size = 8 * MIB
    with start() as m:
        images = []
        for k in range(2):
            images.append(path(f"half{k}"))
            with open(images[k], "wb") as f:
                f.write(rng.randbytes(size))
        processes = [subprocess.Popen(
            ["qemu-img", "convert", "-n", "-f", "raw", "--target-image-opts", images[k],
             f"driver=raw,offset={k * 32 * MIB},size={size}," + block_device(
                 m, **{"initiator-name": f"iqn.2026-01.org.example:half{k}"})],
            stderr=subprocess.PIPE) for k in range(2)]
        for p in processes:
            _, err = p.communicate(timeout=120)
            assert p.returncode == 0, err
        healthy(m)
    with open(m.image, "rb") as f:
        for k in range(2):
            f.seek(k * 32 * MIB)
            with open(images[k], "rb") as g:
                assert f.read(size) == g.read(), f"half {k}"


def test_queue_of_commands():
    """As many commands at once as the session's window has, mixed, answered all."""
    with start() as m:
        i = Initiator(m.address, TARGET)
        i.clear_unit_attention()
        data = rng.randbytes(65536)
        i.write(0, data)
        for _ in range(20):
            places = [rng.randrange(120) for _ in range(8)]
            tags = {i.command(struct.pack(">BBIBHB", 0x28, 0, lba, 0, 8, 0), read_bytes=4096): lba
                    for lba in places}
            got = {}
            for _ in places:
                _, more = i.finish()
                for tag, piece in more.items():
                    got[tag] = got.get(tag, b"") + bytes(piece)
            for tag, lba in tags.items():
                assert got[tag] == data[512 * lba:512 * lba + 4096], f"read of {lba}"
        i.logout()
        healthy(m)


def test_queue_of_small_writes():
    """More of them than there are buffers, each in a segment of its own: they wait in the
    board's memory, and nothing has to be sent twice."""
    with start() as m:
        i = Initiator(m.address, TARGET)
        i.clear_unit_attention()
        data = {}
        began = time.monotonic()
        for _ in range(40):
            places = rng.sample(range(1000), 8)
            for lba in places:
                data[lba] = rng.randbytes(512)
                i.command(struct.pack(">BBIBHB", 0x2A, 0, lba, 0, 1, 0), write_bytes=512,
                          immediate=data[lba])
            for _ in places:
                i.finish()
        seconds = time.monotonic() - began
        print(f"    {320 / seconds:.0f} writes a second")
        for lba, block in data.items():
            assert i.read(lba, 1) == block, f"block {lba}"
        i.logout()
        assert seconds < 10, "writes were refused and sent again"
        healthy(m)


def test_long_write_same_lets_others_in():
    """32 MiB of zeros, which a card may have to be sent; another initiator reads meanwhile."""
    blocks = 65536
    with start() as m:
        i = Initiator(m.address, TARGET, timeout=120)
        i.clear_unit_attention()
        other = Initiator(m.address, TARGET, isid=2)
        other.clear_unit_attention()
        data = rng.randbytes(4096)
        other.write(blocks - 8, data)
        other.write(blocks, data)
        began = time.monotonic()
        i.command(struct.pack(">BBQIBB", 0x93, 0, 0, blocks, 0, 0), write_bytes=512,
                  immediate=bytes(512))
        worst = served = 0
        while not select.select([i.socket], [], [], 0)[0]:
            asked = time.monotonic()
            assert other.read(blocks, 8) == data
            worst = max(worst, time.monotonic() - asked)
            served += 1
        i.finish()
        print(f"    {time.monotonic() - began:.1f} s; another's read took {worst:.2f} s at most")
        assert served > 0, "nobody else was served meanwhile"
        assert i.read(blocks - 8, 16) == bytes(4096) + data
        other.logout()
        i.logout()
        healthy(m)
    with open(m.image, "rb") as f:
        assert not any(f.read(512 * blocks)), "not all zeros"


def test_initiator_dies_in_a_write():
    """In the middle of its data; a new one is served at once, again and again."""
    with start() as m:
        for how in ("close", "reset") * 6:
            i = Initiator(m.address, TARGET, isid=rng.randrange(1, 60000))
            i.clear_unit_attention()
            itt = i.command(struct.pack(">BBIBHB", 0x2A, 0, 0, 0, 128, 0), write_bytes=65536)
            pdu = i.receive()
            assert pdu.opcode == 0x31, f"no R2T but {pdu.opcode:#x}"
            header = struct.pack(">BBHIQIIIIIIII", 0x05, 0, 0, 0, 0, itt, pdu.ttt, 0, 0, 0, 0, 0, 0)
            i.send_bytes(i.encode(header, bytes(4096))[:48 + rng.randrange(4000)])
            getattr(i, how)()
            began = time.monotonic()
            with_session(m, lambda i: i.write(0, rng.randbytes(8192)))
            assert time.monotonic() - began < 3, "a new initiator had to wait"
        healthy(m)


def test_initiator_dies_in_a_read():
    with start() as m:
        for how in ("close", "reset") * 6:
            i = Initiator(m.address, TARGET, isid=rng.randrange(1, 60000))
            i.clear_unit_attention()
            for _ in range(4):
                i.command(struct.pack(">BBIBHB", 0x28, 0, 0, 0, 256, 0), read_bytes=131072)
            getattr(i, how)()
            with_session(m, lambda i: i.read(0, 64))
        healthy(m)


def test_bytes_one_by_one():
    """Each byte in a segment of its own."""
    with start() as m:
        data = rng.randbytes(1024)
        with_session(m, lambda i: i.write(8, data), piece=1)
        with_session(m, lambda i: assert_equal(i.read(8, 2), data), piece=1)
        healthy(m)


def test_trickle_of_24_kib_a_second():
    with start() as m:
        data = rng.randbytes(65536)
        began = time.monotonic()
        with_session(m, lambda i: i.write(0, data), piece=240, pause=0.01)
        print(f"    {65536 / 1024 / (time.monotonic() - began):.0f} KiB/s")
        with_session(m, lambda i: assert_equal(i.read(0, 128), data))
        healthy(m)


def test_trickle_beside_a_busy_initiator():
    with start() as m:
        initiators_at_once(m, 8, [{"piece": 240, "pause": 0.01}, {}])
        healthy(m)


def test_a_reader_that_stops():
    """It asks for more than the wire holds and takes nothing.  Others are served: writes at
    once, reads at the latest when the board gives the stopped one up, after 15 s."""
    with start() as m:
        s = Initiator(m.address, TARGET, name="iqn.2026-01.org.example:stopped")
        s.clear_unit_attention()
        for _ in range(8):
            s.command(struct.pack(">BBIBHB", 0x28, 0, 0, 0, 32768, 0), read_bytes=16 * MIB)
        time.sleep(8)
        began = time.monotonic()
        data = rng.randbytes(32768)
        with_session(m, lambda i: i.write(100, data))
        written = time.monotonic() - began
        with_session(m, lambda i: assert_equal(i.read(100, 64), data), timeout=30)
        print(f"    write after {written:.2f} s, read after {time.monotonic() - began:.2f} s")
        assert written < 5
        s.reset()
        healthy(m)


def test_garbage():
    with start() as m:
        for size in (1, 47, 48, 100, 5000, 60000):
            for _ in range(3):
                with socket.create_connection(m.address, 5) as s:
                    try:
                        s.sendall(rng.randbytes(size))
                    except ConnectionError:
                        pass
        healthy(m)


def test_half_open_connections_up_to_the_limit():
    """Connections that say nothing; a new initiator still gets in."""
    with start() as m:
        silent = [socket.create_connection(m.address, 5) for _ in range(connections + 3)]
        time.sleep(0.5)
        end = time.monotonic() + 20
        while True:
            try:
                with_session(m, lambda i: i.read(0, 1), timeout=5)
                break
            except (Closed, OSError):
                assert time.monotonic() < end, "nobody gets in"
        print(f"    in after {time.monotonic() - end + 20:.2f} s")
        for s in silent:
            s.close()
        time.sleep(0.5)
        healthy(m)


def test_logins_that_stop_in_the_middle():
    with start() as m:
        stopped = []
        for _ in range(connections):
            s = socket.create_connection(m.address, 5)
            s.sendall(struct.pack(">BBHI6sHIHHII16x", 0x43, 0x87, 0, 200, b"\x80\0\0\0\0\1", 0, 0,
                                  0, 0, 1, 0) + b"InitiatorName=iqn")
            stopped.append(s)
        end = time.monotonic() + 25
        while True:
            try:
                with_session(m, lambda i: i.read(0, 1), timeout=5)
                break
            except (Closed, OSError):
                assert time.monotonic() < end, "nobody gets in"
        print(f"    in after {time.monotonic() - end + 25:.2f} s")
        for s in stopped:
            s.close()
        time.sleep(0.5)
        healthy(m)


def test_sessions_come_and_go():
    with start() as m:
        for n in range(60):
            with_session(m, lambda i: i.read(n, 1), isid=n + 1)
        healthy(m)


SECRETS = ("visitor-secret", "thimble-secret")


def partitioned(image):
    """A FAT16 volume with thimble.ini, and behind it partition 2, from PARTITION_LBA on."""
    with open(image, "r+b") as f:
        f.seek(446)
        f.write(struct.pack("<B3sB3sII", 0, b"\0\0\0", 6, b"\0\0\0", 64, PARTITION_LBA - 64) +
                struct.pack("<B3sB3sII", 0, b"\0\0\0", 0x83, b"\0\0\0", PARTITION_LBA, 65536))
        f.seek(510)
        f.write(b"\x55\xaa")
    run("mkfs.vfat", "-F", "16", "-s", "1", "--offset", "64", "-n", "SETTINGS", image,
        str((PARTITION_LBA - 64) // 2))
    with open(path("thimble.ini"), "w") as f:
        f.write("[target]\nchap-user = visitor\nchap-password = %s\nmutual-user = thimble\n"
                "mutual-password = %s\n[lun 0]\ndisk = partition 2\n" % SECRETS)
    run("mcopy", "-i", f"{image}@@{64 * 512}", path("thimble.ini"), "::THIMBLE.INI")


def test_disk_errors_partition_and_chap():
    """thimble-test.elf: bad blocks become MEDIUM ERROR and the session goes on; libiscsi
    proves who it is, and a stranger does not get in."""
    with start(elf="thimble-test.elf", prepare=partitioned) as m:
        address = f"127.0.0.1:{m.ports[PORT]}"
        good = f"iscsi://visitor%visitor-secret@{address}/{TARGET}/0"
        mutual = good + "?target_user=thimble&target_password=thimble-secret"
        wrong = f"iscsi://visitor%visitor-secreT@{address}/{TARGET}/0"
        for url in (good, mutual):
            assert "THIMBLE" in run("iscsi-inq", url)
        for url in (m.url, wrong, good + "?target_user=thimble&target_password=other-secret-1"):
            done = subprocess.run(["iscsi-inq", url], capture_output=True, timeout=30)
            assert done.returncode != 0, f"{url} got in"
        out = run("iscsi-readcapacity16", good)
        assert "65536" in out or "65535" in out, out

        data = path("data")
        with open(data, "wb") as f:
            f.write(rng.randbytes(BAD_LBA * 512))
        target = f"driver=raw,size={BAD_LBA * 512}," + block_device(
            m, user="visitor", password="visitor-secret")
        done = subprocess.run(["qemu-img", "convert", "-n", "-f", "raw", "--target-image-opts", data,
                               target], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        done = subprocess.run(["qemu-io", "--image-opts", target.replace(
            f"size={BAD_LBA * 512}", "size=4194304"), "-c", f"read {BAD_LBA * 512} 4096", "-c",
            f"write {BAD_LBA * 512} 4096", "-c", "read 0 4096"],
            capture_output=True, text=True, timeout=60)
        text = done.stdout + done.stderr
        assert text.count("Input/output error") >= 2 and "read 4096/4096 bytes at offset 0" in text, \
            text
        assert "(3) ASCQ" in text and "(0x1100)" in text and "(0x0c00)" in text, text
        m.wait_for("disk: error, sense 031100")
        m.wait_for("disk: error, sense 030c00")
        assert not any(secret in m.log for secret in SECRETS), "a secret on the serial line"
    with open(m.image, "rb") as f, open(data, "rb") as g:
        f.seek(PARTITION_LBA * 512)
        assert f.read(BAD_LBA * 512) == g.read(), "partition"


def test_soak():
    seconds = int(os.environ.get("SOAK_SECONDS", "60"))
    with start() as m:
        initiators_at_once(m, seconds, [{}, {"digests": True}])
        healthy(m)
        m.wait_for("board: stack")
        line = [x for x in m.log.splitlines() if x.startswith("board: stack")][-1]
        used, of = [int(w) for w in line.split("stack ")[1].split() if w.isdigit()]
        print(f"    stack {used} of {of} bytes")
        assert used < of - 512


sys.exit(play(globals(), board, sys.argv[3:]))
