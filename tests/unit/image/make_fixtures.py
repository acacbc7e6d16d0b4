"""Writes the fixtures of the image tests: small encoded files and what Pillow makes of them.

Reference: pillow 13.0.0 (libjpeg-turbo 3.2.0), numpy 2.4.6.
Run from this folder: python make_fixtures.py
"""

import hashlib
import json
import pathlib
import struct
import zlib

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
        image = Image.open(path)
        mode = "L" if image.mode in ("1", "L") else "RGB"
        out[path.name] = {"size": [61, 47, 1 if mode == "L" else 3],
                          "sha256": digest(image.convert(mode))}
    return out


def write_png(name, pixels, color_type, interlaced=False):
    """pixels: height x width x samples, uint8 or uint16; filter 0 everywhere."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    height, width = pixels.shape[:2]
    bits = pixels.dtype.itemsize * 8
    adam7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
             (0, 1, 1, 2)]
    raw = b""
    for x, y, dx, dy in adam7 if interlaced else [(0, 0, 1, 1)]:
        part = pixels[y::dy, x::dx]
        if part.size:
            raw += b"".join(b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes()
                            for row in part)
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, int(interlaced))
    (HERE / name).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                              + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


def write_tiff(name, planes, photometric=1, planar=1, tile=None, rows=8, compression=1,
               orientation=1, big_endian=False, extra=()):
    """planes: samples x height x width of any numeric type. Compression 1 (none) or 8 (deflate)."""
    end = ">" if big_endian else "<"
    samples, height, width = planes.shape
    data = planes.astype(planes.dtype.newbyteorder(end))
    kind = {"u": 1, "i": 2, "f": 3}[planes.dtype.kind]
    groups = [data[s:s + 1] for s in range(samples)] if planar == 2 else [data]
    blocks = []
    block_height, block_width = (tile, tile) if tile else (rows, width)
    for group in groups:
        for y in range(0, height, block_height):
            for x in range(0, width, block_width):
                part = group[:, y:y + block_height, x:x + block_width]
                if tile:
                    full = np.zeros((group.shape[0], tile, tile), data.dtype)
                    full[:, :part.shape[1], :part.shape[2]] = part
                    part = full
                raw = np.ascontiguousarray(part.transpose(1, 2, 0)).tobytes()
                blocks.append(zlib.compress(raw, 9) if compression == 8 else raw)
    out = bytearray((b"MM\0*" if big_endian else b"II*\0") + b"\0\0\0\0")
    offsets = []
    for block in blocks:
        offsets.append(len(out))
        out += block
    bits = planes.dtype.itemsize * 8
    tags = [(256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * samples),
            (259, 3, [compression]), (262, 3, [photometric]), (274, 3, [orientation]),
            (277, 3, [samples]), (284, 3, [planar]), (339, 3, [kind] * samples)]
    sizes = [len(block) for block in blocks]
    if tile:
        tags += [(322, 4, [tile]), (323, 4, [tile]), (324, 4, offsets), (325, 4, sizes)]
    else:
        tags += [(273, 4, offsets), (278, 4, [rows]), (279, 4, sizes)]
    if extra:
        tags.append((338, 3, list(extra)))
    entries = b""
    for tag, type_, values in sorted(tags):
        packed = struct.pack(end + ("H" if type_ == 3 else "I") * len(values), *values)
        if len(packed) > 4:
            if len(out) % 2:
                out += b"\0"
            entries += struct.pack(end + "HHII", tag, type_, len(values), len(out))
            out += packed
        else:
            entries += struct.pack(end + "HHI", tag, type_, len(values)) + packed.ljust(4, b"\0")
    if len(out) % 2:
        out += b"\0"
    out[4:8] = struct.pack(end + "I", len(out))
    out += struct.pack(end + "H", len(tags)) + entries + b"\0\0\0\0"
    (HERE / name).write_bytes(bytes(out))


def over_black(value, alpha):
    return ((value.astype(np.int64) * alpha + 127) // 255).astype(np.uint8)


def own_files():
    """Files of kinds that Pillow does not write, or reads otherwise than we do, with the truth that
    they were made from: bytes as they are shown, or float32 planes."""
    rgb = pattern(37, 29, 3)
    alpha = pattern(37, 29, 1, seed=5)
    grey = pattern(37, 29, 1, seed=7)
    deep = (rgb.astype(np.uint16) * 257) ^ 0x35
    expected = {}

    def picture(name, pixels):
        expected[name] = {"size": [pixels.shape[1], pixels.shape[0], pixels.shape[2]],
                          "sha256": hashlib.sha256(pixels.tobytes()).hexdigest()}

    def raster(name, planes):
        planes = np.ascontiguousarray(planes.astype(np.float32))
        expected[name] = {"size": [planes.shape[2], planes.shape[1], planes.shape[0]],
                          "planes": hashlib.sha256(planes.tobytes()).hexdigest()}

    write_png("interlaced.png", rgb, 2, interlaced=True)
    picture("interlaced.png", rgb)
    write_png("alpha.png", np.concatenate([rgb, alpha], 2), 6)
    picture("alpha.png", over_black(rgb, alpha))
    write_png("greyalpha.png", np.concatenate([grey, alpha], 2), 4)
    picture("greyalpha.png", over_black(grey, alpha))
    save("transparent.png", to_pillow(rgb).quantize(9), transparency=3)
    seen = np.asarray(Image.open(HERE / "transparent.png").convert("RGBA"))
    picture("transparent.png", over_black(seen[:, :, :3], seen[:, :, 3:]))
    write_png("grey16.png", deep[:, :, :1], 0)
    raster("grey16.png", deep[None, :, :, 0])
    write_png("rgb16.png", deep, 2, interlaced=True)
    raster("rgb16.png", deep.transpose(2, 0, 1)[::-1])

    planes = np.stack([grey[:, :, 0], alpha[:, :, 0], rgb[:, :, 1], rgb[:, :, 2], rgb[:, :, 0]])
    measured = planes.astype(np.float32) * 0.37 - 20
    measured[1, 3, 4] = np.nan
    bgr = rgb.transpose(2, 0, 1)
    write_tiff("rgb_big_endian.tif", bgr, photometric=2, big_endian=True)
    picture("rgb_big_endian.tif", rgb)
    write_tiff("rgb_planar_tiled.tif", bgr, photometric=2, planar=2, tile=16, compression=8)
    picture("rgb_planar_tiled.tif", rgb)
    write_tiff("rgba.tif", np.concatenate([rgb, alpha], 2).transpose(2, 0, 1), 2, extra=(2,))
    picture("rgba.tif", over_black(rgb, alpha))
    for orientation, turned in [(2, rgb[:, ::-1]), (3, rgb[::-1, ::-1]), (4, rgb[::-1]),
                                (5, rgb.swapaxes(0, 1)), (6, np.rot90(rgb, -1)),
                                (7, rgb[::-1, ::-1].swapaxes(0, 1)), (8, np.rot90(rgb))]:
        name = f"orientation{orientation}.tif"
        write_tiff(name, bgr, photometric=2, compression=8, orientation=orientation)
        turned = np.ascontiguousarray(turned)
        assert np.array_equal(np.asarray(Image.open(HERE / name)), turned), name
        picture(name, turned)
    write_tiff("bands8.tif", planes, tile=16, compression=8)
    raster("bands8.tif", planes)
    write_tiff("bands_float.tif", measured, planar=2, compression=8)
    raster("bands_float.tif", measured)
    write_tiff("double.tif", measured[:1].astype(np.float64), compression=8, big_endian=True)
    raster("double.tif", measured[:1])
    write_tiff("half.tif", planes[:1].astype(np.float16) / 3, compression=8)
    raster("half.tif", planes[:1].astype(np.float16) / 3)
    write_tiff("int16.tif", planes[:1].astype(np.int16) * 100 - 9000, compression=8)
    raster("int16.tif", planes[:1].astype(np.int16) * 100 - 9000)
    write_tiff("rgb16.tif", deep.transpose(2, 0, 1), photometric=2, compression=8)
    raster("rgb16.tif", deep.transpose(2, 0, 1)[::-1])
    write_tiff("uint32.tif", planes[:1].astype(np.uint32) * 99991, compression=8, tile=32)
    raster("uint32.tif", planes[:1].astype(np.uint32) * 99991)
    shallow = grey[:, :, :1]
    for name, compression in [("lzw.tif", "tiff_lzw"), ("packbits.tif", "packbits")]:
        save(name, to_pillow(rgb), compression=compression)
        picture(name, rgb)
    save("grey_predictor.tif", to_pillow(shallow), compression="tiff_adobe_deflate",
         tiffinfo={317: 2})
    picture("grey_predictor.tif", shallow)
    save("palette.tif", to_pillow(rgb).quantize(20), compression="tiff_lzw")
    picture("palette.tif", np.asarray(to_pillow(rgb).quantize(20).convert("RGB")))
    bilevel = to_pillow(grey).point(lambda v: 255 * (v > 100)).convert("1")
    save("bilevel.tif", bilevel)
    picture("bilevel.tif", np.asarray(bilevel.convert("L"))[:, :, None])
    save("cmyk.tif", to_pillow(rgb).convert("CMYK"), compression="tiff_lzw")
    picture("cmyk.tif", np.asarray(to_pillow(rgb).convert("CMYK").convert("RGB")))
    return expected


def main():
    HERE.mkdir(exist_ok=True)
    for old in HERE.iterdir():
        if old.name != "astropy.json":
            old.unlink()
    expected = {"codec": codec_files(), "own": own_files(), "resize": resize_cases(), "resize_float": float_cases()}
    (HERE / "pillow.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
