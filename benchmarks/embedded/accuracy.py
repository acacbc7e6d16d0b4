"""Accuracy, and what is lost from simulated to real."""
import json
import pathlib
import re
import subprocess
import sys

from embedded.measure import DATA, DES, DUNE, SDSS, figure, share
from embedded.paired import fold_passes, paired
from folds import ORIENTED, PLAIN, READINGS, mean_accuracy
from half_task import half_task


COLUMNS = ("set", "n", "accuracy", "AUC", "ECE", "ECE, calibrated", "truth in 90 % sets")


class Table:
    def __init__(self, measure):
        self.measure = measure
        self.lines = []
        self.values = {}
        self.row(*COLUMNS)
        self.lines.append("|" + "---|" * len(COLUMNS))

    def row(self, *cells, rest="-"):
        """The columns that are left are `rest`."""
        cells += (rest,) * (len(COLUMNS) - len(cells))
        self.lines.append("|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|")

    def paired(self, name, ones, others):
        """The difference in accuracy, see paired.py."""
        self.row(name, *paired(ones, others), rest="")

    def add(self, key, name, task, data, *flags, model=None):
        """`--calibrated` among the flags: also by the calibration that the model brings."""
        self.measure.say(name)
        evaluated = self.measure.evaluate(self.measure.classify(key, task, data, *flags, model=model))
        self.values[key] = evaluated["accuracy"]["value"]
        calibrated, sets = "-", "-"
        if "--calibrated" in flags:
            calibrated = f"{evaluated['calibrated']['ece']['value']:.3f}"
            sets = figure(evaluated["conformal_sets"]["covered"])
        self.row(name, f"{evaluated['n']:,}", figure(evaluated["accuracy"]), figure(evaluated["macro"]["auc"]),
                 f"{evaluated['ece']['value']:.3f}", calibrated, sets)

    def half(self, name, task, data, *flags):
        """The same with half the resolution."""
        self.measure.say(f"{name}, half resolution")
        check = json.loads(self.measure.run(
            "check", "degrade", task, data, "--model", self.measure.args.model, "--resolution", "0.5",
            "--noise", "0", "--dead", "0", *flags, "--json", ok=(0, 3)))
        point = next(p for p in check["points"] if p["setting"] == "resolution")
        self.row("... at half resolution", f"{check['n']:,}", figure(point["accuracy"]), figure(point["macro_auc"]))

    def oriented(self, key, task, data, *flags, model=None):
        """The same, averaged over the orientations of the picture."""
        self.add(f"{key}-oriented", "... averaged over eight orientations (`--orientations 8`)", task, data, *flags,
                 *READINGS[ORIENTED], model=model)

    def both(self, key, name, task, data, *flags):
        self.add(key, name, task, data, *flags)
        self.half(name, task, data, *flags)

    def gap(self, name, simulated, real):
        self.row(f"{name}, real minus simulated", "", f"{100 * (real - simulated):+.1f} points", rest="")


def axis_ratio_cuts():
    text = subprocess.run([sys.executable, "benchmarks/axis_ratio_baseline.py", DATA / "galaxy-sdss"], check=True,
                          capture_output=True, text=True).stdout
    n = int(re.search(r"test [0-9.]+ \[.*\(n=([0-9]+)\)", text).group(1))
    for name, line in zip(("two", "three"), text.splitlines()[1:3]):
        yield name, round(float(re.search(r"test ([0-9.]+) \[", line).group(1)) * n), n


