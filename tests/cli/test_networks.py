"""Networks from outside: the shipped CNN, what it refuses, saliency maps."""

import csv
import json

from conftest import SOURCE, fails, run

CNN = f"cnn:{SOURCE}/models/firstlight-cnn"
EVENTS = f"csv:{SOURCE}/examples/neutrinos/labels.csv"


def test_the_shipped_network_reads_both_readouts(tmp_path):
    for name, data, n in (("pixels", "sim:lartpc?n=12&seed=505", 12),
                          ("wires", "sim:lartpc?n=12&seed=505&readout=wires", 12)):
        outcome = run("classify", "neutrino-flavour", data, "--model", CNN, "-o", tmp_path / name)
        assert outcome.status == 0, outcome.err
        rows = [json.loads(line) for line in run("export", tmp_path / name, "--to", "jsonl").out.splitlines()]
        assert len(rows) == n
        for row in rows:
            assert row["kind"] == "logits" and abs(sum(row["probabilities"].values()) - 1) < 1e-9
        right = sum(row["label"] == row["truth"] for row in rows)
        assert right >= 7, f"{name}: {right} of {n}"


def test_threads_and_batches_change_nothing(tmp_path):
    tables = []
    for i, flags in enumerate((("--batch", 1, "--threads", 1), ("--batch", 7, "--threads", 2))):
        outcome = run("classify", "neutrino-flavour", "sim:lartpc?n=9&seed=7", "--model", CNN,
                      "-o", tmp_path / str(i), *flags)
        assert outcome.status == 0, outcome.err
        rows = run("export", tmp_path / str(i), "--to", "jsonl").out.splitlines()
        tables.append([json.loads(row)["scores"] for row in rows])
    assert tables[0] == tables[1]


def test_what_a_network_cannot_do_is_said(tmp_path):
    where = tmp_path / "run"
    data = "sim:lartpc?n=2&seed=1"
    fails(run("classify", "neutrino-flavour", data, "--model", CNN, "--passes", "main,blank", "-o", where),
          2, "has no prompt")
    fails(run("classify", "neutrino-flavour", data, "--model", CNN, "--orientations", 4, "-o", where),
          2, "--orientations", "several views", "directions")
    fails(run("classify", "neutrino-flavour-4", data, "--model", CNN, "-o", where), 2,
          "does not know the class 'nutau_cc'")
    fails(run("prompt", "neutrino-flavour", data, "--model", CNN), 2, "without a prompt")
    fails(run("classify", "neutrino-flavour", data, "--model", CNN.replace("cnn:", "vit:"), "-o", where),
          2, "holds a model of type siamese_cnn")
    broken = tmp_path / "broken"
    broken.mkdir()
    config = json.loads((SOURCE / "models/firstlight-cnn/config.json").read_text())
    config["branch"][0]["strides"] = 3
    (broken / "config.json").write_text(json.dumps(config))
    (broken / "model.safetensors").write_bytes((SOURCE / "models/firstlight-cnn/model.safetensors").read_bytes())
    fails(run("classify", "neutrino-flavour", data, "--model", f"cnn:{broken}", "-o", where), 1,
          "'branch.0.strides' is unknown")


def test_saliency_maps(tmp_path):
    for method, flags in (("occlusion", ("--patch", 64)), ("grad-cam", ())):
        outcome = run("saliency", "neutrino-flavour", EVENTS, "--model", CNN, "--limit", 2, "--method", method,
                      "-o", tmp_path / method, *flags)
        assert outcome.status == 0, outcome.err
        with open(tmp_path / method / "saliency.csv") as table:
            rows = list(csv.DictReader(table))
        assert {row["view"] for row in rows} == {"u", "v", "z"}
        assert len({row["id"] for row in rows}) == 2
        assert len(list((tmp_path / method).glob("*.png"))) == 6
        if method == "grad-cam":
            assert all(float(row["value"]) > 0 for row in rows)
    fails(run("saliency", "neutrino-flavour", EVENTS, "--model", CNN, "--of", "muon", "-o", tmp_path / "x"), 2,
          "no class 'muon'")
