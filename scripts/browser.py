"""A page in headless Chromium, driven over a pipe with the standard library alone.

For the tests of the report page and for the pictures in the docs; the program does not need it.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe",
]


def find():
    """The path of Chromium, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """One window. `errors` gathers what the page wrote to its console as error, every exception,
    and every request that its content policy or the network refused."""

    def __init__(self, width=1280, height=900, dark=False, scale=1):
        self.errors = []
        self.requests = []
        self._loaded = False
        self._next = 0
        self._profile = tempfile.mkdtemp(prefix="firstlight-browser-")
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def set_pipes():
            # The browser reads from 3 and writes to 4; copies first, as either may be 3 or 4 now.
            a, b = os.dup(to_browser), os.dup(from_browser)
            a, b = [x if x > 4 else os.dup2(x, 10 + x) for x in (a, b)]
            os.dup2(a, 3)
            os.dup2(b, 4)

        self._process = subprocess.Popen(
            [find(), *FLAGS, "--user-data-dir=" + self._profile, "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            close_fds=False, preexec_fn=set_pipes)
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.resize(width, height, scale)
        self.set_dark(dark)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._out)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _receive(self, timeout):
        end = time.monotonic() + timeout
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], max(0, end - time.monotonic()))[0]:
                return None
            data = os.read(self._in, 1 << 20)
            if not data:
                raise RuntimeError("the browser has ended")
            self._buffer += data
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def _note(self, event):
        kind, what = event.get("method"), event.get("params", {})
        if kind == "Page.loadEventFired":
            self._loaded = True
        elif kind == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(what["exceptionDetails"])[:400])
        elif kind == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning", "assert"):
            self.errors.append(json.dumps(what["args"])[:400])
        elif kind == "Log.entryAdded" and what["entry"]["level"] == "error":
            self.errors.append(what["entry"]["text"][:400])
        elif kind == "Network.requestWillBeSent":
            self.requests.append(what["request"]["url"])

    def call(self, method, **parameters):
        self._next += 1
        message = {"id": self._next, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive(60)
            if answer is None:
                raise RuntimeError(f"no answer to {method}")
            if answer.get("id") == self._next:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self._note(answer)

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            event = self._receive(end - time.monotonic())
            if event is not None:
                self._note(event)

    def resize(self, width, height, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=scale, mobile=width < 600)
        self.wait(0.5)

    def set_dark(self, dark):
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, path):
        self._loaded = False
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        # A script that is sent while the old page goes may never be answered.
        end = time.monotonic() + 60
        while not self._loaded and time.monotonic() < end:
            self.wait(0.1)
        self.wait(0.5)
        if not self.until("document.readyState === 'complete'", 60):
            raise RuntimeError(f"{path} does not load")

    def run(self, script):
        """The value of `script`, awaited; an exception in it is a RuntimeError."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:600])
        return answer["result"].get("value")

    def until(self, condition, seconds=10):
        """Whether the script `condition` becomes true within that time."""
        end = time.monotonic() + seconds
        while not self.run(condition):
            if time.monotonic() > end:
                return False
            self.wait(0.1)
        return True

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode={"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38,
                                             "ArrowRight": 39, "ArrowDown": 40, "Tab": 9}[key],
                      text="\r" if key == "Enter" and kind == "keyDown" else "")
        self.wait(0.1)

    def screenshot(self, path, clip=None):
        parameters = {"format": "png"}
        if clip:
            parameters["clip"] = dict(zip(("x", "y", "width", "height"), clip), scale=1)
            parameters["captureBeyondViewport"] = True
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot", **parameters)["data"]))
