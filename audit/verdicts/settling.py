"""What would settle an uncertain verdict: which of the doubts is in the way of an answer."""

from __future__ import annotations

from collections.abc import Iterator

from audit.verdicts.applied import AppliedThreshold
from audit.verdicts.exposures import Exposure
from audit.verdicts.judging import ABOVE, UNCERTAIN, Span, judge

#: Samples that are labelled at a time; the default of `audit label export`.
_LABELS = 200

COUNT_IMAGES = "count by image"
INGEST = "ingest samples: the dataset has none"
LABEL = f"label {_LABELS} samples"


def what_would_settle(
    exposure: Exposure, applied: AppliedThreshold, *, of_captions: bool, shared: bool = False
) -> tuple[str, ...]:
    """What to do about an uncertain verdict, the likeliest to help first; empty for others.

    A doubt that is alone in the way is named alone of its kind; if no doubt is, all are named.

    Parameters
    ----------
    of_captions:
        Whether captions were counted, and not images.
    shared:
        Whether a share of the named samples was assumed to show the concept.
    """
    threshold = applied.span
    if threshold is None or judge(exposure.span, threshold) != UNCERTAIN:
        return ()
    if exposure.value is None and of_captions:
        return ("give it a name or alias with letters or digits", COUNT_IMAGES)
    doubts = list(_doubts(exposure, applied, threshold, shared))
    alone = [step for step, settles in doubts if settles]
    steps = alone or [step for step, _ in doubts]
    if of_captions:
        return (*steps, COUNT_IMAGES)
    if exposure.unseen:
        steps.append("embed more images")
    if exposure.by_labels is None:
        return (*steps, LABEL)
    by_labels = judge(exposure.by_labels, threshold)
    told = (
        "label more samples" if by_labels == UNCERTAIN else f"by people's labels it is {by_labels}"
    )
    return (told, *steps)


def _doubts(
    exposure: Exposure, applied: AppliedThreshold, threshold: Span, shared: bool
) -> Iterator[tuple[str, bool]]:
    """Each doubt there is: what to do about it, and whether an answer would follow."""

    def settled(count: Span, against: Span = threshold) -> bool:
        return judge(count, against) != UNCERTAIN

    if exposure.is_unread:
        yield "read the unread shards", settled(exposure.when_read)
    if exposure.accidental:
        step = "look at examples, add a first name or exclusions"
        yield step, settled(exposure.when_meant)
    if shared and exposure.value is not None:
        middle = Span(exposure.value, exposure.value)
        yield "narrow the share", settled(middle)
    if threshold.low < threshold.high:
        yield _choosing(exposure, applied), _is_settled_by_choosing(exposure, applied)


def _is_settled_by_choosing(exposure: Exposure, applied: AppliedThreshold) -> bool:
    ends = _points(applied)
    return bool(ends) and all(judge(exposure.span, end) != UNCERTAIN for end in ends)


def _choosing(exposure: Exposure, applied: AppliedThreshold) -> str:
    """What to do about a threshold that is a band, or has an interval."""
    ends = _points(applied)
    if not ends:
        return "narrow the threshold"
    if len(ends) == 1 or not applied.not_named:
        return "narrow the threshold: score more concepts"
    step = f"name a {' or '.join(applied.not_named)}"
    if not _is_settled_by_choosing(exposure, applied):
        return step
    above = sum(judge(exposure.span, end) == ABOVE for end in ends)
    return f"{step} (above {above} of {len(ends)} values)"


def _points(applied: AppliedThreshold) -> list[Span]:
    """The thresholds that a band is made of."""
    entries = [entry for entry in applied.entries if entry.value is not None]
    return [Span(entry.low or 0, entry.high or 0) for entry in entries]
