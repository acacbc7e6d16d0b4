"""A running `firstlight serve --openai` for the tests that need one."""

import contextlib
import os
import signal
import subprocess
import urllib.request

from conftest import MODEL, PROGRAM


class Served:
    def __init__(self, url, name, process):
        self.url, self.name, self.process = url, name, process
        self.spec = f"openai:{url}#{name}"

    def post(self, body, headers=(), path="/chat/completions"):
        """Status and body of a request, whatever the status."""
        request = urllib.request.Request(
            self.url + path, body, {"Content-Type": "application/json", **dict(headers)})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@contextlib.contextmanager
def served(*flags, model=MODEL, environment=None):
    process = subprocess.Popen(
        [PROGRAM, "serve", "--openai", "--model", model, "--port", "0", *map(str, flags)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **(environment or {})})
    try:
        line = process.stdout.readline().split()
        assert len(line) == 2, process.stderr.read()
        yield Served(line[0], line[1], process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == "", "a server writes nothing of its clients"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
