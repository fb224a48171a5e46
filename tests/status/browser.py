# SPDX-License-Identifier: MIT
"""A headless Chromium, driven by ChromeDriver (W3C WebDriver over HTTP).

It reaches this machine alone: every other name leads to an address where nobody is, and what the page
asked for is kept in a log (`requests`).
"""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--host-resolver-rules=MAP * 192.0.2.1, EXCLUDE 127.0.0.1")


class Browser:
    def __init__(self, dark=False, width=1100, height=1250):
        self.folder = tempfile.mkdtemp(prefix="thimble-browser-")
        self.log = open(os.path.join(self.folder, "driver.log"), "wb")
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                       stderr=self.log, stdin=subprocess.DEVNULL, text=True)
        self.session = None
        try:
            self.address = self.wait_port()
            flags = [*FLAGS, f"--user-data-dir={self.folder}/profile", f"--window-size={width},{height}"]
            if dark:
                flags.append("--force-dark-mode")
            options = {"binary": shutil.which("chromium"), "args": flags}
            answer = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": options, "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"}}}})
            self.session = answer["sessionId"]
        except BaseException:
            self.close()
            raise

    def wait_port(self):
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                return "http://127.0.0.1:" + line.split("port")[1].strip(" .\n")
        raise RuntimeError("chromedriver did not start")

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"},
                                         method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.session:
            try:
                self.ask("DELETE", f"/session/{self.session}")
            except OSError:
                pass
        self.driver.terminate()
        self.driver.wait(20)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def go(self, url):
        self.ask("POST", f"/session/{self.session}/url", {"url": url})

    def run(self, script, *args):
        """The value of a function's body in the page."""
        return self.ask("POST", f"/session/{self.session}/execute/sync", {"script": script, "args": list(args)})

    def until(self, what, script, *args, seconds=60):
        """Waits until the script's value is true; returns it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.run(script, *args)
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError(f"the page does not show it: {what}")

    def logged(self, kind):
        return self.ask("POST", f"/session/{self.session}/se/log", {"type": kind})

    def requests(self):
        """Addresses that were asked for since the last call."""
        urls = []
        for entry in self.logged("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                urls.append(message["params"]["request"]["url"])
        return urls

    def picture(self, path):
        png = self.ask("GET", f"/session/{self.session}/screenshot")
        with open(path, "wb") as file:
            file.write(base64.b64decode(png))
