#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# settings.py: a board that reads thimble.ini from its card, in QEMU: what it says is what initiators
# get, and what it says wrong is told and not served.  mkfs and mtools make the cards.
#
#   tests/firmware/settings.py BOARD [FOLDER_OF_THE_BUILD [WORD...]]
#
# With words, only the tests whose names have one of them.  Ends with "N passed, M failed".

import os
import random
import re
import socket
import struct
import sys
import time

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(root, "tests", "fat"))
from cases import play
from machine import GPIO, Machine, free_port
from volumes import MIB, exfat_put, get, path, put, run

TARGET = "iqn.2026-11.org.example:cellar"
FRIEND = "iqn.2026-11.org.example:friend"
SECRET = "correct-horse-battery"
FILE = "A disk of mine.img"
CARD_SIZE = 64 * MIB
CARD = "AAXYQEMU!01DEADBEEF062"         # serial number of QEMU's card
VOLUME_LBA, PARTITION_LBA, PARTITION_BLOCKS = 2048, 114688, 4096

board = sys.argv[1]
build = sys.argv[2] if len(sys.argv) > 2 else f"{root}/build/{board}"
rng = random.Random(514)


def start(image, address="10.0.2.15", port=3260, target=TARGET, ready=True, **options):
    """The board as others reach it: at m.at, by way of QEMU's network."""
    here = free_port()
    options.setdefault("network", f"user,hostfwd=tcp:127.0.0.1:{here}-{address}:{port}")
    m = Machine(board, os.path.join(build, "thimble.elf"), image, **options)
    m.at = f"127.0.0.1:{here}"
    m.url = f"iscsi://{m.at}/{target}"
    try:
        if ready:
            m.wait_for(f"ready iscsi://{address}:{port}/{target}/0")
    except BaseException:
        m.stop()
        raise
    return m


