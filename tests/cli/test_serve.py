"""serve --openai: the protocol, its limits, and the official OpenAI client against it."""

import base64
import concurrent.futures
import http.client
import json
import os
import subprocess
import sys

import pytest

from conftest import fails, picture, run
from serving import served

# A Python that has the package `openai`; it need not be the one that runs the tests.
OPENAI_PYTHON = os.environ.get("FIRSTLIGHT_OPENAI_PYTHON", sys.executable)


@pytest.fixture(scope="module")
def server():
    with served() as running:
        yield running


def question(server, side=12, **fields):
    url = "data:image/png;base64," + base64.b64encode(picture(1, side)).decode()
    return json.dumps({
        "model": server.name,
        "messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": url}},
            {"type": "text", "text": "Which?"}]}],
        **fields}).encode()


def ask(server, **fields):
    status, body = server.post(question(server, **fields))
    assert status == 200, body
    return json.loads(body)


def test_a_chat_completion(server):
    answer = ask(server, max_tokens=5, temperature=0, seed=1)
    assert answer["object"] == "chat.completion" and answer["model"] == server.name
    assert answer["choices"][0]["finish_reason"] in ("stop", "length")
    assert answer["usage"]["completion_tokens"] <= 5
    assert answer["usage"]["prompt_tokens"] > 0
    assert answer["system_fingerprint"].startswith("fp_")
    again = ask(server, max_tokens=5)
    assert again["choices"] == answer["choices"], "greedy answers repeat"


def test_log_probabilities_are_sorted_and_hold_the_token(server):
    content = ask(server, max_tokens=6, logprobs=True, top_logprobs=20)[
        "choices"][0]["logprobs"]["content"]
    assert content
    for token in content:
        tops = token["top_logprobs"]
        assert len(tops) == 20
        assert [t["logprob"] for t in tops] == sorted((t["logprob"] for t in tops), reverse=True)
        assert (tops[0]["token"], tops[0]["logprob"]) == (token["token"], token["logprob"])
        assert bytes(token["bytes"]).decode() == token["token"]


@pytest.mark.parametrize("field, value", [
    ("guided_choice", ["a ball", "a plate"]),
    ("structured_outputs", {"choice": ["a ball", "a plate"]}),
    ("grammar", 'root ::= "a ball" | "a plate"'),
    ("response_format", {"type": "json_schema", "json_schema": {"name": "x", "schema": {
        "type": "object", "properties": {"label": {"enum": ["a ball", "a plate"]}}}}}),
])
def test_answers_held_to_a_list(server, field, value):
    answer = ask(server, **{field: value}, logprobs=True)
    content = answer["choices"][0]["message"]["content"]
    label = json.loads(content)["label"] if field == "response_format" else content
    assert label in ("a ball", "a plate")
    tokens = answer["choices"][0]["logprobs"]["content"]
    assert "".join(t["token"] for t in tokens).strip() == label


def test_refusals(server):
    for fields in ({"temperature": 1}, {"tools": []}, {"n": 3}, {"max_tokens": -1}):
        status, body = server.post(question(server, **fields))
        assert status == 400
        assert json.loads(body)["error"]["type"] == "invalid_request_error"
    assert server.post(b"{")[0] == 400
    assert server.post(question(server), {"Content-Type": "text/plain"})[0] == 415
    assert server.post(question(server), {"Content-Encoding": "gzip"})[0] == 415
    assert server.post(b"{}", path="/completions")[0] == 404
    for host in ("evil.example", "127.evil.example", "localhost.evil.example:80", ""):
        assert server.post(question(server), {"Host": host})[0] == 403


def test_limits():
    with served("--max-request", 1, "--requests-per-minute", 6) as server:
        status, _ = server.post(b'{"model": "' + b"x" * (2 << 20) + b'"}')
        assert status == 413
        statuses = [server.post(b"{}")[0] for _ in range(8)]
        assert statuses.count(429) >= 2 and statuses[0] == 400
        host, port = server.url.split("/")[2].split(":")
        connection = http.client.HTTPConnection(host, int(port))
        connection.request("GET", "/v1/models")
        assert 1 <= int(connection.getresponse().getheader("Retry-After")) <= 11
        connection.close()
    with served("--max-megapixels", 0.001) as server:
        assert server.post(question(server))[0] == 200
        status, body = server.post(question(server, side=40))
        assert status == 400 and b"pixels" in body


