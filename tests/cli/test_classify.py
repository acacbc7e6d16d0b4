"""classify and evaluate: results, failures, selections and set-up errors."""

import json
import os
import pty
import subprocess

import pytest

from conftest import MODEL, PROGRAM, fails, picture, run


def rows(folder):
    outcome = run("export", folder, "--to", "jsonl")
    assert outcome.status == 0, outcome.err
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_a_folder_with_truth(task, data, tmp_path):
    outcome = run("classify", task, data, "--model", MODEL, "-o", tmp_path / "run")
    assert outcome.status == 0, outcome.err
    assert "samples: 12" in outcome.out and "accuracy: " in outcome.out
    assert outcome.out.splitlines()[-1] == f"run: {tmp_path}/run"
    assert sorted(os.listdir(tmp_path / "run")) == ["config.json", "run.sqlite", "task.yaml"]
    for row in rows(tmp_path / "run"):
        assert row["status"] == "ok" and row["truth"] == row["id"].split("/")[0]
        assert abs(sum(row["probabilities"].values()) - 1) < 1e-12
        assert row["label"] == max(row["probabilities"], key=row["probabilities"].get)
        assert row["kind"] == "exact" and row["calibrated"] is None and row["error"] is None
        for score in row["scores"].values():
            assert len(score["token_ids"]) == len(score["logprobs"]) > 0
    assert len({json.dumps(row["scores"]) for row in rows(tmp_path / "run")}) == 12, "pictures count"


def test_numbers_do_not_depend_on_batch_threads_or_shards(task, data, tmp_path):
    def scores(name, *flags):
        outcome = run("classify", task, data, "--model", MODEL, "-o", tmp_path / name, *flags)
        assert outcome.status == 0, outcome.err
        return {row["id"]: row["scores"] for row in rows(tmp_path / name)}

    whole = scores("whole")
    assert scores("one", "--batch", 1, "--threads", 1) == whole
    assert scores("five", "--batch", 5, "--threads", 2) == whole
    shards = [scores(f"shard{i}", "--shard", f"{i}/3") for i in range(3)]
    assert sum(len(shard) for shard in shards) == len(whole)
    assert {**shards[0], **shards[1], **shards[2]} == whole


def test_class_names_and_files(data, tmp_path):
    files = sorted((tmp_path / "data" / "round").glob("*.png"))
    outcome = run("classify", "--model", MODEL, "-o", tmp_path / "run",
                  "--classes", "a ball", "a plate", "--", *files)
    assert outcome.status == 0, outcome.err
    assert f"samples: {len(files)}\n" in outcome.out and "accuracy" not in outcome.out
    assert set(rows(tmp_path / "run")[0]["probabilities"]) == {"a_ball", "a_plate"}


def test_class_names_and_any_data(data, tmp_path):
    """One DATA may be of every kind, not only image files."""
    table = tmp_path / "list.csv"
    files = sorted((tmp_path / "data").glob("*/*.png"))
    table.write_text("file\n" + "".join(f"{file}\n" for file in files))
    outcome = run("classify", "--model", MODEL, "-o", tmp_path / "run", "--classes", "a", "b",
                  "--", table)
    assert outcome.status == 0, outcome.err
    assert f"samples: {len(files)}\n" in outcome.out
    one = run("classify", "--model", MODEL, "-o", tmp_path / "one", "--classes", "a", "b", "--",
              files[0])
    assert one.status == 0 and "samples: 1\n" in one.out, one.err


def test_rows_that_failed_keep_their_columns(task, tmp_path):
    (tmp_path / "a.png").write_bytes(picture(1))
    table = tmp_path / "list.csv"
    table.write_text("id,file,label,mag\n7,a.png,round,17.5\n8,absent.png,flat,18.25\n")
    assert run("classify", task, table, "--model", MODEL, "-o", tmp_path / "run").status == 3
    bad = rows(tmp_path / "run")[1]
    assert bad["status"] == "failed" and bad["truth"] == "flat"
    assert bad["metadata"] == {"mag": 18.25}
    run("report", tmp_path / "run")
    page = (tmp_path / "run" / "report.html").read_text()
    assert page.count("absent.png") >= 2, "origin and cause"


