"""Reads table exports with astropy and compares them with what was written.

Usage: check_exports.py EXPECTED.json FILE ...   (format by ending: .vot, .fits, .ecsv)
Exit 0 if all is equal; the first difference is printed otherwise.
Written against astropy 5.2.1 (Debian 12: python3-astropy, python3-yaml).
"""
import json
import math
import sys
import warnings

import numpy as np
from astropy.io import votable
from astropy.io.votable import exceptions
from astropy.table import Table


def fail(where, what):
    sys.exit(f"{where}: {what}")


def read(path):
    if path.endswith(".vot"):
        # Anything that the standard forbids is an error.
        warnings.simplefilter("error", exceptions.VOTableSpecWarning)
        tree = votable.parse(path, verify="exception")
        return tree.get_first_table().to_table(use_names_over_ids=True)
    if path.endswith(".fits"):
        return Table.read(path, hdu=1)
    return Table.read(path, format="ascii.ecsv")


def same(cell, wanted, kind, path):
    if path.endswith(".fits") and kind == "boolean" and wanted is None:
        return not cell  # written as undefined, which astropy 5 reads as false
    missing = cell is np.ma.masked or (kind == "text" and cell in ("", b""))
    if wanted is None or wanted == "":
        return missing or (kind == "real" and math.isnan(cell))
    if missing:
        return kind == "real" and wanted == "nan"
    if kind == "real":
        wanted = float(wanted)
        return (math.isnan(cell) and math.isnan(wanted)) or float(cell) == wanted
    if kind == "integer":
        return int(cell) == wanted
    if kind == "boolean":
        return bool(cell) == wanted
    return str(cell) == wanted


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        expected = json.load(file)
    for path in sys.argv[2:]:
        table = read(path)
        names = [c["name"] for c in expected["columns"]]
        if table.colnames != names:
            fail(path, f"columns {table.colnames}, expected {names}")
        if len(table) != len(expected["rows"]):
            fail(path, f"{len(table)} rows, expected {len(expected['rows'])}")
        for k, column in enumerate(expected["columns"]):
            got = table[column["name"]]
            unit = "" if got.unit is None else got.unit.to_string()
            if unit != column["unit"]:
                fail(path, f"unit of {column['name']}: {unit!r}, expected {column['unit']!r}")
            if (got.description or "") != column["description"]:
                fail(path, f"description of {column['name']}: {got.description!r}")
            kind = {"i": "integer", "f": "real", "b": "boolean"}.get(got.dtype.kind, "text")
            if kind != column["type"]:
                fail(path, f"type of {column['name']}: {got.dtype}, expected {column['type']}")
            for i, row in enumerate(expected["rows"]):
                if not same(got[i], row[k], kind, path):
                    fail(path, f"{column['name']}[{i}]: {got[i]!r}, expected {row[k]!r}")
        print(path, "equals in", len(names), "columns and", len(table), "rows")


main()
