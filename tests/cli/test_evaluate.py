"""evaluate, compare and calibrate: a physicist's figures of runs that the program made."""

import json
import random
import shutil

import pytest

from conftest import MODEL, fails, picture, png, run


@pytest.fixture
def catalogue(tmp_path):
    """Forty pictures with an energy, an event weight, a field and now and then nothing."""
    (tmp_path / "images").mkdir()
    lines = ["id,file,class,energy_gev,weight,field"]
    for i in range(40):
        (tmp_path / "images" / f"i{i}.png").write_bytes(picture(i))
        energy = "" if i == 5 else f"{0.25 * i:.2f}"
        truth = "round" if i % 3 else "flat"
        lines.append(f"event{i},images/i{i}.png,{truth},{energy},{1 + i % 4},f{i % 3}")
    (tmp_path / "list.csv").write_text("\n".join(lines) + "\n")
    return f"csv:{tmp_path}/list.csv?path=file&truth=class&id=id"


@pytest.fixture
def made(task, catalogue, tmp_path):
    outcome = run("classify", task, catalogue, "--model", MODEL, "-o", tmp_path / "run")
    assert outcome.status == 0, outcome.err
    return tmp_path / "run"


def figures(*arguments):
    outcome = run("evaluate", *arguments, "--json")
    assert outcome.status == 0, outcome.err
    return json.loads(outcome.out)


def rows(folder):
    return [json.loads(line) for line in run("export", folder, "--to", "jsonl").out.splitlines()]


def test_efficiency_and_purity_have_two_intervals_and_a_product(made):
    result = figures(made)
    for metrics in result["per_class"].values():
        for name in ("recall", "precision", "efficiency_times_purity"):
            figure = metrics[name]
            if figure["value"] is None:
                continue
            assert figure["one_sigma"]["level"] == 0.6827
            assert figure["low"] <= figure["one_sigma"]["low"] <= figure["value"] + 1e-12
            assert figure["value"] - 1e-12 <= figure["one_sigma"]["high"] <= figure["high"]
    assert result["recall_matrix"]["normalised_by"] == "truth"
    for row in result["recall_matrix"]["values"]:
        assert abs(sum(row) - 1) < 1e-12
    text = run("evaluate", made).out
    assert "68.27 % intervals" in text and "a column sums to 1" in text


def test_against_a_column_of_numbers_and_of_texts(made):
    result = figures(made, "--against", "energy_gev:0,2,5,8", "--against", "field")
    energy, field = result["against"]
    assert [(b["low"], b["high"]) for b in energy["bins"]] == [(0, 2), (2, 5), (5, 8)]
    assert energy["missing"] == 1
    assert energy["outside"] + energy["missing"] + sum(b["count"] for b in energy["bins"]) == 40
    truth = [r for r in rows(made) if r["metadata"]["energy_gev"] is not None
             and 2 <= r["metadata"]["energy_gev"] < 5]
    bin_ = energy["bins"][1]
    assert bin_["count"] == len(truth)
    right = sum(r["truth"] == r["label"] for r in truth)
    assert bin_["accuracy"]["value"] == pytest.approx(right / len(truth), abs=1e-12)
    assert [b["value"] for b in field["bins"]] == ["f0", "f1", "f2"]
    assert len(figures(made, "--against", "energy_gev:4")["against"][0]["bins"]) == 4
    assert "against energy_gev" in run("evaluate", made, "--against", "energy_gev").out
    fails(run("evaluate", made, "--against", "energy"), 2, "--against", "energy_gev")
    fails(run("evaluate", made, "--against", "field:0,1"), 2, "field", "texts")
    fails(run("evaluate", made, "--against", "energy_gev:2,1"), 2, "ascend")


def test_weights_exposure_and_working_points(made):
    plain = figures(made)
    weighted = figures(made, "--weight", "weight")
    assert weighted["event_weights"] and not plain["event_weights"]
    assert sum(map(sum, weighted["confusion"]["counts"])) == sum(1 + i % 4 for i in range(40))
    double = figures(made, "--weight", "weight", "--exposure", 4)
    label = rows(made)[0]["label"]

    def value(result):
        by_class = result["significance"]["by_class"][label]
        return by_class["by_label"]["s_over_sqrt_s_plus_b"]["value"]

    assert value(double) == pytest.approx(2 * value(weighted), rel=1e-12)
    best = weighted["significance"]["by_class"][label]["best_threshold"]
    assert best["s_over_sqrt_s_plus_b"]["value"] >= value(weighted) - 1e-12
    points = figures(made, "--background-efficiency", 0.25)["working_points"]["round"]
    assert len(points) == 1 and points[0]["allowed_background"] == 0.25
    assert points[0]["background"]["value"] <= 0.25
    fails(run("evaluate", made, "--weight", "energy_gev"), 1, "event5", "energy_gev")
    fails(run("evaluate", made, "--weight", "wait"), 2, "--weight", "weight")
    fails(run("evaluate", made, "--exposure", "0"), 2, "--exposure")