def two_partitions(ini):
    """FAT32 with thimble.ini and a file, and partition 2 of random bytes."""
    image, content = path("card.img"), rng.randbytes(512 * PARTITION_BLOCKS)
    volume = f"{image}@@{VOLUME_LBA * 512}"
    with open(image, "wb") as f:
        f.truncate(CARD_SIZE)
        f.seek(446)
        f.write(struct.pack("<4xB3xII4xB3xII", 0x0c, VOLUME_LBA, PARTITION_LBA - VOLUME_LBA, 0x83,
                            PARTITION_LBA, PARTITION_BLOCKS))
        f.seek(510)
        f.write(b"\x55\xaa")
        f.seek(PARTITION_LBA * 512)
        f.write(content)
    run("mkfs.vfat", "-F", "32", "-s", "1", "--offset", str(VOLUME_LBA), image,
        str((PARTITION_LBA - VOLUME_LBA) // 2))
    put(volume, FILE, rng.randbytes(2 * MIB))
    put(volume, "thimble.ini", ini.replace("\n", "\r\n").encode())
    return image, volume, content


def disk(m, lun, user="", **options):
    portal = {"driver": "iscsi", "transport": "tcp", "lun": lun, "target": TARGET, "portal": m.at,
              "initiator-name": FRIEND, **options}
    if user:
        portal.update(user=user, password=SECRET)
    return "driver=raw," + ",".join(f"file.{k}={v}" for k, v in portal.items())


def write(m, lun, content, **options):
    with open(path("disk"), "wb") as f:
        f.write(content)
    return run("qemu-img", "convert", "-n", "-f", "raw", "--target-image-opts", path("disk"),
               disk(m, lun, **options), ok=False)


def read(m, lun, **options):
    run("qemu-img", "convert", "--image-opts", "-O", "raw", disk(m, lun, **options), path("back"))
    with open(path("back"), "rb") as f:
        return f.read()


def inquire(m, lun, who=FRIEND, account=f"alice%{SECRET}@", ok=True):
    return run("iscsi-inq", "-i", who, f"iscsi://{account}{m.at}/{TARGET}/{lun}", ok=ok)


def test_what_it_says_is_served():
    """A static address, CHAP, an allow-list, a file with a long name, a partition; lines end with CR LF."""
    image, volume, content = two_partitions(f"""\
; what a Windows editor makes of it
[Network]
address = 10.0.2.77/24     # no DHCP
port = 3261
[target]
name = {TARGET}
allow = {FRIEND}
chap-user = alice
chap-password = "{SECRET}"
[lun 0]
disk = file a disk of MINE.img
vendor = CELLAR
product = "WINE  RACK"
[lun 1]
disk = partition 2
read-only = yes
serial = BOTTLE7
[log]
level = debug
""")
    with start(image, "10.0.2.77", 3261) as m:
        m.wait_for("LUN 1: partition 2, 2048 KiB, serial number BOTTLE7, read-only")
        assert f"serial number {CARD}-7655708C" in m.log, m.log      # of the file's name, in any board
        assert "DHCP" not in m.log, m.log
        said = inquire(m, 0).stdout
        assert b"Vendor:CELLAR" in said and b"Product:WINE  RACK" in said, said
        assert b"BOTTLE7" in run("iscsi-inq", "-e", "1", "-c", "128", "-i", FRIEND,
                                 f"iscsi://alice%{SECRET}@{m.at}/{TARGET}/1").stdout
        for stranger in ({"account": ""}, {"account": "alice%wrong-horse-battery@"},
                         {"who": "iqn.2026-11.org.example:stranger"}, {"lun": 2}):
            assert inquire(m, **{"lun": 0, **stranger}, ok=False).returncode != 0, f"{stranger} got in"

        written = rng.randbytes(2 * MIB)
        assert write(m, 0, written, user="alice").returncode == 0
        assert read(m, 0, user="alice") == written
        assert read(m, 1, user="alice") == content
        assert write(m, 1, bytes(MIB), user="alice").returncode != 0, "partition 2 was written"
        assert SECRET not in m.log and m.log.count("ready iscsi://") == 1, m.story()
    assert get(volume, FILE) == written
    with open(image, "rb") as f:
        f.seek(PARTITION_LBA * 512)
        assert f.read(len(content)) == content


def test_mistakes_are_told_and_not_served():
    image, volume, _ = two_partitions(f"""\
[network]
address = 10.0.2.300/24
[target]
name = {TARGET}
[lun 0]
disk = file {FILE}
[lun 1]
disk = partition two
[timeouts]
login = soon
""")
    with start(image) as m:
        for line in ('thimble.ini:2: [network] address: "10.0.2.300/24" is wrong; write ',
                     'thimble.ini:8: [lun 1] disk: "partition two" is wrong; write ',
                     'thimble.ini:10: [timeouts] login: "soon" is wrong; write '):
            assert line in m.log, f"not told: {line}; {m.story()}"
        assert inquire(m, 0, account="").returncode == 0
        assert inquire(m, 1, account="", ok=False).returncode != 0
        assert "LUN 1: " not in m.log
        assert blinks(m, 5) == 5, "error LED"


def blinks(m, code):
    """The number that the error LED blinks, watched while one of `code` blinks comes three times.  A busy machine may
    miss some of a group, but never sees more than there are."""
    address, bits = GPIO[board]
    lit, groups, ended = True, [0], time.monotonic()
    end = ended + 3 * (code * 0.4 + 1.2)
    while time.monotonic() < end:
        value = int(m.monitor(f"xp /1wx {address:#x}").split(":")[-1].split()[0], 16)
        was, lit, now = lit, bool(value & bits[2]), time.monotonic()
        if lit and not was:
            if now - ended > 0.9:       # the pause is 1.2 s
                groups.append(0)
            groups[-1] += 1
        if lit:
            ended = now
    return max(groups)


def test_a_mistake_that_may_concern_everything_shuts_all():
    image, volume, _ = two_partitions("[lun 0]\ndisk = file " + FILE + "\n[lum 1]\nread-only = yes\n")
    with start(image, ready=False) as m:
        m.wait_for("thimble.ini:3: there is no section [lum 1]; did you mean [lun]?")
        m.wait_for("nothing is served")
        try:
            with socket.create_connection(m.at.split(":"), 1) as s:
                s.settimeout(2)
                assert s.recv(1) == b"", "somebody answers"
        except OSError:
            pass
        assert "LUN 0" not in m.log and "network:" not in m.log, m.log


def test_a_fallback_when_dhcp_is_silent():
    image, _, _ = two_partitions(f"[network]\nfallback = 10.0.2.33/24\n[target]\nname = {TARGET}\n"
                                 f"[lun 0]\ndisk = file {FILE}\n")
    with start(image, ready=False, network=False) as m:
        m.wait_for("no answer from DHCP", 15)
        m.wait_for(f"ready iscsi://10.0.2.33:3260/{TARGET}/0", 2)


def test_a_file_that_is_not_there():
    image, _, _ = two_partitions(f"[target]\nname = {TARGET}\n[lun 0]\ndisk = file wine.img\n"
                                 "[lun 1]\ndisk = partition 2\n")
    with start(image) as m:
        m.wait_for("LUN 0: file wine.img is not served: no such file on the card")
        assert inquire(m, 1, account="").returncode == 0
        assert write(m, 0, bytes(MIB)).returncode != 0
        assert blinks(m, 3) == 3, "error LED"


def test_two_files_on_exfat_with_a_cache():
    image = path("card.img")
    with open(image, "wb") as f:
        f.truncate(CARD_SIZE)
    run("mkfs.exfat", image)
    with open(image, "rb") as f:
        cluster_bytes = 512 << f.read(512)[109]
    ini = (f"[target]\nname = {TARGET}\n[lun 0]\ndisk = file {FILE}\n[lun 1]\n"
           "disk = file second.img\n[limits]\ncache = 256K\n").encode()
    exfat_put(image, "thimble.ini", ini, 1, True)
    names, size = (FILE, "second.img"), 2 * MIB
    taken = [exfat_put(image, name, rng.randbytes(size), size // cluster_bytes, False)
             for name in names]
    written = [rng.randbytes(size) for _ in names]
    with start(image) as m:
        m.wait_for("card: a cache of 2")
        for lun, content in enumerate(written):
            m.wait_for(f"LUN {lun}: file {names[lun]}, 2048 KiB")
            assert write(m, lun, content).returncode == 0
        for lun, content in enumerate(written):
            assert read(m, lun) == content, f"LUN {lun}"
    run("fsck.exfat", "-n", image)
    with open(image, "rb") as f:
        boot = f.read(512)
        for clusters, content in zip(taken, written):
            f.seek(int.from_bytes(boot[88:92], "little") * 512 + (clusters[0] - 2) * cluster_bytes)
            assert f.read(size) == content


def test_a_link_that_is_lost_and_comes_back():
    image, _, _ = two_partitions(f"[target]\nname = {TARGET}\n[lun 0]\ndisk = file {FILE}\n")
    with start(image) as m:
        nic = m.monitor("info network").split("index=0,type=nic")[0].split()[-1].rstrip(":")
        m.monitor(f"set_link {nic} off")
        m.wait_for("network: no link")
        m.wait_for("network: no address any more")
        m.monitor(f"set_link {nic} on")
        m.wait_for("ready iscsi://", times=2)
        assert inquire(m, 0, account="").returncode == 0


MESSAGE = re.compile(rb'<(\d+)>1 - cellar-3 thimble - - \[meta sequenceId="(\d+)" sysUpTime="(\d+)"\] ([ -~]*)')


def test_the_log_by_syslog():
    """What the serial line says, from its first line on, and nothing that it does not say."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        sink.settimeout(20)
        image, _, _ = two_partitions(f"""\
[network]
hostname = cellar-3
[target]
name = {TARGET}
chap-user = alice
chap-password = {SECRET}
[lun 0]
disk = file {FILE}
[lun 1]
disk = file lost.img
[log]
syslog = 10.0.2.2:{sink.getsockname()[1]}
color = yes
[timeouts]
login = soon
""")
        with start(image) as m:
            got = []
            for _ in range(3):
                inquire(m, 0, ok=False)
                inquire(m, 0, account="alice%wrong-horse-battery@", ok=False)
                refused = False
                while not refused:
                    try:
                        message = sink.recv(2000)
                    except TimeoutError:
                        raise AssertionError(f"{len(got)} messages; {m.story()}") from None
                    match = MESSAGE.fullmatch(message)
                    assert match and len(message) <= 480, message
                    got.append((*map(int, match.groups()[:3]), match.group(4)))
                    refused = b"refused with 0201" in message
            texts = [g[3].decode() for g in got]
            lines = [line.replace("\033[31m", "").replace("\033[33m", "").replace("\033[0m", "")
                     for line in m.log.split("\n")]
        at = 0
        for text in texts:              # in their order
            at = lines.index(text, at) + 1
        assert [g[1] for g in got] == list(range(1, len(got) + 1)), "numbers"
        assert [g[2] for g in got] == sorted(g[2] for g in got), "times"
        severity = {text: g[0] - 16 * 8 for g, text in zip(got, texts)}
        assert severity[next(t for t in texts if t.startswith("thimble "))] == 6, texts
        assert severity[next(t for t in texts if "[timeouts] login" in t)] == 3, texts
        assert severity[next(t for t in texts if "lost.img" in t)] == 4, texts
        assert severity[next(t for t in texts if "refused with 0201" in t)] == 4, texts
        assert any(t.startswith("ready iscsi://10.0.2.15") for t in texts), texts
        assert any(" logged in (" in t for t in texts), texts
        assert SECRET not in "".join(texts)


# Of the boards in QEMU, only the SiFive U's controller tells of its link, as the driver asks it; it has the memory for a
# cache, too.
ONLY = {"two_files_on_exfat": {"sifive_u"}, "a_link_that": {"sifive_u"},
        "what_it_says": {"lm3s6965evb", "sifive_u"}, "by_syslog": {"lm3s6965evb", "sifive_u"}}


def is_for(name):
    return board in next((boards for word, boards in ONLY.items() if word in name), {"lm3s6965evb"})


sys.exit(play(globals(), board, sys.argv[3:], is_for))
