"""model statements, and what reasons say with the fit that it writes."""

import json
import shutil

import pytest

from conftest import SOURCE, fails, run

FIT = "sim:lsbg?n=120&seed=77"
DATA = "sim:lsbg?n=40&seed=78"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The embedded model without a fit of its statements."""
    folder = tmp_path_factory.mktemp("statements") / "model"
    shutil.copytree(SOURCE / "models/firstlight-small", folder,
                    ignore=shutil.ignore_patterns("statements.json"))
    return folder


def checked(model):
    outcome = run("check", "reasons", "lsbg", DATA, "--exchange", "--json", "--resamples", 100,
                  "--model", f"hf:{model}")
    assert outcome.status == 0, outcome.err
    return json.loads(outcome.out)["attributes"]


def test_a_fit_makes_reasons_say_what_the_picture_shows(model):
    before = checked(model)
    outcome = run("--quiet", "model", "statements", f"hf:{model}", "lsbg", FIT)
    assert outcome.status == 0, outcome.err
    assert "spikes" in outcome.out and str(model) in outcome.out
    after = checked(model)

    def gap(rows):
        return rows[0]["all"]["agreement"]["value"] - rows[0]["exchanged"]["agreement"]["value"]

    assert gap(after) > max(gap(before), 0.2)


def test_fits_of_other_tasks_stay(model):
    for words in (("lsbg", FIT), ("galaxy-morphology", "sim:galaxies?n=60&seed=77"), ("lsbg", FIT)):
        assert run("model", "statements", f"hf:{model}", *words).status == 0
    fits = json.loads((model / "statements.json").read_text())["fits"]
    assert sorted(fit["tasks"][0] for fit in fits) == ["galaxy-morphology", "lsbg"]
    assert all(0 <= common <= 1 for fit in fits for of in fit["attributes"] for common in of["common"])


def test_samples_of_each_number_of_views_have_a_fit_of_their_own(model):
    outcome = run("model", "statements", f"hf:{model}", "neutrino-flavour", "sim:lartpc?n=8&seed=77",
                  "sim:lartpc?n=8&seed=78&readout=wires")
    assert outcome.status == 0, outcome.err
    fits = json.loads((model / "statements.json").read_text())["fits"]
    fits = [fit for fit in fits if "neutrino-flavour" in fit["tasks"]]
    assert [fit["views"] for fit in fits] == [2, 3]
    assert [row.split()[0] for row in outcome.out.splitlines() if "shower" in row] == ["2", "2", "3", "3"]


def changed(model, folder, change):
    shutil.copytree(model, folder)
    path = folder / "statements.json"
    path.write_text(change(path.read_text()))
    return run("classify", "lsbg", "sim:lsbg?n=2", "--reasons", "--model", f"hf:{folder}", "-o",
               folder / "run")


def test_a_damaged_or_foreign_fit_is_refused(model, tmp_path):
    if not (model / "statements.json").exists():
        assert run("model", "statements", f"hf:{model}", "lsbg", FIT).status == 0
    fails(changed(model, tmp_path / "cut", lambda text: text[:200]), 1, "statements.json",
          "model statements")
    fails(changed(model, tmp_path / "words", lambda text: text.replace('"spikes"', '"rays"')), 1,
          "other statements")
    fails(changed(model, tmp_path / "number", lambda text: text.replace('"slope": ', '"slope": 1e999')),
          1, "statements.json")


def test_a_fit_for_other_weights_is_left_alone(model, tmp_path):
    if not (model / "statements.json").exists():
        assert run("model", "statements", f"hf:{model}", "lsbg", FIT).status == 0

    def other(text):
        data = json.loads(text)
        data["weights"] = "0" * 64
        return json.dumps(data)

    outcome = changed(model, tmp_path / "other", other)
    assert outcome.status == 0
    assert "other weights" in outcome.err


def test_data_without_truth_and_tasks_without_words(model, task, data):
    fails(run("model", "statements", f"hf:{model}", task, data), 2, "vocabulary")
    network = f"cnn:{SOURCE}/models/firstlight-cnn"
    fails(run("model", "statements", network, "neutrino-flavour", "sim:lartpc?n=2"), 2,
          "writes no text")
