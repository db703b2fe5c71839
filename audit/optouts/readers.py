"""The readers: what is read, after which specification, and which column each reads.

To add one, write a function ``(value, asking) -> list[Signal]``, describe what it reads in
``data/specifications.toml``, and enter it in :data:`READERS`, or :func:`register` it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from audit.optouts import (
    crawling,
    data_mining,
    headers,
    html_meta,
    robots_tags,
    tdmrep,
    training_mining,
)
from audit.optouts.preferences import CONTENT_SIGNAL, CONTENT_USAGE, read_preferences
from audit.optouts.signals import ALL_USES, Audience, Signal, shortened

#: What is kept instead of a value where a check failed; the rest says how.
ERROR = "error:"
#: Stands between several values that are kept as one, each of which is read by itself.
SEPARATOR = "\x1e"


@dataclass(frozen=True)
class Specification:
    """What a reader reads, in which version."""

    title: str
    version: str
    date: str  #: ISO 8601, of that version
    url: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Reader:
    """Turns kept values into signals."""

    name: str
    #: Role of the column that it reads; None if its signals come out of another one's.
    role: str | None
    read: Callable[[str, Audience], list[Signal]]
    specification: Specification | None


@cache
def specifications() -> dict[str, Specification]:
    """Specifications of the package's readers, by reader."""
    text = (files("audit.optouts") / "data" / "specifications.toml").read_text("utf-8")
    return {name: Specification(**entry) for name, entry in tomllib.loads(text).items()}


def _robots_txt(value: str, asking: Audience) -> list[Signal]:
    word = value.strip().lower()
    if word in ("denied", "disallowed", "disallow", "no", "false"):
        reason = "Crawling was denied by robots.txt, as the dataset says."
        return [Signal("robots.txt", "denied", ALL_USES, shortened(value), "robots.txt", reason)]
    if word in ("allowed", "allow", "yes", "true"):
        return []  # could be fetched, which says nothing of a use
    if ":" not in value:
        reason = "The value is neither a robots.txt nor what one says."
        return [Signal("robots.txt", "unknown", ALL_USES, shortened(value), "robots.txt", reason)]
    return crawling.read_robots_txt(value, asking)


def _reader(name: str, role: str | None, read: Callable[[str, Audience], list[Signal]]) -> Reader:
    return Reader(name, role, read, specifications().get(name))


#: Every reader by its name.
READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        _reader(
            robots_tags.READER, "x_robots_tag", lambda v, _: robots_tags.read_x_robots_tag(v)
        ),
        _reader(crawling.READER, "robots_txt", _robots_txt),
        _reader(tdmrep.READER, "tdm_reservation", lambda v, _: [tdmrep.read_reservation(v)]),
        _reader(
            data_mining.READER, "data_mining", lambda v, _: data_mining.read_data_mining_values(v)
        ),
        _reader(
            training_mining.READER,
            "training_mining",
            lambda v, _: training_mining.read_training_mining(v),
        ),
        _reader("headers", "http_headers", lambda v, _: headers.read_headers(v)),
        # The page that shows the image, or its head
        _reader(
            html_meta.READER,
            "page_html",
            lambda v, asking: html_meta.read_html(v, tuple(asking.crawlers)),
        ),
        _reader(CONTENT_USAGE, None, lambda v, _: read_preferences(v, CONTENT_USAGE)),
        _reader(CONTENT_SIGNAL, None, lambda v, _: read_preferences(v, CONTENT_SIGNAL)),
    )
}  # fmt: skip


def register(reader: Reader) -> None:
    """Add a reader, or put it in the place of the one of its name."""
    READERS[reader.name] = reader


def roles() -> dict[str, list[Reader]]:
    """Role of a column -> the readers that read it."""
    by_role: dict[str, list[Reader]] = {}
    for reader in READERS.values():
        if reader.role:
            by_role.setdefault(reader.role, []).append(reader)
    return by_role


def read_stored(values: Mapping[str, str | None], asking: Audience) -> list[Signal]:
    """The signals in the kept values of one sample.

    Parameters
    ----------
    values:
        Role of a column -> its value; what is missing or blank says nothing. Several values may
        be there with ``SEPARATOR`` between them. A line that begins with ``error:`` is unknown,
        and takes nothing from the others.
    """
    signals: list[Signal] = []
    for role, readers in roles().items():
        value = values.get(role)
        if value is None or not value.strip():
            continue
        for reader in readers:
            signals += _read(reader, value, asking)
    policy = values.get("tdm_policy")
    if policy and policy.strip():
        signals = [_with_policy(signal, policy) for signal in signals]
    return signals


def _read(reader: Reader, text: str, asking: Audience) -> Iterator[Signal]:
    for value in text.split(SEPARATOR):
        if ERROR in value.lower():
            lines = value.splitlines()
            failed = [line for line in lines if line.lstrip().lower().startswith(ERROR)]
            for line in failed:
                reason = f"It could not be read ({shortened(line)})."
                yield Signal(reader.name, "unknown", ALL_USES, shortened(line), "check", reason)
            # What could be read stands beside it.
            value = "\n".join(line for line in lines if line not in failed)
        if value.strip():
            yield from _read_one(reader, value, asking)


def _read_one(reader: Reader, value: str, asking: Audience) -> Iterator[Signal]:
    try:
        yield from reader.read(value, asking)
    except Exception as error:
        # Whatever a reader stumbles over, of its author's making or an attacker's, is unknown.
        reason = f"The reader failed ({type(error).__name__}: {error})."
        yield Signal(reader.name, "unknown", ALL_USES, shortened(value), "reader", reason)


def _with_policy(signal: Signal, policy: str) -> Signal:
    if signal.reader != tdmrep.READER or signal.answer != "denied" or "Terms:" in signal.reason:
        return signal
    told = tdmrep.read_reservation("1", policy, source=signal.source)
    return Signal(**{**asdict(signal), "reason": told.reason, "uses": signal.uses})
