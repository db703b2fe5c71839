"""A report as files: a page, JSON, Markdown, CSV tables, and the evidence beside them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from audit.datasets.dataset import Dataset
from audit.datasets.files import UNFINISHED, storage_errors, written_whole
from audit.datasets.outputs import check_output
from audit.dossiers.results import AuditReport
from audit.errors import UsageError, did_you_mean
from audit.formulas import harmless_texts
from audit.reports.report_markdown import report_markdown
from audit.reports.report_tables import COLUMNS, report_tables

EVIDENCE_SCHEMA = "audit.evidence/1"
#: Tells a folder of evidence from any other folder.
EVIDENCE_INDEX = "evidence.json"

#: JPEG of a sample in a concept's gallery, by number of the concept, shard and row.
Pictures = Callable[[int, str, int], bytes | None]

SUFFIXES = (".html", ".json", ".md")


def check_report_paths(
    paths: Sequence[Path], tables: Path | None, evidence: Path | None, dataset: Dataset
) -> None:
    """Refuse, before anything is counted, what could not be written at the end.

    Raises
    ------
    UsageError
        If a name says no format, a folder is not there, or something else is in the way.
    MissingPackageError
        If a page is asked for and what draws its charts is not installed.
    """
    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            raise UsageError(
                f"{path}: a report cannot be written as {path.suffix or 'a file without suffix'}.",
                hint=did_you_mean(path.suffix, SUFFIXES)
                or f"Use one of: {', '.join(SUFFIXES)}; --tables DIR writes CSV.",
            )
        if path.is_dir():
            raise UsageError(f"{path}: is a folder.", hint="Choose another name.")
        check_output(path, dataset)
    places = [*paths, *(place for place in (evidence, tables) if place is not None)]
    if len({place.resolve() for place in places}) < len(places):
        raise UsageError(
            "Two files or folders of the report have the same name.", hint="Name each once."
        )
    if any(path.suffix.lower() == ".html" for path in paths):
        from audit.reports.page import check_installed

        check_installed()
    if evidence is not None:
        check_output(evidence, dataset)
        _check_evidence_folder(evidence, paths)
    if tables is not None:
        check_output(tables, dataset)
        if tables.exists() and not tables.is_dir():
            raise UsageError(f"{tables}: is no folder.", hint="Choose another name for --tables.")
        _check_tables_folder(tables)


def _check_tables_folder(folder: Path) -> None:
    """Refuse to replace a file that no report wrote: these write all of their tables."""
    ours = {f"{name}.csv" for name in ("concepts", *COLUMNS)}
    there = {path.name for path in folder.iterdir()} & ours if folder.exists() else set()
    if there and there != ours:
        raise UsageError(
            f"{folder}: holds {sorted(there)[0]}, and not the other tables of a report.",
            hint="Name another folder with --tables.",
        )


def _check_evidence_folder(folder: Path, paths: Sequence[Path]) -> None:
    """Refuse to replace a folder that holds anything but evidence, or that of other reports."""
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise UsageError(f"{folder}: is in the way.", hint="Name another folder with --evidence.")
    if not any(folder.iterdir()):
        return
    try:
        index = json.loads((folder / EVIDENCE_INDEX).read_bytes())
        ours = index["schema"] == EVIDENCE_SCHEMA
        reports = [folder.parent / str(name) for name in index.get("reports", [])]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        ours, reports = False, []
    if not ours:
        raise UsageError(
            f"{folder}: holds something else than the evidence of a report.",
            hint="Name another folder with --evidence, or leave the evidence out.",
        )
    written = {path.resolve() for path in paths}
    others = [path for path in reports if path.exists() and path.resolve() not in written]
    if others:
        raise UsageError(
            f"{folder}: holds the rows behind {others[0]}, which would lose them.",
            hint="Give this report another name, or name another folder with --evidence; or write "
            "all files of a report at once.",
        )


def write_report(
    report: AuditReport,
    paths: Sequence[Path],
    *,
    gathered: Path,
    evidence: Path | None,
    tables: Path | None = None,
    pictures: Pictures = lambda number, shard, row: None,
    blur: bool = False,
) -> None:
    """Write a report.

    Parameters
    ----------
    paths:
        Each is written as its suffix says: one of :data:`SUFFIXES`.
    gathered:
        The folder in which the evidence was gathered; it stays as it is.
    evidence:
        Where the evidence goes; what was there is replaced. None to leave it out.
    tables:
        A folder for a CSV file of each table.
    blur:
        Show every picture blurred at first.

    Raises
    ------
    StorageError
        If something cannot be written. Files that are there are replaced whole or not at all.
    """
    if evidence is not None:
        _write_evidence(report, gathered, evidence, [_seen_from(evidence, path) for path in paths])
    for path in paths:
        beside = None if evidence is None else _seen_from(path, evidence)
        told = replace(report, evidence_folder=beside)
        _WRITERS[path.suffix.lower()](told.to_dict(), path, pictures, blur)
    if tables is not None:
        for name, frame in report_tables(report).items():
            with written_whole(tables / f"{name}.csv") as stream:
                harmless_texts(frame).write_csv(stream)


def _seen_from(path: Path, other: Path) -> str:
    return os.path.relpath(other.resolve(), path.resolve().parent)


def _write_evidence(
    report: AuditReport, gathered: Path, folder: Path, reports: Sequence[str]
) -> None:
    """Put a copy of the gathered evidence in the place of ``folder``."""
    new = folder.with_name(f"{folder.name}{UNFINISHED}{os.getpid()}")
    old = folder.with_name(f"{folder.name}{UNFINISHED}{os.getpid()}-old")
    try:
        with storage_errors(folder):
            new.mkdir(parents=True)
            for file in report.files:
                _linked(gathered / file.name, new / file.name)
            index = {
                "schema": EVIDENCE_SCHEMA,
                "dataset": report.dataset,
                "created": report.created,
                "tool_version": report.tool_version,
                "reports": list(reports),
                "files": [file.to_dict() for file in report.files],
            }
            text = json.dumps(index, ensure_ascii=False, indent=1)
            (new / EVIDENCE_INDEX).write_text(text, "utf-8", "replace")
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _linked(source: Path, target: Path) -> None:
    """The same file under another name where the system can do that; else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _write_page(report: Mapping[str, Any], path: Path, pictures: Pictures, blur: bool) -> None:
    from audit.reports.page import write_page

    write_page(report, path, pictures, blur=blur)


def _write_json(report: Mapping[str, Any], path: Path, pictures: Pictures, blur: bool) -> None:
    text = json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False)
    with written_whole(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace") + b"\n")


def _write_markdown(report: Mapping[str, Any], path: Path, pictures: Pictures, blur: bool) -> None:
    with written_whole(path) as stream:
        for line in report_markdown(report):
            stream.write(f"{line}\n".encode("utf-8", "replace"))


_WRITERS: dict[str, Callable[[Mapping[str, Any], Path, Pictures, bool], None]] = {
    ".html": _write_page,
    ".json": _write_json,
    ".md": _write_markdown,
}
