"""vLLM: exact scores of labels against ours, on one small checkpoint that both run, with pictures.

The program is taken from FIRSTLIGHT_VLLM, or found as `vllm` on the PATH: a build for the CPU, where
float32 is what it says. Its first start takes a minute of a core and more.
"""

import base64
import json
import os
import shutil

import pytest

import random_llava
from conftest import picture
from foreign_servers import (  # noqa: F401 (shapes is a fixture)
    TASK, TEMPLATE, catalogue_of, other_readings, running, scores_are_native, shapes)
from serving import Served, served

SERVER = os.environ.get("FIRSTLIGHT_VLLM") or shutil.which("vllm")
if not SERVER:
    pytest.skip("no vLLM: name its program in FIRSTLIGHT_VLLM or add it to PATH",
                allow_module_level=True)

ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "OMP_NUM_THREADS": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vllm") / "checkpoint"
    random_llava.write(folder, TEMPLATE)
    return folder


@pytest.fixture(scope="module")
def server(model):
    """The address of a running vLLM with the checkpoint in float32."""
    def command(port):
        return [SERVER, "serve", model, "--served-model-name", "tiny", "--host", "127.0.0.1",
                "--port", str(port), "--dtype", "float32", "--enforce-eager", "--max-model-len",
                "1024", "--max-num-seqs", "4"]

    with running(command, model / "log", seconds=600,
                 environment={**os.environ, **ENVIRONMENT}) as address:
        yield address


@pytest.fixture
def catalogue(tmp_path):
    return catalogue_of(tmp_path, [24, 24, 40, 17, 64])


def test_scores_of_labels_are_those_of_the_native_model(shapes, catalogue, model, server, tmp_path):
    own = scores_are_native(shapes, catalogue, model, server, tmp_path, 1e-4)
    assert len({row["scores"]["flat"]["logprobs"][0] for row in own}) == 5, "prompts differ"


def test_labels_whose_letters_have_several_tokens(catalogue, model, server, tmp_path):
    path = tmp_path / "accents.yaml"
    path.write_text(TASK.replace("round galaxy", "\u00e5 ring").replace("name: flat", "name: fl\u00e4t")
                    .replace("'an \"artifact\" \\ x'", "\u03b2"))
    # The blank that all labels begin with counts as the end of the prompt.
    scores_are_native(path, catalogue, model, server, tmp_path, 1e-4, shared=1)


def test_the_likeliest_tokens_are_those_of_the_native_model(model, server):
    with served(model=f"hf:{model}?dtype=f32") as native:
        request = {
            "model": native.name, "temperature": 0, "max_tokens": 4, "logprobs": True,
            "top_logprobs": 20, "messages": [{"role": "user", "content": [
                {"type": "text", "text": "A picture "},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64," +
                                                    base64.b64encode(picture(3, 40)).decode()}}]}]}
        _, own = native.post(json.dumps(request).encode())
        _, theirs = Served(server, "tiny", None).post(json.dumps(
            {**request, "model": "tiny", "add_special_tokens": True}).encode())
    places = [json.loads(answer)["choices"][0]["logprobs"]["content"] for answer in (own, theirs)]
    assert [len(place["top_logprobs"]) for place in places[1]] == [20] * 4
    for ours, other in zip(*places, strict=True):
        assert [token["logprob"] for token in other["top_logprobs"]] == pytest.approx(
            [token["logprob"] for token in ours["top_logprobs"]], abs=1e-4)


def test_other_readings(shapes, catalogue, server, tmp_path):
    other_readings(shapes, catalogue, server, tmp_path)
