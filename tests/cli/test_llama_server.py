"""llama-server: exact scores of labels against ours, on one small checkpoint that both run.

The program is taken from FIRSTLIGHT_LLAMA_SERVER, or found as `llama-server` on the PATH. It has to
take grammars of tokens (llama.cpp since the end of 2025).

What llama.cpp makes of a picture with a CLIP tower is not what the reference makes of it: it adds
the class token behind the patches but reads the rows as if it stood before them, so that the first
patch is lost (llama.cpp#25814). The checkpoint's projector has no weights, only a bias: all picture
tokens are one vector. Then both agree wherever prompt, place and number of picture tokens, and
tokens of the labels do, and this is what is tested.
"""

import json
import os
import shutil
import socket
import struct
import subprocess
import time
import urllib.request

import pytest

import gguf
from conftest import SOURCE, fails, picture, run
from test_hosted import answers, classify, rows

SERVER = os.environ.get("FIRSTLIGHT_LLAMA_SERVER") or shutil.which("llama-server")
if not SERVER:
    pytest.skip("no llama-server: name one in FIRSTLIGHT_LLAMA_SERVER or add it to PATH",
                allow_module_level=True)

# Parts of a message in the order in which they stand, for both programs.
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


def blind_checkpoint(folder):
    """The checkpoint of the parity tests, its last projector weights set to zero."""
    folder.mkdir()
    source = SOURCE / "tests/parity/llava/llama"
    for name in ("config.json", "generation_config.json", "processor_config.json",
                 "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(source / name, folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    data = bytearray((source / "model.safetensors").read_bytes())
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    (name,) = [n for n in header if n.endswith("multi_modal_projector.linear_2.weight")]
    begin, end = header[name]["data_offsets"]
    data[8 + length + begin:8 + length + end] = bytes(end - begin)
    (folder / "model.safetensors").write_bytes(data)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llama") / "checkpoint"
    blind_checkpoint(folder)
    return folder


@pytest.fixture(scope="module")
def server(model):
    """The address of a running llama-server with the checkpoint in float32."""
    source = gguf.Folder(model)
    gguf.text_file(source).write(model / "text.gguf")
    gguf.vision_file(source).write(model / "mmproj.gguf")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = open(model / "log", "wb")
    process = subprocess.Popen(
        [SERVER, "-m", model / "text.gguf", "--mmproj", model / "mmproj.gguf", "--alias", "tiny",
         "--host", "127.0.0.1", "--port", str(port), "--jinja", "-c", "1024", "-np", "2", "-t", "1",
         "-tb", "1", "-fa", "off", "-ctk", "f32", "-ctv", "f32"],
        stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            assert process.poll() is None, (model / "log").read_text(errors="replace")[-2000:]
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                    break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()
        log.close()


@pytest.fixture
def shapes(tmp_path):
    path = tmp_path / "shapes.yaml"
    path.write_text(TASK)
    return path


@pytest.fixture
def catalogue(tmp_path):
    """Pictures of the model's own size with a column that makes their prompts differ."""
    lines = ["file,size"]
    for i in range(5):
        (tmp_path / f"i{i}.png").write_bytes(picture(i, side=24))
        lines.append(f"i{i}.png,{3.5 * i}")
    path = tmp_path / "list.csv"
    path.write_text("\n".join(lines) + "\n")
    return f"csv:{path}?path=file"


def test_scores_of_labels_are_those_of_the_native_model(shapes, catalogue, model, server, tmp_path):
    passes = ["--passes", "main,blank,no_descriptions,order"]
    native = run("classify", shapes, catalogue, "--model", f"hf:{model}?dtype=f32", "-o",
                 tmp_path / "native", *passes)
    assert native.status == 0, native.err
    outcome = classify(shapes, catalogue, f"openai:{server}#tiny", tmp_path / "hosted", *passes)
    assert outcome.status == 0, outcome.err
    own, hosted = rows(tmp_path / "native"), rows(tmp_path / "hosted")
    assert len(own) == 5
    for ours, theirs in zip(own, hosted):
        assert theirs["kind"] == "exact" and theirs["label"] == ours["label"]
        assert theirs["probabilities"] == pytest.approx(ours["probabilities"], abs=1e-4)
        for key, scores in ours["scores"].items():
            assert theirs["scores"][key]["token_ids"] == scores["token_ids"], "the end of it too"
            assert theirs["scores"][key]["logprobs"] == pytest.approx(scores["logprobs"], abs=1e-4)
    assert len({row["scores"]["flat"]["logprobs"][0] for row in own}) == 5, "prompts differ"
    assert all(a["model"] == "tiny" and a["fingerprint"] for a in answers(tmp_path / "hosted"))


def test_other_readings(shapes, catalogue, model, server, tmp_path):
    held = classify(shapes, catalogue, f"openai:{server}#tiny?read=schema", tmp_path / "schema")
    assert held.status == 0, held.err
    assert {row["kind"] for row in rows(tmp_path / "schema")} == {"schema"}
    # A model of random weights writes no label: the row is then read from the answer that is held.
    top = classify(shapes, catalogue, f"openai:{server}#tiny?read=top20", tmp_path / "top")
    assert top.status == 0, top.err
    assert {row["kind"] for row in rows(tmp_path / "top")} <= {"schema", "top20"}


def test_a_label_that_the_server_cannot_score_is_said_at_once(catalogue, server, tmp_path):
    path = tmp_path / "accents.yaml"
    path.write_text(TASK.replace("name: flat", "name: 'fl\u00e4t'"))
    outcome = classify(path, catalogue, f"openai:{server}#tiny", tmp_path / "run")
    fails(outcome, 2, "a character has several tokens", "fl\u00e4t")
    outcome = classify(path, catalogue, f"openai:{server}#tiny?read=schema", tmp_path / "run")
    assert outcome.status == 0, outcome.err
