"""Writes comparison_fixtures.json: classifiers on the same samples, from SciPy and scikit-learn.

Run: python make_comparison_fixtures.py (numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1).
The exact McNemar test is SciPy's two-sided binomial test, as statsmodels' mcnemar(exact=True).
"""

import json
import pathlib

import numpy as np
from scipy import stats
from sklearn import metrics

from make_fixtures import samples, softmax


def mcnemar():
    rows = []
    for b, c in [(0, 0), (0, 1), (1, 1), (3, 9), (9, 3), (0, 20), (40, 61), (1000, 1100), (5, 5)]:
        p = 1.0 if b + c == 0 else stats.binomtest(min(b, c), b + c, 0.5).pvalue
        rows.append([b, c, float(p)])
    return rows


def main():
    rng = np.random.default_rng(20261126)
    truth, first = samples(rng, 160, 3, 1.4, 4)
    second = softmax(np.log(np.clip(first, 1e-6, 1)) + rng.normal(size=first.shape) * 0.8)
    auc = [float(np.mean([metrics.roc_auc_score(truth == k, p[:, k]) for k in range(3)]))
           for p in (first, second)]
    right = [p.argmax(axis=1) == truth for p in (first, second)]
    out = {
        "mcnemar": mcnemar(), "truth": truth.tolist(),
        "probabilities": [first.ravel().tolist(), second.ravel().tolist()],
        "accuracy": [float(r.mean()) for r in right], "auc": auc,
        "table": [int((right[0] & right[1]).sum()), int((right[0] & ~right[1]).sum()),
                  int((~right[0] & right[1]).sum()), int((~right[0] & ~right[1]).sum())],
    }
    path = pathlib.Path(__file__).parent / "comparison_fixtures.json"
    path.write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
