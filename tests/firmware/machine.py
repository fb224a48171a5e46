# SPDX-License-Identifier: MIT
#
# machine.py: a board in QEMU, for the tests of the firmware: started with an image as its card,
# its serial log collected, some of its ports reachable on 127.0.0.1.

import os
import socket
import subprocess
import tempfile
import threading
import time

COMMANDS = {
    "lm3s6965evb": ["qemu-system-arm", "-M", "lm3s6965evb"],
    "lm3s6965evb-m0plus": ["qemu-system-arm", "-M", "lm3s6965evb"],
    "sifive_u": ["qemu-system-riscv32", "-M", "sifive_u", "-smp", "2", "-m", "128",
                 "-bios", "none"],
    "mcimx6ul-evk": ["qemu-system-arm", "-M", "mcimx6ul-evk", "-m", "128"],
    "mps2-an500": ["qemu-system-arm", "-M", "mps2-an500"],
}
GPIO = {        # address of the data register, bits of the three LEDs
    "lm3s6965evb": (0x400253FC, (0x01, 0x04, 0x08)),
    "lm3s6965evb-m0plus": (0x400253FC, (0x01, 0x04, 0x08)),
    "mcimx6ul-evk": (0x0209C000, (1 << 20, 1 << 21, 1 << 22)),
    "sifive_u": (0x1006000C, (1, 2, 4)),
    "mps2-an500": (0x40028000, (1, 1, 2)),
}
WITHOUT_CARD = {"mps2-an500"}           # no slot: the disk is memory


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def sparse_image(path, size):
    with open(path, "wb") as f:
        f.truncate(size)


class Machine:
    """One board.  guest_ports are forwarded; ports[guest] is the port on 127.0.0.1.  network:
    False is a wire with nobody at the other end, a text what -nic says instead.  within: words
    before the command, such as those that start it in a network namespace."""

    def __init__(self, board, elf, image=None, guest_ports=(), network=True, drive_options="",
                 arguments=(), within=()):
        self.board = board
        self.ports = {}
        self.log = ""
        self._changed = threading.Condition()
        self._monitor_path = os.path.join(tempfile.mkdtemp(prefix="machine"), "monitor")
        nic = network
        if network is True:
            nic = "user"
            for guest in guest_ports:
                self.ports[guest] = free_port()
                nic += f",hostfwd=tcp:127.0.0.1:{self.ports[guest]}-:{guest}"
        elif not network:
            nic = "socket,listen=127.0.0.1:0"
        command = [*within, *COMMANDS[board]] + [
            "-display", "none", "-serial", "stdio",
            "-monitor", f"unix:{self._monitor_path},server=on,wait=off",
            "-nic", nic, "-kernel", elf, *arguments]
        if image and board not in WITHOUT_CARD:
            command += ["-drive", f"if=sd,format=raw,file={image}{drive_options}"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self.log += line.decode(errors="replace").replace("\r", "")
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, text, seconds=20, times=1):
        """Waits until text has been logged so many times."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.log.count(text) >= times or self.process.poll() is not None, seconds)
            said = self.log.count(text) >= times
        if not said:
            raise AssertionError(f"{self.board}: no '{text}' in {seconds} s; {self.story()}")

    def story(self):
        """Whether QEMU still runs, and what the board has said: for a failed test."""
        try:
            end = f"QEMU ended with {self.process.wait(0.5)}"   # a broken connection comes first
        except subprocess.TimeoutExpired:
            end = "QEMU runs"
        with self._changed:
            return f"{end}; log:\n{self.log}"

    def monitor(self, command):
        """One command to QEMU's monitor; returns what it says."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self._monitor_path)
            s.settimeout(5)
            text = b""
            while not text.endswith(b"(qemu) "):
                text += s.recv(4096)
            s.sendall(command.encode() + b"\n")
            text = b""
            while not text.endswith(b"(qemu) "):
                text += s.recv(4096)
            return text.decode(errors="replace")

    def connect(self, guest_port, seconds=5):
        return socket.create_connection(("127.0.0.1", self.ports[guest_port]), seconds)

    def stop(self):
        if self.process.returncode is not None and not self._reader.is_alive():
            return
        self.process.terminate()
        self.process.wait(60)
        self._reader.join(5)
        if os.path.exists(self._monitor_path):
            os.unlink(self._monitor_path)
        if os.path.exists(os.path.dirname(self._monitor_path)):
            os.rmdir(os.path.dirname(self._monitor_path))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
