"""Writes fixtures/astropy.json: limits and stretched values as astropy.visualization gives them.

Reference: astropy 8.0.2, numpy 2.4.6. Run from this folder.
"""

import json
import pathlib

import numpy as np
from astropy.visualization import (AsinhStretch, LogStretch, MinMaxInterval, PercentileInterval,
                                   ZScaleInterval, make_lupton_rgb)

from make_fixtures import pattern

HERE = pathlib.Path(__file__).parent / "fixtures"


def sky(width, height, bands=1, blanks=True):
    """Skewed values with negative ones and blanks; stretch_test.cpp makes the same."""
    p = pattern(width, height, bands).astype(np.float64) / 255
    values = (p * p * p * p * 900 - 30).astype(np.float32).transpose(2, 0, 1)
    if blanks:
        values[:, 2, 3] = values[0, 5, 1] = np.nan
    return np.ascontiguousarray(values)


def every(values):
    flat = np.asarray(values, np.float64).ravel()
    step = flat.size // 40 + 1
    return {"step": step, "values": [round(float(v), 7) for v in flat[::step]]}


def main():
    cases = []
    for width, height in [(24, 20), (130, 97), (3, 2), (64, 64)]:
        full = sky(width, height, blanks=width > 3)[0]
        for fraction in (1.0, 0.5):
            w, h = max(1, int(width * fraction + 0.5)), max(1, int(height * fraction + 0.5))
            x, y = (width - w) // 2, (height - h) // 2
            part = full[y:y + h, x:x + w].astype(np.float64)
            for kind, interval in [("linear", MinMaxInterval()),
                                   ("percentile", PercentileInterval(99.5)),
                                   ("asinh", PercentileInterval(90.0)),
                                   ("zscale", ZScaleInterval()),
                                   ("zscale", ZScaleInterval(contrast=0.6)),
                                   ("log", PercentileInterval(100.0))]:
                low, high = interval.get_limits(part)
                y_ = np.clip((full.astype(np.float64) - low) / (high - low), 0, 1)
                settings = {"kind": kind, "limits_from": fraction}
                if kind == "asinh":
                    settings["softening"], settings["percentile"] = 0.05, 90.0
                    y_ = AsinhStretch(0.05)(y_)
                if kind == "log":
                    settings["percentile"] = 100.0
                    y_ = LogStretch()(y_)
                if kind == "zscale":
                    settings["contrast"] = interval.contrast
                cases.append({"size": [width, height, 1], "settings": settings,
                              "low": float(low), "high": float(high),
                              **every(np.nan_to_num(y_, nan=0.0))})
    for q, stretch, minimum in [(8, 5, 0), (10, 40, 0), (3, 200, -30), (8, 0.5, 2)]:
        blue, green, red = np.nan_to_num(sky(41, 33, 3, blanks=False)).astype(np.float64)
        rgb = make_lupton_rgb(red, green, blue, minimum=minimum, stretch=stretch, Q=q,
                              output_dtype=np.float64)
        cases.append({"size": [41, 33, 3],
                      "settings": {"kind": "lupton", "softening": q, "stretch": stretch,
                                   "low": minimum},
                      "low": minimum, "high": 0, **every(rgb.transpose(2, 0, 1)[::-1])})
    (HERE / "astropy.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
