#!/usr/bin/env python3
"""Writes cases.json: grey levels that transformers' image processors make of the pictures of
tests/parity/llava/images, for every form of their settings. Rescaling and normalisation are off, so
that the numbers are whole and must be equal.

Made with torch 2.15.0, torchvision 0.29.2, transformers 5.23.0, pillow 13.0.0.
"""
import json
import pathlib

from PIL import Image
from transformers import CLIPImageProcessor, LlavaImageProcessor

HERE = pathlib.Path(__file__).parent
IMAGES = HERE.parent / "llava" / "images"
CROP = {"crop_size": {"height": 6, "width": 6}}
SETTINGS = [
    {"size": {"shortest_edge": 7}, **CROP},
    {"size": 7, "crop_size": 6},
    {"size": [5, 9], "crop_size": [4, 7]},
    {"size": {"height": 6, "width": 8}, "do_center_crop": False},
    {"size": {"shortest_edge": 5, "longest_edge": 8}, **CROP},
    {"size": {"max_height": 7, "max_width": 9}, **CROP},
    {"size": {"max_height": 40, "max_width": 12}, "do_center_crop": False},
    {"do_resize": False, **CROP},
    {"size": {"shortest_edge": 7}, "crop_size": {"height": 5, "width": 11}},
    {"size": {"shortest_edge": 7}, "do_pad": True, **CROP},
] + [{"size": {"shortest_edge": 7}, "resample": resample, **CROP} for resample in (0, 1, 2)]
PADDED = [
    {"size": {"shortest_edge": 7}, "do_pad": True, **CROP},
    {"size": {"height": 6, "width": 6}, "do_pad": True, "do_center_crop": False, "resample": 0,
     "image_mean": [1.0, 0.0, 0.499]},
]


def main():
    cases = []
    for kind, settings in ([(CLIPImageProcessor, s) for s in SETTINGS]
                           + [(LlavaImageProcessor, s) for s in PADDED]):
        settings = {"image_processor_type": kind.__name__, "do_rescale": False,
                    "do_normalize": False, **settings}
        processor = kind(**{k: v for k, v in settings.items() if k != "image_processor_type"})
        for name in ("tiny", "tall", "wide"):
            pixels = processor([Image.open(IMAGES / f"{name}.png")], return_tensors="np")
            pixels = pixels["pixel_values"][0]
            cases.append({"settings": settings, "image": f"{name}.png", "shape": list(pixels.shape),
                          "values": [int(v) for v in pixels.ravel()]})
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / "cases.json").write_text("[" + lines + "]\n")


if __name__ == "__main__":
    main()
