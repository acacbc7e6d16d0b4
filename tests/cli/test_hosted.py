"""Hosted models against `firstlight serve --openai` over real sockets, with a proxy that breaks
answers in between, and against scripted servers that misbehave."""

import json
import os
import signal
import sqlite3
import ssl
import subprocess
import threading
import time

import pytest

from conftest import MODEL, PROGRAM, fails, picture, run
from fault_proxy import Proxy, scripted
from serving import served

KEY = "sk-firstlight-test-0123456789abcdef"
QUICK = ["--first-wait", "0.01", "--attempts", "30"]


@pytest.fixture(scope="module")
def server():
    with served() as running:
        yield running


def rows(folder):
    outcome = run("export", folder, "--to", "jsonl")
    assert outcome.status == 0, outcome.err
    return [json.loads(line) for line in outcome.out.splitlines()]


def without_times(folder):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows(folder)]


def answers(folder):
    """The table of what the server said, as dictionaries."""
    database = sqlite3.connect(f"file:{folder}/run.sqlite?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    found = [dict(row) for row in database.execute("SELECT * FROM server_answer")]
    database.close()
    return found


def classify(task, data, model, folder, *flags, **keywords):
    return run("classify", task, data, "--model", model, "-o", folder, *QUICK, *flags, **keywords)


def completion(text, **fields):
    return json.dumps({"object": "chat.completion", "model": "m-2026-01-01", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 2, "total_tokens": 102},
        **fields}).encode()


def talker(text, **fields):
    """A server with the model `m` that always answers the same."""
    def answer(handler, body):
        if body is None:
            handler.reply(200, b'{"data": [{"id": "m"}]}')
        else:
            handler.reply(200, completion(text, **fields))
    return scripted(answer)


def test_scores_of_labels_are_those_of_the_native_model(task, data, tmp_path, server):
    passes = ["--passes", "main,blank,no_descriptions,order"]
    native = run("classify", task, data, "--model", MODEL, "-o", tmp_path / "native", *passes)
    assert native.status == 0, native.err
    outcome = classify(task, data, server.spec, tmp_path / "hosted", *passes)
    assert outcome.status == 0, outcome.err
    hosted_rows = without_times(tmp_path / "hosted")
    native_rows = without_times(tmp_path / "native")
    assert [row["id"] for row in hosted_rows] == [row["id"] for row in native_rows]
    for hosted_row, native_row in zip(hosted_rows, native_rows):
        # One answer a request against all answers in one tree: sums in another order.
        assert hosted_row["label"] == native_row["label"]
        assert hosted_row["probabilities"] == pytest.approx(native_row["probabilities"], abs=1e-4)
        for key, scores in native_row["scores"].items():
            # A token that every answer begins with is the server's end of the prompt.
            own = hosted_row["scores"][key]
            first = len(scores["token_ids"]) - len(own["token_ids"])
            assert own["token_ids"] == scores["token_ids"][first:]
            assert own["logprobs"] == pytest.approx(scores["logprobs"][first:], abs=1e-3)
    assert all(row["kind"] == "exact" for row in hosted_rows)
    for answer in answers(tmp_path / "hosted"):
        assert answer["model"] == server.name and answer["fingerprint"].startswith("fp_")
        assert answer["prompt_tokens"] > 0 and answer["outside"] is None
    # One blank image of this size in all: asked about once, and billed once.
    blanks = {a["request"] for a in answers(tmp_path / "hosted") if a["pass"] == "blank"}
    assert len(blanks) == 1
    assert f"server: {server.name} (fp_" in outcome.out
    # 12 samples in 3 passes, and one blank; what the server offers was asked once.
    assert "answers: 37, and 1 to questions about what the server offers; tokens: " in outcome.out
    assert not (tmp_path / "hosted" / "answers.jsonl").exists()


def test_labels_held_to_a_list(task, data, tmp_path, server):
    folder = tmp_path / "run"
    outcome = classify(task, data, server.spec + "?read=schema", folder)
    assert outcome.status == 0, outcome.err
    for row in rows(folder):
        assert row["kind"] == "schema"
        assert sorted(row["probabilities"].values())[1] > 0.999
    assert {json.loads(a["text"])["label"] for a in answers(folder)} <= {"round", "flat"}


