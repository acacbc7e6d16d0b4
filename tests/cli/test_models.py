"""The reference models by the program: prompts, runs, exports, 4 bits and random checkpoints."""

import json

import pytest

from conftest import SOURCE, fails, run

PARITY = SOURCE / "tests" / "parity"
MODELS = [PARITY / "llava_next/mistral", PARITY / "llava_next/vicuna", PARITY / "mllama/grouped",
          PARITY / "mllama/three-tiles"]


def prompt(task, data, model):
    outcome = run("prompt", task, data, "--model", model, "--json")
    assert outcome.status == 0, outcome.err
    return json.loads(outcome.out)


def classified(task, data, model, folder):
    outcome = run("classify", task, data, "--model", model, "-o", folder, "--limit", "4")
    assert outcome.status == 0, outcome.err
    exported = run("export", folder, "--to", "jsonl")
    assert exported.status == 0, exported.err
    return [json.loads(line) for line in exported.out.splitlines()]


@pytest.mark.parametrize("folder", MODELS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_run_from_the_prompt_to_the_export(task, data, tmp_path, folder):
    model = f"hf:{folder}"
    shown = prompt(task, data, model)
    image = shown["images"][0]
    token = shown["token_ids"][image["start"]]
    assert shown["token_ids"].count(token) == image["length"] == (
        1 if "mllama" in str(folder) else image["length"])
    rows = classified(task, data, model, tmp_path / "run")
    assert len(rows) == 4
    for row in rows:
        assert row["status"] == "ok" and row["kind"] == "exact"
        assert abs(sum(row["probabilities"].values()) - 1) < 1e-9
        for name, answer in shown["answers"].items():
            assert row["scores"][name]["token_ids"] == answer["token_ids"]
    assert len({json.dumps(row["probabilities"]) for row in rows}) == 4


def test_tiles_change_the_prompt_and_the_result(task, data, tmp_path):
    whole = f"hf:{MODELS[0]}"
    base = prompt(task, data, f"{whole}?tiles=0")["images"][0]["length"]
    assert base == 17 < prompt(task, data, whole)["images"][0]["length"]
    rows = [classified(task, data, model, tmp_path / str(i))
            for i, model in enumerate([whole, f"{whole}?tiles=0"])]
    assert rows[0][0]["probabilities"] != rows[1][0]["probabilities"]
    fails(run("prompt", task, data, "--model", f"hf:{PARITY}/llava/llama?tiles=1"), 2, "tiles")
    fails(run("prompt", task, data, "--model", f"{whole}?tiles=many"), 2, "tiles")
    fails(run("prompt", task, data, "--model", f"hf:{MODELS[2]}?tiles=0"), 2, "tiles")


def test_four_bits_on_load_and_in_a_folder_are_the_same(task, data, tmp_path):
    for i, source in enumerate([MODELS[0], MODELS[2]]):
        out = tmp_path / f"out{i}"
        done = run("model", "quantize", source, out, "--type", "fp4", "--double-quant")
        assert done.status == 0 and done.out == "", done.err
        on_load = classified(task, data, f"hf:{source}?quant=fp4&double_quant=true", tmp_path / f"a{i}")
        folder = classified(task, data, f"hf:{out}", tmp_path / f"b{i}")
        assert [row["scores"] for row in on_load] == [row["scores"] for row in folder]
        plain = classified(task, data, f"hf:{source}", tmp_path / f"c{i}")
        assert [row["scores"] for row in on_load] != [row["scores"] for row in plain]
        fails(run("model", "quantize", out, tmp_path / "again"), 2, "quantised already")
        fails(run("model", "quantize", source, out), 2, "holds a model already")
        fails(run("model", "quantize", source, tmp_path / "odd", "--block", "48"), 2, "power of two")
    fails(run("prompt", task, data, "--model", f"hf:{MODELS[0]}?quant=int8"), 2, "nf4 or fp4")
    fails(run("prompt", task, data, "--model", f"hf:{MODELS[0]}?double_quant=true"), 2, "quant")


def test_verify_names_the_first_stage_that_differs(tmp_path):
    folder = PARITY / "mllama/grouped"
    good = run("model", "verify", folder, "--against", folder / "apart")
    assert good.status == 0 and "Every stage equals the reference." in good.out
    four = tmp_path / "four"
    assert run("model", "quantize", folder, four).status == 0
    bad = run("model", "verify", four, "--against", folder / "apart")
    assert bad.status == 1 and "first stage that differs is vision_features" in bad.out


def test_a_random_checkpoint_runs(task, data, tmp_path):
    out = tmp_path / "random"
    command = ["model", "synth", out, "--like", "llava-v1.6-mistral-7b", "--scale", "0.02"]
    done = run(*command, "--quant", "nf4", "--double-quant")
    assert done.status == 0, done.err
    rows = classified(task, data, f"hf:{out}?tiles=0", tmp_path / "run")
    assert len({json.dumps(row["probabilities"]) for row in rows}) == 4
    fails(run(*command), 2, "holds a model already")
    fails(run("model", "synth", tmp_path / "b", "--like", "gpt"), 2, "gpt")
    fails(run("model", "synth", tmp_path / "b", "--like", "llama-3.2-11b-vision", "--scale", "2"), 2,
          "scale")
