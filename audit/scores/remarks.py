"""What a reader should know before trusting scores, in words."""

from __future__ import annotations

from collections.abc import Iterator

from audit.scores.results import ScoreResult

#: Concepts named in a remark.
_NAMED = 5
#: Wrong names of which at least one is beyond their 95th percentile.
_FEW_CONTROLS = 20


def remarks_on(result: ScoreResult) -> Iterator[str]:
    """Sentences without their stop."""
    unknown = len(result.scores) - len(result.known)
    if unknown:
        yield f"{unknown:,} of {len(result.scores):,} concepts have no score; each has its reason"
    if result.not_generated:
        more = " …" if len(result.not_generated) > _NAMED else ""
        named = ", ".join(result.not_generated[:_NAMED])
        yield (
            f"{len(result.not_generated):,} concepts have images to compare with and no "
            f"generated ones: {named}{more}"
        )
    if result.known and all(one.count is None for one in result.known):
        yield "no counts: no threshold can be estimated without them (--counts FILE, or --dataset)"
    by_references = sum(one.pool_from == "references" for one in result.known)
    if 0 < by_references < len(result.known):
        yield (
            f"{by_references:,} concepts are compared with references, having fewer than "
            f"{result.settings.pool} training images: references may be alike in another way, "
            "and make a step where there is none"
        )
    copied = [one for one in result.known if one.copies]
    if copied:
        most = max(copied, key=lambda one: one.copies / one.compared)
        yield (
            f"{len(copied):,} concepts are compared with near copies of one picture (most: "
            f"{most.concept}, {most.copies:,} of {most.compared:,}): copies make scores larger "
            "in paper mode, and intervals too narrow in both"
        )
    without = [one for one in result.known if one.interval is None]
    if without:
        yield f"{len(without):,} scores have no interval: there is a single unit of some kind"
    fewest = min((len(one.controls) for one in result.known), default=0)
    if result.settings.mode == "audit" and 0 < fewest < _FEW_CONTROLS:
        yield (
            f"some concepts have only {fewest} wrong names to compare with: the 95th "
            f"percentile of fewer than {_FEW_CONTROLS} is a guess"
        )