def test_free_text_that_is_no_label_is_held_to_the_list_or_fails(task, data, tmp_path, server):
    # A model of random weights never writes a label by itself.
    outcome = classify(task, data, server.spec + "?read=top20", tmp_path / "held")
    assert outcome.status == 0, outcome.err
    assert {row["kind"] for row in rows(tmp_path / "held")} == {"schema"}
    outcome = classify(task, data, server.spec + "?read=text", tmp_path / "text")
    assert outcome.status == 3
    for row in rows(tmp_path / "text"):
        assert row["status"] == "failed" and row["label"] is None
        assert "the answer fits no label: '" in row["error"]
    assert sum(a["completion_tokens"] for a in answers(tmp_path / "text")) > 0, "failures cost too"


def test_log_probabilities_of_the_embedded_model(tmp_path):
    source = os.environ["FIRSTLIGHT_SOURCE"]
    data = f"{source}/examples/galaxies"
    with served(model="embedded") as server:
        outcome = classify("galaxy-morphology", data, server.spec + "?read=top20",
                           tmp_path / "top", "--limit", 8)
        assert outcome.status in (0, 3), outcome.err
    top = [row for row in rows(tmp_path / "top") if row["kind"] == "top20"]
    assert top, "the model answers with labels"
    for answer in answers(tmp_path / "top"):
        if answer["outside"] is not None:
            assert 0 <= answer["outside"] <= 1
    for row in top:
        masses = [2.718281828459045 ** score["logprobs"][0] for score in row["scores"].values()]
        assert 0 < sum(masses) < 1.0001


@pytest.mark.parametrize("read", ["exact", "schema"])
def test_a_third_of_faults_changes_nothing(task, data, tmp_path, server, read):
    spec = f"#{server.name}?read={read}"
    passes = ["--passes", "main,no_descriptions,order"]
    with Proxy(server.url) as proxy:
        outcome = classify(task, data, f"openai:{proxy.url}{spec}", tmp_path / "clean", *passes)
        assert outcome.status == 0, outcome.err
        clean = proxy.requests
    with Proxy(server.url, share=0.3, seed=4) as proxy:
        outcome = classify(task, data, f"openai:{proxy.url}{spec}", tmp_path / "faulty", *passes,
                           "--timeout", 20, env={**os.environ, "FIRSTLIGHT_API_KEY": KEY})
        assert outcome.status == 0, outcome.err
        assert proxy.broken > 5 and len(proxy.counts) > 4, proxy.counts
        assert proxy.requests >= clean + proxy.broken - 5
    assert without_times(tmp_path / "faulty") == without_times(tmp_path / "clean")
    assert answers(tmp_path / "faulty") == answers(tmp_path / "clean"), "nothing is billed twice"
    assert KEY not in outcome.out + outcome.err
    for path in (tmp_path / "faulty").iterdir():
        assert KEY.encode() not in path.read_bytes()


def test_a_sample_whose_every_try_fails_is_a_failure_and_the_key_stays_secret(
        task, data, tmp_path, server):
    with Proxy(server.url) as proxy:
        spec = f"openai:{proxy.url}#{server.name}?read=schema"
        assert classify(task, data, spec, tmp_path / "all", "--concurrency", 1).status == 0
        victim = [body for body in proxy.bodies if b"image_url" in body][4]
        proxy.draw = lambda path, body: "500" if body == victim else None
        outcome = run("classify", task, data, "--model", spec, "-o", tmp_path / "one",
                      "--first-wait", 0.01, "--attempts", 3,
                      env={**os.environ, "FIRSTLIGHT_API_KEY": KEY})
    assert outcome.status == 3, outcome.err
    failed = [row for row in rows(tmp_path / "one") if row["status"] == "failed"]
    assert len(failed) == 1
    assert "HTTP 500: overloaded" in failed[0]["error"] and "3 tries" in failed[0]["error"]
    assert "[key]" in failed[0]["error"] and KEY not in failed[0]["error"]
    assert "\x1b" not in failed[0]["error"]
    assert run("report", tmp_path / "one").status == 0
    for path in (tmp_path / "one").iterdir():
        assert KEY.encode() not in path.read_bytes()
    assert "<script>Bearer" not in (tmp_path / "one" / "report.html").read_text()


