#!/usr/bin/env python3
"""Compares the native CNN with PyTorch on the same weights, events and CPU, in the same run.

Usage: network_speed.py --program DIR --bench FILE [--model models/firstlight-cnn] [--events 60]
       [--threads 2]
Simulates two-view events of 512 x 512 pixels, runs both on them in turn three times and prints the median
milliseconds an event and the largest difference of a logit. Needs torch, safetensors and Pillow."""
import argparse
import csv
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import torch
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/parity/siamese_cnn"))
from siamese_cnn import SiameseCnn  # noqa: E402


def native(args, catalogue):
    lines = subprocess.run([args.bench, args.model, "neutrino-flavour", f"csv:{catalogue}", str(args.events),
                            str(args.threads)], check=True, capture_output=True, text=True).stdout.splitlines()
    single, parallel = map(float, lines[0].split()[1:3])
    logits = {line.split()[0]: [float(x) for x in line.split()[1:]] for line in lines[1:]}
    return single, parallel, logits


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--model", default="models/firstlight-cnn")
    parser.add_argument("--events", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        events = pathlib.Path(folder) / "events"
        subprocess.run([f"{args.program}/firstlight/firstlight", "simulate", "lartpc", "-q", "-n", str(args.events),
                        "--seed", "77", "-o", str(events)], check=True, stdout=subprocess.DEVNULL)
        with open(events / "labels.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        views = {}
        for row in rows:
            maps = [numpy.array(Image.open(events / row[f"file.{view}"])) for view in ("xz", "yz")]
            # The task shows maps dark on white.
            views[row["id"]] = [torch.from_numpy(255 - m)[:, :, None].expand(-1, -1, 3) for m in maps]
        model = SiameseCnn.load(args.model)
        singles, parallels, theirs, largest = [], [], [], 0.0
        for _ in range(3):
            single, parallel, logits = native(args, events / "labels.csv")
            singles.append(single)
            parallels.append(parallel)
            start = time.perf_counter()
            with torch.no_grad():
                reference = {name: model.logits(maps).tolist() for name, maps in views.items()}
            theirs.append((time.perf_counter() - start) * 1000 / len(views))
            for name, values in reference.items():
                largest = max([largest] + [abs(a - b) for a, b in zip(values, logits[name])])
    ours, batch, torch_time = map(statistics.median, (singles, parallels, theirs))
    print(f"native, one event at a time: {ours:.2f} ms an event")
    print(f"native, an event a thread:   {batch:.2f} ms an event")
    print(f"PyTorch {torch.__version__}:          {torch_time:.2f} ms an event "
          f"({torch_time / ours:.1f} and {torch_time / batch:.1f} times as long)")
    print(f"largest difference of a logit: {largest:.2e}")


main()
