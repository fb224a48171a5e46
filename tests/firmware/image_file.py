#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# image_file.py: a board that serves a file on its card, in QEMU.  mkfs and mtools make the card, an
# initiator writes and reads the disk, mtools and fsck look at the card afterwards.
#
#   tests/firmware/image_file.py BOARD [FOLDER_OF_THE_BUILD [WORD...]]
#
# With words, only the tests whose names have one of them.  Ends with "N passed, M failed".

import os
import random
import sys

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(root, "tests", "fat"))
from cases import play
from machine import Machine
from volumes import MIB, card, consistent, exfat_put, get, path, pieces, put, run

PORT = 3260
FILE = "thimble.img"
TARGET = "iqn.2026-11.org.thimble:disk"
CARD_SIZE = 64 * MIB
FAT32 = ("-F", "32", "-s", "1")

board = sys.argv[1]
build = sys.argv[2] if len(sys.argv) > 2 else f"{root}/build/{board}"
rng = random.Random(3720)


def start(image):
    m = Machine(board, os.path.join(build, "thimble.elf"), image, guest_ports=(PORT,))
    try:
        m.url = f"iscsi://127.0.0.1:{m.ports[PORT]}/{TARGET}/0"
        m.wait_for("ready iscsi://")
    except BaseException:
        m.stop()
        raise
    return m


def write_and_read_back(m, size):
    """Another disk goes in through iSCSI and comes back; returns it."""
    content = rng.randbytes(size)
    with open(path("disk"), "wb") as f:
        f.write(content)
    run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", path("disk"), m.url)
    run("qemu-img", "convert", "--image-opts", "-O", "raw",
        f"driver=raw,size={size},file.driver=iscsi,file.transport=tcp,file.lun=0,"
        f"file.target={TARGET},file.portal=127.0.0.1:{m.ports[PORT]}", path("back"))
    with open(path("back"), "rb") as f:
        assert f.read() == content, "what comes back is not what was written"
    return content


def unchanged_while_it_serves_nothing(image, why):
    with open(image, "rb") as f:
        before = f.read()
    with start(image) as m:
        m.wait_for(f"LUN 0: file {FILE} is not served: {why}")
        done = run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", path("content"), m.url,
                   ok=False)
        assert done.returncode != 0
        assert run("iscsi-inq", m.url).returncode == 0, "the session itself works"
        assert m.log.count("ready iscsi://") == 1, m.log
    with open(image, "rb") as f:
        assert f.read() == before, "the card was changed"


def served(partition_lba):
    image, volume = card(CARD_SIZE, *FAT32, partition_lba=partition_lba)
    beside = rng.randbytes(100000)
    put(volume, "before.bin", beside)
    put(volume, FILE, rng.randbytes(8 * MIB))
    put(volume, "after.bin", beside)
    with start(image) as m:
        m.wait_for(f"LUN 0: file {FILE}, 8192 KiB")
        content = write_and_read_back(m, 8 * MIB)
        assert m.log.count("ready iscsi://") == 1, m.log
    assert get(volume, FILE) == content
    assert get(volume, "before.bin") == get(volume, "after.bin") == beside
    consistent(image, partition_lba)


def test_a_file_on_fat32():
    served(0)


def test_a_file_on_fat32_in_a_partition():
    served(2048)


def test_a_file_in_some_pieces_is_served_by_its_runs():
    image, volume = card(CARD_SIZE, *FAT32)
    pieces(volume, image, rng)
    put(volume, FILE, rng.randbytes(5 * 20480))
    with start(image) as m:
        m.wait_for(f"LUN 0: file {FILE}, 100 KiB")
        content = write_and_read_back(m, 5 * 20480)
    assert get(volume, FILE) == content
    consistent(image)


def test_a_file_in_too_many_pieces_is_refused():
    image, volume = card(CARD_SIZE, *FAT32)
    pieces(volume, image, rng)
    put(volume, FILE, rng.randbytes(15 * 20480))
    unchanged_while_it_serves_nothing(image, "the file lies in too many pieces")


def test_a_file_on_a_damaged_volume_is_refused():
    image, volume = card(CARD_SIZE, *FAT32)
    put(volume, FILE, rng.randbytes(MIB))
    with open(image, "r+b") as f:
        boot = f.read(512)
        fat_at = int.from_bytes(boot[14:16], "little") * 512
        f.seek(fat_at + 4 * 1000)
        f.write(bytes(400))             # the chain goes through here
    unchanged_while_it_serves_nothing(image, "the card's file system is damaged")


def test_a_read_only_file_is_served_write_protected():
    image, volume = card(CARD_SIZE, *FAT32)
    content = rng.randbytes(MIB)
    put(volume, FILE, content)
    run("mattrib", "+r", "-i", volume, "::" + FILE)
    with start(image) as m:
        m.wait_for(f"LUN 0: file {FILE}, 1024 KiB")
        assert "read-only" in m.log
        run("qemu-img", "convert", "-f", "raw", "-O", "raw", m.url, path("back"))
        with open(path("back"), "rb") as f:
            assert f.read() == content
        with open(path("disk"), "wb") as f:
            f.write(rng.randbytes(MIB))
        done = run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", path("disk"), m.url,
                   ok=False)
        assert done.returncode != 0
    assert get(volume, FILE) == content