def test_retry_after_is_honoured(task, data, tmp_path):
    times = []

    def answer(handler, body):
        if body is None:
            return handler.reply(200, b'{"data": [{"id": "m"}]}')
        times.append(time.monotonic())
        if len(times) == 1:
            return handler.reply(429, b"{}", [("Retry-After", "1.2")])
        return handler.reply(200, completion("round"))

    with scripted(answer) as url:
        outcome = classify(task, data, f"openai:{url}#m?read=text", tmp_path / "run",
                           "--concurrency", 1)
    assert outcome.status == 0, outcome.err
    assert times[1] - times[0] >= 1.15
    assert times[2] - times[1] < 1.0


def test_limits_of_rate_and_concurrency(task, data, tmp_path, server):
    with Proxy(server.url, share=1.0, faults=["late"], late=0.2) as proxy:
        spec = f"openai:{proxy.url}#{server.name}?read=schema"
        assert classify(task, data, spec, tmp_path / "three", "--concurrency", 3).status == 0
        assert proxy.most_in_flight == 3
    with Proxy(server.url) as proxy:
        spec = f"openai:{proxy.url}#{server.name}?read=schema"
        began = time.monotonic()
        outcome = classify(task, data, spec, tmp_path / "slow", "--requests-per-minute", 300)
        assert outcome.status == 0, outcome.err
        # A second's worth at once, then five a second.
        assert time.monotonic() - began >= (proxy.requests - 6) / 5.0


def test_announced_limits_are_kept(task, data, tmp_path):
    times = []

    def answer(handler, body):
        if body is None:
            return handler.reply(200, b'{"data": [{"id": "m"}]}')
        times.append(time.monotonic())
        return handler.reply(200, completion("round"), [("x-ratelimit-limit-requests", "300")])

    with scripted(answer) as url:
        assert classify(task, data, f"openai:{url}#m?read=text", tmp_path / "run").status == 0
    assert times[-1] - times[0] >= (len(times) - 11) / 5.0


@pytest.mark.parametrize("status, word", [(401, "refuses the key"), (403, "refuses the key"),
                                          (404, "no such model")])
def test_what_no_retry_mends_ends_the_run(task, data, tmp_path, status, word):
    requests = []

    def answer(handler, body):
        if body is None:
            return handler.reply(200, b'{"data": [{"id": "m"}]}')
        requests.append(body)
        secret = handler.headers["Authorization"]
        return handler.reply(status, json.dumps(
            {"error": {"message": f"wrong: {secret}\x1b[2J\n"}}).encode())

    with scripted(answer) as url:
        outcome = classify(task, data, f"openai:{url}#m?read=text", tmp_path / "run",
                           "--concurrency", 1, env={**os.environ, "FIRSTLIGHT_API_KEY": KEY})
    fails(outcome, 2, word, "[key]")
    assert KEY not in outcome.err and "\x1b" not in outcome.err
    assert len(requests) == 1


def test_the_key_comes_from_a_file_of_mode_0600_or_the_environment(task, data, tmp_path):
    token = tmp_path / "key"
    token.write_text(KEY + "\n")
    token.chmod(0o600)
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("OPENAI_API_KEY", "FIRSTLIGHT_API_KEY")}
    with served("--token-file", token) as server:
        spec = server.spec + "?read=schema"
        fails(classify(task, data, spec, tmp_path / "none", env=environment), 2, "no key was given")
        # A key for OpenAI is not shown to another server.
        fails(classify(task, data, spec, tmp_path / "none",
                       env={**environment, "OPENAI_API_KEY": KEY}), 2, "no key was given")
        assert classify(task, data, spec, tmp_path / "a", "--key-file", token,
                        env=environment).status == 0
        assert classify(task, data, spec, tmp_path / "b",
                        env={**environment, "FIRSTLIGHT_API_KEY": KEY}).status == 0
        assert classify(task, data, spec + "&key_env=MINE", tmp_path / "c",
                        env={**environment, "MINE": KEY}).status == 0
        token.chmod(0o640)
        outcome = classify(task, data, spec, tmp_path / "d", "--key-file", token, env=environment)
        fails(outcome, 2, "chmod 600")
    fails(classify(task, data, "openai:gpt-4o", tmp_path / "e", env=environment), 2,
          "OPENAI_API_KEY")
    for folder in "abc":
        for path in (tmp_path / folder).iterdir():
            assert KEY.encode() not in path.read_bytes()


