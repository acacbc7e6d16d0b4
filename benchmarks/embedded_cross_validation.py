#!/usr/bin/env python3
"""Repeated stratified cross-validation of the embedded model over a small labelled set.

Usage: embedded_cross_validation.py {lsbg|dune} --program DIR --data FOLDER --work FOLDER [--start FILE_OR_FOLDER]
       [--recipe FOLDER] [--cache FOLDER] [--folds 5] [--repeats 2] [--threads N]
Run from the repository's root. The shipped model, which has seen neither set, is fine-tuned by
lsbg-fine-tuning.yaml or dune-fine-tuning.yaml without a fold's samples, and the fold is classified by the result
through the program that users run, LSBG cutouts also averaged over eight orientations (rows-oriented). Finished folds
are kept in the work folder, so that the same command goes on.
Prints accuracy with Clopper-Pearson 95 % intervals and macro AUC. Needs scipy."""
import argparse
import pathlib
import shutil
import subprocess

from folds import cross_validate, mean_accuracy, read_rows

SETS = {
    "lsbg": dict(recipe="lsbg-fine-tuning.yaml", task="lsbg", oriented=True, options="truth=label&id=id",
                 stream="csv:../shared/data/lsbg-des/labels.csv?truth=label\n", classes=("lsbg", "artifact")),
    "dune": dict(recipe="dune-fine-tuning.yaml", task="neutrino-flavour", oriented=False,
                 options="truth=label&id=id&channels=u,v,z",
                 stream="csv:../shared/data/lartpc-dune-cvn/labels.csv?truth=label&channels=u,v,z\n",
                 classes=("nue_cc", "numu_cc", "nc")),
}


def train(folder, settings, args):
    recipe = folder / "recipe"
    shutil.copytree(args.recipe, recipe, dirs_exist_ok=True)
    path = recipe / settings["recipe"]
    text = path.read_text()
    if text.count(settings["stream"]) != 1:
        raise SystemExit(f"{args.recipe / settings['recipe']} does not read the set in one stream")
    path.write_text(text.replace(settings["stream"], f"csv:{folder}/train.csv?{settings['options']}\n"))
    model = subprocess.run(
        [f"{args.program}/firstlight-train/firstlight-train", "vlm", str(path), "-o", str(folder / "training"),
         "--cache", args.cache, "--start", args.start, "--validate-steps", "100000",
         "--threads", str(args.threads)], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return f"hf:{model}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", choices=sorted(SETS))
    for name in ("program", "data", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--start", default="models/firstlight-small")
    parser.add_argument("--recipe", type=pathlib.Path, default=pathlib.Path("models/recipes/firstlight-small"))
    parser.add_argument("--cache")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    args.cache = args.cache or str(pathlib.Path(args.work) / "cache")
    settings = SETS[args.set]
    rows = [row for row in read_rows(pathlib.Path(args.data) / "labels.csv") if row["label"] in settings["classes"]]
    passes = cross_validate(rows, settings, args, lambda folder: train(folder, settings, args))
    for name, repeats in passes.items():
        print(f"{name}: accuracy {mean_accuracy(repeats)[1]} (n={len(rows)}, {len(repeats)} repeats)")


main()
