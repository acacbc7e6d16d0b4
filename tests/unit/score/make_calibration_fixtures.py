"""Writes calibration_fixtures.json: temperature and Platt scaling by SciPy's root finders.

Run: python make_calibration_fixtures.py (numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1).
The fits solve for a gradient of zero, which is exact to rounding; scikit-learn's own fits, which
stop earlier, are compared with them on the way.
"""

import json
import pathlib

import numpy as np
from scipy import optimize, special
from sklearn import calibration


def temperature(z, truth):
    rows = np.arange(len(truth))

    def gradient(slope):
        p = special.softmax(slope * z, axis=1)
        return ((p * z).sum(axis=1) - z[rows, truth]).sum()

    return optimize.brentq(gradient, 1e-3, 1e3, xtol=1e-15, rtol=1e-15)


def targets(truth, classes):
    counts = np.bincount(truth, minlength=classes)
    t = np.ones((len(truth), classes))
    t[np.arange(len(truth)), truth] += counts[truth]
    return t / (counts[truth] + classes)[:, None]


def platt(z, truth, classes):
    t = targets(truth, classes)

    def gradient(x):
        p = special.softmax(x[0] * z + np.concatenate([[0], x[1:]]), axis=1)
        g = p - t
        return np.concatenate([[(g * z).sum()], g[:, 1:].sum(axis=0)])

    start = np.concatenate([[1.0], np.zeros(classes - 1)])
    solution = optimize.root(gradient, start, tol=1e-14).x
    for _ in range(3):  # polished, as the solver stops at its own estimate
        solution = optimize.root(gradient, solution, tol=1e-15).x
    assert np.abs(gradient(solution)).max() < 1e-10
    offsets = np.concatenate([[0], solution[1:]])
    return solution[0], offsets - offsets.mean()


def case(rng, name, n, classes, sharpness):
    z = rng.normal(size=(n, classes)) * sharpness
    true_p = special.softmax(0.5 * z + np.linspace(0, 0.8, classes), axis=1)
    truth = np.array([rng.choice(classes, p=row) for row in true_p])
    p = special.softmax(z, axis=1)
    slope = temperature(np.log(p), truth)
    platt_slope, offsets = platt(np.log(p), truth, classes)
    if classes == 2:
        # Platt's sigmoid 1 / (1 + exp(A f + B)) on the log-odds f.
        a, b = calibration._sigmoid_calibration(np.log(p[:, 1] / p[:, 0]), truth)
        assert abs(-a - platt_slope) < 1e-3 and abs(-b - (offsets[1] - offsets[0])) < 1e-3
    scores = np.sort(p[np.arange(n), truth])[::-1]
    conformal = {str(c): float(scores[int(np.ceil((n + 1) * c)) - 1]) for c in (0.8, 0.9, 0.95)}
    example = p[:5]
    return {
        "name": name, "classes": classes, "truth": truth.tolist(), "probabilities": p.ravel().tolist(),
        "temperature_slope": slope, "platt_slope": platt_slope, "platt_offsets": offsets.tolist(),
        "temperature_example": special.softmax(slope * np.log(example), axis=1).ravel().tolist(),
        "platt_example": special.softmax(
            platt_slope * np.log(example) + offsets, axis=1).ravel().tolist(),
        "conformal": conformal,
    }


def main():
    rng = np.random.default_rng(170604599)
    cases = [case(rng, "two classes", 200, 2, 2.0), case(rng, "four classes", 300, 4, 2.5),
             case(rng, "too unsure", 250, 3, 0.5)]
    path = pathlib.Path(__file__).parent / "calibration_fixtures.json"
    path.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