def test_redirects_to_another_host_are_refused(task, data, tmp_path):
    reached = []

    def thief(handler, body):
        reached.append(handler.headers["Authorization"])
        handler.reply(200, completion("round"))

    with scripted(thief) as elsewhere:
        def answer(handler, body):
            if body is None:
                return handler.reply(200, b'{"data": [{"id": "m"}]}')
            return handler.reply(307, b"", [("Location", elsewhere + "/chat/completions")])

        with scripted(answer) as url:
            outcome = classify(task, data, f"openai:{url}#m?read=text", tmp_path / "run",
                               env={**os.environ, "FIRSTLIGHT_API_KEY": KEY})
    assert outcome.status == 3
    assert not reached
    assert all("another host" in row["error"] for row in rows(tmp_path / "run"))


def test_a_redirect_on_the_same_host_is_followed(task, data, tmp_path):
    def answer(handler, body):
        if body is None:
            return handler.reply(200, b'{"data": [{"id": "m"}]}')
        if handler.path.startswith("/v1/"):
            return handler.reply(308, b"", [("Location", "/v2/chat/completions")])
        return handler.reply(200, completion("flat."))

    with scripted(answer) as url:
        outcome = classify(task, data, f"openai:{url}#m?read=text", tmp_path / "run")
    assert outcome.status == 0, outcome.err
    assert {row["label"] for row in rows(tmp_path / "run")} == {"flat"}


@pytest.mark.parametrize("plain, special, wanted", [
    ([5, 6], [1, 5, 6], True), ([1, 5, 6], [1, 1, 5, 6], False), (None, None, False)])
def test_vllm_is_asked_to_begin_a_text_as_the_model_knows_it(task, data, tmp_path, plain, special,
                                                             wanted):
    requests = []

    def answer(handler, body):
        if body is None:
            return handler.reply(200, b'{"data": [{"id": "m", "owned_by": "vllm"}]}')
        request = json.loads(body)
        if handler.path == "/tokenize":
            tokens = special if request["add_special_tokens"] else plain
            return handler.reply(200 if tokens else 404, json.dumps({"tokens": tokens}).encode())
        requests.append(request)
        return handler.reply(200, completion("flat"))

    with scripted(answer) as url:
        outcome = classify(task, data, f"openai:{url}#m?read=text", tmp_path / "run")
    assert outcome.status == 0, outcome.err
    assert {request.get("add_special_tokens", False) for request in requests} == {wanted}


def test_answers_of_any_size_are_cut_off(task, data, tmp_path):
    def answer(handler, body):
        if body is None:
            return handler.reply(200, b'{"data": [{"id": "m"}]}')
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        for _ in range(64):
            handler.wfile.write(b" " * (1 << 20))

    with scripted(answer) as url:
        outcome = classify(task, data, f"openai:{url}#m?read=text", tmp_path / "run", "--limit", 2)
    assert outcome.status == 3
    assert all("larger than 16 MiB" in row["error"] for row in rows(tmp_path / "run"))


def test_what_a_server_says_is_shown_as_text(task, data, tmp_path):
    evil = "\x1b]0;owned\x07<img src=x onerror=alert(1)>\u202e" + "x" * 5000
    with talker(evil, model="m<script>alert(2)</script>\x1b[2J", system_fingerprint="\x9b31m") as url:
        outcome = classify(task, data, f"openai:{url}#m?read=text", tmp_path / "run")
    assert outcome.status == 3
    for text in (outcome.out, outcome.err, *(row["error"] for row in rows(tmp_path / "run"))):
        assert "\x1b" not in text and "\x9b" not in text and "\u202e" not in text
    assert all(len(row["error"]) < 400 for row in rows(tmp_path / "run"))
    assert run("report", tmp_path / "run").status == 0
    page = (tmp_path / "run" / "report.html").read_text()
    assert "<img src=x" not in page and "<script>alert(2)" not in page and "\x1b" not in page


def test_certificates_are_verified(task, data, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-keyout", key, "-out", certificate, "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    reached = []

    def answer(handler, body):
        reached.append(handler.path)
        handler.reply(200, b'{"data": [{"id": "m"}]}' if body is None else completion("round"))

    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def reply(self, status, content):
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self):
            answer(self, None)

        def do_POST(self):
            answer(self, self.rfile.read(int(self.headers["Content-Length"])))

    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.handle_error = lambda *_: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    port = listener.server_address[1]
    try:
        spec = f"openai:https://localhost:{port}/v1#m?read=text"
        outcome = classify(task, data, spec, tmp_path / "no")
        assert outcome.status == 1 and "certificate" in outcome.err
        assert not reached
        # Trusted, but made out for another name.
        other = spec.replace("localhost", "127.0.0.1")
        assert classify(task, data, f"{other}&ca={certificate}", tmp_path / "no").status == 1
        assert not reached
        outcome = classify(task, data, f"{spec}&ca={certificate}", tmp_path / "yes")
        assert outcome.status == 0, outcome.err
    finally:
        listener.shutdown()
        listener.server_close()


