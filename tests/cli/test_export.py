"""export: the formats that Python's standard library reads; astropy reads the others in
tests/unit/report."""

import csv
import io
import json

from conftest import MODEL, fails, run

FORMATS = ["csv", "jsonl", "votable", "fits", "ecsv"]


def classified(task, data, tmp_path):
    (tmp_path / "data" / "round" / "bad.png").write_bytes(b"")
    folder = tmp_path / "run"
    outcome = run("classify", task, data, "--model", MODEL, "-o", folder)
    assert outcome.status == 3, outcome.err
    return folder


def test_csv_and_jsonl_agree(task, data, tmp_path):
    folder = classified(task, data, tmp_path)
    table = list(csv.DictReader(io.StringIO(run("export", folder, "--to", "csv").out)))
    lines = [json.loads(line) for line in run("export", folder, "--to", "jsonl").out.splitlines()]
    assert len(table) == len(lines) == 13
    keys = ["id", "status", "truth", "label", "probabilities", "calibrated", "kind", "scores",
            "explanation", "error", "seconds", "metadata"]
    for row, line in zip(table, lines):
        assert list(line) == keys
        for key in ("id", "status", "truth", "label", "kind", "error"):
            assert row[key] == (line[key] or "")
        if line["status"] == "ok":
            for name, probability in line["probabilities"].items():
                assert float(row[f"p_{name}"]) == probability
        else:
            assert row["p_round"] == "" and line["probabilities"] is None


def test_a_file_holds_what_standard_output_gets(task, data, tmp_path):
    folder = classified(task, data, tmp_path)
    for name in ("csv", "jsonl", "votable", "ecsv"):
        path = tmp_path / f"table.{name}"
        assert run("export", folder, "--to", name, "-o", path).status == 0
        assert path.read_text() == run("export", folder, "--to", name).out
    path = tmp_path / "table.fits"
    assert run("export", folder, "--to", "fits", "-o", path).status == 0
    content = path.read_bytes()
    assert content.startswith(b"SIMPLE  =") and len(content) % 2880 == 0
    assert not list(tmp_path.glob("*.part"))


def test_wrong_format_and_place(task, data, tmp_path):
    folder = classified(task, data, tmp_path)
    fails(run("export", folder, "--to", "xlsx"), 2, "xlsx", *FORMATS)
    fails(run("export", folder, "--to", "csv", "-o", tmp_path / "no" / "table.csv"), 1, "table.csv")
    fails(run("export", folder), 2, "--to")
