"""Writes fixtures.json: labelled samples and their figures from scikit-learn and SciPy.

Run: python make_fixtures.py (numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1).
"""

import json
import pathlib
import warnings

import numpy as np
from scipy import stats
from sklearn import metrics

warnings.filterwarnings("ignore")


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def samples(rng, n, classes, sharpness, digits, truths=None):
    """Probabilities with ties (rounded), truth drawn so that the model is too sure of itself."""
    p = softmax(rng.normal(size=(n, classes)) * sharpness)
    truth = np.array([rng.choice(classes, p=row / row.sum()) for row in softmax(np.log(p) * 0.6)])
    if truths is not None:
        truth = rng.choice(truths, size=n)
    p = np.round(p, digits)
    p[:, -1] = np.round(1 - p[:, :-1].sum(axis=1), digits)
    p[:, -1] = np.maximum(p[:, -1], 0)
    p[:, 0] += 1 - p.sum(axis=1)
    return truth, np.clip(p, 0, 1)


def number(x):
    return None if x is None or not np.isfinite(x) else float(x)


def calibration(truth, label, confidence, w, bins):
    right = (truth == label).astype(float)
    place = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(int)
    plain = squared = inside_squared = 0.0
    counts = []
    for b in range(bins):
        inside = place == b
        weight = w[inside].sum()
        counts.append(float(weight))
        if weight == 0:
            continue
        accuracy = np.average(right[inside], weights=w[inside])
        gap = abs(accuracy - np.average(confidence[inside], weights=w[inside]))
        effective = weight**2 / (w[inside] ** 2).sum()
        plain += weight * gap
        if effective > 1:
            squared += weight * (gap**2 - accuracy * (1 - accuracy) / (effective - 1))
            inside_squared += weight
    return plain / w.sum(), np.sqrt(max(0.0, squared / inside_squared)), counts


def aurc(truth, label, confidence, w):
    """Mean risk over samples, each at the coverage that accepts all as confident as itself."""
    risks = []
    for c in confidence:
        kept = confidence >= c
        risks.append(np.average((truth != label)[kept], weights=w[kept]))
    return np.average(risks, weights=w)


def prevalence(truth, label, w, prior):
    classes = len(prior)
    matrix = metrics.confusion_matrix(truth, label, labels=range(classes), sample_weight=w)
    rates = matrix / matrix.sum(axis=1, keepdims=True)
    joint = np.asarray(prior)[:, None] * rates
    return {
        "accuracy": float(np.trace(joint)),
        "purity": [number(x) for x in np.diag(joint) / joint.sum(axis=0)],
        "efficiency": [float(x) for x in np.diag(rates)],
    }


def case(name, truth, p, bins=10, weights=None, prior=None):
    classes = p.shape[1]
    w = np.ones(len(truth)) if weights is None else weights
    label = p.argmax(axis=1)
    confidence = p.max(axis=1)
    present = sorted(set(truth.tolist()))
    predicted = set(label.tolist())
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, label, labels=range(classes), sample_weight=w, zero_division=np.nan)
    auc, roc = [], []
    for k in range(classes):
        if k not in present or len(present) < 2:
            auc.append(None)
            roc.append(None)
            continue
        auc.append(float(metrics.roc_auc_score(truth == k, p[:, k], sample_weight=w)))
        fpr, tpr, thr = metrics.roc_curve(truth == k, p[:, k], sample_weight=w)
        roc.append({"fpr": fpr.tolist(), "tpr": tpr.tolist(), "threshold": [number(t) for t in thr]})
    support = np.array([w[truth == k].sum() for k in range(classes)])

    def mean(values, average):
        values = np.array([np.nan if v is None else v for v in values], dtype=float)[present]
        values = np.nan_to_num(values)
        return float(np.average(values, weights=support[present] if average == "weighted" else None))

    onehot = np.eye(classes)[truth]
    ece, ece_debiased, bin_counts = calibration(truth, label, confidence, w, bins)
    out = {
        "name": name, "classes": classes, "bins": bins,
        "truth": truth.tolist(), "probabilities": p.ravel().tolist(),
        "weights": None if weights is None else weights.tolist(),
        "accuracy": float(metrics.accuracy_score(truth, label, sample_weight=w)),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(truth, label, sample_weight=w)),
        "precision": [number(x) if k in predicted else None for k, x in enumerate(precision)],
        "recall": [number(x) if k in present else None for k, x in enumerate(recall)],
        "f1": [number(x) if k in present else None for k, x in enumerate(f1)],
        "auc": auc,
        "confusion": metrics.confusion_matrix(
            truth, label, labels=range(classes), sample_weight=w).tolist(),
        "nll": float(metrics.log_loss(truth, p, labels=range(classes), sample_weight=w)),
        "brier": float(np.average(((p - onehot) ** 2).sum(axis=1), weights=w)),
        "ece": ece, "ece_debiased": ece_debiased, "bin_counts": bin_counts,
        "aurc": float(aurc(truth, label, confidence, w)),
        "roc": roc,
    }
    for average in ("macro", "weighted"):
        p_r_f = metrics.precision_recall_fscore_support(
            truth, label, labels=present, average=average, sample_weight=w, zero_division=0)
        out[average] = {"precision": float(p_r_f[0]), "recall": float(p_r_f[1]),
                        "f1": float(p_r_f[2]), "auc": mean(auc, average)}
    if prior is not None:
        out["prior"] = {
            "given": prior,
            "as_classified": prevalence(truth, label, w, prior),
            "reweighted": prevalence(truth, (p * np.asarray(prior)).argmax(axis=1), w, prior),
        }
    return out


def clopper_pearson():
    rows = []
    for k, n in [(0, 1), (1, 1), (0, 20), (20, 20), (3, 20), (57, 100), (999, 1000), (1, 10**6),
                 (499_999, 10**6)]:
        for level in (0.6827, 0.95, 0.99):
            tail = (1 - level) / 2
            low = 0.0 if k == 0 else stats.beta.ppf(tail, k, n - k + 1)
            high = 1.0 if k == n else stats.beta.isf(tail, k + 1, n - k)
            rows.append([k, n, level, float(low), float(high)])
    return rows


def main():
    rng = np.random.default_rng(20240617)
    cases = [
        case("four classes with ties", *samples(rng, 200, 4, 1.5, 2), prior=[0.7, 0.1, 0.15, 0.05]),
        case("two classes", *samples(rng, 150, 2, 1.0, 6), bins=15, prior=[0.99, 0.01]),
        case("event weights", *samples(rng, 120, 3, 1.2, 3),
             weights=np.round(rng.gamma(1.0, size=120), 3), prior=[0.2, 0.3, 0.5]),
        case("a class without samples", *samples(rng, 80, 4, 1.5, 3, truths=[0, 1, 3])),
        case("sure and wrong", np.array([0, 1, 1]), np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])),
    ]
    # The third class is never the label.
    truth, p = samples(rng, 60, 3, 1.0, 3)
    p[:, 2] *= 0.01
    p[:, 0] += 1 - p.sum(axis=1)
    cases.append(case("a class never predicted", truth, p))
    path = pathlib.Path(__file__).parent / "fixtures.json"
    path.write_text(json.dumps({"clopper_pearson": clopper_pearson(), "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
