"""Writes selection_fixtures.json: figures of a selection from scikit-learn and SciPy.

Run: python make_selection_fixtures.py (numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1).
"""

import json
import pathlib

import numpy as np
from scipy import stats
from sklearn import metrics

from make_fixtures import number, samples

LEVELS = (0.95, 0.6827)


def interval(part, whole, squares, level):
    """Clopper-Pearson for as many equal samples as carry the information of the weighted ones."""
    if whole == 0:
        return [None, None]
    effective = whole**2 / squares
    k = min(part / whole * effective, effective)
    tail = (1 - level) / 2
    low = 0.0 if k <= 0 else stats.beta.ppf(tail, k, effective - k + 1)
    high = 1.0 if k >= effective else stats.beta.isf(tail, k + 1, effective - k)
    return [float(low), float(high)]


def fraction(inside, selected, w):
    """Of the samples `inside`, the weighted fraction that is also `selected`."""
    whole, part = w[inside].sum(), w[inside & selected].sum()
    squares = (w[inside] ** 2).sum()
    return {"value": number(part / whole) if whole > 0 else None,
            "intervals": [interval(part, whole, squares, level) for level in LEVELS]}


def working_points(truth, p, w, k, allowed):
    """From the points of roc_curve: the last one that accepts at most `allowed` of the rest."""
    fpr, tpr, thresholds = metrics.roc_curve(
        truth == k, p[:, k], sample_weight=w, drop_intermediate=False)
    points = []
    for limit in allowed:
        last = np.flatnonzero(fpr <= limit + 1e-12)[-1]
        kept = p[:, k] >= thresholds[last]
        everything = np.ones(len(truth), dtype=bool)
        points.append({
            "allowed": limit, "threshold": number(thresholds[last]), "tpr": float(tpr[last]),
            "efficiency": fraction(truth == k, kept, w),
            "background": fraction(truth != k, kept, w),
            "purity": fraction(everything & kept, truth == k, w)})
    return points


def significance(truth, label, p, w, k, background_p, background_w, exposure):
    all_p = np.concatenate([p, background_p])
    all_w = np.concatenate([w, background_w]) * exposure
    all_truth = np.concatenate([truth, np.full(len(background_p), -1)])
    all_label = np.concatenate([label, background_p.argmax(axis=1)])

    def value(kept):
        s, b = all_w[kept & (all_truth == k)].sum(), all_w[kept & (all_truth != k)].sum()
        return [float(s), float(b), number(s / np.sqrt(s + b)) if s + b > 0 else None]

    cuts = {t: value(all_p[:, k] >= t) for t in np.unique(all_p[:, k])}
    best = max((t for t in cuts if cuts[t][2] is not None), key=lambda t: (cuts[t][2], t))
    return {"by_label": value(all_label == k), "best_threshold": float(best), "best": cuts[best]}


def against(truth, label, w, values, edges):
    """Bins of numpy.histogram: the last one holds its upper edge."""
    classes = int(max(truth.max(), label.max())) + 1
    counts, edges = np.histogram(values[np.isfinite(values)], bins=edges)
    place = np.full(len(values), -1)
    for b in range(len(counts)):
        last = b + 1 == len(counts)
        inside = (values >= edges[b]) & ((values <= edges[b + 1]) if last else (values < edges[b + 1]))
        place[inside] = b
        assert inside.sum() == counts[b]
    return [{
        "low": float(edges[b]), "high": float(edges[b + 1]), "count": float(w[place == b].sum()),
        "accuracy": fraction(place == b, truth == label, w),
        "efficiency": [fraction((place == b) & (truth == k), label == k, w) for k in range(classes)],
        "purity": [fraction((place == b) & (label == k), truth == k, w) for k in range(classes)],
    } for b in range(len(counts))]


def case(rng, name, n, classes, weighted, exposure, digits):
    truth, p = samples(rng, n, classes, 1.4, digits)
    _, background_p = samples(rng, n // 3, classes, 1.0, digits)
    w = np.round(rng.gamma(1.5, size=n), 3) if weighted else np.ones(n)
    background_w = np.round(rng.gamma(1.0, size=n // 3), 3) if weighted else np.ones(n // 3)
    label = p.argmax(axis=1)
    energy = np.round(rng.exponential(2.5, size=n), 3)
    energy[rng.choice(n, 4, replace=False)] = np.nan
    allowed = [0.01, 0.1, 0.3]
    precision = metrics.precision_score(
        truth, label, labels=range(classes), average=None, sample_weight=w)
    recall = metrics.recall_score(
        truth, label, labels=range(classes), average=None, sample_weight=w)
    background_label = background_p.argmax(axis=1)
    inside = np.ones(len(background_p), dtype=bool)
    return {
        "name": name, "classes": classes, "truth": truth.tolist(),
        "probabilities": p.ravel().tolist(), "weights": w.tolist() if weighted else None,
        "background_probabilities": background_p.ravel().tolist(),
        "background_weights": background_w.tolist() if weighted else None,
        "exposure": exposure, "allowed": allowed,
        "energy": [number(x) for x in energy],
        "product": (precision * recall).tolist(),
        "recall_matrix": metrics.confusion_matrix(
            truth, label, sample_weight=w, normalize="true").tolist(),
        "precision_matrix": metrics.confusion_matrix(
            truth, label, sample_weight=w, normalize="pred").tolist(),
        "recall": [fraction(truth == k, label == k, w) for k in range(classes)],
        "precision": [fraction(label == k, truth == k, w) for k in range(classes)],
        "working_points": [working_points(truth, p, w, k, allowed) for k in range(classes)],
        "significance": [significance(truth, label, p, w, k, background_p, background_w, exposure)
                         for k in range(classes)],
        "background": [fraction(inside, background_label == k, background_w)
                       for k in range(classes)],
        "background_mean": np.average(background_p, axis=0, weights=background_w).tolist(),
        "edges": [0.0, 1.0, 2.0, 4.0, 8.0],
        "against_edges": against(truth, label, w, energy, [0.0, 1.0, 2.0, 4.0, 8.0]),
        "against_7": against(truth, label, w, energy, 7),
    }


def main():
    rng = np.random.default_rng(20250911)
    cases = [case(rng, "three classes, ties", 240, 3, False, 1.0, 2),
             case(rng, "event weights and exposure", 180, 3, True, 3.5, 4),
             case(rng, "two classes", 150, 2, False, 0.25, 6)]
    path = pathlib.Path(__file__).parent / "selection_fixtures.json"
    path.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
