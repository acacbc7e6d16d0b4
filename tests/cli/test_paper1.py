"""examples/paper-1: both tasks in one command, with the embedded model and simulated images, with a
user's own file, and with a hosted model and examples in the prompt."""

import os
import pathlib
import random
import re
import subprocess
import xml.etree.ElementTree as xml

from conftest import PROGRAM, SOURCE, run
from serving import served

FIGURES = ["galaxy-morphology-merged.svg", "galaxy-morphology-no-descriptions.svg",
           "galaxy-morphology.svg", "lsbg-no-descriptions.svg", "lsbg.svg"]


def experiment(*arguments):
    environment = {**os.environ, "PATH": f"{pathlib.Path(PROGRAM).parent}:{os.environ['PATH']}"}
    return subprocess.run([SOURCE / "examples/paper-1/run", *map(str, arguments)],
                          env=environment, capture_output=True, text=True, timeout=900)


def figure_text(path):
    return [element.text for element in xml.parse(path).iter("{http://www.w3.org/2000/svg}text")]


def npy(descr, shape, content):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header.encode() + content


def test_on_a_fresh_machine(tmp_path):
    outcome = experiment("-n", 12, "-o", tmp_path / "out")
    assert outcome.returncode == 0, outcome.stderr
    assert sorted(path.name for path in (tmp_path / "out").glob("*.svg")) == FIGURES
    for name in FIGURES:
        text = figure_text(tmp_path / "out" / name)
        assert any("No reproduction: simulated images" in line for line in text), name
        counts = [int(line) for line in text if re.fullmatch(r"\d+", line)]
        assert sum(counts) == 12, name
        classes = 2 if name.startswith("lsbg") else 3 if "merged" in name else 4
        assert len(counts) == classes ** 2
    summary = [line for line in outcome.stdout.splitlines() if "accuracy" in line]
    assert len(summary) == 7, "two overviews, and five lines at the end"
    for line in summary[-5:]:
        value, low, high = map(float, re.findall(r"[01]\.\d+", line)[:3])
        assert low <= value <= high


def test_a_users_own_file_is_recognised_by_its_shape(tmp_path):
    pixels = random.Random(1).randbytes(40 * 64 * 64 * 3)
    (tmp_path / "X.npy").write_bytes(npy("|u1", (40, 64, 64, 3), pixels))
    (tmp_path / "y.npy").write_bytes(npy("<i8", (40,), b"".join(
        (i % 2).to_bytes(8, "little") for i in range(40))))
    outcome = experiment("-n", 10, "--lsbg", tmp_path / "X.npy", "-o", tmp_path / "out")
    assert outcome.returncode == 0, outcome.stderr
    text = " ".join(figure_text(tmp_path / "out" / "lsbg.svg"))
    assert "shape of DeepShadows" in text and "No reproduction" not in text
    text = " ".join(figure_text(tmp_path / "out" / "galaxy-morphology.svg"))
    assert "No reproduction" in text


def test_a_hosted_model_with_examples_in_the_prompt(tmp_path):
    with served(model="embedded") as server:
        outcome = experiment("-n", 6, "--shots", 1, "--model", server.spec + "?read=schema", "-o",
                             tmp_path / "out", "--", "--concurrency", 2)
    assert outcome.returncode == 0, outcome.stderr
    for name in FIGURES:
        text = " ".join(figure_text(tmp_path / "out" / name))
        assert "1 examples of each class in the prompt" in text
        assert "6 schema" in text, "the kind of answer is said"
    exported = run("export", tmp_path / "out" / "lsbg", "--to", "csv").out
    assert exported.count("\n") == 7


def test_wrong_arguments():
    outcome = experiment("--modle", "x")
    assert outcome.returncode == 2 and "--modle" in outcome.stderr
