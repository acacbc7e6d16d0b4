"""model domain, and what rows say of samples unlike training."""

import json
import random
import shutil
import sqlite3

import pytest

from conftest import SOURCE, fails, picture, png, run

WORDINGS = """\
concepts:
  ball: {names: ["[round|circular] [ball|sphere]"], descriptions: ["[A|] round thing."]}
questions:
  - {domain: galaxies, weight: 1, concepts: [ball]}
"""
RECIPE = """\
name: small
wordings: wordings.yaml
streams:
  - {name: one, data: "sim:galaxies?n=60&seed=1", domain: galaxies, rules: none}
  - {name: two, data: "sim:lsbg?n=60&seed=2", domain: lsbg, rules: none, not_fold: [0, 4]}
tasks:
  - {task: galaxy-morphology, domain: galaxies, concepts: [ball]}
  - {task: lsbg, domain: lsbg, concepts: [ball]}
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The embedded model with a note of its own of two domains."""
    folder = tmp_path_factory.mktemp("domain")
    shutil.copytree(SOURCE / "models/firstlight-small", folder / "model",
                    ignore=shutil.ignore_patterns("domain.safetensors"))
    (folder / "wordings.yaml").write_text(WORDINGS)
    (folder / "recipe.yaml").write_text(RECIPE)
    before = run("classify", "galaxy-morphology", "sim:galaxies?n=2", "--model", f"hf:{folder}/model",
                 "-o", folder / "before")
    assert before.status == 0, before.err
    outcome = run("--quiet", "model", "domain", f"hf:{folder}/model", folder / "recipe.yaml",
                  "--samples", 50, "--false-alarms", 0.1)
    assert outcome.status == 0, outcome.err
    assert "galaxies" in outcome.out and "sim:lsbg" in outcome.out
    assert (folder / "model/domain.safetensors").is_file()
    return folder


def rows(folder):
    out = run("export", folder, "--to", "jsonl").out
    return [json.loads(line) for line in out.splitlines()]


def classify(model, out, *words):
    outcome = run("classify", *words, "--model", f"hf:{model}/model", "-o", out)
    assert outcome.status == 0, outcome.err
    return outcome


def test_rows_without_a_domain_have_no_such_fields(model):
    assert all("domain_score" not in row and "warning" not in row for row in rows(model / "before"))
    assert "domain" not in json.loads(run("evaluate", model / "before", "--json").out)


def test_own_pictures_and_others(model, tmp_path):
    own = classify(model, tmp_path / "own", "galaxy-morphology", "sim:galaxies?n=40&seed=7")
    found = rows(tmp_path / "own")
    warned = sum(row["warning"] is not None for row in found)
    assert warned <= 16
    assert all((row["domain_score"] > 1) == (row["warning"] is not None) for row in found)
    assert (f"warned: {warned} of 40" in own.out) == (warned > 0)
    for i in range(12):
        (tmp_path / f"noise{i:02}.png").write_bytes(picture(i, 64))
    classify(model, tmp_path / "noise", "galaxy-morphology", f"folder:{tmp_path}")
    noise = rows(tmp_path / "noise")
    assert len(noise) == 12 and all("unlike" in row["warning"] for row in noise)
    assert min(r["domain_score"] for r in noise) > sorted(r["domain_score"] for r in found)[20]


def test_figures_and_tables(model, tmp_path):
    classify(model, tmp_path / "run", "lsbg", "sim:lsbg?n=40&seed=7")
    found = rows(tmp_path / "run")
    warned = sum(row["warning"] is not None for row in found)
    domain = json.loads(run("evaluate", tmp_path / "run", "--json").out)["domain"]
    assert domain["warned"]["value"] == pytest.approx(warned / 40)
    assert "samples with a warning" in run("evaluate", tmp_path / "run").out
    table = run("export", tmp_path / "run", "--to", "csv").out.splitlines()
    assert "domain_score,warning" in table[0]
    assert run("report", tmp_path / "run").status == 0
    page = (tmp_path / "run/report.html").read_text()
    assert ("unlike what the model was trained on" in page) == (warned > 0)
    facts = json.loads((tmp_path / "run/config.json").read_text())["settings"]["domain"]
    assert facts == {"names": "lsbg", "false_alarms": "0.1"}


