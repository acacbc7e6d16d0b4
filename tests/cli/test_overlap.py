"""No test object of the real images, nor a near-duplicate, is in the embedded model's training."""

import csv
import hashlib
import json
import os

import pytest

from conftest import SOURCE, run

REAL = (SOURCE / "../shared/data").resolve()


def split(object_id):
    """The house rule (data/split.h)."""
    place = int.from_bytes(hashlib.sha256(object_id.encode()).digest()[:8], "big") % 10
    return "test" if place < 2 else "validation" if place == 2 else "train"


def catalogue(path, wanted, folder):
    """Rows of a labels.csv whose object is in the wanted split, with files as seen from `path`."""
    with open(folder / "labels.csv", newline="") as file:
        chosen = [row for row in csv.DictReader(file) if split(row["object_id"]) == wanted]
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "file"])
        writer.writerows([row["object_id"], os.path.relpath(folder / row["file"], path.parent)] for row in chosen)
    return f"csv:{path}?id=id"


@pytest.mark.skipif(not REAL.is_dir(), reason="the labelled images are not beside the repository")
def test_no_test_galaxy_is_in_training(tmp_path):
    recipe = (SOURCE / "models/recipes/firstlight-small/recipe.yaml").read_text()
    for line in ("galaxy-sdss/labels.csv?truth=label&id=object_id", "galaxy-gz1/labels.csv?truth=gz1_class&id=object_id"):
        stream = recipe[recipe.index(line):]
        assert "split: train" in stream[:stream.index("rules:")], "the recipe's stream is no training split"
    sets = [catalogue(tmp_path / "test-sdss.csv", "test", REAL / "galaxy-sdss"),
            catalogue(tmp_path / "train-sdss.csv", "train", REAL / "galaxy-sdss"),
            catalogue(tmp_path / "train-gz1.csv", "train", REAL / "galaxy-gz1")]
    outcome = run("data", "check", "--across", "--json", *sets)
    assert outcome.status in (0, 1), outcome.err
    found = json.loads(outcome.out)
    assert found["failures"] == []
    # The two training sets share objects; the test set, number 0, shares none.
    pairs = [pair for pair in found["pairs"] if 0 in (pair["a"]["set"], pair["b"]["set"])]
    assert pairs == []
    assert len(found["pairs"]) > 100
