# SPDX-License-Identifier: MIT
"""Something with a status page, and the tests that a host and a board share."""
import json
import os
import socket
import subprocess
import threading
import time
import urllib.request

from browser import Browser


class Seen:
    """A subclass sets host, port (of HTTP) and has url(lun) and alive()."""

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def get(self, path, method="GET"):
        request = urllib.request.Request(f"http://{self.address}{path}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def json(self):
        return json.loads(self.get("/status.json"))

    def connect(self):
        return socket.create_connection((self.host, self.port), timeout=30)

    def bench(self, *options, seconds=None, url=None):
        """qemu-img bench; with `seconds`, again and again in a thread."""
        command = ["qemu-img", "bench", "-f", "raw", "-t", "none", *options, url or self.url()]
        if seconds is None:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)
            return None
        end = time.monotonic() + seconds

        def work():
            while time.monotonic() < end:
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)
        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def disk_answers(self):
        self.bench("-c", "64", "-d", "4", "-s", "4096")


def unit(document, lun=0, target=0):
    return next(u for u in document["targets"][target]["luns"] if u["lun"] == lun)


def row(name, text):
    """A script: the row of a table that has this text."""
    return (f"return [...document.querySelectorAll('#{name} tr')].map(r => r.innerText)"
            f".find(t => t.includes({json.dumps(text)}))")


def page_lives(s, pictures, name, requests=4000):
    """The page with reads going on, in a browser."""
    with Browser() as b:
        b.go(f"http://{s.address}/")
        b.until("it is live", "return document.querySelector('#state').innerText === 'live'")
        b.until("no sessions", "return document.querySelector('#sessions').innerText.includes('Nobody')")
        load = s.bench("-c", str(requests), "-d", "8", "-s", "4096", seconds=8)
        b.until("a session", row("sessions", "unsolicited data"))
        graph = b.until("a graph of reads", "const p = document.querySelector('#flow path.r');"
                        "return p && p.getAttribute('d').split('L').length > 3 && p.getAttribute('d')")
        b.until("the graph moves", "return document.querySelector('#flow path.r').getAttribute('d') !== arguments[0]",
                graph)
        b.until("a rate", "return /[1-9]/.test([...document.querySelectorAll('#tiles div')]"
                ".find(e => e.innerText.startsWith('read')).innerText)")
        if pictures:
            time.sleep(3)
            b.picture(os.path.join(pictures, f"status-{name}.png"))
        load.join()
        b.until("the session is gone", "return document.querySelector('#sessions').innerText.includes('Nobody')")
        b.until("its logout", row("events", "logout"))
        elsewhere = {u for u in b.requests() if not u.startswith((f"http://{s.address}/", "data:", "chrome:"))}
        assert not elsewhere, elsewhere
        errors = [e["message"] for e in b.logged("browser") if e["level"] == "SEVERE"]
        assert not errors, errors
