# SPDX-License-Identifier: MIT
"""Start and stop one iSCSI target for a test.

A test says what it needs (Setup) and gets a running target with URLs.  All that is known of
a target's command line is in this file:

    Thimble   `thimble serve`, the one under test
    Board     a board's firmware in QEMU, with a card of the size that Setup says
    Command   any command that prints the same `ready iscsi://...` line: a target on another
              machine.  It takes no options from Setup
    Tgt       Debian's tgt, to tell a fault of the target from a habit of the initiator

The target listens on loopback only, is stopped by its process id, and writes a log that
survives it.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
READY = re.compile(r"^ready iscsi://(\[[0-9a-fA-F:]+\]|[^:/\s]+):(\d+)/([^/\s]+)/(\d+)", re.M)
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class TargetError(Exception):
    """The target did not start or did not stop as it should; the text says how."""


@dataclass(frozen=True)
class Setup:
    """What a test asks of a target."""
    disks: tuple = ("256M",)            # a LUN each: a size, or "ram:SIZE"
    block_size: int = 512
    read_only: bool = False
    incoming: tuple = ()                # user, secret that an initiator must prove
    outgoing: tuple = ()                # user, secret that the target proves in turn
    allow: tuple = ()                   # initiator names; empty: everybody
    portals: tuple = ("127.0.0.1",)     # each on a port of its own
    name: str = "iqn.2026-01.org.example:thimble.test"
    second: str = ""                    # name of a second target that serves the last disk
    options: tuple = ()                 # of `thimble serve`, for what only Thimble can do
    config: str = ""                    # its settings file, which says all of the above but portals


def size_bytes(text):
    return int(text[:-1]) * UNITS[text[-1]] if text[-1] in UNITS else int(text)


def free_port(address):
    """A port that nobody has at this moment; whoever binds it next may still lose it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.bind((address.strip("[]"), 0))
        return s.getsockname()[1]


class Target:
    """A target process.  `folder` holds its disks and its log, and outlives it."""

    first_lun = 0
    grace_s = 20        # to get ready, and to stop; sanitizers and emulators are slow

    def __init__(self, setup, folder):
        self.setup = setup
        self.folder = folder
        self.log = os.path.join(folder, "target.log")
        self.process = None
        self.portals = []               # (address, port) as the target reports them
        os.makedirs(folder, exist_ok=True)

    def disk_path(self, n):
        return os.path.join(self.folder, f"disk{n}.img")

    def make_disks(self):
        """Files for the LUNs that are files; one that exists keeps its content."""
        for n, size in enumerate(self.setup.disks):
            if not size.startswith("ram:") and not os.path.exists(self.disk_path(n)):
                with open(self.disk_path(n), "wb") as f:
                    f.truncate(size_bytes(size))

    def start(self):
        """Returns when the target listens; raises TargetError if it does not."""
        self.make_disks()
        for attempt in range(3):        # another process may take the port we chose
            listen = [(a, free_port(a)) for a in self.setup.portals]
            mark = os.path.getsize(self.log) if os.path.exists(self.log) else 0
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(self.command(listen), stdout=log,
                                                stderr=subprocess.STDOUT,
                                                stdin=subprocess.DEVNULL,
                                                start_new_session=True)
            try:
                if self.wait_ready(listen, mark):
                    return self
            except BaseException:
                self.kill()
                raise
            text = self.log_text(mark)
            self.kill()
            if "in use" not in text:
                break
        raise TargetError("target did not start: "
                          + (text.strip().splitlines() or ["it said nothing"])[-1])

    def wait_ready(self, listen, mark):
        end = time.monotonic() + self.grace_s
        while time.monotonic() < end:
            found = READY.findall(self.log_text(mark))
            said = list(dict.fromkeys((a, int(p)) for a, p, _, _ in found))
            if len(said) >= len(listen):
                ports = [port for _, port in listen]    # in the order that was asked for
                self.portals = sorted(said, key=lambda ap: ports.index(ap[1])
                                      if ap[1] in ports else len(ports))
                self.name, self.first_lun = found[0][2], int(found[0][3])
                return True
            if not self.alive():
                return False
            time.sleep(0.01)
        return False

    def stop(self):
        """SIGTERM and wait.  None if it ended with 0, or a sentence that says what happened."""
        if self.process is None:
            return None
        died = not self.alive()
        if not died:
            self.process.terminate()
        try:
            code = self.process.wait(self.grace_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return f"target did not stop within {self.grace_s} s of SIGTERM"
        finally:
            self.process = None
        if died:
            return "target had ended by itself, " + ended(code)
        return None if code == 0 else "target stopped by SIGTERM " + ended(code)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def log_text(self, mark=0):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, "rb") as f:
            f.seek(mark)
            return f.read().decode(errors="replace")

    def portal(self, n=0):
        return "%s:%d" % self.portals[n]

    def url(self, lun=0, portal=0, login=(), name=None, query=""):
        """An iSCSI URL as libiscsi and QEMU take it; `login` is (user, secret)."""
        credentials = "%s%%%s@" % login if login else ""
        return (f"iscsi://{credentials}{self.portal(portal)}/{name or self.name}"
                f"/{self.first_lun + lun}{query}")

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        problem = self.stop()
        if problem and kind is None:
            raise TargetError(problem)


