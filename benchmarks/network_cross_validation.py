#!/usr/bin/env python3
"""Repeated stratified cross-validation of a network over a small labelled set.

Usage: network_cross_validation.py {dune|lsbg} --program DIR --data FOLDER --work FOLDER
       [--architecture FILE] [--start FOLDER] [--stage NAME ...] [--folds 5] [--repeats 2] [--threads N]
       [--samples N] [--cache FOLDER]
Run from the repository's root. `dune` takes models/recipes/dune-fine-tuning from models/firstlight-cnn,
`lsbg` models/recipes/deepshadows. Another network takes the recipe's place by its architecture and its
weights (--start), such as a ViT. For every fold the recipe is trained without that fold's rows (they
take the place of the stream that reads FOLDER/labels.csv), and the fold is classified by the result
through the program that users run. Finished folds are kept in the work folder, so that the same command
goes on. Prints accuracy with Clopper-Pearson 95 % intervals and macro AUC. Needs scipy."""
import argparse
import json
import pathlib
import re
import subprocess

from folds import cross_validate, macro_area, mean_accuracy, read_rows

SETS = {
    "dune": dict(task="neutrino-flavour", recipe="dune-fine-tuning", options="truth=label&id=id&channels=u,v,z",
                 stream=r"csv:\S*lartpc-dune-cvn/labels\.csv[^\"]*", classes=("nue_cc", "numu_cc", "nc"),
                 groups=("info", "hs"), oriented=False),
    "lsbg": dict(task="lsbg", recipe="deepshadows", options="truth=label&id=id",
                 stream=r"csv:\S*lsbg-des/labels\.csv[^\"]*", classes=("lsbg", "artifact"), groups=(), oriented=True),
}


def train(folder, settings, args):
    shipped = pathlib.Path("models/recipes") / settings["recipe"]
    text, count = re.subn(settings["stream"], f"csv:{folder}/train.csv?{settings['options']}",
                          (shipped / "recipe.yaml").read_text())
    if count != 1:
        raise SystemExit(f"{shipped}/recipe.yaml does not read the set in one stream")
    given = re.search(r"^architecture: (.+)$", text, re.M).group(1)
    architecture = pathlib.Path(args.architecture or shipped / given).read_text()
    kind = "vit" if json.loads(architecture)["model_type"] == "vit" else "cnn"
    text = text.replace(f"architecture: {given}", "architecture: architecture.json")
    (folder / "architecture.json").write_text(architecture)
    if args.samples:
        text = re.sub(r"epoch_samples: \d+", f"epoch_samples: {args.samples}", text)
    (folder / "recipe.yaml").write_text(text)
    command = [f"{args.program}/firstlight-train/firstlight-train", kind, str(folder / "recipe.yaml"),
               "-o", str(folder / "training"), "--cache", args.cache, "--threads", str(args.threads)]
    if args.start:
        command += ["--start", args.start]
    for stage in args.stage:
        command += ["--stage", stage]
    model = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return f"{kind}:{model}"


def group_of(row):
    return row["id"].split("/")[-1].split("_")[0]


def report(name, passes):
    """`passes`: the exported rows of each repeat over the same set."""
    area = sum(macro_area(rows) for rows in passes) / len(passes)
    print(f"{name}: accuracy {mean_accuracy(passes)[1]} (n={len(passes[0])}, {len(passes)} repeats), AUC {area:.3f}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", choices=sorted(SETS))
    for name in ("program", "data", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--architecture", default="")
    parser.add_argument("--samples", type=int, help="of an epoch, instead of the recipe's")
    parser.add_argument("--start", default="")
    parser.add_argument("--cache", default="")
    parser.add_argument("--stage", action="append", default=[])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    settings = SETS[args.set]
    if args.set == "dune" and not args.start:
        args.start = "models/firstlight-cnn"
    args.cache = args.cache or str(pathlib.Path(args.work) / "cache")
    rows = [row for row in read_rows(pathlib.Path(args.data) / "labels.csv")
            if row["label"] in settings["classes"]]
    passes = cross_validate(rows, settings, args, lambda folder: train(folder, settings, args))
    for name, repeats in passes.items():
        report(name, repeats)
        for group in settings["groups"]:
            report(group, [[row for row in own if group_of(row) == group] for own in repeats])


main()