def galaxies(table, n):
    table.both("sim-galaxies", "simulated galaxies, seed 990", "galaxy-morphology", f"sim:galaxies?n={n}&seed=990")
    measure = table.measure
    if not measure.real:
        return
    table.both("sdss", "**real galaxies**, test split of `galaxy-sdss`", "galaxy-morphology", SDSS, "--split", "test")
    table.oriented("sdss", "galaxy-morphology", SDSS, "--split", "test")
    table.gap("galaxies", table.values["sim-galaxies"], table.values["sdss"])
    for name, right, total in axis_ratio_cuts():
        table.row(f"the same galaxies, {name} cuts on the axis ratio", total, share(right, total))
    if measure.args.galaxy_cnn:
        cnn = f"cnn:{measure.args.galaxy_cnn}"
        table.add("sdss-cnn", "the same galaxies, CNN trained on the same images (`models/recipes/galaxy-cnn`)",
                  "galaxy-morphology", SDSS, "--split", "test", model=cnn)
        table.oriented("sdss-cnn", "galaxy-morphology", SDSS, "--split", "test", model=cnn)
        for ending, how in (("", ""), ("-oriented", ", both over eight orientations")):
            table.paired(f"embedded model minus this CNN{how}, paired",
                         [measure.rows(measure.work / f"sdss{ending}")],
                         [measure.rows(measure.work / f"sdss-cnn{ending}")])


def folds(table, name, own, other, other_name, reading=PLAIN):
    """Cross-validation over a real set, and the same folds by a network."""
    if not own:
        return
    passes = fold_passes(own, reading)
    table.row(f"{name}, stratified five-fold cross-validation, repeats: {len(passes)}", len(passes[0]),
              mean_accuracy(passes)[1])
    if other:
        rivals = fold_passes(other, reading)[:len(passes)]
        table.row(f"the same folds, {other_name}", len(rivals[0]), mean_accuracy(rivals)[1])
        table.paired("embedded model minus this network, paired", passes, rivals)


def lsbg(table, n):
    args = table.measure.args
    table.both("sim-lsbg", "simulated LSBG cutouts, seed 991", "lsbg", f"sim:lsbg?n={n}&seed=991")
    if not table.measure.real:
        return
    table.both("des", "**real LSBG cutouts**, trained on simulation only", "lsbg", DES)
    table.oriented("des", "lsbg", DES)
    table.gap("LSBG cutouts", table.values["sim-lsbg"], table.values["des"])
    for reading, how in ((PLAIN, ""), (ORIENTED, ", averaged over eight orientations")):
        folds(table, f"real LSBG cutouts, fine-tuned{how}", args.lsbg_folds, args.lsbg_network_folds,
              f"DeepShadows' kind of network (`models/recipes/deepshadows`){how}", reading)


def neutrinos(table, n):
    measure = table.measure
    if "neutrino-flavour" not in measure.tasks:
        table.row("neutrino events", "-", "the model was not trained on them")
        return
    # Pixels of sparse maps are joined by the greatest charge, not blurred.
    half = half_task(measure.work)
    for key, name, data in (("pixels", "simulated events, pixels, seed 990", f"sim:lartpc?n={n}&seed=990"),
                            ("wires", "simulated events, wire planes, seed 991",
                             f"sim:lartpc?n={n}&seed=991&readout=wires")):
        table.add(key, name, "neutrino-flavour", data, "--calibrated")
        table.add(f"{key}-half", "... at half resolution", half, data)
        table.add(f"{key}-measured", "... with measured columns in the prompt (`neutrino-flavour-measured`)",
                  "neutrino-flavour-measured", data, "--calibrated")
        table.paired("with minus without measured columns, paired",
                     [measure.rows(measure.work / f"{key}-measured")], [measure.rows(measure.work / key)])
    if not measure.real:
        return
    table.add("dune", "**DUNE's events** (three classes), trained on simulation only", "neutrino-flavour", DUNE,
              "--calibrated")
    table.add("dune-half", "... at half resolution", half, DUNE)
    table.gap("events", table.values["wires"], table.values["dune"])
    cnn = pathlib.Path("models/firstlight-cnn")
    table.add("dune-cnn", "the same events, `firstlight-cnn`", "neutrino-flavour", DUNE, model=f"cnn:{cnn}")
    table.paired("embedded model minus this network, paired", [measure.rows(measure.work / "dune")],
                 [measure.rows(measure.work / "dune-cnn")])
    folds(table, "DUNE's events, fine-tuned", measure.args.dune_folds, measure.args.dune_network_folds,
          "`firstlight-cnn`, fine-tuned")


def accuracy(measure):
    table = Table(measure)
    galaxies(table, measure.args.simulated)
    lsbg(table, measure.args.simulated)
    neutrinos(table, measure.args.events)
    return table.lines
