# SPDX-License-Identifier: MIT
"""An SNMP agent as Net-SNMP's tools see it: a board, or snmpd as the master agent of `thimble serve --agentx`.

snmpd listens on loopback alone, with a configuration and state of its own.
"""
import os
import re
import signal
import socket
import subprocess
import time

ROOT = ".1.3.6.1.2.1.142"
LINE = re.compile(r"^\.1\.3\.6\.1\.2\.1\.142\.([\d.]+) = (?:([A-Za-z0-9-]+): ?)?(.*)$")


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Agent:
    """At `port` of loopback, for who knows the word "friend"."""

    port = 0

    def tool(self, name, *names, version="2c", community="friend", options=()):
        return subprocess.run([name, f"-v{version}", "-c", community, "-t", "5", "-r", "3", "-On", "-m", "", *options,
                               f"127.0.0.1:{self.port}", *names], capture_output=True, text=True, timeout=120)

    def walk(self, name=ROOT, tool="snmpbulkwalk", **how):
        """{sub-identifiers behind 142: (type, text)} in the order that they came in."""
        result = self.tool(tool, name, **how)
        assert result.returncode == 0, result.stderr
        found = {}
        for line in result.stdout.splitlines():
            match = LINE.match(line)
            if match:
                number = tuple(int(n) for n in match.group(1).split("."))
                assert number not in found, line
                found[number] = (match.group(2) or "", match.group(3))
        return found

    def get_objects(self, *numbers, **how):
        """The texts of these objects."""
        names = [ROOT + "." + ".".join(str(n) for n in number) for number in numbers]
        result = self.tool("snmpget", *names, **how)
        assert result.returncode == 0, result.stderr
        return [LINE.match(line).group(3) for line in result.stdout.splitlines()]

    def wait_for(self, what):
        end = time.monotonic() + 60
        while not (found := self.walk()):
            assert time.monotonic() < end, what
            time.sleep(0.2)
        return found


class Snmpd(Agent):
    def __init__(self, folder, trap_port=0):
        self.folder = folder
        self.socket = os.path.join(folder, "agentx")
        self.port = free_udp_port()
        self.process = None
        with open(os.path.join(folder, "snmpd.conf"), "w", encoding="ascii") as file:
            file.write(f"master agentx\nagentXSocket {self.socket}\nrocommunity friend 127.0.0.1\n")
            if trap_port:
                file.write(f"trap2sink 127.0.0.1:{trap_port} friend\n")

    def start(self):
        environment = dict(os.environ, SNMP_PERSISTENT_DIR=os.path.join(self.folder, "state"))
        with open(os.path.join(self.folder, "snmpd.log"), "ab") as log:
            self.process = subprocess.Popen(
                ["snmpd", "-f", "-Lo", "-C", "-c", os.path.join(self.folder, "snmpd.conf"), "-r",
                 f"udp:127.0.0.1:{self.port}"], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        end = time.monotonic() + 30
        while not os.path.exists(self.socket):
            assert self.process.poll() is None and time.monotonic() < end, "snmpd does not start"
            time.sleep(0.05)
        return self

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
            self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
