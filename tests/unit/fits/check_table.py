"""Reads the table of table_test.cpp with astropy; fails where a value, unit or text differs."""

import sys

import numpy as np
from astropy.io import fits
from astropy.table import Table

with fits.open(sys.argv[1]) as file:
    file.verify("exception")
    header = file["PREDICTIONS"].header
    assert header["MODEL"] == "embedded" and header["TASKHASH"] == "f" * 150
table = Table.read(sys.argv[1])
assert table.colnames == ["id", "p_lsbg", "ra", "n", "good"]
names = table["id"]
assert list(names.filled("") if hasattr(names, "filled") else names) == ["a", "", "x" * 88 + "\u00e9"]
assert table["id"].description == "stable identifier"
assert table["p_lsbg"][0] == 0.1 and np.isnan(np.ma.filled(table["p_lsbg"], np.nan)[1])
assert table["p_lsbg"][2] == 1e-300
assert table["p_lsbg"].description.startswith("the model's probability of this class, between")
assert table["p_lsbg"].description.endswith("of a rather long text")
assert table["ra"].unit == "deg" and table["ra"][2] == 350.25
assert np.ma.getmaskarray(table["ra"]).tolist() == [False, True, False]
assert table["n"][0] == -3 and table["n"][2] == 1 << 60
assert np.ma.getmaskarray(table["n"]).tolist() == [False, True, False]
assert table["n"].unit == "ct" and table["n"].description == "counts"
assert bool(table["good"][0]) and not bool(table["good"][1])
