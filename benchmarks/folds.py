"""Cross-validation over small labelled sets: folds, catalogues of their rows, intervals."""
import csv
import os
import pathlib
import random

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


def macro_area(rows):
    classes = sorted({row["truth"] for row in rows})
    return sum(area_under_roc(rows, name) for name in classes) / len(classes)


def summary(rows):
    """Accuracy with its interval and macro AUC of exported rows."""
    right = sum(row["label"] == row["truth"] for row in rows)
    low, high = interval(right, len(rows))
    return (f"accuracy {right / len(rows):.3f} [{low:.3f}, {high:.3f}] (n={len(rows)}), "
            f"AUC {macro_area(rows):.3f}")