def ended(code):
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class Thimble(Target):
    """`thimble serve`; `program` may hold a wrapper ("valgrind -q .../thimble")."""

    program = os.path.join(ROOT, "build", "host", "thimble")

    def command(self, listen):
        s = self.setup
        args = shlex.split(self.program) + ["serve"]
        for address, port in listen:
            args += ["--listen", f"{address}:{port}"]
        if s.config:
            return args + ["--config", s.config]
        args += ["--name", s.name]
        args += ["--block-size", str(s.block_size)]
        if s.read_only:
            args += ["--read-only"]
        if s.incoming:
            args += ["--chap-file", self.chap_file()]
        for initiator in s.allow:
            args += ["--allow", initiator]
        disks = [size if size.startswith("ram:") else self.disk_path(n)
                 for n, size in enumerate(s.disks)]
        if s.second:
            disks[-1:] = ["--target", s.second, disks[-1]]
        return args + ["-v", *s.options, *disks]

    def chap_file(self):
        path = os.path.join(self.folder, "chap")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write("incoming %s %s\n" % self.setup.incoming)
            if self.setup.outgoing:
                f.write("outgoing %s %s\n" % self.setup.outgoing)
        return path


class Board(Target):
    """The firmware of a board in QEMU.  Its card is a file; of Setup it takes that size only."""

    board = ""
    grace_s = 120                       # it may have to be built

    def command(self, listen):
        return [os.path.join(ROOT, "scripts", "emulate"), self.board, self.disk_path(0),
                str(listen[0][1])]

    def stop(self):
        starts = self.log_text().count("ready iscsi://")
        restarted = starts > self.starts
        return super().stop() or ("the board restarted by itself" if restarted else None)

    def start(self):
        started = super().start()
        self.starts = self.log_text().count("ready iscsi://")
        return started

    def kill(self):
        """QEMU as well, which is the script's child."""
        if self.process is not None and self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Command(Target):
    """A command that serves what it likes and prints the ready line."""

    program = ""
    grace_s = 120

    def make_disks(self):
        pass

    def command(self, listen):
        return shlex.split(self.program)


class Tgt(Target):
    """Debian's tgtd; needs root for its control socket.  LUN 0 is its controller."""

    first_lun = 1

    def command(self, listen):
        self.control = str(listen[0][1] % 32768)     # it takes no larger number
        return ["tgtd", "-f", "-t", "4", "-C", self.control,
                "--iscsi", "portal=%s:%d" % listen[0]]

    def admin(self, op, mode, *args):
        return subprocess.run(["tgtadm", "-C", self.control, "--lld", "iscsi", "--op", op,
                               "--mode", mode, *args], capture_output=True, text=True)

    def wait_ready(self, listen, mark):
        end = time.monotonic() + self.grace_s
        while self.admin("show", "sys").returncode != 0:
            if time.monotonic() > end or not self.alive():
                return False
            time.sleep(0.05)
        s = self.setup
        if s.second or s.options or s.config:
            raise TargetError("Tgt serves one target, with no options of its own")
        steps = [("new", "target", "--tid", "1", "-T", s.name)]
        steps += [("new", "portal", "--param", "portal=%s:%d" % ap) for ap in listen[1:]]
        for n in range(len(s.disks)):
            lun = ("--tid", "1", "--lun", str(n + 1))
            steps += [("new", "logicalunit", *lun, "-b", self.disk_path(n),
                       "--blocksize", str(s.block_size)),
                      ("update", "logicalunit", *lun, "--params",
                       "thin_provisioning=1,readonly=%d" % s.read_only)]
        for account, how in ((s.incoming, ()), (s.outgoing, ("--outgoing",))):
            if account:
                user, secret = account
                steps += [("new", "account", "--user", user, "--password", secret),
                          ("bind", "account", "--tid", "1", "--user", user, *how)]
        for initiator in s.allow:
            steps += [("bind", "target", "--tid", "1", "-Q", initiator)]
        if not s.allow:
            steps += [("bind", "target", "--tid", "1", "-I", "ALL")]
        for step in steps:
            done = self.admin(*step)
            if done.returncode:
                raise TargetError("tgtadm %s: %s" % (" ".join(step), done.stderr.strip()))
        self.portals, self.name = list(listen), s.name
        return True

    def make_disks(self):
        for n, size in enumerate(self.setup.disks):
            if not os.path.exists(self.disk_path(n)):
                with open(self.disk_path(n), "wb") as f:
                    f.truncate(size_bytes(size.replace("ram:", "")))

    def stop(self):
        """tgtd takes no SIGTERM while it has sessions; its end is of no interest here."""
        self.kill()
        self.process = None


def need(*programs):
    """Ends the script with a sentence if one of them is not installed."""
    for program in programs:
        if not shutil.which(program):
            raise SystemExit(f"{program} is not installed: scripts/install-deps check")


def add_options(parser):
    """The options by which a script lets its user replace the target."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--thimble", metavar="PATH", default=os.environ.get("THIMBLE"),
                       help="the program, perhaps with a wrapper before it "
                            "[$THIMBLE or build/host/thimble]")
    group.add_argument("--command", metavar="CMD",
                       help="a command that prints a `ready iscsi://...` line instead")
    group.add_argument("--peer", choices=["tgt"], help="another target instead")


def chosen(options):
    """The class of target that the options ask for."""
    if options.peer == "tgt":
        return Tgt
    if options.command:
        Command.program = options.command
        return Command
    if options.thimble:
        Thimble.program = options.thimble
    program = shlex.split(Thimble.program)[-1]
    if not os.access(program, os.X_OK):
        raise SystemExit(f"{program} does not exist: build it first, or use --thimble PATH")
    return Thimble