def prices(tmp_path, name):
    path = tmp_path / "prices.yaml"
    path.write_text(f'source: made for the tests\ndate: "2026-01-02"\nusd_per_million_tokens:\n'
                    f'  - {{model: {name}, input: 100, output: 1000}}\n')
    return path


def test_cost_is_summed_and_bounded(task, data, tmp_path):
    table = prices(tmp_path, "m")
    each = (100 * 100 + 2 * 1000) / 1e6
    with talker("round", model="m") as url:
        command = [task, data, f"openai:{url}#m?read=text", tmp_path / "run", "--prices", table]
        outcome = classify(*command, "--max-cost", 0.1, "--concurrency", 1)
        fails(outcome, 1, "--max-cost", "of 12 samples")
        done = rows(tmp_path / "run")
        assert 0 < len(done) < 12 and len(done) * each <= 0.1
        outcome = classify(*command, "--max-cost", 10)
    assert outcome.status == 0, outcome.err
    assert f"cost: {12 * each:.4f} USD" in outcome.out
    assert sum(a["cost_usd"] for a in answers(tmp_path / "run")) == pytest.approx(12 * each)
    assert "tokens: 1200 in, of which 0 cached, 24 out" in outcome.out


def test_questions_about_what_a_server_offers_are_on_the_bill(task, data, tmp_path):
    table = prices(tmp_path, "m")
    each = (100 * 100 + 2 * 1000) / 1e6
    sent = []

    def answer(handler, body):
        if body is None:
            return handler.reply(200, b'{"data": [{"id": "m"}]}')
        sent.append(body)
        return handler.reply(200, completion("round", model="m"))

    with scripted(answer) as url:
        command = [task, data, f"openai:{url}#m", tmp_path / "run", "--prices", table]
        # The questions alone would cost more.
        fails(classify(*command, "--max-cost", 0.01), 2, "--max-cost", "what the server offers")
        assert not sent and not (tmp_path / "run").exists()
        fails(classify(*command, "--max-cost", 0.18, "--concurrency", 1), 1, "--max-cost")
        done = rows(tmp_path / "run")
        questions = len(sent) - len(done)
        assert questions >= 3 and 0 < len(done) < 12
        assert len(sent) * each <= 0.18, "questions count towards the budget"
        outcome = classify(*command)
        assert outcome.status == 0, outcome.err
    # Each start of the program asks its questions.
    assert len(sent) == 12 + 2 * questions
    assert f"answers: 12, and {2 * questions} to questions" in outcome.out
    assert f"tokens: {len(sent) * 100} in, of which 0 cached, {len(sent) * 2} out" in outcome.out
    assert f"cost: {len(sent) * each:.4f} USD" in outcome.out
    assert run("report", tmp_path / "run").status == 0
    page = (tmp_path / "run" / "report.html").read_text()
    assert "questions about what the server offers" in page
    assert f"{len(sent) * each:.4f} USD" in page


@pytest.mark.parametrize("read", ["auto", "text", "schema"])
def test_fields_that_a_model_refuses_are_left_out_and_named(task, data, tmp_path, server, read):
    spec = f"#{server.name}?read={read}"
    clean = classify(task, data, server.spec + f"?read={read}", tmp_path / "clean")
    with Proxy(server.url, refused=["temperature", "max_tokens"]) as proxy:
        outcome = classify(task, data, f"openai:{proxy.url}{spec}", tmp_path / "run",
                           "--concurrency", 1)
    assert outcome.status == clean.status, outcome.err
    # Our server is greedy by itself, so that nothing else changes.
    assert without_times(tmp_path / "run") == without_times(tmp_path / "clean")
    assert "refused by the server, left out: max_tokens, temperature" in outcome.out
    warnings = [line for line in outcome.err.splitlines() if "refuses" in line]
    assert len(warnings) == 2 and "temperature" in warnings[0], outcome.err
    bodies = [json.loads(body) for body in proxy.bodies]
    assert sum("temperature" in body for body in bodies) == 1, "noticed once"
    assert sum("max_tokens" in body for body in bodies) == 2
    assert all("max_completion_tokens" in body for body in bodies[2:])
    assert run("report", tmp_path / "run").status == 0
    assert "refused by the server, left out" in (tmp_path / "run" / "report.html").read_text()
    # Another refusal is the sample's own.
    with Proxy(server.url, refused=["messages"]) as proxy:
        outcome = classify(task, data, f"openai:{proxy.url}#{server.name}?read=text",
                           tmp_path / "other")
    assert outcome.status == 3 and "refuses" not in outcome.err


