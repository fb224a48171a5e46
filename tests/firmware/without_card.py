#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# without_card.py: the firmware tests for a board that has no slot for a card, so no image that
# could be looked into: those of drivers.py and target.py that do without, and a copy that fills
# the whole disk.
#
#   tests/firmware/without_card.py BOARD [FOLDER_OF_THE_BUILD]
#
# Ends with "N passed, M failed".

import filecmp
import os
import random
import re
import subprocess
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import Machine  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
DRIVERS = ("echo", "three", "reader", "streams", "clock", "answers", "leds", "random_numbers", "stack",
           "watchdog", "idle", "fault", "static")
TARGET = ("two_initiators", "queue", "dies", "bytes_one", "trickle_of", "reader", "garbage",
          "half_open", "logins_that", "sessions_come")
PORT = 3260


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()[-1000:]}"
    return done.stdout


def copy_fills_the_disk(board, build):
    with tempfile.TemporaryDirectory() as folder, \
            Machine(board, os.path.join(build, "thimble.elf"), guest_ports=(PORT,)) as m:
        m.wait_for("ready iscsi://")
        name = re.search(r"ready iscsi://[^/]*/(\S+)/0", m.log)[1]
        url = f"iscsi://127.0.0.1:{m.ports[PORT]}/{name}/0"
        assert name in run("iscsi-ls", f"iscsi://127.0.0.1:{m.ports[PORT]}")
        size = int(re.search(r"Total size:(\d+)", run("iscsi-readcapacity16", url))[1])
        sent, back = os.path.join(folder, "sent.img"), os.path.join(folder, "back.img")
        with open(sent, "wb") as f:
            f.write(random.Random(9).randbytes(size))
        run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", sent, url)
        run("qemu-img", "convert", "-f", "raw", "-O", "raw", url, back)
        assert filecmp.cmp(sent, back, shallow=False), "the copy differs"


def count(command):
    """Passes on what a test script prints; its numbers of passed and failed tests."""
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    numbers = re.search(r"^(\d+) passed, (\d+) failed\s*\Z", done.stdout, re.M)
    print(done.stdout[:numbers.start()] if numbers else done.stdout, end="", flush=True)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 1)


def main():
    board = sys.argv[1]
    root = os.path.dirname(os.path.dirname(HERE))
    build = sys.argv[2] if len(sys.argv) > 2 else os.path.join(root, "build", board)
    results = [count([os.path.join(HERE, "drivers.py"), board,
                      os.path.join(build, "selftest.elf"), *DRIVERS]),
               count([os.path.join(HERE, "target.py"), board, build, *TARGET])]
    print(f"{board}: copy fills the disk", flush=True)
    try:
        copy_fills_the_disk(board, build)
        results.append((1, 0))
    except Exception:
        traceback.print_exc(file=sys.stdout)
        results.append((0, 1))
    passed, failed = (sum(r[i] for r in results) for i in range(2))
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
