"""What the columns of a dataset hold: one scan, for every disclosure about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from audit.datasets.dataset import Coverage, Dataset
from audit.datasets.presets import ROLES

_MEMORY = "400MB"
#: The hash of an URL without characters, which says nothing of where an image is.
_HASH_OF_NOTHING = int.from_bytes(hashlib.md5(b"", usedforsecurity=False).digest()[:8], "big")
#: A day as ISO 8601 writes it, with or without a time, or in digits as Common Crawl does.
_DAY = (
    r"CASE WHEN regexp_full_match(trim(crawl_date), '(19|20)\d{6}(\d{6})?') "
    "THEN CAST(try_strptime(left(trim(crawl_date), 8), '%Y%m%d') AS DATE) "
    "ELSE try_cast(left(trim(crawl_date), 10) AS DATE) END"
)
#: Languages that are told apart; the rest are added up.
_LANGUAGES = 20
#: Text without anything to read: what Python and Unicode call white space, and controls.
_BLANK = (
    r"^[\s\x00-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200f}\x{2028}-\x{202f}\x{205f}\x{2060}"
    r"\x{3000}\x{feff}]*$"
)


@dataclass(frozen=True)
class Period:
    """Days of crawling, of the samples whose ``crawl_date`` can be read as a day."""

    first: date
    last: date
    samples: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "samples": self.samples,
        }


@dataclass(frozen=True)
class Facts:
    """How many samples have what.

    Attributes
    ----------
    having:
        Role -> samples whose value is there and not blank; roles without a column are left out.
        ``"caption"`` is captions with a letter or digit, ``"url"`` addresses.
    columns:
        Role -> column of the source.
    any_of:
        Roles of one of :data:`SIGNALS` -> samples that have at least one of them.
    crawled:
        None where no day is known.
    languages:
        The most frequent, with their samples, and samples of all others.
    """

    dataset: str
    coverage: Coverage
    samples: int
    having: dict[str, int]
    columns: dict[str, str]
    any_of: dict[tuple[str, ...], int]
    crawled: Period | None
    languages: tuple[tuple[tuple[str, int], ...], int]

    def to_dict(self) -> dict[str, Any]:
        languages, others = self.languages
        return {
            "samples": self.samples,
            "having": self.having,
            "columns": self.columns,
            "crawled": self.crawled.to_dict() if self.crawled else None,
            "languages": {"listed": dict(languages), "others": others},
        }

    def having_any(self, roles: tuple[str, ...]) -> int:
        """Samples that have one of some roles: of a single one, or all of one of the signals."""
        return self.having.get(roles[0], 0) if len(roles) == 1 else self.any_of[roles]

    @property
    def what_they_are(self) -> str:
        """In words: addresses are only spoken of where there are some."""
        addresses = self.having.get("url", 0)
        if addresses == self.samples:
            return f"{self.samples:,} addresses of images with captions"
        return f"{self.samples:,} samples, {addresses:,} of them with an address, with captions"

    def share(self, samples: int) -> float | None:
        return samples / self.samples if self.samples else None


#: Roles of which one is enough -> what they are together.
SIGNALS: dict[str, tuple[str, ...]] = {
    "content hash": ("sha256", "md5"),
    "opt-out signal": (
        "x_robots_tag", "robots_txt", "tdm_reservation", "tdm_policy", "data_mining",
        "training_mining",
    ),
}  # fmt: skip


def gather_facts(dataset: Dataset) -> Facts:
    """Count what the columns of a dataset hold, in one scan of them."""
    mapped = dataset.manifest.mapping.columns
    roles = [role for role in ROLES if role in mapped]
    wanted = {role: _there(role) for role in roles}
    for name, alternatives in SIGNALS.items():
        here = [wanted[role] for role in alternatives if role in wanted]
        if here:
            wanted[name] = " OR ".join(here)
    day = _DAY if "crawl_date" in roles else "NULL::DATE"
    counts = ", ".join(f"count(*) FILTER ({condition})" for condition in wanted.values())
    with duckdb.connect(config={"memory_limit": _MEMORY}) as engine:
        found: tuple[Any, ...] = (0, None, None, 0, *(0 for _ in wanted))
        languages: list[tuple[str, int, int]] = []
        samples = dataset.remaining_sql(engine) if dataset.parts else ""
        if dataset.parts:
            (found,) = engine.execute(
                f"SELECT count(*), min({day}), max({day}), count({day}), {counts} FROM {samples}"
            ).fetchall()
            if "language" in roles:
                languages = engine.execute(
                    "SELECT language, count(*) AS samples, sum(samples) OVER ()::BIGINT "
                    f"FROM {samples} WHERE {wanted['language']} GROUP BY language "
                    f"ORDER BY samples DESC, language LIMIT {_LANGUAGES}"
                ).fetchall()
    total, first, last, dated, *each = found
    having = dict(zip(wanted, each, strict=True))
    listed = tuple((language, count) for language, count, _ in languages)
    others = languages[0][2] - sum(count for _, count in listed) if languages else 0
    return Facts(
        dataset=dataset.name,
        coverage=dataset.coverage,
        samples=total,
        having={role: having[role] for role in roles},
        columns={role: mapped[role] for role in roles},
        any_of={roles: having.get(name, 0) for name, roles in SIGNALS.items()},
        crawled=Period(first, last, dated) if dated else None,
        languages=(listed, others),
    )


def _there(role: str) -> str:
    """SQL: whether a sample has a value of this role."""
    if role == "url":
        return f"(url_hash IS NOT NULL AND url_hash <> {_HASH_OF_NOTHING})"
    if role == "caption":
        return "(caption IS NOT NULL AND caption <> ' ')"
    text = f"CAST({role} AS VARCHAR)"
    return f"({role} IS NOT NULL AND NOT regexp_matches({text}, '{_BLANK}'))"