def test_room_for_an_answer(task, data, tmp_path):
    limits = []

    def answer(handler, body):
        if body is None:
            return handler.reply(200, b'{"data": [{"id": "m"}]}')
        limits.append(json.loads(body)["max_tokens"])
        return handler.reply(200, completion("round"))

    with scripted(answer) as url:
        outcome = classify(task, data, f"openai:{url}#m?read=text&max_tokens=4000",
                           tmp_path / "run", "--limit", 2)
    assert outcome.status == 0, outcome.err
    assert limits == [4000, 4000]


def test_labels_that_were_paid_for_before_one_failed_are_on_the_bill(task, data, tmp_path, server):
    table = prices(tmp_path, server.name)
    with Proxy(server.url) as proxy:
        spec = f"openai:{proxy.url}#{server.name}?read=exact"
        # The second of two labels of every sample.
        proxy.draw = lambda path, body: ("500" if b'"content":"flat"' in body else None)
        outcome = run("classify", task, data, "--model", spec, "-o", tmp_path / "run", "--prices",
                      table, "--first-wait", 0.01, "--attempts", 2, "--limit", 3)
    assert outcome.status == 3, outcome.err
    assert all(row["status"] == "failed" and "HTTP 500" in row["error"]
               for row in rows(tmp_path / "run"))
    paid = answers(tmp_path / "run")
    assert len(paid) == 3 and all(a["prompt_tokens"] > 0 and a["cost_usd"] > 0 for a in paid)


def test_a_budget_needs_a_price(task, data, tmp_path):
    with talker("round") as url:
        fails(classify(task, data, f"openai:{url}#m?read=text", tmp_path / "run", "--max-cost", 1),
              2, "price of 'm'", "--prices")
    fails(run("classify", task, data, "--max-cost", 1), 2, "--max-cost", "hosted")
    fails(run("classify", task, data, "--dry-run"), 2, "--dry-run", "hosted")


