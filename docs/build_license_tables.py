"""Make the tables of ``audit/licenses/data`` that are copies of what others keep.

    python docs/build_license_tables.py CC_LEGAL_TOOLS_CSV SPDX_JSON EXCEPTIONS_JSON SCANCODE_JSON

- ``CC_LEGAL_TOOLS_CSV``: ``config/cc-legal-tools.csv`` of creativecommons/cc-legal-tools-data
- ``SPDX_JSON``: ``spdx.json`` of the npm package spdx-license-list
- ``EXCEPTIONS_JSON``: ``index.json`` of the npm package spdx-exceptions
- ``SCANCODE_JSON``: ``scancode-licensedb-index.json`` of the Python package license-expression

Their sources, versions and licenses are in ``audit/licenses/data/SOURCES.md``.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

DATA = Path(__file__).parents[1] / "audit" / "licenses" / "data"
#: What ScanCode's categories say of share-alike; of the others it says nothing.
SHARE_ALIKE = {"Copyleft": "yes", "Copyleft Limited": "yes", "Permissive": "no"}


def creative_commons(source: Path) -> None:
    """Category, unit, version, jurisdiction and SPDX identifier of every legal tool."""
    with source.open(encoding="utf-8", newline="") as stream:
        rows = [
            (
                row["CATEGORY"],
                row["UNIT"],
                row["VERSION"],
                row["JURISDICTION"],
                row["SPDX_IDENTIFIER"],
            )
            for row in csv.DictReader(stream)
        ]
    header = ("category", "unit", "version", "jurisdiction", "spdx")
    _write("creative_commons.csv", header, sorted(rows))


def spdx(source: Path, scancode: Path) -> None:
    """Every SPDX license that is none of Creative Commons', which have a table of their own."""
    known = json.loads(source.read_text("utf-8"))
    entries = json.loads(scancode.read_text("utf-8"))
    categories = {entry["spdx_license_key"]: entry["category"] for entry in entries}
    rows = []
    for identifier, entry in known.items():
        if identifier.startswith("CC") and identifier[2] in "0-":
            continue
        now = _current(identifier, known)
        rows.append(
            (
                identifier,
                entry["name"],
                "yes" if entry["osiApproved"] else "no",
                SHARE_ALIKE.get(categories.get(now, ""), ""),
                "" if now == identifier else now,
                entry.get("url", ""),
            )
        )
    header = ("id", "name", "osi_approved", "share_alike", "now", "url")
    _write("spdx.csv", header, sorted(rows, key=lambda row: row[0].lower()))


def _current(identifier: str, known: Iterable[str]) -> str:
    """SPDX's present name of a GNU license: the bare one always meant that version only."""
    for old, suffix in ((identifier.removesuffix("+"), "-or-later"), (identifier, "-only")):
        if identifier.endswith("+") == (suffix == "-or-later") and old + suffix in known:
            return old + suffix
    return identifier


def exceptions(source: Path) -> None:
    names = json.loads(source.read_text("utf-8"))
    _write("spdx_exceptions.csv", ("id",), [(name,) for name in sorted(names, key=str.lower)])


def _write(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with (DATA / name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:]]
    creative_commons(paths[0])
    spdx(paths[1], paths[3])
    exceptions(paths[2])