def test_compare(task, catalogue, made, tmp_path):
    outcome = run("classify", task, catalogue, "--model", MODEL, "-o", tmp_path / "other",
                  "--passes", "main,blank", "--normalisation", "pmi", "--limit", 30)
    assert outcome.status == 0, outcome.err
    result = run("compare", made, tmp_path / "other", "--json")
    assert result.status == 0, result.err
    result = json.loads(result.out)
    assert result["n"] == 30
    first, second = result["runs"]
    assert first["samples"] == 40 and second["samples"] == 30
    assert first["peak_memory_bytes"] > 0 and first["median_seconds"] > 0
    labels = [{r["id"]: r["label"] == r["truth"] for r in rows(folder)}
              for folder in (made, tmp_path / "other")]
    common = labels[1].keys()
    pair, = result["pairs"]
    assert pair["only_a_right"] == sum(labels[0][i] and not labels[1][i] for i in common)
    assert pair["only_b_right"] == sum(labels[1][i] and not labels[0][i] for i in common)
    difference = sum(labels[1][i] - labels[0][i] for i in common) / 30
    assert pair["accuracy_difference"]["value"] == pytest.approx(difference, abs=1e-12)
    text = run("compare", made, tmp_path / "other")
    assert text.status == 0 and "McNemar" in text.out and str(made) in text.out
    same = json.loads(run("compare", made, made, "--json").out)["pairs"][0]
    assert same["mcnemar_p"] == 1 and same["accuracy_difference"]["high"] == 0
    fails(run("compare", made), 2, "RUN")