def test_shards_and_a_run_that_goes_on_keep_the_scores(model, tmp_path):
    words = ["galaxy-morphology", "sim:galaxies?n=12&seed=7"]
    classify(model, tmp_path / "whole", *words)
    for i in range(2):
        classify(model, tmp_path / f"shard{i}", *words, "--shard", f"{i}/2")
    assert run("merge", tmp_path / "shard0", tmp_path / "shard1", "-o", tmp_path / "merged").status == 0
    scores = {row["id"]: row["domain_score"] for row in rows(tmp_path / "whole")}
    assert {row["id"]: row["domain_score"] for row in rows(tmp_path / "merged")} == scores
    with sqlite3.connect(tmp_path / "whole/run.sqlite") as database:
        assert database.execute("SELECT count(*) FROM domain").fetchone() == (12,)


def test_names_of_classes(model, tmp_path):
    (tmp_path / "a.png").write_bytes(picture(1, 64))
    known = classify(model, tmp_path / "known", "--classes", "Round ball", "unbarred spiral galaxy", "--",
                     tmp_path / "a.png")
    assert "not trained" not in known.err
    assert rows(tmp_path / "known")[0]["domain_score"] > 0
    unknown = classify(model, tmp_path / "unknown", "--classes", "round galaxy", "giraffe", "--",
                       tmp_path / "a.png")
    assert unknown.err.count("giraffe") == 1 and "round galaxy" not in unknown.err
    assert "giraffe" in rows(tmp_path / "unknown")[0]["warning"]
    assert "warned: 1 of 1" in unknown.out


def test_a_blank_picture_of_several_sizes(model, tmp_path):
    for side in (1, 17, 64):
        (tmp_path / f"b{side:02}.png").write_bytes(png(bytes(3 * side * side), side, side))
    classify(model, tmp_path / "run", "galaxy-morphology", f"folder:{tmp_path}")
    scores = [row["domain_score"] for row in rows(tmp_path / "run")]
    assert len(set(scores)) == 1 and scores[0] > 0


def test_a_damaged_file_and_bad_recipes(model, tmp_path):
    shutil.copytree(model / "model", tmp_path / "model")
    file = tmp_path / "model/domain.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:len(whole) // 2])
    fails(run("classify", "lsbg", "sim:lsbg?n=2", "--model", f"hf:{tmp_path}/model", "-o", tmp_path / "x"), 1,
          "domain.safetensors")
    shuffled = bytearray(whole)
    text = whole.rindex(b'"false_alarms"')
    shuffled[text:text + 5] = random.Random(1).randbytes(5)
    file.write_bytes(shuffled)
    fails(run("classify", "lsbg", "sim:lsbg?n=2", "--model", f"hf:{tmp_path}/model", "-o", tmp_path / "x"), 1,
          "domain.safetensors")
    (tmp_path / "wordings.yaml").write_text(WORDINGS)
    for change, status, word in ((("domain: lsbg, concepts", "domain: other, concepts"), 2, "lsbg"),
                                 (("wordings.yaml", "missing.yaml"), 1, "missing.yaml"),
                                 (("n=60&seed=1", "n=5&seed=1"), 2, "20")):
        (tmp_path / "recipe.yaml").write_text(RECIPE.replace(*change))
        outcome = run("--quiet", "model", "domain", f"hf:{model}/model", tmp_path / "recipe.yaml")
        fails(outcome, status, word)


def test_a_file_for_other_weights_is_left_alone(model, tmp_path):
    shutil.copytree(model / "model", tmp_path / "model")
    weights = tmp_path / "model/model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[len(changed) // 2] ^= 1
    weights.write_bytes(changed)
    outcome = run("classify", "lsbg", "sim:lsbg?n=2", "--model", f"hf:{tmp_path}/model", "-o", tmp_path / "run")
    assert outcome.status == 0 and "other weights" in outcome.err
    assert "warning" not in rows(tmp_path / "run")[0]


def test_a_network(tmp_path):
    shutil.copytree(SOURCE / "models/firstlight-cnn", tmp_path / "model")
    (tmp_path / "recipe.yaml").write_text(
        "task: neutrino-flavour\nstreams:\n  - {name: a, data: \"sim:lartpc?n=30&seed=5\"}\n")
    outcome = run("--quiet", "model", "domain", f"cnn:{tmp_path}/model", tmp_path / "recipe.yaml")
    assert outcome.status == 0, outcome.err
    done = run("classify", "neutrino-flavour", "sim:lartpc?n=4&seed=6", "--model", f"cnn:{tmp_path}/model", "-o",
               tmp_path / "run")
    assert done.status == 0, done.err
    assert all(row["domain_score"] > 0 for row in rows(tmp_path / "run"))