def test_a_dry_run_sends_nothing(task, data, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    outcome = run("classify", task, data, "--model", "openai:gpt-4o?detail=low", "--dry-run",
                  "--passes", "main,blank", cwd=tmp_path, env=environment)
    assert outcome.status == 0, outcome.err
    request, rest = outcome.out.split("\n}\n", 1)
    body = json.loads(request + "}")
    assert body["model"] == "gpt-4o" and body["top_logprobs"] == 20 and body["temperature"] == 0
    image = body["messages"][0]["content"][0]["image_url"]
    assert image == {"url": "data:image/png;base64,... (12 x 12 pixels)", "detail": "low"}
    assert "requests: 24, none of them sent" in rest
    assert "cost: at most about 0." in rest and "2026-" in rest and "time: about 12 s" in rest
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_an_interrupted_run_asks_nothing_twice(task, data, tmp_path, server, name):
    with Proxy(server.url, share=1.0, faults=["late"], late=0.3) as proxy:
        command = [PROGRAM, "classify", task, data, "--model",
                   f"openai:{proxy.url}#{server.name}?read=schema", "-o", tmp_path / "run",
                   "--concurrency", "3", "--passes", "main,order"]
        process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        while proxy.requests < 9:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(getattr(signal, name))
        process.wait(timeout=60)
        if name == "SIGINT":
            assert process.returncode == 130, process.stderr.read()
        process.stderr.close()
        time.sleep(0.5)  # what was on its way when the process was killed reaches the proxy's end
        sent = proxy.requests
        assert sent < 24
        outcome = run(*command[1:])
        assert outcome.status == 0, outcome.err
        asked = [body for body in proxy.bodies if b"image_url" in body]
    # A kill loses the answers that were on their way, an interrupt none.
    assert len(asked) - len(set(asked)) <= (3 if name == "SIGKILL" else 0)
    assert len(set(asked)) == 24
    assert classify(task, data, server.spec + "?read=schema", tmp_path / "whole", "--passes",
                    "main,order").status == 0
    assert without_times(tmp_path / "run") == without_times(tmp_path / "whole")
    assert not (tmp_path / "run" / "answers.jsonl").exists()


def test_an_interrupt_finishes_the_labels_of_a_sample(task, data, tmp_path, server):
    with Proxy(server.url, share=1.0, faults=["late"], late=0.3) as proxy:
        command = [PROGRAM, "classify", task, data, "--model",
                   f"openai:{proxy.url}#{server.name}?read=exact", "-o", tmp_path / "run",
                   "--concurrency", "2"]
        process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        while proxy.requests < 8:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        assert process.returncode == 130, process.stderr.read()
        process.stderr.close()
        assert run(*command[1:]).status == 0
        asked = [body for body in proxy.bodies if b"image_url" in body]
    assert len(asked) == len(set(asked)) == 24, "no label is asked for twice"


def test_a_server_that_is_not_there(task, data, tmp_path):
    outcome = run("classify", task, data, "--model", "openai:http://127.0.0.1:9/v1#m",
                  "-o", tmp_path / "run", "--first-wait", 0.01, "--attempts", 3)
    fails(outcome, 1, "no server answers", "127.0.0.1:9")
    assert not (tmp_path / "run").exists()


def test_a_server_that_goes_away_ends_the_run_and_no_sample_is_lost(task, data, tmp_path):
    count = [0]

    def answer(handler, body):
        if body is not None:
            count[0] += 1
        if count[0] > 5:
            handler.close_connection = True
            return handler.connection.close()
        return handler.reply(200, b'{"data": [{"id": "m"}]}' if body is None
                             else completion("round"))

    with scripted(answer) as url:
        command = ["classify", task, data, "--model", f"openai:{url}#m?read=text", "-o",
                   tmp_path / "run", "--concurrency", 1, "--first-wait", 0.01, "--attempts", 3]
        fails(run(*command), 1, "3 tries", "same command")
        count[0] = -1000
        outcome = run(*command)
    assert outcome.status == 0, outcome.err
    assert len(rows(tmp_path / "run")) == 12
    assert count[0] == -1000 + 12 - 5


def test_a_pool_shares_the_work_and_survives_a_member(task, data, tmp_path):
    counts = {}

    def member(name, dies_after=None):
        def answer(handler, body):
            if body is not None:
                counts[name] = counts.get(name, 0) + 1
            if dies_after is not None and counts.get(name, 0) > dies_after:
                handler.close_connection = True
                return handler.connection.close()
            if body is not None:
                time.sleep(0.02)
            return handler.reply(200, b'{"data": [{"id": "m"}]}' if body is None
                                 else completion("round"))
        return scripted(answer)

    with member("a") as a, member("b") as b:
        outcome = classify(task, data, f"openai:{a},{b},http://127.0.0.1:9/v1#m?read=text",
                           tmp_path / "run")
        assert outcome.status == 0, outcome.err
        assert "127.0.0.1:9" in outcome.err and "without it" in outcome.err
        assert counts["a"] + counts["b"] == 12 and min(counts.values()) >= 3
    counts.clear()
    with member("c") as c, member("d", dies_after=2) as d:
        outcome = classify(task, data, f"openai:{c},{d}#m?read=text", tmp_path / "dying")
        assert outcome.status == 0, outcome.err
    assert len(rows(tmp_path / "dying")) == 12 and all(
        row["status"] == "ok" for row in rows(tmp_path / "dying"))


def test_an_unknown_model_lists_what_there_is(task, data, tmp_path, server):
    outcome = classify(task, data, f"openai:{server.url}#other", tmp_path / "run")
    fails(outcome, 2, "no model 'other'", f"'{server.name}'")


def test_a_prompt_is_shown_without_asking(task, data):
    outcome = run("prompt", task, data, "--model", "openai:http://127.0.0.1:9/v1#m?read=text")
    assert outcome.status == 0, outcome.err
    assert '"model": "m"' in outcome.out and "base64,... (12 x 12 pixels)" in outcome.out
