"""What stands between two snapshots and a fair comparison."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from audit.comparisons.snapshots import Snapshot, Thresholds


@dataclass(frozen=True)
class Caveat:
    """Something to know before a difference is used.

    Attributes
    ----------
    about:
        One word, which stays the same: ``where``, ``unread``, ``removals`` …
    """

    about: str
    message: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


def caveats(a: Snapshot, b: Snapshot) -> Iterator[Caveat]:
    """Every caveat on the whole comparison; those on one concept are with the concept."""
    yield from _question(a, b)
    yield from _reading(a, b)
    yield from _rights(a, b)
    if a.tool_version != b.tool_version:
        yield Caveat(
            "tool version",
            f"A was made by audit {a.tool_version}, B by {b.tool_version}: a difference may be of "
            "the rules and tables that it comes with.",
        )


def _question(a: Snapshot, b: Snapshot) -> Iterator[Caveat]:
    if a.where != b.where:
        yield Caveat(
            "where",
            f"A is about {_of_which(a)}, B about {_of_which(b)}: a difference may be of the "
            "condition, and not of the dataset.",
        )
    if (a.where or b.where) is not None:
        yield Caveat(
            "domains", "Domains are of the whole dataset on either side, without the condition."
        )
    if a.folding_version != b.folding_version and (a.concepts or b.concepts):
        yield Caveat(
            "folding",
            f"Captions were folded by version {a.folding_version} of the rules in A, and "
            f"{b.folding_version} in B: counts of captions are not compared.",
        )
    if a.concepts and b.concepts and a.counted_by != b.counted_by:
        yield Caveat(
            "by",
            f"Verdicts are by {_counted(a)} in A and by {_counted(b)} in B: why they differ is not "
            "told. What captions name is compared.",
        )
    for name, side in (("A", a), ("B", b)):
        if not side.concepts and (a.concepts or b.concepts):
            yield Caveat("concepts", f"{name} was not asked about any concept.")
    if a.thresholds and b.thresholds:
        yield from _thresholds(a.thresholds, b.thresholds)


def _thresholds(a: Thresholds, b: Thresholds) -> Iterator[Caveat]:
    if _chosen(a) != _chosen(b):
        yield Caveat(
            "thresholds",
            f"A was held against {_chosen(a)}, B against {_chosen(b)}. What the counts of "
            "one side are against the thresholds of the other is in --output json.",
        )
    if a.share != b.share:
        yield Caveat(
            "share",
            f"Of the named samples, {_share(a.share)} to show the concept in A and "
            f"{_share(b.share)} in B: why verdicts differ is not told.",
        )


def _reading(a: Snapshot, b: Snapshot) -> Iterator[Caveat]:
    for name, side in (("A", a), ("B", b)):
        read = side.read
        if not read.is_complete:
            rows = "nobody knows how many rows" if math.isinf(read.unread) else (
                f"{read.unread:,.0f} rows"
            )  # fmt: skip
            yield Caveat(
                "unread",
                f"{name}: {read.shards - read.read_shards:,} of {read.shards:,} shards were not "
                f"read ({rows}); differences have what they may hold in their interval, shares "
                "and rates are of what was read.",
            )
    in_all = f"{a.read.removed:,} samples in A and {b.read.removed:,} in B"
    for name, side, other in (("A", a, b), ("B", b, a)):
        # Removals are numbered for each dataset: of two, equal numbers say nothing.
        known = other.read.removals if a.is_related_to(b) else ()
        more = [one for one in side.read.removals if one not in known]
        if more:
            yield Caveat(
                "removals",
                f"{name} has removals on request that the other side does not have: "
                f"{_some(more)}. In all, {in_all} were removed, and are in no number.",
            )


def _rights(a: Snapshot, b: Snapshot) -> Iterator[Caveat]:
    one, other = a.licenses, b.licenses
    if one.on != other.on:
        yield Caveat(
            "on",
            f"Licenses were reviewed for {one.on} in A and for {other.on} in B: what ended between "
            "these days is another without any row having changed.",
        )
    if one.license_map != other.license_map:
        yield Caveat("license map", "Licenses were read by another map of the curator's, or "
                     "without one on one side.")  # fmt: skip
    if one.numbers != other.numbers:
        yield Caveat("numbers", "Licenses that are numbers were read by another numbering.")
    both_know = a.optouts.has_signals and b.optouts.has_signals
    if both_know and a.optouts.crawlers != b.optouts.crawlers:
        yield Caveat("crawlers", "Opt-outs are those said to other crawlers in A than in B.")


def _of_which(side: Snapshot) -> str:
    return "all samples" if side.where is None else f"samples that meet {side.where}"


def _counted(side: Snapshot) -> str:
    return "captions" if side.counted_by == "caption" else f"images ({side.counted_by})"


def _chosen(used: Thresholds) -> str:
    if used.whose == "given" and used.spans:
        span = used.spans[0]
        ends = f"{span.low:g}" if span.low == span.high else f"{span.low:g}–{span.high:g}"
        return f"{ends} images, given for all"
    parts = [
        f"{what} {name}"
        for what, name in (("model", used.model), ("group", used.group), ("domain", used.domain))
        if name is not None
    ]
    whose = "published thresholds" if used.whose == "published" else f"thresholds of {used.whose}"
    return f"{whose} ({', '.join(parts)})" if parts else whose


def _share(share: tuple[float, float] | None) -> str:
    return (
        "nothing was assumed" if share is None else f"{share[0]:.0%} to {share[1]:.0%} were taken"
    )


def _some(names: list[str]) -> str:
    listed = ", ".join(names[:5])
    return f"{listed} and {len(names) - 5:,} more" if len(names) > 5 else listed