def test_an_iso_image_is_a_cd_rom_drive():
    image, volume = card(CARD_SIZE, *FAT32)
    content = rng.randbytes(3 * MIB + 2048)
    put(volume, FILE, rng.randbytes(MIB))
    put(volume, "cd.iso", content)
    put(volume, "THIMBLE.INI", b"[lun 0]\ndisk = file thimble.img\nallow = iqn.2001-04.com.example:pc lun=1 read-only, *\n"
        b"[lun 1]\ndisk = file cd.iso\ntype = cdrom\nallow = iqn.2001-04.com.example:pc lun=0\n")
    with start(image) as m:
        url = m.url[:-1] + "0"                          # for whom it is
        m.wait_for("LUN 1: file cd.iso, 3074 KiB")
        told = run("iscsi-inq", "-i", "iqn.2001-04.com.example:pc", url).stdout
        assert b"Device Type:MMC" in told and b"Removable:1" in told, told
        run("qemu-img", "convert", "--image-opts", "-O", "raw",
            "driver=raw,file.driver=iscsi,file.transport=tcp,file.lun=0,"
            "file.initiator-name=iqn.2001-04.com.example:pc,"
            f"file.target={TARGET},file.portal=127.0.0.1:{m.ports[PORT]}", path("back"))
        with open(path("back"), "rb") as f:
            assert f.read() == content
        stranger = run("qemu-img", "info", "-f", "raw", m.url[:-1] + "1", ok=False)
        assert stranger.returncode != 0, "a stranger sees it"
        for who, lun, writes in (("pc", "1", False), ("other", "0", True)):
            told = run("iscsi-inq", "-i", f"iqn.2001-04.com.example:{who}", m.url[:-1] + lun).stdout
            assert b"Device Type:DIRECT_ACCESS" in told, told
            done = run("qemu-io", "-c", "write -P 7 0 512", "--image-opts",
                       f"driver=raw,file.driver=iscsi,file.transport=tcp,file.lun={lun},"
                       f"file.initiator-name=iqn.2001-04.com.example:{who},"
                       f"file.target={TARGET},file.portal=127.0.0.1:{m.ports[PORT]}", ok=False)
            assert (done.returncode == 0) == writes, (who, done.stdout, done.stderr)
    assert get(volume, "cd.iso") == content


def test_without_the_file_the_whole_card_is_served():
    image, volume = card(CARD_SIZE, *FAT32)
    put(volume, "other.img", rng.randbytes(MIB))
    with start(image) as m:
        m.wait_for("LUN 0: whole card, 65536 KiB")
        content = write_and_read_back(m, CARD_SIZE // 8)
    with open(image, "rb") as f:
        assert f.read(len(content)) == content


def test_another_card_is_looked_at_anew():
    """The card with the file goes; the next one has a file that cannot be served."""
    image, volume = card(CARD_SIZE // 2, "-F", "16")    # of another size: QEMU's cards are all alike
    pieces(volume, image, rng)
    put(volume, FILE, rng.randbytes(15 * 20480))
    os.rename(image, path("second.img"))
    image, volume = card(CARD_SIZE, *FAT32)
    content = rng.randbytes(MIB)
    put(volume, FILE, content)
    with start(image) as m:
        m.wait_for(f"LUN 0: file {FILE}, 1024 KiB")
        m.monitor(f"change sd0 {path('second.img')} raw")
        m.wait_for(f"LUN 0: file {FILE} is not served: the file lies in too many pieces")
        m.monitor(f"change sd0 {image} raw")
        m.wait_for(f"LUN 0: file {FILE}, 1024 KiB", times=2)
        content = write_and_read_back(m, MIB)
        assert m.log.count("ready iscsi://") == 1, m.log
    assert get(volume, FILE) == content
    consistent(image)


def test_a_file_on_exfat():
    image = path("card.img")
    with open(image, "wb") as f:
        f.truncate(CARD_SIZE)
    run("mkfs.exfat", image)
    with open(image, "rb") as f:
        cluster_bytes = 512 << f.read(512)[109]
    size = 2 * MIB
    taken = exfat_put(image, FILE, rng.randbytes(size), size // cluster_bytes, False)
    with start(image) as m:
        m.wait_for(f"LUN 0: file {FILE}, 2048 KiB")
        content = write_and_read_back(m, size)
    run("fsck.exfat", "-n", image)
    with open(image, "rb") as f:
        boot = f.read(512)
        f.seek(int.from_bytes(boot[88:92], "little") * 512 + (taken[0] - 2) * cluster_bytes)
        assert f.read(size) == content


sys.exit(play(globals(), board, sys.argv[3:]))
