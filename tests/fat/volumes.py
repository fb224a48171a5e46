# SPDX-License-Identifier: MIT
#
# volumes.py: cards with file systems, for tests: made by mkfs.vfat and mkfs.exfat, files put in by mtools.
#
# Nothing puts a file on exFAT without mounting it, so exfat_put() does; fsck.exfat says whether it did
# it right.

import os
import struct
import subprocess
import tempfile

MIB = 1 << 20
os.environ["PATH"] += ":/usr/sbin:/sbin"
os.environ["MTOOLS_SKIP_CHECK"] = "1"
folder = tempfile.TemporaryDirectory(prefix="fat")


def path(name):
    return os.path.join(folder.name, name)


def run(*command, data=None, ok=True):
    done = subprocess.run(command, input=data, capture_output=True, timeout=120)
    assert not ok or done.returncode == 0, f"{command}: {done.stdout!r} {done.stderr!r}"
    return done


def card(size, *mkfs, partition_lba=0):
    """An image with a volume, in an MBR's first partition if partition_lba > 0.  Returns its path and
    what mtools calls it."""
    image = path("card.img")
    with open(image, "wb") as f:
        f.truncate(size)
        if partition_lba:
            f.seek(446)
            f.write(struct.pack("<B3sB3sII", 0, b"", 0x0c, b"", partition_lba,
                                size // 512 - partition_lba))
            f.seek(510)
            f.write(b"\x55\xaa")
    if partition_lba:
        run("mkfs.vfat", *mkfs, "--offset", str(partition_lba), "-h", str(partition_lba), image,
            str((size // 512 - partition_lba) // 2))
    else:
        run("mkfs.vfat", *mkfs, image)
    return image, f"{image}@@{partition_lba * 512}"


def put(volume, name, content):
    with open(path("content"), "wb") as f:
        f.write(content)
    run("mcopy", "-o", "-i", volume, path("content"), "::" + name)


def get(volume, name):
    return run("mcopy", "-n", "-i", volume, "::" + name, "-").stdout


def consistent(image, partition_lba=0):
    if not partition_lba:
        run("fsck.vfat", "-n", image)
        return
    with open(image, "rb") as f, open(path("volume"), "wb") as g:
        f.seek(partition_lba * 512)
        g.write(f.read())
    run("fsck.vfat", "-n", path("volume"))


def pieces(volume, image, rng):
    """Fills the beginning of a fresh volume with small files and deletes every second: what is put there next
    takes the gaps."""
    run("mmd", "-i", volume, "::small")
    for k in range(40):
        put(volume, f"small/{k}", rng.randbytes(20000))
    for k in range(0, 40, 2):
        run("mdel", "-i", volume, f"::small/{k}")
    with open(image, "r+b") as f:
        f.seek(512)
        if f.read(4) == b"RRaA":        # FAT32 would go on where it was
            f.seek(512 + 488)
            f.write(b"\xff" * 8)


def exfat_sum(data, skip=()):
    total = 0
    for i, byte in enumerate(data):
        if i not in skip:
            total = ((total << 15 | total >> 1) + byte) & 0xffff
    return total


def exfat_put(image, name, content, clusters, chained, step=1):
    """Puts a file of `clusters` clusters, every step-th free one, into the root of a fresh volume."""
    with open(image, "r+b") as f:
        boot = f.read(512)
        fat_at, _, heap_at, n_clusters, root = struct.unpack_from("<5I", boot, 80)
        cluster_bytes = 512 << boot[109]

        def at(cluster):
            return heap_at * 512 + (cluster - 2) * cluster_bytes

        f.seek(at(root))
        entries = bytearray(f.read(cluster_bytes))
        bitmap_at = next(struct.unpack_from("<I", entries, i + 20)[0]
                         for i in range(0, cluster_bytes, 32) if entries[i] == 0x81)
        f.seek(at(bitmap_at))
        bitmap = bytearray(f.read((n_clusters + 7) // 8))
        free = [c for c in range(2, n_clusters + 2) if not bitmap[(c - 2) // 8] >> (c - 2) % 8 & 1]
        taken = free[::step][:clusters]
        for k, cluster in enumerate(taken):
            bitmap[(cluster - 2) // 8] |= 1 << (cluster - 2) % 8
            f.seek(at(cluster))
            f.write(content[k * cluster_bytes:(k + 1) * cluster_bytes])
            if chained:
                f.seek(fat_at * 512 + cluster * 4)
                f.write(struct.pack("<I", taken[k + 1] if k + 1 < clusters else 0xffffffff))
        f.seek(at(bitmap_at))
        f.write(bitmap)

        letters = name.encode("utf-16-le")
        parts = (len(name) + 14) // 15
        hashed = exfat_sum(name.upper().encode("utf-16-le"))
        date = (46 << 25 | 11 << 21 | 23 << 16)
        file = bytearray(struct.pack("<BBHHHIIIBBBBB7x", 0x85, 1 + parts, 0, 0x20, 0, date, date, date,
                                     0, 0, 0x80, 0x80, 0x80))
        file += struct.pack("<BBBBHHQIIQ", 0xc0, 1 if chained else 3, 0, len(name), hashed, 0,
                            len(content), 0, taken[0], len(content))
        for k in range(parts):
            file += b"\xc1\0" + letters[30 * k:30 * k + 30].ljust(30, b"\0")
        struct.pack_into("<H", file, 2, exfat_sum(file, (2, 3)))
        where = next(i for i in range(0, cluster_bytes, 32) if entries[i] == 0)
        f.seek(at(root) + where)
        f.write(file)
    return taken
