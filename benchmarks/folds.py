"""Cross-validation over small labelled sets: folds, catalogues of their rows, intervals."""
import csv
import json
import os
import pathlib
import random
import shutil
import subprocess

from scipy import stats


def interval(k, n):
    """Clopper-Pearson 95 %."""
    low = stats.beta.ppf(0.025, k, n - k + 1) if k else 0.0
    high = stats.beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    return low, high


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def stratified_folds(rows, k, seed):
    """Lists of rows, each class spread evenly over them."""
    folds = [[] for _ in range(k)]
    shuffle = random.Random(seed)
    at = 0
    for label in sorted({row["label"] for row in rows}):
        own = [row for row in rows if row["label"] == label]
        shuffle.shuffle(own)
        for row in own:
            folds[at % k].append(row)
            at += 1
    return folds


def write_rows(path, rows, data):
    """A catalogue of the rows with the columns id, file and label; `data` is where their files lie."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "file", "label"])
        for row in rows:
            image = os.path.relpath(pathlib.Path(data).resolve() / row["file"], path.parent.resolve())
            writer.writerow([row["file"], image, row["label"]])


def area_under_roc(rows, positive):
    """Of one class against the others, from exported rows."""
    own = [row["probabilities"][positive] for row in rows if row["truth"] == positive]
    rest = [row["probabilities"][positive] for row in rows if row["truth"] != positive]
    return stats.mannwhitneyu(own, rest).statistic / (len(own) * len(rest))


def right(row):
    return row["label"] == row["truth"]


def mean_accuracy(passes):
    """Mean over repeats as a number and as text. Repeats share the samples: the interval is that of one pass."""
    n = len(passes[0])
    mean = sum(map(right, (row for rows in passes for row in rows))) / (n * len(passes))
    low, high = interval(round(mean * n), n)
    return mean, f"{mean:.3f} [{low:.3f}, {high:.3f}]"


def macro_area(rows):
    classes = sorted({row["truth"] for row in rows})
    return sum(area_under_roc(rows, name) for name in classes) / len(classes)


def summary(rows):
    """Accuracy with its interval and macro AUC of exported rows."""
    k = sum(map(right, rows))
    low, high = interval(k, len(rows))
    return (f"accuracy {k / len(rows):.3f} [{low:.3f}, {high:.3f}] (n={len(rows)}), "
            f"AUC {macro_area(rows):.3f}")


# How a fold is read, by the name of its exported rows: as it is and, where the task's pictures have no up, averaged
# over the orientations of the picture.
PLAIN, ORIENTED = "rows", "rows-oriented"
READINGS = {PLAIN: [], ORIENTED: ["--orientations", "8"]}


def cross_validate(rows, settings, args, train):
    """Exported rows of every repeat over the set by reading, each fold by a model that was trained without it.

    `train(folder)` trains on folder/train.csv below folder/training and gives the MODEL that classifies
    folder/test.csv through the program that users run. A finished fold is kept as folder/READING.jsonl."""
    names = list(READINGS) if settings["oriented"] else [PLAIN]
    passes = {name: [] for name in names}
    for repeat in range(args.repeats):
        own = {name: [] for name in names}
        for i, left_out in enumerate(stratified_folds(rows, args.folds, repeat)):
            folder = pathlib.Path(args.work).resolve() / f"repeat-{repeat}-fold-{i}"
            for name, read in fold_rows(folder, left_out, rows, names, settings, args, train).items():
                own[name] += read
        for name in names:
            print(f"repeat {repeat}, {name}: {summary(own[name])}", flush=True)
            passes[name].append(own[name])
    return passes


def fold_rows(folder, left_out, rows, names, settings, args, train):
    results = {name: folder / f"{name}.jsonl" for name in names}
    if not all(path.exists() for path in results.values()):
        out = {row["file"] for row in left_out}
        write_rows(folder / "train.csv", [row for row in rows if row["file"] not in out], args.data)
        write_rows(folder / "test.csv", left_out, args.data)
        model = train(folder)
        program = f"{args.program}/firstlight/firstlight"
        for name, path in results.items():
            run = str(folder / f"run-{name}")
            subprocess.run([program, "--quiet", "classify", settings["task"],
                            f"csv:{folder}/test.csv?{settings['options']}", "--model", model, "-o", run,
                            *READINGS[name]], check=True, stdout=subprocess.DEVNULL)
            path.write_text(subprocess.run([program, "export", run, "--to", "jsonl"], check=True, capture_output=True,
                                           text=True).stdout)
        shutil.rmtree(folder / "training")
    return {name: [json.loads(line) for line in path.read_text().splitlines()] for name, path in results.items()}
