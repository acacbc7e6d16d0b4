#!/usr/bin/env python3
"""Accuracy of networks on neutrino events that training never saw, as rows of a Markdown table.

Usage: neutrino_networks.py --program DIR --work FOLDER [--data FOLDER] MODEL...
For each MODEL (`cnn:DIR`, `vit:DIR`): 2,000 simulated events of each readout; the pixel events also at half
resolution (2 x 2 pixels as one, by the greatest charge) and simulated again with pixels of 10 and 20 mm;
DUNE's events of FOLDER (labels.csv) all together and by the sample that they come from. Finished runs in the
work folder are read again."""
import argparse
import json
import pathlib
import subprocess

from folds import read_rows, write_rows
from half_task import half_task

N = 2000
SIMULATED = [
    ("simulated, pixels of 5 mm", f"sim:lartpc?n={N}&seed=990", False),
    ("... at half resolution", f"sim:lartpc?n={N}&seed=990", True),
    ("simulated with pixels of 10 mm", f"sim:lartpc?n={N}&seed=990&pitch_mm=10", False),
    ("simulated with pixels of 20 mm", f"sim:lartpc?n={N}&seed=990&pitch_mm=20", False),
    ("simulated, wire planes", f"sim:lartpc?n={N}&seed=991&readout=wires", False),
]


def dune_sets(data, folder):
    rows = read_rows(data / "labels.csv")
    for name, chosen in (("DUNE", rows),
                         ("DUNE, info", [r for r in rows if "/info_" in r["file"]]),
                         ("DUNE, hs", [r for r in rows if "/hs_" in r["file"]])):
        path = folder / f"{name.replace(', ', '-').lower()}.csv"
        write_rows(path, chosen, data)
        yield name, f"csv:{path}?id=id&truth=label&channels=u,v,z", False


def measure(program, model, task, data, run):
    if not (run / "done").exists():
        subprocess.run([program, "--quiet", "classify", task, data, "--model", model, "-o", str(run)],
                       check=True, stdout=subprocess.DEVNULL)
        (run / "done").touch()
    text = subprocess.run([program, "evaluate", str(run), "--json"], check=True, capture_output=True,
                          text=True).stdout
    return json.loads(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("models", nargs="+")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    program = f"{args.program}/firstlight/firstlight"
    sets = SIMULATED + (list(dune_sets(args.data, args.work)) if args.data else [])
    print("| model | events | n | accuracy | AUC | efficiency nue_cc, numu_cc, nc |\n|---|---|---|---|---|---|")
    for model in args.models:
        for name, data, half in sets:
            task = half_task(args.work) if half else "neutrino-flavour"
            run = args.work / f"{model.replace(':', '-').replace('/', '-')}-{name.replace(' ', '-').strip('.')}"
            found = measure(program, model, task, data, run)
            accuracy, auc = found["accuracy"], found["macro"]["auc"]
            recalls = [found["per_class"][key]["recall"]["value"] for key in ("nue_cc", "numu_cc", "nc")]
            print(f"| `{model}` | {name} | {found['n']} | {accuracy['value']:.3f} [{accuracy['low']:.3f}, "
                  f"{accuracy['high']:.3f}] | {auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}] | "
                  + ", ".join(f"{r:.2f}" for r in recalls) + " |", flush=True)


main()
