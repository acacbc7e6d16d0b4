#!/usr/bin/env python3
"""What charge alone tells of a neutrino's flavour: logistic regression on total charge, lit pixels and
extent of every view, cross-validated like the network.

Usage: charge_baseline.py CATALOGUE... [--folds 5] [--repeats 5]
CATALOGUE is a labels.csv with a column `file` (three views as the channels of a PNG) or `file.VIEW` columns,
and `label`. Needs scikit-learn and Pillow."""
import argparse
import pathlib

import numpy
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from folds import interval, read_rows

CLASSES = ("nue_cc", "numu_cc", "nc")


def features(row, folder):
    files = [row["file"]] if "file" in row else [row[key] for key in sorted(row) if key.startswith("file.")]
    maps = []
    for name in files:
        pixels = numpy.array(Image.open(folder / name), dtype=float)
        maps += [pixels] if pixels.ndim == 2 else list(pixels.transpose(2, 0, 1))
    values = []
    for charge in maps:
        lit = numpy.argwhere(charge > 0)
        extent = numpy.ptp(lit, axis=0) if len(lit) else (0, 0)
        values += [numpy.log1p(charge.sum()), numpy.log1p(len(lit)), *numpy.log1p(extent)]
    return values


def measure(name, rows, table, args):
    truth = numpy.array([CLASSES.index(row["label"]) for row in rows])
    splits = RepeatedStratifiedKFold(n_splits=args.folds, n_repeats=args.repeats, random_state=1)
    right, areas, probabilities = 0, [], numpy.zeros((len(rows), len(CLASSES)))
    for i, (train, test) in enumerate(splits.split(table, truth)):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(table[train], truth[train])
        probabilities[test] = model.predict_proba(table[test])
        right += (probabilities[test].argmax(1) == truth[test]).sum()
        if (i + 1) % args.folds == 0:
            areas.append(roc_auc_score(truth, probabilities, multi_class="ovr"))
    accuracy = right / (len(rows) * args.repeats)
    low, high = interval(round(accuracy * len(rows)), len(rows))
    print(f"{name}: accuracy {accuracy:.3f} [{low:.3f}, {high:.3f}] (n={len(rows)}), AUC {numpy.mean(areas):.3f}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogues", nargs="+")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    for path in map(pathlib.Path, args.catalogues):
        rows = [row for row in read_rows(path) if row["label"] in CLASSES]
        table = numpy.array([features(row, path.parent) for row in rows])
        measure(path.parent.name, rows, table, args)
        group = [row.get("file", "").split("/")[-1].split("_")[0] for row in rows]
        for kind in sorted(set(group) & {"info", "hs"}):
            chosen = [i for i, g in enumerate(group) if g == kind]
            measure(f"{path.parent.name}, {kind}", [rows[i] for i in chosen], table[chosen], args)


main()
