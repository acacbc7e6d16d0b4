#!/usr/bin/env python3
"""Repeated stratified cross-validation of the embedded model over the real LSBG cutouts.

Usage: lsbg_cross_validation.py --program DIR --start stage-real.pt --data LSBG_FOLDER
       --cache FOLDER --work FOLDER [--folds 5] [--repeats 2] [--threads N]
Run from the repository's root. The recipe's last stage, `lsbg`, is the only one that sees real
cutouts. For every fold it is trained again from START without that fold's cutouts, and the fold is
classified by the result through the program that users run. Finished folds are kept in the work
folder, so that the same command goes on. Prints accuracy with Clopper-Pearson 95 % intervals,
balanced accuracy and area under the ROC curve. Needs scipy."""
import argparse
import json
import pathlib
import shutil
import subprocess

from folds import area_under_roc, interval, read_rows, stratified_folds, write_rows

RECIPE = pathlib.Path("models/recipes/firstlight-small")
STREAM = "data: csv:../shared/data/lsbg-des/labels.csv?truth=label\n"


def train(folder, args):
    recipe = folder / "recipe"
    shutil.copytree(RECIPE, recipe, dirs_exist_ok=True)
    text = (recipe / "recipe.yaml").read_text()
    if text.count(STREAM) != 1:
        raise SystemExit("the recipe's stream lsbg-des is not as this script expects")
    text = text.replace(STREAM, f"data: csv:{folder}/train.csv?truth=label&id=id\n")
    (recipe / "recipe.yaml").write_text(text)
    subprocess.run([f"{args.program}/firstlight-train/firstlight-train", "vlm", str(recipe / "recipe.yaml"),
                    "-o", str(folder / "training"), "--cache", args.cache, "--start", args.start,
                    "--stage", "lsbg", "--validate-steps", "100000", "--threads", str(args.threads)],
                   check=True)
    return folder / "training" / "firstlight-small"


def fold_rows(folder, left_out, rows, args):
    """Export rows of the left-out cutouts."""
    result = folder / "rows.jsonl"
    if not result.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_rows(folder / "train.csv", [row for row in rows if row not in left_out], args.data)
        write_rows(folder / "test.csv", left_out, args.data)
        model = train(folder, args)
        program = f"{args.program}/firstlight/firstlight"
        run = str(folder / "run")
        subprocess.run([program, "--quiet", "classify", "lsbg", f"csv:{folder}/test.csv?truth=label&id=id",
                        "--model", f"hf:{model}", "-o", run], check=True, stdout=subprocess.DEVNULL)
        text = subprocess.run([program, "export", run, "--to", "jsonl"], check=True, capture_output=True,
                              text=True).stdout
        result.write_text(text)
    return [json.loads(line) for line in result.read_text().splitlines()]


def report(name, rows):
    right = sum(row["label"] == row["truth"] for row in rows)
    low, high = interval(right, len(rows))
    recall = {}
    for truth in sorted({row["truth"] for row in rows}):
        own = [row for row in rows if row["truth"] == truth]
        recall[truth] = sum(row["label"] == truth for row in own) / len(own)
    print(f"{name}: accuracy {right / len(rows):.3f} [{low:.3f}, {high:.3f}] (n={len(rows)}), "
          f"balanced {sum(recall.values()) / len(recall):.3f}, AUC {area_under_roc(rows, 'lsbg'):.3f}, recall "
          + ", ".join(f"{truth} {value:.3f}" for truth, value in recall.items()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("program", "start", "data", "cache", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    rows = read_rows(pathlib.Path(args.data) / "labels.csv")
    everything = []
    for repeat in range(args.repeats):
        own = []
        for i, left_out in enumerate(stratified_folds(rows, args.folds, repeat)):
            folder = pathlib.Path(args.work).resolve() / f"repeat-{repeat}-fold-{i}"
            own += fold_rows(folder, left_out, rows, args)
        report(f"repeat {repeat}", own)
        everything += own
    # Repeats share the cutouts: the interval of the mean is that of one pass over them.
    n = len(rows)
    mean = sum(row["label"] == row["truth"] for row in everything) / len(everything)
    low, high = interval(round(mean * n), n)
    print(f"all: accuracy {mean:.3f} [{low:.3f}, {high:.3f}] (n={n}, {args.repeats} repeats)")


main()
