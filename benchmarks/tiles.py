#!/usr/bin/env python3
"""What `?tiles=N` changes: positions of a picture, time, and probabilities, as a table in Markdown.

    tiles.py PROGRAM MODEL_DIR [--task TASK] [--data DATA] [--samples N] [--rounds N] [--options OPTIONS]

The choices take turns in every round, so that another load of the machine meets all of them; a time is
the median over rounds and samples, and the table gives its ratio to that of the default.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile


def run(*arguments):
    return subprocess.run(list(map(str, arguments)), check=True, capture_output=True, text=True).stdout


def choices(config):
    """The numbers of tiles that differ, None being the default."""
    if config["model_type"] == "mllama":
        return [None] + list(range(config["vision_config"].get("max_num_tiles", 4) - 1, 0, -1))
    side = config["vision_config"]["image_size"]
    counts = {height // side * (width // side) for height, width in config["image_grid_pinpoints"]}
    return [None] + sorted(counts - {max(counts)}, reverse=True) + [0]


def positions(args, spec, choice, config):
    """Rows that the decoder gets of a picture; of mllama those that its cross-attention layers look at."""
    if config["model_type"] == "mllama":
        vision = config["vision_config"]
        tiles = choice or vision.get("max_num_tiles", 4)
        return tiles * ((vision["image_size"] // vision["patch_size"]) ** 2 + 1)
    return json.loads(run(args.program, "prompt", args.task, args.data, "--model", spec, "--json"))[
        "images"][0]["length"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--task", default="galaxy-morphology")
    parser.add_argument("--data", default="sim:galaxies?n=100&seed=7")
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--options", default="", help="more options of the model, such as dtype=bf16&quant=nf4")
    args = parser.parse_args()

    config = json.loads((args.model / "config.json").read_text())
    tiles = choices(config)

    def spec(choice):
        options = [] if choice is None else [f"tiles={choice}"]
        options += [args.options] if args.options else []
        return f"hf:{args.model}" + ("?" + "&".join(options) if options else "")

    seconds = {choice: [] for choice in tiles}
    probabilities = {}
    for _ in range(args.rounds):
        for choice in tiles:
            with tempfile.TemporaryDirectory() as folder:
                run(args.program, "classify", args.task, args.data, "--limit", args.samples, "--batch", 1, "--quiet",
                    "--model", spec(choice), "-o", f"{folder}/run")
                rows = [json.loads(line) for line in
                        run(args.program, "export", f"{folder}/run", "--to", "jsonl").splitlines()]
            seconds[choice] += [row["seconds"] for row in rows]
            probabilities[choice] = [row["probabilities"] for row in rows]

    print("| tiles | positions of a picture | time | mean change of a probability | largest | labels changed |")
    print("|---|---|---|---|---|---|")
    default = statistics.median(seconds[None])
    for choice in tiles:
        changes, labels = [], 0
        for ours, theirs in zip(probabilities[choice], probabilities[None]):
            changes += [abs(ours[key] - theirs[key]) for key in ours]
            labels += max(ours, key=ours.get) != max(theirs, key=theirs.get)
        time = statistics.median(seconds[choice]) / default
        print(f"| {'default' if choice is None else choice} | {positions(args, spec(choice), choice, config)} | {time:.2f} "
              f"| {statistics.mean(changes):.3f} | {max(changes):.3f} | {labels} of {args.samples} |")


if __name__ == "__main__":
    main()