def test_compare_refuses_runs_that_do_not_fit(task, catalogue, made, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(task.read_text().replace("key: flat", "key: even"))
    assert run("classify", other, catalogue, "--model", MODEL, "-o", tmp_path / "even",
               "--ignore-truth", "flat").status == 0
    fails(run("compare", made, tmp_path / "even"), 2, "other classes", "round, flat")
    listing = tmp_path / "list.csv"
    listing.write_text(listing.read_text().replace("i3.png,flat", "i3.png,round"))
    assert run("classify", task, catalogue, "--model", MODEL, "-o", tmp_path / "changed").status == 0
    fails(run("compare", made, tmp_path / "changed"), 1, "event3", "another truth")


def test_calibrate(task, catalogue, tmp_path):
    for name, flag in (("fit", "--fold"), ("rest", "--not-fold")):
        outcome = run("classify", task, catalogue, "--model", MODEL, "-o", tmp_path / name,
                      flag, "0/2")
        assert outcome.status == 0, outcome.err
    assert all(r["calibrated"] is None for r in rows(tmp_path / "rest"))
    before = figures(tmp_path / "rest")
    assert "calibrated" not in before
    for method in ("temperature", "platt"):
        outcome = run("calibrate", tmp_path / "fit", "--apply", tmp_path / "rest", "--method", method)
        assert outcome.status == 0, outcome.err
        assert "fitted on" in outcome.out and "applied to" in outcome.out
        changed = 0
        for row in rows(tmp_path / "rest"):
            assert abs(sum(row["calibrated"].values()) - 1) < 1e-12
            changed += row["calibrated"] != row["probabilities"]
            if method == "temperature":
                assert max(row["calibrated"], key=row["calibrated"].get) == row["label"]
            assert "conformal_set" not in row, "the keys of a row are fixed"
        assert changed > 0
    after = figures(tmp_path / "rest")
    assert after["accuracy"] == before["accuracy"]
    assert {"nll", "ece", "ece_debiased", "brier", "reliability"} <= set(after["calibrated"])
    assert after["conformal_sets"]["coverage"] == 0.9
    assert "with calibrated probabilities" in run("evaluate", tmp_path / "rest").out
    header = run("export", tmp_path / "rest", "--to", "csv").out.splitlines()[0].split(",")
    assert {"c_round", "c_flat", "conformal_set"} <= set(header)
    # It is for the probabilities that it was fitted to.
    assert "calibrated" not in figures(tmp_path / "rest", "--normalisation", "mean")


def test_a_calibration_is_kept_with_the_model_and_used_on_demand(task, catalogue, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(MODEL.removeprefix("hf:"), model, ignore=shutil.ignore_patterns("expected*", "inputs*"))

    def classified(name, *flags):
        return run("classify", task, catalogue, "--model", f"hf:{model}", "-o", tmp_path / name, *flags)

    fails(classified("none", "--calibrated"), 2, "--calibrated", "brings no calibration")
    assert classified("fit", "--fold", "0/2").status == 0
    kept = run("calibrate", tmp_path / "fit", "--keep")
    assert kept.status == 0 and f"kept in {model}/calibration.json" in kept.out, kept.err
    record = json.loads((model / "calibration.json").read_text())["calibrations"][0]["record"]
    assert record["run"] == catalogue and record["samples"] == 20
    # It is no part of what decides the scores: the run goes on with it beside the weights.
    assert classified("fit", "--fold", "0/2").status == 0
    outcome = classified("rest", "--not-fold", "0/2", "--calibrated")
    assert outcome.status == 0, outcome.err
    slope = record["slope"]
    for row in rows(tmp_path / "rest"):
        powers = {name: p ** slope for name, p in row["probabilities"].items()}
        for name, p in row["calibrated"].items():
            assert p == pytest.approx(powers[name] / sum(powers.values()), abs=1e-9)
    assert "conformal_sets" in figures(tmp_path / "rest")
    # Another one takes its place; for other passes there is none.
    assert run("calibrate", tmp_path / "fit", "--keep", "--method", "platt").status == 0
    kept = json.loads((model / "calibration.json").read_text())["calibrations"]
    assert [entry["record"]["method"] for entry in kept] == ["platt"]
    fails(classified("orders", "--orders", "2", "--calibrated"), 2, "main,order_1", "shapes (main, sum)")
    # A file for other weights is left alone, a damaged one is named.
    path = model / "calibration.json"
    whole = path.read_text()
    path.write_text(whole.replace('"weights": "', '"weights": "0'))
    other = classified("foreign", "--calibrated")
    assert other.status == 2 and "other weights" in other.err and "brings no calibration" in other.err
    path.write_text(whole[:100])
    fails(classified("damaged", "--calibrated"), 1, "calibration.json", "calibrate RUN --keep")


@pytest.mark.parametrize("name", ["neutrino-flavour", "neutrino-flavour-measured"])
def test_the_embedded_model_brings_a_calibration_for_events(name, tmp_path):
    outcome = run("classify", name, "sim:lartpc?n=2", "--calibrated", "-o", tmp_path / "run")
    assert outcome.status == 0, outcome.err
    for row in rows(tmp_path / "run"):
        assert sum(row["calibrated"].values()) == pytest.approx(1) and row["calibrated"] != row["probabilities"]


def test_calibrate_refuses_what_it_is_not_for(task, catalogue, made, tmp_path):
    fails(run("calibrate", made, "--apply", made), 2, "fitted on", "event")
    assert run("classify", task, catalogue, "--model", MODEL, "-o", tmp_path / "orders",
               "--fold", "0/2", "--orders", 2).status == 0
    fails(run("calibrate", tmp_path / "orders", "--apply", made), 2, "passes")
    fails(run("calibrate", made, "--method", "isotonic"), 2, "isotonic", "platt")
    assert run("classify", task, f"folder:{tmp_path}/images", "--model", MODEL, "-o",
               tmp_path / "blind").status == 0
    fails(run("calibrate", tmp_path / "blind"), 1, "truth")


def test_orders_average_over_rotations(task, catalogue, made, tmp_path):
    outcome = run("classify", task, catalogue, "--model", MODEL, "-o", tmp_path / "orders",
                  "--orders", 2)
    assert outcome.status == 0, outcome.err
    settings = json.loads((tmp_path / "orders" / "config.json").read_text())["settings"]
    assert settings["passes"] == "main,order_1"
    plain = {r["id"]: r["probabilities"]["round"] for r in rows(made)}
    averaged = {r["id"]: r["probabilities"]["round"] for r in rows(tmp_path / "orders")}
    assert any(abs(plain[i] - averaged[i]) > 1e-3 for i in plain)
    fails(run("classify", task, catalogue, "--model", MODEL, "--orders", 3), 2, "--orders", "1 to 2")


def test_orientations_make_the_answer_the_same_however_the_picture_is_turned(task, tmp_path):
    side = 24
    numbers = random.Random(5)
    rows_of_pixels = [[tuple(numbers.randrange(256) for _ in range(3)) for _ in range(side)] for _ in range(side)]
    turned = [[row[side - 1 - y] for row in rows_of_pixels] for y in range(side)]
    mirrored = [row[::-1] for row in rows_of_pixels]
    (tmp_path / "images").mkdir()
    for name, pixels in (("as-it-is", rows_of_pixels), ("turned", turned), ("mirrored", mirrored)):
        flat = bytes(value for row in pixels for pixel in row for value in pixel)
        (tmp_path / "images" / f"{name}.png").write_bytes(png(flat, side, side))
    found = {}
    for count in (1, 8):
        folder = tmp_path / str(count)
        outcome = run("classify", task, f"folder:{tmp_path}/images", "--model", MODEL, "-o", folder,
                      "--orientations", count)
        assert outcome.status == 0, outcome.err
        found[count] = [row["probabilities"]["round"] for row in rows(folder)]
    assert max(found[1]) - min(found[1]) > 1e-4
    assert max(found[8]) - min(found[8]) < 1e-6
    settings = json.loads((tmp_path / "8" / "config.json").read_text())["settings"]
    assert settings["passes"] == "main," + ",".join(f"orientation_{k}" for k in range(1, 8))
    fails(run("classify", task, f"folder:{tmp_path}/images", "--model", MODEL, "--orientations", 9), 2,
          "--orientations", "1 to 8")
