"""What the numbers of a report do not say, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from audit.counts.results import CountResult
from audit.counts.visual_results import VisualResult
from audit.datasets.overview import Overview
from audit.optouts.results import OptOutReview
from audit.reviews.results import DISCLAIMER, LicenseReview
from audit.verdicts.results import EVIDENCE, FlagResult


def limits(
    overview: Overview,
    where: str | None,
    count: CountResult | None,
    visual: VisualResult | None,
    flags: FlagResult | None,
    licenses: LicenseReview,
    optouts: OptOutReview,
) -> Iterator[str]:
    """A sentence for everything that a reader must know before a number is used."""
    coverage = overview.coverage
    if not coverage.complete:
        yield f"Not all of the dataset was read: {coverage.describe()}."
    if overview.gone:
        yield (
            f"{len(overview.gone):,} of the shards are no longer at their source. They are in the "
            "numbers; their captions are shown in the form that is searched, and without URLs."
        )
    if coverage.removed:
        yield (f"{coverage.removed:,} samples were removed on request before; no number has them.")
    if where is not None:
        yield (
            f"Only samples that meet the condition {where} were looked at, for concepts, licenses "
            "and opt-outs. Domains are of the whole dataset."
        )
    if count is not None:
        yield (
            f"{_census(coverage.complete)} {_sentence(count)} Other spellings and names that were "
            "not given are not found; whoever else bears the same name is counted too."
        )
        yield (
            "Licenses, hosts and opt-outs of a concept are those of the samples whose caption "
            "names it."
        )
    if count is not None and visual is None:
        yield "Images were not counted: what they show and captions do not name is not known."
    if visual is not None:
        yield f"Images were counted by similarity. Assumed: {visual.assumption}."
    if flags is not None:
        yield f"{_capital(flags.assumption)}."
        yield f"{_capital(EVIDENCE)}."
    yield f"{DISCLAIMER}."
    if not optouts.columns and not optouts.sidecars:
        yield (
            "No opt-out signals were kept with the dataset, and no server was asked. That nothing "
            "is known of an opt-out does not mean that there is none."
        )
    else:
        yield (
            "Opt-outs are as they were when they were noted. The absence of a signal is no "
            "permission."
        )


def _census(complete: bool) -> str:
    if complete:
        return "Captions were all read: their counts have no sampling error."
    return "Of what was read every caption was counted; what was not read may hold more."


def _sentence(count: CountResult) -> str:
    return f"{_capital(count.assumption)}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
