"""Files of thresholds: TOML as :mod:`audit.thresholds.published` has it, CSV, or JSON.

JSON is what `audit thresholds` or `audit threshold` answered. Every mistake is told with its line;
a file with one is not used at all.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.concepts.concept import check_domain
from audit.curated.problems import Problem, is_text, refusal, shown
from audit.curated.tables import TextTable, split_cell
from audit.curated.text import read_text, reader_for
from audit.curated.toml_places import TomlPlaces, load_toml
from audit.errors import ConceptError, UsageError, did_you_mean
from audit.thresholds.estimated import Voice, is_estimate, threshold_of_estimate
from audit.thresholds.known import SCHEMA, KnownThreshold, KnownThresholds, check_values

_TEXTS = ("domain", "group", "training_set", "unit", "method", "source", "reason")
_LISTS = ("models", "caveats")
_KEYS = ("value", "interval", *_LISTS, *_TEXTS)
#: Keys that may stand before the first threshold of a TOML file, and hold for all.
_DEFAULTS = ("domain", "models", "training_set", "unit", "method", "source", "caveats")
#: Columns of a table -> keys; ``low`` and ``high`` are the ends of the interval.
_COLUMNS = {key: key for key in (*_KEYS, "low", "high") if key != "interval"}
_OTHER_COLUMNS = {"threshold": "value", "model": "models"}
_WHAT = "a file of thresholds"


@dataclass
class _Entry:
    """One threshold as the file has it: values not checked yet, and the line of each key."""

    line: int
    values: dict[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)
    #: Says which entry it is where many share a line: ``" (entry 3)"``.
    label: str = ""


@dataclass
class _Parsed:
    entries: list[_Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    #: What the file says of all thresholds.
    notes: tuple[str, ...] = ()
    #: What needs no checking any more.
    estimate: KnownThreshold | None = None


def read_thresholds(path: str | Path, voice: Voice = "audit") -> KnownThresholds:
    """Read a file of thresholds.

    Parameters
    ----------
    path:
        A UTF-8 file: ``.toml``, ``.csv``, ``.tsv`` or ``.json``.
    voice:
        Of an answer of `audit threshold`: its own estimate, or the value of the paper's rule. They
        are never mixed: where one has no threshold, there is none.

    Raises
    ------
    UsageError
        If the file cannot be read or is empty, or with every problem of it, one a line as
        ``file:line: problem``.
    """
    path = Path(path)
    parse = reader_for(path, None, _PARSERS, _WHAT)
    text = read_text(path, _WHAT)
    try:
        parsed = parse(text, path, voice)
    except (RecursionError, ValueError) as error:
        # Thousands of brackets or digits: valid, and more than the parsers of Python take.
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(f"{path}: cannot be read: {reason}.", hint=f"Is this {_WHAT}?") from error
    if parsed.estimate is not None:
        return KnownThresholds((parsed.estimate,))
    problems = [*parsed.problems, *_problems_of_all(parsed.entries)]
    if problems:
        raise refusal(sorted(problems, key=lambda problem: problem.line), path)
    if not parsed.entries:
        raise UsageError(
            f"{path}: holds no thresholds.", hint="Add a [[threshold]] with a domain and a value."
        )
    return KnownThresholds(tuple(_built(entry, path) for entry in parsed.entries), parsed.notes)


def _built(entry: _Entry, path: Path) -> KnownThreshold:
    values: dict[str, Any] = {"value": None, "place": f"{path.name}:{entry.line}"}
    for key, value in entry.values.items():
        values[key] = tuple(value) if isinstance(value, list) else value
    return KnownThreshold(**values)


def _problems_of_all(entries: list[_Entry]) -> Iterator[Problem]:
    seen: dict[tuple[Any, ...], _Entry] = {}
    for entry in entries:
        found = list(_problems(entry))
        yield from found
        if found:
            continue
        kind = tuple(entry.values.get(key) for key in ("domain", "group", "training_set"))
        for model in entry.values.get("models") or [None]:
            first = seen.setdefault((*kind, model), entry)
            if first is not entry:
                yield Problem(
                    entry.line,
                    f"line {first.line} has a threshold for the same already{entry.label}",
                )
                break


def _problems(entry: _Entry) -> Iterator[Problem]:
    """Every value that is wrong, with its line."""

    def problem(key: str, text: str) -> Problem:
        return Problem(entry.lines.get(key, entry.line), text + entry.label)

    values = entry.values
    for key, value in values.items():
        if key not in _KEYS:
            near = did_you_mean(key, _KEYS) or f"Keys: {', '.join(_KEYS)}."
            yield problem(key, f"unknown key {key!r}. {near}")
        elif key in _TEXTS and not (is_text(value) and value.strip()):
            yield problem(key, f"{key} must be text, not {shown(value)}")
        elif key in _LISTS and not _is_list_of_texts(value):
            yield problem(key, f"{key} must be a list of texts, not {shown(value)}")
        elif key == "domain":
            try:
                check_domain(value)
            except ConceptError as error:
                yield problem(key, f"{error.message} {error.hint}")
    if "domain" not in values:
        yield problem("value", "a threshold without domain: say what kind of concept it is for")
    if ("value" in values) == ("reason" in values):
        yield problem("value", "give a value, or the reason why there is none")
    elif "value" in values:
        interval = values.get("interval")
        if interval is not None and not isinstance(interval, list):
            yield problem("interval", f"interval must be two numbers, not {shown(interval)}")
        else:
            wrong = check_values(values["value"], interval)
            if wrong is None and interval and not interval[0] <= values["value"] <= interval[1]:
                wrong = f"the value {values['value']:g} is outside its interval"
            if wrong:
                yield problem("value", wrong)
    elif "interval" in values:
        yield problem("interval", "an interval of no value")


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(is_text(v) and v.strip() for v in value)


def _parse_toml(text: str, path: Path, voice: Voice) -> _Parsed:
    whole = load_toml(text)
    if isinstance(whole, Problem):
        return _Parsed(problems=[whole])
    places = TomlPlaces(text, "threshold")
    parsed = _Parsed()
    tables = whole.pop("threshold", [])
    notes = whole.pop("notes", [])
    defaults = {key: whole.pop(key) for key in _DEFAULTS if key in whole}
    for key in whole:
        near = did_you_mean(key, ("threshold", "notes", *_DEFAULTS))
        known = f"Expected [[threshold]], notes, and defaults for {', '.join(_DEFAULTS)}."
        text = f"unknown key {key!r}. {near or known}"
        parsed.problems.append(Problem(places.top.get(key, 1), text))
    if not _is_list_of_texts(notes):
        line = places.top.get("notes", 1)
        parsed.problems.append(Problem(line, "notes must be a list of texts"))
    else:
        parsed.notes = tuple(notes)
    # A default is checked once, where it stands, and not again for every threshold.
    whole_entry = _Entry(1, {"domain": "face", "value": 1, **defaults}, places.top)
    wrong = list(_problems(whole_entry))
    if wrong or not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        if not wrong:
            wrong = [Problem(places.top.get("threshold", 1), "write [[threshold]]")]
        parsed.problems += wrong
        return parsed
    common = defaults.pop("caveats", [])
    for index, table in enumerate(tables):
        line, lines = places.of_table(index)
        own = table.get("caveats", [])
        caveats = [*common, *own] if isinstance(own, list) else own
        with_caveats = {"caveats": caveats} if common or "caveats" in table else {}
        parsed.entries.append(_Entry(line, {**defaults, **table, **with_caveats}, lines))
    return parsed


def _parse_csv(text: str, path: Path, voice: Voice) -> _Parsed:
    return _parse_table(TextTable(text))


def _parse_tsv(text: str, path: Path, voice: Voice) -> _Parsed:
    return _parse_table(TextTable(text, "\t"))


def _parse_table(table: TextTable) -> _Parsed:
    parsed = _Parsed()
    try:
        header = [_OTHER_COLUMNS.get(cell, cell) for cell in table.read_header()]
        for cell in header:
            if cell not in _COLUMNS:
                near = did_you_mean(cell, _COLUMNS) or f"Columns: {', '.join(_COLUMNS)}."
                parsed.problems.append(Problem(1, f"unknown column {cell!r}. {near}"))
        if len(set(header)) < len(header):
            parsed.problems.append(Problem(1, "a column is there twice"))
        if parsed.problems:
            return parsed
        for line, row in table:
            if len(row) > len(header):
                text = f"{len(row)} cells, but the header has {len(header)} columns"
                parsed.problems.append(Problem(line, text))
            elif any(row):
                cells = {key: cell for key, cell in zip(header, row, strict=False) if cell}
                parsed.entries.append(_Entry(line, _values_of(cells)))
    except csv.Error as error:
        parsed.problems.append(Problem(table.line, str(error)))
    return parsed


def _values_of(cells: dict[str, str]) -> dict[str, Any]:
    ends = [_number(cells.pop(end, None)) for end in ("low", "high")]
    values: dict[str, Any] = {
        key: split_cell(cell) if key in _LISTS else cell for key, cell in cells.items()
    }
    if "value" in values:
        values["value"] = _number(values["value"])
    if ends != [None, None]:
        values["interval"] = ends
    return values


def _number(cell: str | None) -> float | str | None:
    """A cell as a number; as it is where it is none, to be told as a mistake."""
    try:
        return None if cell is None else float(cell)
    except ValueError:
        return cell


def _parse_json(text: str, path: Path, voice: Voice) -> _Parsed:
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        return _Parsed(problems=[Problem(error.lineno, error.msg, error.colno)])
    if is_estimate(record):
        return _Parsed(estimate=threshold_of_estimate(record, path, voice))
    listed = record.get("thresholds") if isinstance(record, dict) else None
    if not isinstance(listed, list) or record.get("schema") != SCHEMA:
        expected = "expected an answer of `audit threshold` or `audit thresholds`"
        return _Parsed(problems=[Problem(1, expected)])
    parsed = _Parsed(notes=tuple(filter(is_text, record.get("notes") or ())))
    for number, one in enumerate(listed, start=1):
        if not isinstance(one, dict):
            parsed.problems.append(Problem(1, f"a threshold is an object, not {shown(one)}"))
            continue
        # Programs write null for what they do not know; where it was read before, nobody needs.
        given = {key: v for key, v in one.items() if v is not None and key != "place"}
        parsed.entries.append(_Entry(1, given, label=f" (entry {number})"))
    return parsed


_PARSERS: dict[str, Callable[[str, Path, Voice], _Parsed]] = {
    ".toml": _parse_toml,
    ".csv": _parse_csv,
    ".tsv": _parse_tsv,
    ".json": _parse_json,
}
