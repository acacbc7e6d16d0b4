"""The neutrino job from outside: simulated and released events, several views, backgrounds."""

import csv
import json

from conftest import MODEL, SOURCE, fails, run

# The random model takes short prompts only: the built-in task's is too long for it.
TASK = """\
name: flavour
classes: [{key: nue_cc}, {key: numu_cc}, {key: nc}]
backgrounds: [{key: nutau_cc}]
views:
  - {name: u, optional: true, resize: 24, resize_filter: max}
  - {name: z, optional: true, resize: 24, resize_filter: max}
  - {name: xz, optional: true, resize: 24, resize_filter: max}
prompt: "{image}Which? {classes}"
class_line: "{name}"
"""


def classify(tmp_path, data, text=TASK):
    task = tmp_path / "flavour.yaml"
    task.write_text(text)
    outcome = run("classify", task, data, "--model", MODEL, "-o", tmp_path / "run")
    assert outcome.status == 0, outcome.err
    lines = run("export", tmp_path / "run", "--to", "jsonl").out.splitlines()
    return [json.loads(line) for line in lines]


def test_simulated_events_are_written_and_read(tmp_path):
    outcome = run("simulate", "lartpc", "-n", 3, "--seed", 4, "--readout", "wires",
                  "--lifetime-ms", 5, "-o", tmp_path / "events")
    assert outcome.status == 0, outcome.err
    with open(tmp_path / "events/labels.csv") as table:
        events = list(csv.DictReader(table))
    assert len(events) == 3 and events[0]["truth.simulator"] == "lartpc-1"
    shown = run("data", "show", tmp_path / "events", "--first", 1).out
    assert "u 500 x 500 x 1 picture, v 500 x 500 x 1 picture, z" in shown
    assert "energy_mev" in shown and "measured" in shown
    # The same events, without files.
    source = run("data", "show", "sim:lartpc?n=3&seed=4&readout=wires&lifetime_ms=5", "--json")
    assert source.status == 0, source.err
    assert len(classify(tmp_path, f"csv:{tmp_path}/events/labels.csv")) == 3


def test_wrong_settings(tmp_path):
    fails(run("simulate", "lartpc", "--noise", "much", "-o", tmp_path / "x"), 2, "noise=much")
    fails(run("data", "show", "sim:lartpc?lifetime_m=3"), 2, "did you mean 'lifetime_ms'?")
    fails(run("data", "show", "sim:lartpc?readout=strips"), 2, "use pixels or wires")


def test_tau_neutrinos_are_tabulated_apart(tmp_path):
    rows = classify(tmp_path, SOURCE / "examples/neutrinos")
    assert len(rows) == 10 and {row["status"] for row in rows} == {"ok"}
    found = json.loads(run("evaluate", tmp_path / "run", "--json").out)
    assert found["n"] == 9 and found["without_truth"] == 0
    assert found["confusion"]["classes"] == ["nue_cc", "numu_cc", "nc"]
    tau = found["backgrounds"]["nutau_cc"]
    assert tau["n"] == 1 and sum(tau["predicted"].values()) == 1
    assert "nutau_cc" in run("evaluate", tmp_path / "run").out


def test_views_as_one_picture(tmp_path):
    rows = classify(tmp_path, "sim:lartpc?n=2&readout=wires",
                    TASK.replace("views:", "layout: side_by_side\nviews:"))
    assert [row["status"] for row in rows] == ["ok", "ok"]
    separate = tmp_path / "separate"
    separate.mkdir()
    assert rows[0]["scores"] != classify(separate, "sim:lartpc?n=2&readout=wires")[0]["scores"]


def test_the_prompt_takes_measured_columns_only(tmp_path):
    task = tmp_path / "flavour.yaml"
    task.write_text(TASK.replace("Which?", "{field:energy_mev} MeV. Which?"))
    good = run("classify", task, "sim:lartpc?n=1", "--model", MODEL, "-o", tmp_path / "run")
    assert good.status == 0, good.err
    task.write_text(TASK.replace("Which?", "{field:e_nu_gev} GeV. Which?"))
    bad = run("classify", task, "sim:lartpc?n=1", "--model", MODEL, "-o", tmp_path / "other")
    assert bad.status == 2 and "e_nu_gev" in bad.err
