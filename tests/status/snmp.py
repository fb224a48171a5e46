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
MODULE = "ISCSI-MIB"
LINE = re.compile(r"^\.1\.3\.6\.1\.2\.1\.142\.([\d.]+) = (?:([A-Za-z0-9-]+): ?)?(.*)$")


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Agent:
    """At UDP port `snmp` of loopback, for who knows the word "friend"."""

    snmp = 0

    def tool(self, name, *names, version="2c", community="friend", options=()):
        return subprocess.run([name, f"-v{version}", "-c", community, "-t", "5", "-r", "3", "-On", "-m", "", *options,
                               f"127.0.0.1:{self.snmp}", *names], capture_output=True, text=True, timeout=120)

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

    def ask(self, tool, name, *options):
        """What a tool that knows the standard's module says, without units."""
        result = subprocess.run([tool, "-v2c", "-c", "friend", "-t", "5", "-r", "3", "-m", MODULE, "-OU", *options,
                                 f"127.0.0.1:{self.snmp}", f"{MODULE}::{name}"],
                                capture_output=True, text=True, timeout=120)
        assert result.returncode == 0 and not result.stderr.strip(), f"{tool} {name}: {result.stderr}"
        return result.stdout.splitlines()

    def wait_for(self, what):
        end = time.monotonic() + 60
        while not (found := self.walk()):
            assert time.monotonic() < end, what
            time.sleep(0.2)
        return found


class Skipped(Exception):
    """Why a test cannot be done on this machine."""


class Column:
    """An object of a table, as the standard's module has it."""

    def __init__(self, kind, name):
        self.kind, self.name, self.ranges, self.named = kind, name, [], False

    def admits(self, kind, text):
        """The value is of this column's type, and one that it can have."""
        if kind == "INTEGER" and self.named:
            return re.fullmatch(r"\w+\(\d+\)", text)
        if kind == "BITS":
            return self.named and re.fullmatch(r"([0-9A-F]{2} )+(\w+\(\d+\) )*", text)
        if kind == "Gauge32":
            return not self.ranges or any(low <= int(text) <= high for low, high in self.ranges)
        if kind is None and text == '""':       # nothing, of which it cannot be seen whether it is printable
            kind, text = "STRING", ""
        if kind in ("STRING", "Hex-STRING"):
            length = len(text.split()) if kind == "Hex-STRING" else len(text.encode())
            return any(low <= length <= high for low, high in self.ranges)
        return kind in ("Counter32", "Counter64", "Timeticks", "OID")


def tables_of_the_standard():
    """{name of a table: its readable columns}, by Net-SNMP's reading of RFC 7147's module.  Debian has no texts of IETF
    modules; Net-SNMP finds them in the directories of its variable MIBDIRS, among others (see docs/status.md)."""
    known = subprocess.run(["snmptranslate", "-m", MODULE, "-Tp", ROOT], capture_output=True, text=True, timeout=60)
    if "iscsiObjects" not in known.stdout or "Cannot find module" in known.stderr:
        raise Skipped(f"Net-SNMP finds no {MODULE} and what it imports; MIBDIRS says where they are")
    tables, column = {}, None
    for line in known.stdout.splitlines():
        if table := re.search(r"--(\w+Table)\(\d+\)", line):
            columns = tables[table[1]] = []
        elif found := re.search(r"-- (\S+) (\w+) +(\w+)\(\d+\)", line):
            column = Column(found[2], found[3])
            if "R" in found[1]:
                columns.append(column)
        elif found := re.search(r"(Range|Size): (.*)", line):
            ends = [part.split("..") for part in found[2].split(" | ")]
            column.ranges = [(int(end[0]), int(end[-1])) for end in ends]
        elif "Values: " in line:
            column.named = True
    assert len(tables) == 18 and all(tables.values()), list(tables)
    return tables


LEGAL = {("iscsiCxnCid", "0")}          # an initiator may choose it (RFC 7143 11.12.7), what the module's range forgets


def the_standard_decodes(agent):
    """snmpwalk and snmptable with the standard's module: each object has the type and the range that it says, each row
    all of its columns, and snmptable shows what snmpwalk does.  Returns {table: number of rows}."""
    tables = tables_of_the_standard()
    by_column = {c.name: c for columns in tables.values() for c in columns}
    before = agent.ask("snmpwalk", "iscsiObjects")
    assert len(before) == len(agent.walk(ROOT + ".1")), "other objects than without the module"
    rows = {}
    for line in before:
        assert "Wrong Type" not in line, line
        name, index, kind, text = re.match(rf"{MODULE}::(\w+)\.([\d.]+) = (?:([\w-]+): ?)?(.*)$", line).groups()
        assert by_column[name].admits(kind, text) or (name, text) in LEGAL, f"{line}: not what {name} can be"
        rows.setdefault(next(t for t in tables if by_column[name] in tables[t]), {}).setdefault(index, []).append(name)
    quick = {}
    for table, columns in tables.items():
        for index, names in rows.get(table, {}).items():
            assert names == [c.name for c in columns], f"{table}, row {index}: {names}"
        shown = agent.ask("snmptable", table, "-Ci", "-Cf", "|")
        if table not in rows:
            assert any("No entries" in line for line in shown), shown
            continue
        for line in [*agent.ask("snmpwalk", table, "-OQ")]:
            name, index, text = re.match(rf"{MODULE}::(\w+)\.([\d.]+) = ?(.*)$", line).groups()
            quick.setdefault((table, index), []).append(text)
        found = {line.split("|")[0]: line.split("|")[1:] for line in shown[3:]}
        assert list(found) == list(rows[table]), f"{table}: rows {list(found)}, not {list(rows[table])}"
        for index, cells in found.items():
            for column, cell, text in zip(columns, cells, quick[table, index], strict=True):
                same = cell.strip('" ') == text.strip('" ') or (column.kind == "BitString" and text.startswith(cell.strip('" ')))
                assert same or column.kind.startswith("Counter"), f"{column.name}.{index}: {cell}, not {text}"
    return {table: len(found) for table, found in rows.items()}


class Snmpd(Agent):
    def __init__(self, folder, trap_port=0):
        self.folder = folder
        self.socket = os.path.join(folder, "agentx")
        self.snmp = free_udp_port()
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
                 f"udp:127.0.0.1:{self.snmp}"], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
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
