"""Text that a model writes: classify --free-text beside the scores, and generate."""

import contextlib
import csv
import io
import json
import sqlite3

import pytest

from conftest import MODEL, SOURCE, fails, run

DATA = "sim:lsbg?n=24&seed=5"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "run"
    outcome = run("classify", "lsbg", DATA, "--free-text", 20, "-o", path)
    assert outcome.status == 0, outcome.err
    return path


def jsonl(folder):
    return [json.loads(line) for line in run("export", folder, "--to", "jsonl").out.splitlines()]


def test_the_text_stands_beside_the_exact_score(folder):
    rows = jsonl(folder)
    assert len(rows) == 24
    for row in rows:
        assert row["kind"] == "exact"
        assert set(row["free_text"]) == {"text", "label", "tokens", "ended"}
        assert 1 <= row["free_text"]["tokens"] <= 20
    # The embedded model was trained to write the answers, so that its text is one.
    assert all(row["free_text"]["label"] == row["label"] for row in rows)
    table = list(csv.DictReader(io.StringIO(run("export", folder, "--to", "csv").out)))
    for row, line in zip(table, rows):
        assert row["free_text"] == line["free_text"]["text"]
        assert row["free_text_label"] == line["free_text"]["label"]


def test_the_scores_are_those_of_a_run_without(folder, tmp_path):
    plain = tmp_path / "plain"
    assert run("classify", "lsbg", DATA, "-o", plain).status == 0
    for row, line in zip(jsonl(plain), jsonl(folder)):
        assert row["scores"] == line["scores"]
        assert "free_text" not in row
    # Another setting is another run.
    fails(run("classify", "lsbg", DATA, "--free-text", 20, "-o", plain), 4, "free_text", "'20'")


def test_evaluate_and_report_give_the_agreement(folder, tmp_path):
    figures = json.loads(run("evaluate", folder, "--json").out)["free_text"]
    assert figures["n"] == 24
    assert figures["parsed"]["value"] == 1
    agreement = figures["agreement"]
    assert agreement["value"] == 1 and agreement["high"] == 1
    assert agreement["low"] == pytest.approx(0.025 ** (1 / 24), abs=1e-6)
    text = run("evaluate", folder).out
    assert "of these, as the score    1.000  (0.858 to 1.000)" in text
    page = tmp_path / "page.html"
    assert run("report", folder, "-o", page).status == 0
    assert "Agreement with the score" in page.read_text()


def test_random_weights_write_nothing_that_can_be_read(task, data, tmp_path):
    path = tmp_path / "run"
    assert run("classify", task, data, "--model", MODEL, "--free-text", 5, "-o", path).status == 0
    rows = [row for row in jsonl(path) if row["status"] == "ok"]
    assert rows and all(row["free_text"]["label"] is None for row in rows)
    assert not any(row["free_text"]["ended"] for row in rows)
    assert {row["free_text"]["tokens"] for row in rows} == {5}
    figures = json.loads(run("evaluate", path, "--json").out)["free_text"]
    assert figures["parsed"]["value"] == 0
    assert figures["agreement"]["value"] is None
    assert figures["agreement"]["undefined"] == "no text gives a label"
    assert figures["accuracy"]["value"] == 0


def test_a_run_goes_on_and_shards_are_merged(folder, tmp_path):
    shards = []
    for part in ("0/2", "1/2"):
        shards.append(tmp_path / f"shard-{part[0]}")
        command = ["classify", "lsbg", DATA, "--free-text", 20, "--shard", part, "-o", shards[-1]]
        assert run(*command).status == 0
        # The rows of the second half are taken away: the same command writes them again.
        with contextlib.closing(sqlite3.connect(shards[-1] / "run.sqlite")) as database:
            before = database.execute("SELECT * FROM free_text ORDER BY sample").fetchall()
            for table, column in (("sample", "position"), ("score", "sample"),
                                  ("free_text", "sample"), ("domain", "sample"), ("preview", "sample"),
                                  ("preview_choice", "sample")):
                database.execute(f"DELETE FROM {table} WHERE {column} >= 6")
            database.commit()
        assert run(*command).status == 0
        with contextlib.closing(sqlite3.connect(shards[-1] / "run.sqlite")) as database:
            assert database.execute("SELECT * FROM free_text ORDER BY sample").fetchall() == before
    merged = tmp_path / "merged"
    assert run("merge", *shards, "-o", merged).status == 0
    texts = {row["id"]: row["free_text"] for row in jsonl(merged)}
    assert texts == {row["id"]: row["free_text"] for row in jsonl(folder)}


def test_hosted_models_are_refused(tmp_path):
    fails(run("classify", "lsbg", DATA, "--model", "openai:http://127.0.0.1:9/v1#m", "--free-text",
              20, "-o", tmp_path / "run"), 2, "--free-text", "read=text")
    fails(run("generate", "lsbg", DATA, "--model", "openai:http://127.0.0.1:9/v1#m"), 2, "generate")
    fails(run("generate", "lsbg", DATA, "--beams", 2), 2, "--beams", "--constrained")


@pytest.mark.parametrize("checkpoint", ["llava/llama", "llava/mistral", "llava_next/mistral",
                                        "mllama/grouped"])
def test_generate_writes_what_transformers_writes(checkpoint, tmp_path):
    place = SOURCE / "tests" / "parity" / checkpoint
    cases = 0
    for number, case in enumerate(json.loads((place / "scores.json").read_text())):
        if len(case["images"]) != 1:
            continue
        cases += 1
        task = tmp_path / f"{number}.json"
        task.write_text(json.dumps({
            "name": "parity", "answer": "{name}", "prompt": "{image}" + case["user"],
            "classes": [{"key": f"c{i}", "name": answer["text"]}
                        for i, answer in enumerate(case["answers"])]}))
        picture = place.parent / "images" / (case["images"][0] + ".png")
        command = ["generate", task, picture, "--model", f"hf:{place}?dtype=f32", "--json"]
        free = json.loads(run(*command, "--max-tokens", 12).out)
        assert free["token_ids"] == case["generated"]
        for beams, token_ids in enumerate(case.get("constrained", []), 1):
            held = json.loads(run(*command, "--constrained", "--beams", beams).out)
            assert held["token_ids"] == token_ids
            assert held["ended"]
            answers = [answer["token_ids"] for answer in case["answers"]]
            assert held["label"] == f"c{answers.index(token_ids)}"
    assert cases


def test_generate_for_a_reader(tmp_path):
    outcome = run("generate", "lsbg", "sim:lsbg?n=3", "--constrained")
    assert outcome.status == 0, outcome.err
    lines = outcome.out.splitlines()
    assert len(lines) == 3
    for line in lines:
        assert "[lsbg]: " in line or "[artifact]: " in line
    one = lines[1].split(" [")[0]
    assert run("generate", "lsbg", "sim:lsbg?n=3", "--constrained", "--id", one).out == lines[1] + "\n"
    fails(run("generate", "lsbg", "sim:lsbg?n=3", "--id", "nobody"), 2, "nobody")
