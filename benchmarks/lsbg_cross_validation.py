#!/usr/bin/env python3
"""Cross-validation over real LSBG cutouts of the embedded model with a short stage that adapts to them.

Usage: lsbg_cross_validation.py --program DIR --start stage-real.pt --data LSBG_FOLDER
       --cache FOLDER --work FOLDER [--folds 5 4] [--steps 80]
Run from the repository's root. For every fold the recipe's stage `real`, on LSBG cutouts alone, half
of them real, is trained from START with that fold left out, and the fold is classified by the result,
through the same program that users run. Each number of folds parts the cutouts anew (folds go by a hash of the
id). Prints the accuracy over all held-out cutouts, with Clopper-Pearson 95 % intervals, and the
balanced accuracy. Needs scipy."""
import argparse
import json
import pathlib
import shutil
import subprocess

from scipy import stats

RECIPE = pathlib.Path("models/recipes/firstlight-small")


def interval(k, n):
    low = stats.beta.ppf(0.025, k, n - k + 1) if k else 0.0
    high = stats.beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    return low, high


def train_without(fold, k, args):
    folder = pathlib.Path(args.work) / f"recipe-{fold}-{k}"
    shutil.copytree(RECIPE, folder, dirs_exist_ok=True)
    text = (folder / "recipe.yaml").read_text()
    entry = "data: csv:../shared/data/lsbg-des/labels.csv?truth=label\n"
    if text.count(entry) != 1:
        raise SystemExit("the recipe's lsbg-des stream is not as this script expects")
    text = text.replace(entry, f"data: csv:{args.data}/labels.csv?truth=label\n    not_fold: [{fold}, {k}]\n")
    mixture = "streams: {sim-galaxies: 0.2, sim-lsbg: 0.25, gz1: 0.25, sdss: 0.3}"
    if text.count(mixture) != 1:
        raise SystemExit("the recipe's stage 'real' is not as this script expects")
    text = text.replace(mixture, "streams: {sim-lsbg: 0.5, lsbg-des: 0.5}")
    text = text.replace("name: real\n    kind: language\n    steps: 200", f"name: real\n    kind: language\n    steps: {args.steps}")
    (folder / "recipe.yaml").write_text(text)
    output = pathlib.Path(args.work) / f"fold-{fold}-{k}"
    subprocess.run([f"{args.program}/firstlight-train", "vlm", str(folder / "recipe.yaml"), "-o", str(output),
                    "--cache", args.cache, "--start", args.start, "--stage", "real", "--validate-steps", "100000"],
                   check=True)
    return output / "firstlight-small"


def classify(model, fold, k, args):
    run = pathlib.Path(args.work) / f"run-{fold}-{k}"
    subprocess.run([f"{args.program}/firstlight", "classify", "lsbg", f"csv:{args.data}/labels.csv?truth=label",
                    "--model", f"hf:{model}", "--fold", f"{fold}/{k}", "-o", str(run)], check=True,
                   stdout=subprocess.DEVNULL)
    rows = subprocess.run([f"{args.program}/firstlight", "export", str(run), "--to", "jsonl"], check=True,
                          capture_output=True, text=True).stdout
    return [json.loads(row) for row in rows.splitlines()]


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "start", "data", "cache", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--folds", type=int, nargs="+", default=[5, 4])
    args = parser.parse_args()
    everything = []
    for k in args.folds:
        rows = [row for fold in range(k) for row in classify(train_without(fold, k, args), fold, k, args)]
        report(f"{k} folds", rows)
        everything += rows
    # Repeats share the cutouts: the interval of the mean is that of one pass over them.
    n = len({row["id"] for row in everything})
    mean = sum(row["label"] == row["truth"] for row in everything) / len(everything)
    low, high = interval(round(mean * n), n)
    print(f"all: accuracy {mean:.3f} [{low:.3f}, {high:.3f}] (n={n}, {len(args.folds)} repeats)")


def report(name, rows):
    right = sum(row["label"] == row["truth"] for row in rows)
    low, high = interval(right, len(rows))
    recall = []
    for truth in sorted({row["truth"] for row in rows}):
        own = [row for row in rows if row["truth"] == truth]
        recall.append(sum(row["label"] == truth for row in own) / len(own))
    print(f"{name}: accuracy {right / len(rows):.3f} [{low:.3f}, {high:.3f}] (n={len(rows)}), "
          f"balanced {sum(recall) / len(recall):.3f}", flush=True)


main()
