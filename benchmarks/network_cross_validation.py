#!/usr/bin/env python3
"""Repeated stratified cross-validation of a network over a small labelled set.

Usage: network_cross_validation.py {dune|lsbg} --program DIR --data FOLDER --work FOLDER
       [--start FOLDER] [--stage NAME ...] [--folds 5] [--repeats 2] [--threads N] [--cache FOLDER]
Run from the repository's root. `dune` takes models/recipes/dune-fine-tuning from models/firstlight-cnn,
`lsbg` models/recipes/deepshadows. For every fold the recipe is trained without that fold's rows (they
take the place of the stream that reads FOLDER/labels.csv), and the fold is classified by the result
through the program that users run. Finished folds are kept in the work folder, so that the same command
goes on. Prints accuracy with Clopper-Pearson 95 % intervals and macro AUC. Needs scipy."""
import argparse
import json
import pathlib
import re
import subprocess

from folds import interval, macro_area, read_rows, stratified_folds, summary, write_rows

SETS = {
    "dune": dict(task="neutrino-flavour", recipe="dune-fine-tuning", options="truth=label&id=id&channels=u,v,z",
                 stream=r"csv:\S*lartpc-dune-cvn/labels\.csv[^\"]*", classes=("nue_cc", "numu_cc", "nc"),
                 groups=("info", "hs")),
    "lsbg": dict(task="lsbg", recipe="deepshadows", options="truth=label&id=id",
                 stream=r"csv:\S*lsbg-des/labels\.csv[^\"]*", classes=("lsbg", "artifact"), groups=()),
}


def train(folder, settings, args):
    shipped = pathlib.Path("models/recipes") / settings["recipe"]
    text, count = re.subn(settings["stream"], f"csv:{folder}/train.csv?{settings['options']}",
                          (shipped / "recipe.yaml").read_text())
    if count != 1:
        raise SystemExit(f"{shipped}/recipe.yaml does not read the set in one stream")
    architecture = re.search(r"^architecture: (.+)$", text, re.M).group(1)
    text = text.replace(f"architecture: {architecture}",
                        f"architecture: architecture.json")
    (folder / "architecture.json").write_text((shipped / architecture).read_text())
    (folder / "recipe.yaml").write_text(text)
    command = [f"{args.program}/firstlight-train/firstlight-train", "cnn", str(folder / "recipe.yaml"),
               "-o", str(folder / "training"), "--cache", args.cache, "--threads", str(args.threads)]
    if args.start:
        command += ["--start", args.start]
    for stage in args.stage:
        command += ["--stage", stage]
    model = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return model


def fold_rows(folder, left_out, rows, settings, args):
    """Exported rows of the fold that was left out."""
    result = folder / "rows.jsonl"
    if not result.exists():
        kept = {row["file"] for row in left_out}
        write_rows(folder / "train.csv", [row for row in rows if row["file"] not in kept], args.data)
        write_rows(folder / "test.csv", left_out, args.data)
        model = train(folder, settings, args)
        program = f"{args.program}/firstlight/firstlight"
        run = str(folder / "run")
        subprocess.run([program, "--quiet", "classify", settings["task"],
                        f"csv:{folder}/test.csv?{settings['options']}", "--model", f"cnn:{model}", "-o", run],
                       check=True, stdout=subprocess.DEVNULL)
        text = subprocess.run([program, "export", run, "--to", "jsonl"], check=True, capture_output=True,
                              text=True).stdout
        result.write_text(text)
    return [json.loads(line) for line in result.read_text().splitlines()]


def group_of(row):
    return row["id"].split("/")[-1].split("_")[0]


def report(name, passes):
    """`passes`: the exported rows of each repeat over the same set."""
    everything = [row for rows in passes for row in rows]
    n = len(passes[0])
    mean = sum(row["label"] == row["truth"] for row in everything) / len(everything)
    # Repeats share the samples: the interval is that of one pass over them.
    low, high = interval(round(mean * n), n)
    area = sum(macro_area(rows) for rows in passes) / len(passes)
    print(f"{name}: accuracy {mean:.3f} [{low:.3f}, {high:.3f}] (n={n}, {len(passes)} repeats), AUC {area:.3f}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", choices=sorted(SETS))
    for name in ("program", "data", "work"):
        parser.add_argument(f"--{name}", required=True)
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
    passes = []
    for repeat in range(args.repeats):
        own = []
        for i, left_out in enumerate(stratified_folds(rows, args.folds, repeat)):
            folder = pathlib.Path(args.work).resolve() / f"repeat-{repeat}-fold-{i}"
            own += fold_rows(folder, left_out, rows, settings, args)
        print(f"repeat {repeat}: {summary(own)}", flush=True)
        passes.append(own)
    report("all", passes)
    for group in settings["groups"]:
        report(group, [[row for row in own if group_of(row) == group] for own in passes])


main()