def test_a_field_that_the_data_do_not_have(task, data, tmp_path):
    text = task.read_text().replace("Which?", "At {field:magg}, which?")
    task.write_text(text)
    table = tmp_path / "list.csv"
    file = next((tmp_path / "data").glob("*/*.png"))
    table.write_text(f"file,mag,truth.flux\n{file},17.5,3\n")
    command = ["classify", task, table, "--model", MODEL, "-o", tmp_path / "run"]
    fails(run(*command), 2, f"{task}:8: the data have no field 'magg'", "did you mean 'mag'?")
    task.write_text(text.replace("magg", "truth.flux"))
    fails(run(*command), 2, f"{task}:8", "is truth")
    fails(run("prompt", task, table, "--model", MODEL), 2, f"{task}:8", "is truth")
    assert not (tmp_path / "run").exists()
    task.write_text(text.replace("magg", "mag"))
    assert run(*command).status == 0


def test_a_folder_whose_name_is_not_text_is_found_again(task, data, tmp_path):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.rename(tmp_path / "data", folder)
    command = ["classify", task, folder, "--model", MODEL, "-o", tmp_path / "run"]
    command = [os.fsencode(str(part)) if not isinstance(part, bytes) else part for part in command]
    for _ in range(2):
        done = subprocess.run([PROGRAM, *command], capture_output=True)
        assert done.returncode == 0, done.stderr


