"""What the tests against other people's servers share: a conversation's template, a task, starting a
server, and scores that have to be those of the native model."""

import contextlib
import socket
import subprocess
import time
import urllib.request

import pytest

from conftest import picture, run
from test_hosted import answers, classify, rows

# Parts of a message in the order in which they stand, whichever program reads it.
TEMPLATE = """\
{%- for message in messages -%}
{%- if message['role'] == 'user' -%}{{- 'USER: ' -}}
{%- elif message['role'] == 'assistant' -%}{{- '\\nASSISTANT: ' -}}{%- endif -%}
{%- if message['content'] is string -%}{{- message['content'] -}}
{%- else -%}
{%- for part in message['content'] -%}
{%- if part['type'] == 'image' -%}{{- '<image>' -}}{%- else -%}{{- part['text'] -}}{%- endif -%}
{%- endfor -%}
{%- endif -%}
{%- if message['role'] == 'system' -%}{{- '\\n\\n' -}}
{%- elif message['role'] == 'assistant' -%}{{- eos_token -}}{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '\\nASSISTANT:' -}}{%- endif -%}
"""

TASK = """\
name: shapes
version: "1"
description: Round against flat
source: made for the tests
system: You are an expert.
classes:
  - {key: round, name: round galaxy, description: like a ball}
  - {key: flat, name: flat, description: like a plate}
  - {key: other, name: 'an "artifact" \\ x', description: neither}
prompt: "A picture {image} of size {field:size}. Which? {classes}"
class_line: "{name}: {description}"
answer: "{name}"
"""


@pytest.fixture
def shapes(tmp_path):
    path = tmp_path / "shapes.yaml"
    path.write_text(TASK)
    return path


def catalogue_of(folder, sides):
    """Pictures of the given sizes with a column that makes their prompts differ."""
    lines = ["file,size"]
    for i, side in enumerate(sides):
        (folder / f"i{i}.png").write_bytes(picture(i, side))
        lines.append(f"i{i}.png,{3.5 * i}")
    path = folder / "list.csv"
    path.write_text("\n".join(lines) + "\n")
    return f"csv:{path}?path=file"


@contextlib.contextmanager
def running(command, log, seconds, environment=None):
    """The address of a server, once it is healthy; `command` is given a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(log, "wb") as stream:
        process = subprocess.Popen(command(port), stdout=stream, stderr=subprocess.STDOUT,
                                   env=environment)
    try:
        end = time.monotonic() + seconds
        while True:
            said = log.read_text(errors="replace")[-2000:]
            assert process.poll() is None, said
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                    break
            except OSError:
                assert time.monotonic() < end, said
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def scores_are_native(task, data, folder, server, tmp_path, tolerance, shared=0):
    """Classifies by the server's model `tiny` and by its folder, in four kinds of pass: the same
    tokens of all labels, but for as many as all `shared` at their beginning, and log-probabilities
    within the tolerance. Returns the native rows."""
    passes = ["--passes", "main,blank,no_descriptions,order"]
    native = run("classify", task, data, "--model", f"hf:{folder}?dtype=f32", "-o",
                 tmp_path / "native", *passes)
    assert native.status == 0, native.err
    outcome = classify(task, data, f"openai:{server}#tiny", tmp_path / "hosted", *passes)
    assert outcome.status == 0, outcome.err
    own, hosted = rows(tmp_path / "native"), rows(tmp_path / "hosted")
    assert len(own) == len(hosted)
    for ours, theirs in zip(own, hosted):
        assert theirs["kind"] == "exact" and theirs["label"] == ours["label"]
        assert theirs["probabilities"] == pytest.approx(ours["probabilities"], abs=tolerance)
        for key, scores in ours["scores"].items():
            found = theirs["scores"][key]
            assert found["token_ids"] == scores["token_ids"][shared:], "the end of it too"
            assert found["logprobs"] == pytest.approx(scores["logprobs"][shared:], abs=tolerance)
    assert all(answer["model"] == "tiny" for answer in answers(tmp_path / "hosted"))
    return own


def other_readings(task, data, server, tmp_path):
    """Answers that are held to the labels, and labels from the likeliest tokens."""
    held = classify(task, data, f"openai:{server}#tiny?read=schema", tmp_path / "schema")
    assert held.status == 0, held.err
    assert {row["kind"] for row in rows(tmp_path / "schema")} == {"schema"}
    # A model of random weights writes no label: the row is then read from the answer that is held.
    top = classify(task, data, f"openai:{server}#tiny?read=top20", tmp_path / "top")
    assert top.status == 0, top.err
    assert {row["kind"] for row in rows(tmp_path / "top")} <= {"schema", "top20"}
