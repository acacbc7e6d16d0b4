"""What the tests of the program share: running it, small pictures, and a small model."""

import os
import pathlib
import random
import struct
import subprocess
import zlib

import pytest

SOURCE = pathlib.Path(os.environ["FIRSTLIGHT_SOURCE"])
PROGRAM = os.environ["FIRSTLIGHT_PROGRAM"]
# A checkpoint with random weights: quick, and its answers depend on the picture.
MODEL = f"hf:{SOURCE}/tests/parity/llava/llama"


class Outcome:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr


def run(*arguments, cwd=None, **keywords):
    """Runs the program; arguments need not be strings."""
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=600,
        **keywords)
    return Outcome(done)


def fails(outcome, status, *words):
    """One line on standard error that holds the words, nothing on standard output."""
    assert outcome.status == status, outcome.err
    assert outcome.out == ""
    lines = outcome.err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("firstlight: "), outcome.err
    for word in words:
        assert word in lines[0]


def png(pixels, width, height):
    """An RGB picture as a PNG file."""
    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body
                + struct.pack(">I", zlib.crc32(kind + body)))
    rows = b"".join(b"\0" + pixels[3 * width * y:3 * width * (y + 1)] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def picture(seed, side=12):
    return png(random.Random(seed).randbytes(3 * side * side), side, side)


TASK = """\
name: shapes
version: "1"
description: Round against flat
source: made for the tests
classes:
  - {key: round, name: round, description: like a ball, synonyms: [ball]}
  - {key: flat, name: flat, description: like a plate}
prompt: "{image}Which? {classes}"
class_line: "{name}: {description}"
answer: "{name}"
"""




@pytest.fixture
def task(tmp_path):
    path = tmp_path / "shapes.yaml"
    path.write_text(TASK)
    return path


@pytest.fixture
def data(tmp_path):
    """Twelve pictures in two folders named after their truth."""
    for i in range(12):
        folder = tmp_path / "data" / ("round" if i % 3 else "flat")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"image{i:02}.png").write_bytes(picture(i))
    return f"folder:{tmp_path}/data?truth=subfolder"