def test_damaged_files_are_counted_and_the_run_goes_on(task, data, tmp_path):
    folder = tmp_path / "data" / "round"
    whole = picture(99)
    (folder / "empty.png").write_bytes(b"")
    (folder / "truncated.png").write_bytes(whole[:len(whole) // 2])
    (folder / "text.png").write_text("no picture")
    outcome = run("classify", task, data, "--model", MODEL, "-o", tmp_path / "run")
    assert outcome.status == 3, outcome.err
    assert "samples: 15, of which failed: 3" in outcome.out
    failed = {row["id"]: row for row in rows(tmp_path / "run") if row["status"] == "failed"}
    assert set(failed) == {"round/empty", "round/truncated", "round/text"}
    for row in failed.values():
        assert row["id"] + ".png" in row["error"]
        assert row["label"] is None and row["probabilities"] is None and row["scores"] is None
    # Given again: nothing is left to do, and the status still says that samples failed.
    assert run("classify", task, data, "--model", MODEL, "-o", tmp_path / "run").status == 3


def test_the_default_folder_is_found_again(task, data, tmp_path):
    command = ["classify", task, data, "--model", MODEL]
    first = run(*command, cwd=tmp_path)
    assert first.status == 0, first.err
    folder = first.out.splitlines()[-1].removeprefix("run: ")
    assert folder.startswith("runs/shapes-")
    assert run(*command, cwd=tmp_path).out == first.out
    other = run(*command, "--limit", 3, cwd=tmp_path)
    assert other.out.splitlines()[-1] != f"run: {folder}"
    assert len(os.listdir(tmp_path / "runs")) == 2


def test_selections(task, data, tmp_path):
    def ids(name, *flags):
        outcome = run("classify", task, data, "--model", MODEL, "-o", tmp_path / name, *flags)
        assert outcome.status == 0, outcome.err
        return [row["id"] for row in rows(tmp_path / name)]

    whole = ids("whole")
    assert ids("limit", "--limit", 5) == whole[:5]
    assert sorted(ids("fold", "--fold", "0/2") + ids("rest", "--not-fold", "0/2")) == sorted(whole)
    drawn = ids("sample", "--sample", 4, "--seed", 7)
    assert len(drawn) == 4 and drawn == ids("again", "--sample", 4, "--seed", 7)
    for flag, value in (("--fold", "2/2"), ("--fold", "x"), ("--shard", "-1/2"), ("--limit", "-1"),
                        ("--sample", "-3"), ("--limit", "1.5"), ("--seed", "7")):
        fails(run("classify", task, data, "--model", MODEL, f"{flag}={value}"), 2, flag)


def test_truth_that_names_no_class(task, data, tmp_path):
    (tmp_path / "data" / "odd").mkdir()
    (tmp_path / "data" / "odd" / "x.png").write_bytes(picture(1))
    command = ["classify", task, data, "--model", MODEL, "-o", tmp_path / "run"]
    fails(run(*command), 2, "'odd' (1)", "'round' (8)", "'flat' (4)", "--ignore-truth")
    outcome = run(*command, "--ignore-truth", "odd")
    assert outcome.status == 0, outcome.err
    assert [row["truth"] for row in rows(tmp_path / "run")].count(None) == 1


def test_passes_and_normalisations(task, data, tmp_path):
    command = ["classify", task, data, "--model", MODEL]
    outcome = run(*command, "-o", tmp_path / "run", "--passes", "main,blank,no_descriptions,order")
    assert outcome.status == 0, outcome.err
    tables = {name: run("evaluate", tmp_path / "run", "--normalisation", name, "--json").out
              for name in ("sum", "mean", "first_token", "first_two_tokens", "pmi")}
    assert len({json.dumps(json.loads(text)["nll"]) for text in tables.values()}) == 5
    fails(run(*command, "--passes", "main,blink"), 2, "blink", "no_descriptions")
    fails(run(*command, "--passes", "blank"), 2, "main")
    plain = run(*command, "-o", tmp_path / "plain")
    assert plain.status == 0
    fails(run("evaluate", tmp_path / "plain", "--normalisation", "pmi"), 2, "--passes main,blank")
    fails(run("evaluate", tmp_path / "plain", "--normalisation", "best"), 2, "first_token")
    fails(run(*command, "-o", tmp_path / "pmi", "--normalisation", "pmi"), 2, "--passes main,blank")
    assert not (tmp_path / "pmi").exists()


def test_evaluate(task, data, tmp_path):
    assert run("classify", task, data, "--model", MODEL, "-o", tmp_path / "run").status == 0
    text = run("evaluate", tmp_path / "run")
    assert text.status == 0 and "rows: truth, columns: predicted" in text.out
    result = json.loads(run("evaluate", tmp_path / "run", "--json").out)
    assert result["n"] == 12 and result["failed"] == 0
    assert set(result["accuracy"]) >= {"value", "low", "high", "level", "method"}
    assert result["confusion"]["rows"] == "truth"
    assert sum(map(sum, result["confusion"]["counts"])) == 12
    right = sum(row["truth"] == row["label"] for row in rows(tmp_path / "run"))
    assert result["accuracy"]["value"] == right / 12
    narrow = json.loads(run("evaluate", tmp_path / "run", "--json", "--level", 0.5).out)
    assert narrow["accuracy"]["low"] > result["accuracy"]["low"]
    prior = json.loads(run("evaluate", tmp_path / "run", "--json", "--prior", "round=0.01").out)
    assert prior["prior"]
    fails(run("evaluate", tmp_path / "run", "--prior", "rund=0.1"), 2, "rund=0.1", "round, flat")


def test_evaluate_takes_priors_in_a_row_or_one_by_one(task, data, tmp_path):
    folder = tmp_path / "run"
    assert run("classify", task, data, "--model", MODEL, "-o", folder).status == 0
    one_by_one = run("evaluate", folder, "--prior", "round=0.1", "--prior", "flat=0.9")
    assert one_by_one.status == 0, one_by_one.err
    for arguments in ([folder, "--prior", "round=0.1", "flat=0.9"],
                      ["--prior", "round=0.1", "flat=0.9", folder],
                      ["--prior", "round=0.1", folder, "--prior", "flat=0.9"]):
        outcome = run("evaluate", *arguments)
        assert (outcome.status, outcome.out) == (0, one_by_one.out), outcome.err
    fails(run("evaluate", folder, "flat=0.9"), 2, "one RUN")
    fails(run("evaluate", folder, folder), 2, "one RUN")


def test_evaluate_where_all_failed(task, data, tmp_path):
    for file in (tmp_path / "data").glob("*/*.png"):
        file.write_bytes(b"")
    folder = tmp_path / "run"
    assert run("classify", task, data, "--model", MODEL, "-o", folder).status == 3
    outcome = run("evaluate", folder, "--json")
    assert outcome.status == 0, outcome.err
    result = json.loads(outcome.out)
    assert result["n"] == 0 and result["failed"] == 12
    assert result["accuracy"]["value"] is None and result["accuracy"]["undefined"]
    assert result["confusion"]["counts"] == [[0, 0], [0, 0]]
    assert run("evaluate", folder).status == 0 and run("report", folder).status == 0
    for name in ("csv", "jsonl", "votable", "fits", "ecsv"):
        assert run("export", folder, "--to", name, "-o", tmp_path / name).status == 0


def test_shards_merge_into_the_whole(task, data, tmp_path):
    (tmp_path / "data" / "round" / "bad.png").write_bytes(b"")
    command = ["classify", task, data, "--model", MODEL]
    assert run(*command, "-o", tmp_path / "whole").status == 3
    shards = [tmp_path / f"shard{i}" for i in range(20)]
    for i, shard in enumerate(shards):
        # Of 13 samples some shards get none.
        assert run(*command, "--shard", f"{i}/20", "-o", shard).status in (0, 3)
    outcome = run("merge", *shards, "-o", tmp_path / "merged")
    assert outcome.status == 3, outcome.err
    assert "samples: 13, of which failed: 1" in outcome.out
    assert outcome.out.splitlines()[-1] == f"run: {tmp_path}/merged"
    assert sorted(os.listdir(tmp_path / "merged")) == ["config.json", "run.sqlite", "task.yaml"]

    def table(folder):
        return sorted(({**row, "seconds": 0} for row in rows(folder)), key=lambda row: row["id"])

    assert table(tmp_path / "merged") == table(tmp_path / "whole")
    whole, merged = (json.loads(run("evaluate", tmp_path / name, "--json", "--resamples", 0).out)
                     for name in ("whole", "merged"))
    assert merged["confusion"] == whole["confusion"] and merged["accuracy"] == whole["accuracy"]
    assert run("report", tmp_path / "merged").status == 0
    assert run("merge", *shards, "-o", tmp_path / "merged").status == 3, "nothing is left to do"
    fails(run("merge", *shards[1:], "-o", tmp_path / "other"), 2, "missing: 0/20")
    fails(run("merge", tmp_path / "whole", "-o", tmp_path / "other"), 2, "is no shard")


def test_evaluate_without_truth(task, data, tmp_path):
    folder = data.removesuffix("?truth=subfolder")
    assert run("classify", task, folder, "--model", MODEL, "-o", tmp_path / "run").status == 0
    fails(run("evaluate", tmp_path / "run"), 1, "truth")


@pytest.mark.parametrize("arguments, words", [
    (["classify"], ["TASK and DATA"]),
    (["classify", "galaxy-morphology"], ["TASK and DATA"]),
    (["classify", "galaxy-morfology", "."], ["galaxy-morfology"]),
    (["classify", "lsbg", "folder:."], ["."]),
    (["classify", "lsbg", "folder:/nowhere"], ["/nowhere"]),
    (["classify", "lsbg", "csv:/nowhere.csv"], ["/nowhere.csv"]),
    (["classify", "--classes", "one", "--", "x.png"], ["two"]),
])
def test_set_up_errors(arguments, words, tmp_path):
    outcome = run(*arguments, cwd=tmp_path)
    assert outcome.status in (1, 2) and outcome.out == ""
    assert len(outcome.err.splitlines()) == 1, outcome.err
    for word in words:
        assert word in outcome.err
    assert not (tmp_path / "runs").exists()


def test_an_unknown_model(task, data, tmp_path):
    outcome = run("classify", task, data, "--model", "hf:/nowhere", cwd=tmp_path)
    assert outcome.status in (1, 2) and "/nowhere" in outcome.err
    assert not (tmp_path / "runs").exists()


def test_progress_on_a_terminal_only_is_drawn_over(task, data, tmp_path):
    def error_output(*flags):
        main, other = pty.openpty()
        with subprocess.Popen(
                [PROGRAM, *flags, "classify", task, data, "--model", MODEL, "-o",
                 tmp_path / f"run{len(flags)}"], stdout=subprocess.DEVNULL, stderr=other) as process:
            os.close(other)
            text = b""
            while True:
                try:
                    text += os.read(main, 4096)
                except OSError:
                    break
            assert process.wait() == 0
        os.close(main)
        return text.decode()

    assert "12 of 12" in error_output()
    assert error_output("--quiet") == ""
    assert run("classify", "-q", task, data, "--model", MODEL, "-o", tmp_path / "run").status == 0
