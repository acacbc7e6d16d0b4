"""Reasons: classify --reasons and check reasons."""

import csv
import io
import json
import sqlite3

import pytest

from conftest import SOURCE, fails, run

DATA = "sim:lsbg?n=12&seed=5"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("reasons") / "run"
    outcome = run("classify", "lsbg", DATA, "--reasons", "-o", path)
    assert outcome.status == 0, outcome.err
    return path


def jsonl(folder):
    return [json.loads(line) for line in run("export", folder, "--to", "jsonl").out.splitlines()]


def test_the_reason_stands_beside_the_label(folder):
    rows = jsonl(folder)
    assert len(rows) == 12
    assert all(row["explanation"] for row in rows)
    table = list(csv.DictReader(io.StringIO(run("export", folder, "--to", "csv").out)))
    assert [row["explanation"] for row in table] == [row["explanation"] for row in rows]
    with sqlite3.connect(folder / "run.sqlite") as database:
        stored = database.execute("SELECT text FROM explanation ORDER BY sample").fetchall()
    assert [text for text, in stored] == [row["explanation"] for row in rows]


def test_the_scores_are_those_of_a_run_without(folder, tmp_path):
    plain = tmp_path / "plain"
    assert run("classify", "lsbg", DATA, "-o", plain).status == 0
    for row, line in zip(jsonl(plain), jsonl(folder)):
        assert row["scores"] == line["scores"]
        assert row["explanation"] is None
    # Another setting is another run.
    fails(run("classify", "lsbg", DATA, "--reasons", "-o", plain), 4, "reasons")


def test_models_that_write_nothing_are_refused():
    network = f"cnn:{SOURCE}/models/firstlight-cnn"
    fails(run("check", "reasons", "neutrino-flavour", "sim:lartpc?n=2", "--model", network), 2,
          "writes no text")
    fails(run("classify", "neutrino-flavour", "sim:lartpc?n=2", "--model", network, "--reasons"), 2,
          "--reasons")
    fails(run("classify", "lsbg", DATA, "--model", "openai:http://127.0.0.1:9/v1#m", "--reasons"), 2,
          "--reasons")


def test_check_gives_the_same_whatever_the_batch():
    results = []
    for batch in (1, 5):
        outcome = run("check", "reasons", "lsbg", DATA, "--exchange", "--batch", batch, "--json",
                      "--resamples", 100)
        assert outcome.status == 0, outcome.err
        results.append(json.loads(outcome.out))
    assert results[0] == results[1]
    rows = results[0]["attributes"]
    assert [row["attribute"] for row in rows] == ["all", "centred", "diffuse", "spikes"]
    for row in rows:
        assert row["all"]["stated"] <= row["all"]["known"]
        assert row["all"]["known"] == row["labels_right"]["known"] + row["labels_wrong"]["known"]
        assert row["exchanged"]["known"] == row["all"]["known"]
    assert len(results[0]["examples"]) == 3


def test_a_task_without_words_has_no_reasons(task, data):
    fails(run("check", "reasons", task, data), 2, "vocabulary")
