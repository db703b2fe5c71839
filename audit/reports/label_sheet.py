"""The file that a person labels: a page, JSON, or CSV that a spreadsheet shows and never runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audit.datasets.files import written_whole
from audit.formulas import harmless
from audit.labels.export import COLUMNS, PAGE_SUFFIXES, LabelSheet
from audit.reports.label_page import label_page
from audit.vectors.index import VectorIndex


def write_label_sheet(
    sheet: LabelSheet,
    path: Path,
    index: VectorIndex,
    on_progress: Callable[[float], None] = lambda share: None,
) -> None:
    """Write a sheet: as a page with pictures, as JSON, or as CSV, as the file is called.

    Raises
    ------
    StorageError
        If the file cannot be written.
    MissingPackageError
        If the page is wanted and Pillow is not installed.
    """
    kind = path.suffix.lower()
    if kind in PAGE_SUFFIXES:
        text: str = label_page(sheet, index, on_progress)
    else:
        text = _json(sheet) if kind == ".json" else _csv(sheet)
    with written_whole(path) as file:
        file.write(text.encode("utf-8", errors="replace"))


def _json(sheet: LabelSheet) -> str:
    record = {"concept": sheet.task.concept, "samples": list(sheet.rows)}
    return json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False)


def _csv(sheet: LabelSheet) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in sheet.rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    # With a mark at the start spreadsheets read it as UTF-8.
    return "\ufeff" + stream.getvalue()


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet runs: captions and URLs come from strangers."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    if not isinstance(value, str):
        return value
    return harmless(" ".join(value.replace("\x00", "").splitlines()))
