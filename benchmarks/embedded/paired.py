"""Two classifiers on the same samples, and passes over a set by cross-validation."""
import json
import pathlib
import random

from scipy import stats

from folds import PLAIN, right


def fold_passes(folder, reading=PLAIN):
    """Exported rows of each finished repeat in the work folder of a cross-validation, by one reading (folds.py)."""
    repeats = {}
    for path in sorted(pathlib.Path(folder).glob(f"repeat-*-fold-*/{reading}.jsonl")):
        repeats.setdefault(path.parent.name.split("-fold-")[0], []).extend(
            json.loads(line) for line in path.read_text().splitlines())
    most = max(map(len, repeats.values()), default=0)
    passes = [rows for _, rows in sorted(repeats.items()) if len(rows) == most]
    if not passes:
        raise SystemExit(f"{folder}: no finished folds (repeat-*-fold-*/{reading}.jsonl)")
    return passes


def paired(ones, others, draws=2000):
    """Number of samples, difference in accuracy with a bootstrap interval over samples, and McNemar's exact test of
    the first passes, as text. `ones` and `others`: rows of each pass over the same samples."""
    gained = {}
    for one, other in zip(ones, others):
        before = {row["id"]: right(row) for row in other}
        for row in one:
            if row["truth"] not in row["probabilities"]:
                continue  # a declared background
            gained.setdefault(row["id"], []).append(right(row) - before[row["id"]])
    means = [sum(values) / len(values) for values in gained.values()]
    numbers = random.Random(1)
    drawn = sorted(sum(numbers.choices(means, k=len(means))) / len(means) for _ in range(draws))
    low, high = drawn[int(0.025 * draws)], drawn[int(0.975 * draws) - 1]
    first = [values[0] for values in gained.values()]
    wins, losses = first.count(1), first.count(-1)
    p = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    return (f"{len(means):,}", f"{100 * sum(means) / len(means):+.1f} [{100 * low:+.1f}, {100 * high:+.1f}] points",
            f"McNemar p = {p:.2g}")
