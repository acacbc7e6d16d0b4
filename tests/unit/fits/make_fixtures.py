"""Writes the FITS fixtures and what astropy reads from them.

Reference: astropy 8.0.2, numpy 2.4.6. Run from this folder: python make_fixtures.py
"""

import gzip
import hashlib
import json
import pathlib

import numpy as np
from astropy.io import fits

HERE = pathlib.Path(__file__).parent / "fixtures"
rng = np.random.default_rng(20)


def sky(height=40, width=52):
    """A faint Gaussian source on noise around zero, so that many values are negative."""
    y, x = np.mgrid[:height, :width]
    source = 60 * np.exp(-((x - 30) ** 2 + (y - 12) ** 2) / 40)
    return (source + rng.normal(0, 4, (height, width))).astype(np.float32)


def integers(dtype, low=None, high=None):
    values = np.round(sky() * 3).clip(low, high)
    return values.astype(dtype)


def describe(name, hdu=None):
    """Size, and a hash of the float32 pixels from the top row, NaN as the one bit pattern."""
    with fits.open(HERE / name, do_not_scale_image_data=name == "scaled.fits") as file:
        data = file[0 if hdu is None else hdu].data.astype(np.float64)
        if name == "scaled.fits":  # in double precision, where astropy uses single
            header = file[0].header
            data[data == header["BLANK"]] = np.nan
            data = data * header["BSCALE"] + header["BZERO"]
    planes = data.reshape((-1,) + data.shape[-2:])[:, ::-1, :].astype(np.float32)
    blank = np.isnan(planes)
    planes = np.where(blank, np.float32(0), planes)
    return {"file": name, "hdu": hdu,
            "size": [planes.shape[2], planes.shape[1], planes.shape[0]],
            "blank": int(blank.sum()), "first": float(planes[0, 0, 0]),
            "sum": float(planes.astype(np.float64).sum()),
            "sha256": hashlib.sha256(np.ascontiguousarray(planes).tobytes()).hexdigest()}


def write(name, hdu):
    hdus = hdu if isinstance(hdu, fits.HDUList) else fits.HDUList([hdu])
    hdus.writeto(HERE / name, overwrite=True, output_verify="exception")


def main():
    HERE.mkdir(exist_ok=True)
    for old in HERE.iterdir():
        old.unlink()
    out = []
    write("uint8.fits", fits.PrimaryHDU(integers(np.uint8, 0, 255)))
    write("int16.fits", fits.PrimaryHDU(integers(np.int16)))
    write("uint16.fits", fits.PrimaryHDU(integers(np.uint16, 0, 65535)))
    write("int32.fits", fits.PrimaryHDU(integers(np.int32) * 1000))
    write("int64.fits", fits.PrimaryHDU(integers(np.int64) * 1000))
    with_blank = sky()
    with_blank[3, 4] = with_blank[20, 30] = np.nan
    header = fits.Header()
    header["OBJECT"] = ("NGC 1", "name of the field")
    header["FILTER"] = "r"
    header["EXPTIME"] = 90.5
    header["NCOMBINE"] = 3
    header["PHOTOMET"] = True
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"] = 53.1234567890123, -27.5
    header["CD1_1"] = -7.3e-05
    header["BUNIT"] = "nanomaggy"
    header["LONGTEXT"] = "a long value, " * 12 + "end"
    header["HIERARCH ESO TEL AIRM"] = 1.25
    header["UNKNOWN"] = None
    header["HISTORY"] = "not a keyword"
    write("float32.fits", fits.PrimaryHDU(with_blank, header))
    write("float64.fits", fits.PrimaryHDU(with_blank.astype(np.float64)))
    out += [describe(n) for n in ("uint8.fits", "int16.fits", "uint16.fits", "int32.fits",
                                  "int64.fits", "float32.fits", "float64.fits")]

    scaled = fits.PrimaryHDU(integers(np.int16))
    scaled.data[5, 6] = -32768
    scaled.header["BLANK"] = -32768
    scaled.header["BSCALE"], scaled.header["BZERO"] = 0.025, -3.5
    with open(HERE / "scaled.fits", "wb") as file:
        file.write(scaled.header.tostring().encode())
        data = scaled.data.astype(">i2").tobytes()
        file.write(data + b"\0" * (-len(data) % 2880))
    out.append(describe("scaled.fits"))

    write("cube.fits", fits.PrimaryHDU(np.stack([sky(), sky(), sky()])[None]))
    out.append(describe("cube.fits"))
    bands = fits.HDUList([fits.PrimaryHDU(header=fits.Header({"SURVEY": "test", "EXPTIME": 1}))])
    for band in "grz":
        bands.append(fits.ImageHDU(sky(), name=band, header=fits.Header({"EXPTIME": 60})))
    bands.append(fits.BinTableHDU.from_columns([fits.Column("a", "D", array=[1.0])]))
    write("bands.fits", bands)
    out += [describe("bands.fits", hdu) for hdu in (1, 2, 3)]
    with open(HERE / "bands.fits", "rb") as plain:
        (HERE / "bands.fits.gz").write_bytes(gzip.compress(plain.read(), 9, mtime=0))
    out.append(describe("bands.fits.gz", 2))

    for kind in ("RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1"):
        values = integers(np.int16, 0 if kind == "PLIO_1" else None)
        name = f"{kind.lower()}.fits"
        tile = (values.shape[0], values.shape[1]) if kind == "HCOMPRESS_1" else (16, 20)
        write(name, fits.HDUList([fits.PrimaryHDU(),
                                  fits.CompImageHDU(values, compression_type=kind, tile_shape=tile,
                                                    header=fits.Header({"OBJECT": kind}))]))
        out.append(describe(name, 1))
    for name, method in [("quantized.fits", 1), ("quantized_blank.fits", 2)]:
        values = with_blank if method == 2 else sky()
        write(name, fits.HDUList([fits.PrimaryHDU(),
                                  fits.CompImageHDU(values, compression_type="RICE_1",
                                                    quantize_method=method, dither_seed=7,
                                                    quantize_level=16)]))
        out.append(describe(name, 1))
    write("empty.fits", fits.PrimaryHDU())
    write("spectrum.fits", fits.PrimaryHDU(np.arange(12.0)))
    (HERE / "astropy.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
