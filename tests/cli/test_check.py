"""check: robustness against worse pictures, other orders of the classes and other answers."""

import json

import pytest

from conftest import MODEL, fails, run


def checked(*arguments):
    outcome = run("check", *arguments, "--json", "--resamples", 100)
    assert outcome.status == 0, outcome.err
    return json.loads(outcome.out)


def test_degrade(task, data):
    result = checked("degrade", task, data, "--model", MODEL, "--resolution", "0.5,0.25",
                     "--noise", "0.3", "--dead", "0.5")
    assert result["n"] == 12 and result["failed"] == 0
    points = [(p["setting"], p.get("value")) for p in result["points"]]
    assert points == [("none", None), ("resolution", 0.5), ("resolution", 0.25), ("noise", 0.3),
                      ("dead", 0.5)]
    base = result["points"][0]
    for point in result["points"][1:]:
        change = point["accuracy"]["value"] - base["accuracy"]["value"]
        assert point["accuracy_change"]["value"] == pytest.approx(change, abs=1e-12)
        assert point["mean_confidence"]["value"] != base["mean_confidence"]["value"]
    again = checked("degrade", task, data, "--model", MODEL, "--resolution", "0.5,0.25",
                    "--noise", "0.3", "--dead", "0.5", "--batch", 5)
    assert again == result
    other = checked("degrade", task, data, "--model", MODEL, "--resolution", "0.5,0.25",
                    "--noise", "0.3", "--dead", "0.5", "--degrade-seed", 2)
    assert other["points"][:3] == result["points"][:3] and other != result


def test_degrade_has_the_accuracy_of_a_run_as_its_first_point(task, data, tmp_path):
    assert run("classify", task, data, "--model", MODEL, "-o", tmp_path / "run").status == 0
    accuracy = json.loads(run("evaluate", tmp_path / "run", "--json").out)["accuracy"]
    result = checked("degrade", task, data, "--model", MODEL, "--noise", "0.1")
    assert result["points"][0]["accuracy"] == accuracy


def test_degrade_text_and_errors(task, data, tmp_path):
    text = run("check", "degrade", task, data, "--model", MODEL, "--resamples", 50)
    assert text.status == 0, text.err
    assert "resolution" in text.out and "dead" in text.out
    fails(run("check", "degrade", task, data, "--model", MODEL, "--resolution", "2"), 2,
          "resolution", "(0, 1]")
    unlabelled = data.removesuffix("?truth=subfolder")
    fails(run("check", "degrade", task, unlabelled, "--model", MODEL), 1, "truth")
    (tmp_path / "data" / "round" / "broken.png").write_text("no picture")
    assert run("check", "degrade", task, data, "--model", MODEL, "--resamples", 0).status == 3


def test_prompt(task, data, tmp_path):
    result = checked("prompt", task, data, "--model", MODEL)
    assert result["passes"] == ["main", "order_1"] and result["reordered"]
    own = result["templates"][0]
    assert own["answer"] == "{name}"
    assert own["orders"][0]["shift"]["value"] == 0 and own["orders"][0]["changed"]["value"] == 0
    assert own["orders"][1]["shift"]["value"] > 0
    assert own["worst_accuracy"] <= own["average"]["accuracy"]["value"] or own["best_accuracy"] >= 0
    assert sum(p["value"] for p in own["by_place"]) == pytest.approx(1)
    assert run("classify", task, data, "--model", MODEL, "-o", tmp_path / "orders", "--orders",
               2).status == 0
    accuracy = json.loads(run("evaluate", tmp_path / "orders", "--json").out)["accuracy"]
    assert own["average"]["accuracy"] == accuracy


def test_prompt_with_other_answers(task, data):
    result = checked("prompt", task, data, "--model", MODEL, "--answer", "It is {name}.",
                     "--answer", "the same", "--orders", 1)
    own, longer, same = result["templates"]
    assert longer["main_against_own"]["shift"]["value"] > 0
    assert same["skipped"] == "two classes have the same answer"
    assert result["passes"] == ["main"]
    text = run("check", "prompt", task, data, "--model", MODEL, "--resamples", 50)
    assert text.status == 0 and "average" in text.out
    fails(run("check", "prompt", task, data, "--model", MODEL, "--orders", 3), 2, "--orders")
    fails(run("check", "prompt", task, data, "--model", MODEL, "--answer", "{nmae}"), 2, "nmae")


def test_reading(task, data, tmp_path):
    paraphrases = tmp_path / "paraphrases.yaml"
    paraphrases.write_text("task: shapes\nparaphrases:\n  - {round: a globe, flat: a sheet}\n"
                           "  - {round: ball-shaped, flat: sheet-shaped}\n")
    result = checked("reading", task, data, "--model", MODEL, "--paraphrases", paraphrases)
    kinds = [(o["kind"], o["name"]) for o in result["outcomes"]]
    assert kinds == [("plain", ""), ("paraphrase", "1"), ("paraphrase", "2"), ("lines_alone", ""),
                     ("swap", "round flat"), ("no_descriptions", ""), ("numbers_alone", ""),
                     ("paraphrase", "all")]
    plain = result["outcomes"][0]
    assert plain["ratio"]["value"] == 1 and plain["n"] == 12
    assert run("classify", task, data, "--model", MODEL, "-o", tmp_path / "run").status == 0
    accuracy = json.loads(run("evaluate", tmp_path / "run", "--json").out)["accuracy"]
    assert plain["accuracy"] == accuracy
    # Its prompt numbers no class outside of the lines, and its answers are names.
    assert [o["kind"] for o in result["outcomes"] if "skipped" in o] == ["lines_alone", "numbers_alone"]
    for outcome in (o for o in result["outcomes"][1:] if "skipped" not in o):
        assert outcome["plain_accuracy"]["value"] == pytest.approx(accuracy["value"])
        assert outcome["difference"]["value"] == pytest.approx(
            outcome["accuracy"]["value"] - accuracy["value"])
    text = run("check", "reading", task, data, "--model", MODEL, "--resamples", 50)
    assert text.status == 0 and "swap round flat" in text.out and "paraphrase" not in text.out


def test_reading_of_a_built_in_task():
    result = checked("reading", "galaxy-morphology", "sim:galaxies?n=8", "--model", "embedded")
    names = [o["name"] for o in result["outcomes"]]
    assert "all of 2" in names and "all of 3" in names
    kinds = [o["kind"] for o in result["outcomes"]]
    assert kinds.count("swap") == 7 and kinds.count("paraphrase") >= 4
    assert not any("skipped" in o for o in result["outcomes"])


def test_reading_errors(task, data, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("task: another\nparaphrases:\n  - {round: a, flat: b}\n")
    fails(run("check", "reading", task, data, "--model", MODEL, "--paraphrases", other), 2, "another", ":1")
    other.write_text("task: shapes\nparaphrases:\n  - {round: a}\n")
    fails(run("check", "reading", task, data, "--model", MODEL, "--paraphrases", other), 2, "flat")