def test_other_machines_need_a_token(tmp_path):
    fails(run("serve", "--openai", "--host", "0.0.0.0", "--port", 0), 2, "FIRSTLIGHT_SERVE_TOKEN")
    token = tmp_path / "token"
    token.write_text("s3cret-token\n")
    token.chmod(0o644)
    fails(run("serve", "--openai", "--token-file", token), 2, str(token), "chmod 600")
    token.chmod(0o600)
    with served("--host", "0.0.0.0", "--token-file", token) as server:
        server.url = server.url.replace("0.0.0.0", "127.0.0.1")
        assert server.post(question(server))[0] == 401
        assert server.post(question(server), {"Authorization": "Bearer s3cret-tokem"})[0] == 401
        assert server.post(question(server, max_tokens=1),
                           {"Authorization": "Bearer s3cret-token"})[0] == 200


def test_many_clients_at_once_get_the_answers_of_one(server):
    alone = ask(server, max_tokens=4)["choices"]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for answer in pool.map(lambda _: ask(server, max_tokens=4), range(48)):
            assert answer["choices"] == alone


def test_wrong_use():
    fails(run("serve"), 2, "--openai")
    fails(run("serve", "--openai", "--model", "openai:gpt-4o"), 2, "on a server already")
    with served() as server:
        port = server.url.split(":")[2].split("/")[0]
        fails(run("serve", "--openai", "--port", port), 1, port)


CLIENT = """
import base64, sys
import openai
client = openai.OpenAI(base_url=sys.argv[1], api_key="unused", max_retries=0)
names = [model.id for model in client.models.list()]
assert names == [sys.argv[2]], names
picture = base64.b64encode(open(sys.argv[3], "rb").read()).decode()
messages = [{"role": "user", "content": [
    {"type": "image_url", "image_url": {"url": "data:image/png;base64," + picture}},
    {"type": "text", "text": "Which?"}]}]
answer = client.chat.completions.create(
    model=names[0], messages=messages, max_tokens=5, logprobs=True, top_logprobs=5)
assert len(answer.choices[0].logprobs.content[0].top_logprobs) == 5
assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
pieces = client.chat.completions.create(
    model=names[0], messages=messages, max_tokens=5, stream=True)
streamed = "".join(chunk.choices[0].delta.content or "" for chunk in pieces)
assert streamed == answer.choices[0].message.content, (streamed, answer)
held = client.chat.completions.create(model=names[0], messages=messages, response_format={
    "type": "json_schema", "json_schema": {"name": "label", "strict": True, "schema": {
        "type": "object", "properties": {"label": {"type": "string", "enum": ["a", "b"]}},
        "required": ["label"], "additionalProperties": False}}})
assert held.choices[0].message.content in ('{"label":"a"}', '{"label":"b"}')
try:
    client.chat.completions.create(model="gpt-4o", messages=messages)
    raise SystemExit("a model that is not there was served")
except openai.NotFoundError as error:
    assert names[0] in error.message
print("ok", openai.__version__)
"""


def test_the_official_client_unchanged(server, tmp_path):
    have = subprocess.run([OPENAI_PYTHON, "-c", "import openai"], capture_output=True)
    if have.returncode != 0:
        pytest.skip(f"{OPENAI_PYTHON} has no package openai; name a Python that has it in "
                    "FIRSTLIGHT_OPENAI_PYTHON")
    path = tmp_path / "picture.png"
    path.write_bytes(picture(3))
    done = subprocess.run([OPENAI_PYTHON, "-c", CLIENT, server.url, server.name, str(path)],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and done.stdout.startswith("ok"), done.stderr
