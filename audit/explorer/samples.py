"""What is shown of single samples: caption with its names marked, address, license, size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import duckdb

from audit.captions.highlight import find_names
from audit.datasets.dataset import Dataset
from audit.datasets.duckdb_paths import one_path
from audit.datasets.lookup import SampleRef, look_up
from audit.dossiers.gallery import unsafe_samples
from audit.explorer.answers import ImageAnswer
from audit.explorer.matches import PAGE, Match

_COLUMNS = ("host", "width", "height", "license")


@dataclass(frozen=True)
class ShownSample:
    """One sample on a page.

    Attributes
    ----------
    named, score, above:
        Of a match by image; None of one by caption.
    license, status:
        What the row says, and what is concluded of it; None where nobody looked.
    """

    ref: SampleRef
    shard: str
    caption: str
    spans: tuple[tuple[int, int], ...]
    from_source: bool
    url: str | None
    host: str | None
    width: int | None
    height: int | None
    license: str | None
    declared: str | None
    status: str | None
    unsafe: bool | None
    named: bool | None = None
    score: float | None = None
    above: bool | None = None
    place: tuple[int, int] | None = None


def of_matches(
    dataset: Dataset, matches: Sequence[Match], phrases: Sequence[str]
) -> list[ShownSample]:
    """Matches by caption."""
    told = look_up(dataset, [match.ref for match in matches])
    shown = []
    for match in matches:
        sample = told[match.ref]
        caption, spans = find_names(sample.caption or "", phrases)
        shown.append(
            ShownSample(
                match.ref, sample.shard, caption, tuple(spans), sample.from_source, sample.url,
                match.host, match.width, match.height, match.license, match.declared, match.status,
                match.unsafe,
            )
        )  # fmt: skip
    return shown


def of_images(dataset: Dataset, answer: ImageAnswer, page: int) -> list[ShownSample]:
    """A page of samples by their image, those most like the references first."""
    found, phrases = answer.count.scored, answer.count.phrases.phrases
    chosen = answer.order[PAGE * (page - 1) : PAGE * page]
    refs = [
        SampleRef(shard, row)
        for shard, row in zip(found.shard[chosen].tolist(), found.row[chosen].tolist(), strict=True)
    ]
    told, unsafe, columns = (
        look_up(dataset, refs),
        unsafe_samples(dataset, refs),
        _read(dataset, refs),
    )
    shown = []
    for number, ref in zip(chosen.tolist(), refs, strict=True):
        sample = told[ref]
        caption, spans = find_names(sample.caption or "", phrases)
        host, width, height, license = columns[ref]
        shown.append(
            ShownSample(
                ref, sample.shard, caption, tuple(spans), sample.from_source, sample.url,
                host, width, height, license, None, None, unsafe[ref],
                bool(found.named[number]) if answer.result.by == "both" else None,
                float(found.score[number]), bool(found.above[number]),
                (int(found.part[number]), int(found.image[number])),
            )
        )  # fmt: skip
    return shown


_Told = tuple[str | None, int | None, int | None, str | None]


def _read(dataset: Dataset, refs: Sequence[SampleRef]) -> dict[SampleRef, _Told]:
    """Host, width, height and license of some samples, as far as the dataset has them."""
    listed = ", ".join(name if name in dataset.columns else f"NULL AS {name}" for name in _COLUMNS)
    found: dict[SampleRef, _Told] = {}
    with duckdb.connect(config={"memory_limit": "400MB"}) as engine:
        for part in dataset.parts:
            rows = [ref.row for ref in refs if ref.ordinal == part.shard.ordinal]
            if rows:
                for row, host, width, height, license in engine.execute(
                    f"SELECT file_row_number, {listed} FROM read_parquet({one_path(part.path)}, "
                    "file_row_number = true, hive_partitioning = false) "
                    "WHERE list_contains(?, file_row_number)",
                    [rows],
                ).fetchall():
                    found[SampleRef(part.shard.ordinal, row)] = (host, width, height, license)
    return found


def safe_link(url: str | None) -> str | None:
    """An address that may stand in a link; None for all that is not plainly of the web.

    >>> safe_link("https://example.org/a b"), safe_link("javascript:alert(1)")
    ('https://example.org/a%20b', None)
    """
    if not url or len(url) > 2000:
        return None
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
            return None
        parts.port  # noqa: B018  (raises if it is none)
    except ValueError:
        return None
    if parts.username is not None or "\\" in url or any(ord(c) < 32 for c in url):
        return None
    return quote(url, safe=":/?#[]@!$&'()*+,;=%~")
