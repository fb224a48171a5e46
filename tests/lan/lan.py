# SPDX-License-Identifier: MIT
"""Machines in a local network, for tests: each a network namespace with a D-Bus and an avahi-daemon of its own.

Nothing of them is left behind.
"""
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback

ADDRESSES = {"alpha": "198.51.100.1", "beta": "198.51.100.2"}
WAIT_S = 20

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
"""
AVAHI = """[server]
host-name={name}
use-ipv4=yes
use-ipv6=no
allow-interfaces=lan
enable-dbus=yes
[publish]
publish-hinfo=no
publish-workstation=no
"""


class NotPermitted(Exception):
    """No namespaces here."""


def permitted(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S)
    if done.returncode:
        raise NotPermitted(f"{' '.join(command)}: {done.stderr.strip()}")


def until(what, look):
    end = time.monotonic() + WAIT_S
    while not (found := look()):
        assert time.monotonic() < end, f"after {WAIT_S} s: {what}"
        time.sleep(0.2)
    return found


class Host:
    """A machine: a network namespace, in which programs run with a /run of their own."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.space = f"thimble-{os.getpid()}-{name}"
        self.bus = os.path.join(folder, name + ".bus")
        self.running, self.keys = {}, []

    def command(self, *words):
        return ["ip", "netns", "exec", self.space, "sh", "-c",
                'mount -t tmpfs none /run && mkdir /run/avahi-daemon && exec "$@"', "sh", *words]

    def environment(self):
        return {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=" + self.bus, "LC_ALL": "C.UTF-8"}

    def run(self, *words):
        return subprocess.run(self.command(*words), env=self.environment(), capture_output=True, text=True,
                              timeout=WAIT_S)

    def start(self, key, *words):
        if key not in self.keys:
            self.keys.append(key)
        with open(self.log_of(key), "ab") as log:
            self.running[key] = subprocess.Popen(self.command(*words), env=self.environment(), stdin=subprocess.DEVNULL,
                                                 stdout=log, stderr=log)

    def log_of(self, key):
        return os.path.join(self.folder, f"{self.name}.{key}.log")

    def said(self, key):
        with open(self.log_of(key), encoding="utf-8") as file:
            return file.read()

    def story(self):
        """What everything here has said."""
        return "\n".join(f"---- {self.name}: {key}\n{self.said(key)}" for key in self.keys)

    def stop(self, key):
        process = self.running.pop(key)
        process.terminate()
        try:
            return process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait(10)

    def start_bus(self):
        config = os.path.join(self.folder, self.name + ".xml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(BUS.format(socket=self.bus))
        self.start("bus", "dbus-daemon", "--nofork", "--nopidfile", "--config-file=" + config)
        until("a bus", lambda: os.path.exists(self.bus))

    def start_avahi(self, name=None):
        config = os.path.join(self.folder, self.name + ".conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(AVAHI.format(name=name or self.name))
        self.start("avahi", "avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "-f", config)

    def found(self, kind):
        """Services of a type: name -> (host, address, port, set of TXT strings)."""
        services = {}
        for line in self.run("avahi-browse", "-rtp", kind).stdout.splitlines():
            words = line.split(";")
            if words[0] == "=":
                name = re.sub(r"\\(\d{3})", lambda m: chr(int(m.group(1))), words[3])
                services[name] = (words[6], words[7], int(words[8]), set(re.findall(r'"([^"]*)"', words[9])))
        return services


class Lan:
    """alpha and beta and the cable."""

    names = tuple(ADDRESSES)

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="thimble-lan-")
        self.hosts = [Host(name, self.folder.name) for name in self.names]
        self.made = []
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self.hosts

    def build(self):
        for h in self.hosts:
            permitted("ip", "netns", "add", h.space)
            self.made.append(h.space)
        self.lay_cable(*self.hosts)
        for h in self.hosts:
            permitted("ip", "-n", h.space, "address", "add", ADDRESSES[h.name] + "/24", "dev", "lan")
            permitted("ip", "-n", h.space, "link", "set", "lo", "up")
            permitted("ip", "-n", h.space, "link", "set", "lan", "up")
            permitted("ip", "-n", h.space, "route", "add", "224.0.0.0/4", "dev", "lan")
            permitted(*h.command("true"))

    def lay_cable(self, a, b):
        permitted("ip", "-n", a.space, "link", "add", "lan", "type", "veth", "peer", "name", "lan", "netns", b.space)

    def __exit__(self, *_):
        for h in self.hosts:
            for key in reversed(list(h.running)):
                h.stop(key)
        for space in self.made:
            subprocess.run(["ip", "netns", "delete", space], timeout=WAIT_S, check=False)
        self.folder.cleanup()


def play(network, tests):
    """The tests one after the other, each stands upon those before; `network` makes what they are called with."""
    passed = failed = 0
    try:
        with network() as hosts:
            for test in tests:
                try:
                    test(*hosts)
                    passed += 1
                    print(f"ok - {test.__name__.replace('_', ' ')}", flush=True)
                except (AssertionError, subprocess.SubprocessError, OSError):
                    failed += 1
                    print(f"not ok - {test.__name__.replace('_', ' ')}")
                    traceback.print_exc(file=sys.stdout)
                    for h in hosts:
                        print(h.story())
                    break
    except NotPermitted as why:
        print(f"skipped: no network namespaces here: {why}")
        print(f"0 passed, 0 failed, {len(tests)} skipped")
        return 0
    print(f"{passed} passed, {failed} failed")
    return failed != 0
