"""A run that is killed, interrupted or stopped by a full disk goes on where it was."""

import contextlib
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from conftest import MODEL, PROGRAM, fails, picture, run

KILLS = 20
TIMINGS = ("started", "finished", "wall_seconds", "peak_memory_bytes")
COUNT = 3000


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Enough pictures for seconds of work; every fiftieth is damaged."""
    folder = tmp_path_factory.mktemp("many")
    for i in range(COUNT):
        place = folder / "data" / ("flat" if i % 2 else "round")
        place.mkdir(parents=True, exist_ok=True)
        content = picture(i, 8)
        (place / f"image{i:04}.png").write_bytes(content[:40] if i % 50 == 7 else content)
    return folder


def command(many, task, output):
    return ["classify", task, f"folder:{many}/data?truth=subfolder", "--model", MODEL, "--batch", 1,
            "--threads", 1, "--passes", "main,blank,no_descriptions,order", "-o", output]


def connection(folder):
    """Read only, and closed at the end: an open one would keep the log beside the database."""
    return contextlib.closing(sqlite3.connect(f"file:{folder}/run.sqlite?mode=ro", uri=True))


def tables(folder):
    """Everything in the database but the timings."""
    with connection(folder) as database:
        names = [name for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        assert {"run", "sample", "score", "preview"} <= set(names)
        content = {}
        for name in names:
            cursor = database.execute(f"SELECT * FROM {name}")
            columns = [column[0] for column in cursor.description]
            kept = [i for i, column in enumerate(columns) if column != "seconds"]
            found = [tuple(row[i] for i in kept) for row in cursor]
            if name == "run":
                found = [row for row in found if row[0] not in TIMINGS]
            content[name] = sorted(found, key=repr)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return content


def samples_in(folder):
    """Committed rows; 0 for a run that was killed before it had tables."""
    if not (folder / "run.sqlite").exists():
        return 0
    with connection(folder) as database:
        try:
            return database.execute("SELECT count(*) FROM sample").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def samples_after_kill(folder, scratch):
    """Committed rows of a run whose writer was killed. A journal that it left has to be played back,
    which a read-only connection may not do: so in a copy, which leaves the run as the kill left it."""
    if not (folder / "run.sqlite").exists():
        return 0
    shutil.copytree(folder, scratch)
    try:
        with contextlib.closing(sqlite3.connect(scratch / "run.sqlite")) as database:
            return database.execute("SELECT count(*) FROM sample").fetchone()[0]
    except sqlite3.OperationalError as error:
        assert "no such table" in str(error)
        return 0
    finally:
        shutil.rmtree(scratch)


def start(arguments):
    return subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def wait_for_task(process, folder):
    """Until the run has its folder and begins to work."""
    while not (folder / "task.yaml").exists():
        assert process.poll() is None
        time.sleep(0.01)


def test_killed_runs_equal_an_unkilled_one(many, task, tmp_path):
    began = time.monotonic()
    outcome = run(*command(many, task, tmp_path / "whole"))
    duration = time.monotonic() - began
    assert outcome.status == 3, outcome.err
    whole = tables(tmp_path / "whole")
    assert len(whole["sample"]) == COUNT

    randomly = random.Random(20)
    kills, continued, finished = 0, 0, 0
    while kills < KILLS:
        folder = tmp_path / f"killed{finished}"
        before = 0
        while True:
            process = start(command(many, task, folder))
            try:
                assert process.wait(timeout=randomly.uniform(0, duration)) == 3
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            kills += 1
            done = samples_after_kill(folder, tmp_path / "copy")
            assert done >= before, "a kill loses nothing that was there"
            continued += 0 < done < COUNT
            before = done
        finished += 1
        assert tables(folder) == whole
        assert sorted(os.listdir(folder)) == ["config.json", "run.sqlite", "task.yaml"]
        shutil.rmtree(folder)
    assert continued > 0, "no kill came between the first commit and the end"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupted_run_keeps_what_is_done(many, task, tmp_path, name):
    folder = tmp_path / "run"
    process = start(command(many, task, folder))
    while samples_in(folder) == 0:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(getattr(signal, name))
    assert process.wait(timeout=60) == 130
    done = samples_in(folder)
    assert 0 < done < COUNT
    assert not (folder / "run.sqlite-wal").exists()
    assert run("export", folder, "--to", "csv").out.count("\n") == done + 1
    assert run(*command(many, task, folder)).status == 3
    assert samples_in(folder) == COUNT


def test_another_configuration_is_refused(task, data, tmp_path):
    folder = tmp_path / "run"
    base = ["classify", task, data, "--model", MODEL, "-o", folder]
    assert run(*base).status == 0
    before = tables(folder)
    fails(run(*base, "--limit", 3), 4, str(folder), "data.limit: was not set, is '3'",
          "data.samples: was '12', is '3'")
    fails(run(*base, "--normalisation", "mean"), 4, "normalisation: was 'sum', is 'mean'")
    task.write_text(task.read_text().replace("like a ball", "like an egg"))
    fails(run(*base), 4, "task.sha256: was ")
    assert tables(folder) == before


def test_changed_data_is_refused(task, data, tmp_path):
    base = ["classify", task, data, "--model", MODEL, "-o", tmp_path / "run"]
    assert run(*base).status == 0
    os.rename(tmp_path / "data/round/image01.png", tmp_path / "data/round/other.png")
    fails(run(*base), 4, "data.ids_sha256")


def test_two_processes_do_not_write_one_run(many, task, tmp_path):
    folder = tmp_path / "run"
    process = start(command(many, task, folder))
    try:
        wait_for_task(process, folder)
        fails(run(*command(many, task, folder)), 4, "another process")
    finally:
        process.terminate()
        process.wait()


def test_a_full_disk_ends_with_its_cause_and_the_run_goes_on(many, task, tmp_path):
    def limit_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    folder = tmp_path / "run"
    outcome = run(*command(many, task, folder), preexec_fn=limit_files)
    fails(outcome, 1, "disk is full", "run the same command again")
    assert run(*command(many, task, folder)).status == 3
    assert samples_in(folder) == COUNT


def test_config_json_says_what_was_used(task, data, tmp_path):
    folder = tmp_path / "run"
    assert run("classify", task, data, "--model", MODEL, "-o", folder).status == 0
    config = json.loads((folder / "config.json").read_text())
    settings = config["settings"]
    assert settings["task"]["name"] == "shapes"
    for part in ("task", "model"):
        assert len(settings[part]["sha256"]) == 64
    assert len(settings["pixels"]["settings_sha256"]) == 64
    assert settings["data"]["spec"] == data and settings["data"]["samples"] == "12"
    assert config["machine"]["program"] == run("--version").out.strip()
    assert (folder / "task.yaml").read_text() == task.read_text()
