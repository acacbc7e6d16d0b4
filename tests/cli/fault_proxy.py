"""A proxy that stands between the program and a server and breaks a share of the answers.

Faults are drawn by a seeded generator: late answers, 429 with Retry-After, 500, 503 with an HTML
page, bodies cut in the middle, malformed JSON, JSON of another shape, and closed connections.
What a fault says may repeat the request's Authorization header, as careless servers do.
Requests with a field of `refused` are answered with status 400, as some models do.
"""

import contextlib
import http.client
import http.server
import json
import random
import socket
import threading
import time

FAULTS = ["late", "429", "500", "503", "truncated", "malformed", "shapeless", "closed", "reset"]


class Proxy:
    """Use as a context manager; `url` is what to give the program. Counts what it did."""

    def __init__(self, target, share=0.0, seed=0, faults=FAULTS, path="/v1/chat/completions",
                 late=0.5, refused=()):
        host, port = target.removeprefix("http://").split("/")[0].rsplit(":", 1)
        self.target, self.share, self.faults, self.path = (host, int(port)), share, faults, path
        self.late, self.refused = late, refused
        self.random, self.lock = random.Random(seed), threading.Lock()
        self.requests, self.broken, self.counts, self.bodies = 0, 0, {}, []
        self.in_flight, self.most_in_flight = 0, 0
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.forward(None)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with proxy.lock:
                    proxy.in_flight += 1
                    proxy.most_in_flight = max(proxy.most_in_flight, proxy.in_flight)
                try:
                    fault = proxy.draw(self.path, body)
                    field = next((f for f in proxy.refused if f in json.loads(body)), None)
                    if field is not None and self.path == proxy.path:
                        self.refuse(field)
                    elif fault is None:
                        self.forward(body)
                    else:
                        self.fail(fault, body)
                finally:
                    with proxy.lock:
                        proxy.in_flight -= 1

            def ask(self, body):
                connection = http.client.HTTPConnection(*proxy.target, timeout=120)
                headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")
                           if name in self.headers}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
                return answer, content

            def reply(self, status, content, kind="application/json", headers=(), length=None):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(length or len(content)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def forward(self, body):
                answer, content = self.ask(body)
                self.reply(answer.status, content, answer.getheader("Content-Type"),
                           [(name, value) for name, value in answer.getheaders()
                            if name == "Retry-After"])

            def refuse(self, field):
                """As OpenAI's reasoning models answer to fields that they do not take."""
                message = (f"Unsupported value: '{field}' does not support 0 with this model. "
                           "Only the default (1) value is supported.")
                if field == "max_tokens":
                    message = ("Unsupported parameter: 'max_tokens' is not supported with this "
                               "model. Use 'max_completion_tokens' instead.")
                self.reply(400, json.dumps({"error": {
                    "message": message, "type": "invalid_request_error", "param": field,
                    "code": "unsupported_value"}}).encode())

            def fail(self, fault, body):
                secret = self.headers.get("Authorization", "")
                message = ('{"error": {"message": "overloaded \\u001b[31m<script>' + secret
                           + '</script>"}}').encode()
                if fault == "late":
                    time.sleep(proxy.late)
                    self.forward(body)
                elif fault == "429":
                    self.reply(429, message, headers=[("Retry-After", "0.05")])
                elif fault == "500":
                    self.reply(500, message)
                elif fault == "503":
                    self.reply(503, b"<html><script>alert(1)</script></html>", "text/html")
                elif fault == "truncated":
                    _, content = self.ask(body)
                    self.reply(200, content[:len(content) // 2], length=len(content))
                    self.close_connection = True
                elif fault == "malformed":
                    _, content = self.ask(body)
                    self.reply(200, content[:-7])
                elif fault == "shapeless":
                    self.reply(200, b'{"object": "chat.completion"}')
                elif fault == "closed":
                    self.close_connection = True
                elif fault == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                               b"\1\0\0\0\0\0\0\0")
                    self.close_connection = True
                    self.connection.close()

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that hangs up is what these tests are about

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def draw(self, path, body):
        with self.lock:
            if path != self.path:
                return None
            self.requests += 1
            self.bodies.append(body)
            if self.random.random() >= self.share:
                return None
            fault = self.random.choice(self.faults)
            self.broken += fault != "late"
            self.counts[fault] = self.counts.get(fault, 0) + 1
            return fault

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def scripted(answer):
    """A server whose answer to each request is what `answer(handler, body)` writes."""
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            answer(self, None)

        def do_POST(self):
            answer(self, self.rfile.read(int(self.headers["Content-Length"])))

        def reply(self, status, content, headers=()):
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
