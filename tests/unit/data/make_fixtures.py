"""Writes the fixtures of the data tests into fixtures/ beside this file.

Made with Python 3.11, numpy 2.4.6, h5py 3.16.0, astropy 8.0.2 and Pillow 13.0.0; the tests need only the
files. Pixel values follow ramps, so that the tests can state them.
"""

import pathlib
import zlib

import h5py
import numpy as np
from astropy.io import fits
from PIL import Image

OUT = pathlib.Path(__file__).parent / "fixtures"


def ramp(shape, dtype):
    """0, 1, 2, ... in C order, modulo 251 so that no period fits an axis."""
    return (np.arange(np.prod(shape)) % 251).astype(dtype).reshape(shape)


def npy():
    folder = OUT / "npy"
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "X_test.npy", ramp((6, 8, 7, 3), "u1"))
    np.save(folder / "y_test.npy", np.array([1, 0, 0, 1, 1, 0]))
    np.save(folder / "first_big.npy", ramp((3, 2, 5, 4), ">f4") + np.float32(0.5))
    np.save(folder / "grey.npy", ramp((2, 5, 6), "u1"))
    np.save(folder / "int16.npy", ramp((4, 5, 6), "<i2") - 100)
    np.save(folder / "half.npy", np.array([0.5, -2.0, 65504.0, 6e-8, np.inf, np.nan], "<f2")
            .reshape(1, 2, 3))
    np.save(folder / "double.npy", ramp((2, 5, 6), ">f8") / 4)
    np.save(folder / "fortran.npy", np.asfortranarray(ramp((2, 5, 6), "u1")))
    np.save(folder / "objects.npy", np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    np.save(folder / "records.npy", np.zeros(3, dtype=[("a", "i4"), ("b", "f4")]))
    np.save(folder / "flat.npy", ramp((4, 30), "u1"))
    np.save(folder / "names.npy", np.array(["lsbg", "artéfact"]))
    np.save(folder / "names_big.npy", np.array(["lsbg", "artéfact"]).astype(">U8"))
    np.save(folder / "bytes.npy", np.array([b"lsbg", b"artifact"]))


def hdf5():
    folder = OUT / "hdf5"
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / "galaxymnist.hdf5", "w") as f:
        f["images"] = ramp((4, 3, 6, 5), "u1")
        f["labels"] = np.array([3, 0, 1, 2])
    with h5py.File(folder / "galaxy10.h5", "w") as f:
        f.create_dataset("images", data=ramp((5, 6, 5, 3), "u1"), chunks=(2, 6, 5, 3),
                         compression="gzip")
        f["ans"] = np.arange(5, dtype="u1")
        f["ra"] = np.linspace(10, 20, 5)
        f["redshift"] = np.linspace(0, 1, 5, dtype="f4")
    with h5py.File(folder / "grouped.h5", "w") as f:
        f["set/cutouts"] = ramp((3, 2, 5, 4), ">f4")
        f["set/kind"] = np.array(["lsbg", "artifact", "lsbg"], dtype=h5py.string_dtype())
        f["set/object_id"] = np.array([b"a7", b"a8", b"a9"])
        f["set/flagged"] = np.array([True, False, True])
        f["set/truth.flux"] = np.array([1.5, 2.5, 3.5])
    with h5py.File(folder / "links.h5", "w") as f:
        f["images"] = h5py.ExternalLink("galaxymnist.hdf5", "images")
        f["soft"] = h5py.SoftLink("/images")
        layout = h5py.VirtualLayout(shape=(4, 3, 6, 5), dtype="u1")
        layout[:] = h5py.VirtualSource("galaxymnist.hdf5", "images", shape=(4, 3, 6, 5))
        f.create_virtual_dataset("virtual", layout)
        f.create_dataset("outside", shape=(4, 6, 5), dtype="u1", external=[("secret.bin", 0, 120)])


def fits_files():
    folder = OUT / "fits"
    for sub in ("suffix", "folders/g", "folders/r", "one"):
        (folder / sub).mkdir(parents=True, exist_ok=True)

    def plane(value, shape=(3, 4)):
        return np.full(shape, value, dtype="f4")

    def write(path, data, **keys):
        hdu = fits.PrimaryHDU(data)
        for key, value in keys.items():
            hdu.header[key] = value
        hdu.writeto(folder / path, overwrite=True)

    for number, band in enumerate("grz"):
        write(f"suffix/ngc1-{band}.fits", plane(10 + number), OBJECT="NGC 1", EXPTIME=90.5)
        if band != "z":
            write(f"suffix/ngc2_{band}.fits", plane(20 + number), OBJECT="NGC 2", EXPTIME=91.5)
    write("suffix/ngc3.g.fits", plane(30))
    write("suffix/ngc3.r.fits", plane(31, (5, 5)))
    write("suffix/ngc3.z.fits", plane(32))
    for band in "gr":
        write(f"folders/{band}/m31.fits", plane(1 if band == "g" else 2))
    write("one/cube.fits", np.stack([plane(v) for v in (1, 2, 3)]), OBJECT="cube")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(plane(3), name="z"),
                  fits.ImageHDU(plane(1), name="g"),
                  fits.ImageHDU(plane(2), name="r")]).writeto(folder / "one/hdus.fits",
                                                             overwrite=True)
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(plane(7, (16, 16)))]).writeto(
        folder / "one/tiles.fits.fz", overwrite=True)


def images():
    folder = OUT / "images"
    for sub in ("spiral", "smooth"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    for name, shade in (("spiral/a2", 20), ("spiral/a10", 100), ("smooth/b1", 200)):
        Image.fromarray(np.full((6, 5, 3), shade, "u1")).save(folder / f"{name}.png")


def events():
    folder = OUT / "events"
    (folder / "cvn").mkdir(parents=True, exist_ok=True)
    maps = ramp((3, 4, 4), "u1")  # [view][wire][time]
    for n in (2, 10):
        (folder / f"cvn/event{n}.gz").write_bytes(zlib.compress((maps + n).tobytes()))
    (folder / "cvn-truth.csv").write_text(
        "file,label,e_nu_gev\nevents/event10.png,nue_cc,2.5\nevents/event2.png,nc,\n")
    for run, pid in (("a", "nuecc"), ("b", "nc")):
        event = folder / f"pixelmaps/{run}/17"
        event.mkdir(parents=True, exist_ok=True)
        for view, shade in (("xz", 10), ("yz", 20)):
            Image.fromarray(np.full((4, 6), shade, "u1")).save(event / f"17_{view}.png")
        (event / "17_pid.txt").write_text(pid + "\n")
    Image.fromarray(np.moveaxis(maps, 0, -1)).save(folder / "uvz.png")
    with h5py.File(folder / "views.h5", "w") as f:
        f["maps/xz"] = ramp((3, 4, 5), "u1")
        f["maps/yz"] = ramp((3, 6, 5), ">f4")
        f["run"] = np.array([1, 1, 2])
        f["subrun"] = np.array([0, 0, 0])
        f["event"] = np.array([7, 8, 7])
        f["label"] = np.array([b"nc", b"nue_cc", b"nc"])


if __name__ == "__main__":
    npy()
    hdf5()
    fits_files()
    images()
    events()
