"""Writes the fixtures of the image tests: small encoded files and what Pillow makes of them.

Reference: pillow 13.0.0 (libjpeg-turbo 3.2.0), numpy 2.4.6.
Run from this folder: python make_fixtures.py
"""

import hashlib
import io
import json
import pathlib

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent / "fixtures"


def pattern(width, height, channels, seed=1):
    """The test picture, made by the same few lines in resize_test.cpp: smooth, edges and noise."""
    state = seed
    out = np.empty((height, width, channels), np.uint8)
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
                noise = (state >> 24) & 63
                edge = 120 if (x // 7 + y // 5 + c) % 2 else 0
                out[y, x, c] = min(255, noise + edge + (x * 3 + y * (c + 1)) % 90)
    return out


def to_pillow(pixels):
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def digest(image):
    return hashlib.sha256(np.ascontiguousarray(np.asarray(image)).tobytes()).hexdigest()


def save(name, image, **options):
    image.save(HERE / name, **options)


def resize_cases():
    filters = {"bicubic": Image.BICUBIC, "bilinear": Image.BILINEAR, "lanczos": Image.LANCZOS}
    sizes = [(224, 224, 336, 336), (64, 64, 336, 336), (128, 128, 64, 64), (224, 224, 28, 28),
             (37, 53, 101, 17), (101, 17, 37, 53),
             (100, 100, 60, 19), (100, 100, 60, 20), (60, 100, 20, 19), (60, 100, 30, 39),
             (5, 3, 64, 64), (1, 1, 7, 9), (1, 40, 13, 40),
             (40, 1, 40, 13), (300, 200, 1, 1), (97, 89, 97, 31), (97, 89, 31, 89), (2, 2, 3, 3),
             (255, 64, 254, 63)]
    cases = []
    for w, h, to_w, to_h in sizes:
        for channels in (1, 3):
            source = to_pillow(pattern(w, h, channels))
            for name, kind in filters.items():
                cases.append({"from": [w, h, channels], "to": [to_w, to_h], "filter": name,
                              "sha256": digest(source.resize((to_w, to_h), kind))})
    return cases


def float_cases():
    """Pillow's mode F, a few values of each result in full precision."""
    cases = []
    for w, h, to_w, to_h in [(31, 23, 12, 9), (12, 9, 31, 23), (31, 23, 31, 9), (31, 23, 40, 9)]:
        source = Image.fromarray(pattern(w, h, 1)[:, :, 0].astype(np.float32) * 0.37 - 20)
        for name in ("bicubic", "bilinear", "lanczos"):
            out = np.asarray(source.resize((to_w, to_h), getattr(Image, name.upper())))
            cases.append({"from": [w, h], "to": [to_w, to_h], "filter": name,
                          "values": [float(v) for v in out.ravel()[::17]]})
    return cases


def codec_files():
    """Pictures with pixels equal to Pillow's convert('RGB') or convert('L')."""
    colour, grey = to_pillow(pattern(61, 47, 3)), to_pillow(pattern(61, 47, 1))
    save("rgb.png", colour)
    save("grey.png", grey)
    save("bilevel.png", grey.point(lambda v: 255 * (v > 100)).convert("1"))
    save("palette.png", colour.quantize(37))
    save("palette16.png", colour.quantize(11), bits=4)
    save("rgb.jpg", colour, quality=88)
    save("rgb444.jpg", colour, quality=92, subsampling=0)
    save("rgb422.jpg", colour, quality=92, subsampling=1)
    save("progressive.jpg", colour, quality=85, progressive=True)
    save("grey.jpg", grey, quality=85)
    save("cmyk.jpg", colour.convert("CMYK"), quality=90)
    save("restart.jpg", colour, quality=85, restart_marker_blocks=3)
    opaque = colour.convert("RGBA")
    save("opaque.png", opaque)
    out = {}
    for path in sorted(HERE.glob("*.png")) + sorted(HERE.glob("*.jpg")):
        if path.stem in ("alpha", "grey16", "rgb16", "greyalpha", "transparent", "interlaced",
                         "interlaced16"):
            continue
        image = Image.open(path)
        mode = "L" if image.mode in ("1", "L") else "RGB"
        out[path.name] = {"size": [61, 47, 1 if mode == "L" else 3],
                          "sha256": digest(image.convert(mode))}
    return out


def main():
    HERE.mkdir(exist_ok=True)
    expected = {"codec": codec_files(), "resize": resize_cases(), "resize_float": float_cases()}
    (HERE / "pillow.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
