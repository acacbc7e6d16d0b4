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
import struct

import pytest

import gguf
from conftest import SOURCE, fails
from foreign_servers import (  # noqa: F401 (shapes is a fixture)
    TASK, TEMPLATE, catalogue_of, other_readings, running, scores_are_native, shapes)
from test_hosted import answers, classify

SERVER = os.environ.get("FIRSTLIGHT_LLAMA_SERVER") or shutil.which("llama-server")
if not SERVER:
    pytest.skip("no llama-server: name one in FIRSTLIGHT_LLAMA_SERVER or add it to PATH",
                allow_module_level=True)


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

    def command(port):
        return [SERVER, "-m", model / "text.gguf", "--mmproj", model / "mmproj.gguf", "--alias",
                "tiny", "--host", "127.0.0.1", "--port", str(port), "--jinja", "-c", "1024", "-np",
                "2", "-t", "1", "-tb", "1", "-fa", "off", "-ctk", "f32", "-ctv", "f32"]

    with running(command, model / "log", seconds=60) as address:
        yield address


@pytest.fixture
def catalogue(tmp_path):
    return catalogue_of(tmp_path, [24] * 5)  # the model's own size


def test_scores_of_labels_are_those_of_the_native_model(shapes, catalogue, model, server, tmp_path):
    own = scores_are_native(shapes, catalogue, model, server, tmp_path, 1e-4)
    assert len({row["scores"]["flat"]["logprobs"][0] for row in own}) == 5, "prompts differ"
    assert all(a["fingerprint"] for a in answers(tmp_path / "hosted"))


def test_other_readings(shapes, catalogue, server, tmp_path):
    other_readings(shapes, catalogue, server, tmp_path)


def test_a_label_that_the_server_cannot_score_is_said_at_once(catalogue, server, tmp_path):
    path = tmp_path / "accents.yaml"
    path.write_text(TASK.replace("name: flat", "name: 'fl\u00e4t'"))
    outcome = classify(path, catalogue, f"openai:{server}#tiny", tmp_path / "run")
    fails(outcome, 2, "a character has several tokens", "fl\u00e4t")
    outcome = classify(path, catalogue, f"openai:{server}#tiny?read=schema", tmp_path / "run")
    assert outcome.status == 0, outcome.err
