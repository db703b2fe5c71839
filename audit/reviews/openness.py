"""How open a dataset is, computed from its parts.

After "Towards Best Practices for Open Datasets for LLM Training" (arXiv 2501.08365, its
terminology of openness), which tells three kinds of datasets apart. It does not order them; the
order here, from what asks most of rights to what asks least, is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from audit.datasets.dataset import Coverage
from audit.licenses.normalise import Normalised
from audit.reviews.rows import ReviewedRow
from audit.reviews.scopes import ScopeReview

Tier = Literal["openly licensed", "open access", "replicable"]
Holds = Literal["yes", "no", "unknown"]

_OPEN = ("open", "public-domain")
#: Open licenses that a dataset may have for itself, and an image cannot.
_OF_DATABASES = ("ODbL-1.0", "ODC-By-1.0")


@dataclass(frozen=True)
class TierAnswer:
    """Whether a dataset is of one kind.

    Attributes
    ----------
    holds:
        ``"unknown"`` where nothing rules it out, and the data cannot show it.
    why:
        What rules it out, or what the data cannot show.
    """

    tier: Tier
    holds: Holds
    why: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Openness:
    """The kind of a dataset, and what keeps it from being more open.

    Attributes
    ----------
    tier:
        The first kind that is proved; None if none is.
    answers:
        All three.
    blocking:
        Rows without an open license: all must go for the dataset to be openly licensed.
    blocking_rows:
        The first of them.
    """

    answers: tuple[TierAnswer, ...]
    blocking: int
    blocking_rows: tuple[ReviewedRow, ...]

    @property
    def tier(self) -> Tier | None:
        return next((one.tier for one in self.answers if one.holds == "yes"), None)

    def to_dict(self) -> dict[str, Any]:
        return {
            "tier": self.tier,
            "tiers": [answer.to_dict() for answer in self.answers],
            "blocking": self.blocking,
            "blocking_rows": [row.to_dict() for row in self.blocking_rows],
            "source": "arXiv 2501.08365, terminology of openness; the order is this tool's",
        }


def judge_openness(
    reviewed: ScopeReview,
    without_url: int,
    coverage: Coverage,
    own: Normalised | None,
    first_rows: Sequence[ReviewedRow],
) -> Openness:
    """The kind of what was reviewed.

    Parameters
    ----------
    without_url:
        Rows whose URL is missing.
    own:
        The dataset's own license.
    first_rows:
        Of those that are not open.
    """
    not_open = reviewed.named["not-open"].samples
    unread = () if coverage.complete else (coverage.describe(),)
    return Openness(
        (
            _openly_licensed(reviewed, unread, own),
            _with_urls(
                reviewed, "open access", without_url, ("whether every link still answers", *unread)
            ),
            _with_urls(
                reviewed,
                "replicable",
                without_url,
                ("how samples were chosen and processed: the dataset does not say", *unread),
            ),
        ),
        not_open,
        tuple(first_rows),
    )


def _openly_licensed(
    reviewed: ScopeReview, unread: tuple[str, ...], own: Normalised | None
) -> TierAnswer:
    samples, named = reviewed.samples, reviewed.named
    against = []
    if named["not-open"].samples:
        against.append(f"{_some(named['not-open'].samples, samples)} no open license")
    if own is None:
        against.append("the dataset says no license of its own (audit ingest --dataset-license)")
    elif own.status not in _OPEN and own.license.id not in _OF_DATABASES:
        against.append(f"the dataset's own license is {own.status}: {own.license.id}")
    if not samples:
        against.append("there are no samples")
    if against:
        return TierAnswer("openly licensed", "no", tuple(against))
    doubts = list(unread)
    if named["claimed"].samples:
        doubts.append(
            f"by what right {named['claimed'].samples:,} of {samples:,} samples are in the public "
            "domain"
        )
    if named["mapped"].samples:
        doubts.append(f"what the curator's map says of {named['mapped'].samples:,} samples")
    return TierAnswer("openly licensed", "unknown" if doubts else "yes", tuple(doubts))


def _some(number: int, samples: int) -> str:
    return f"{number:,} of {samples:,} samples {'has' if number == 1 else 'have'}"


def _with_urls(
    reviewed: ScopeReview, tier: Tier, without_url: int, open_questions: tuple[str, ...]
) -> TierAnswer:
    if not reviewed.samples:
        return TierAnswer(tier, "no", ("there are no samples",))
    if without_url:
        return TierAnswer(tier, "no", (f"{without_url:,} samples do not say where they are",))
    return TierAnswer(tier, "unknown", open_questions)
