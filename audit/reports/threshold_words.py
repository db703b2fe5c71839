"""What a plot of a threshold says in words: the verdict, what it rests on, and the other voice."""

from __future__ import annotations

import textwrap

from audit.reports.markup import shortened, visible
from audit.reports.tables import counted
from audit.thresholds.results import AuditThreshold, ThresholdEstimate, interval_text

#: Characters of a line that fits above the plot, of the title's size and of the subtitle's.
_TITLE, _SUBTITLE = 84, 112
_LONGEST_NAME = 80


def title(audit: AuditThreshold) -> str:
    """The verdict in a sentence."""
    if audit.threshold is None or audit.interval is None:
        return f"{audit.verdict.capitalize()}: {audit.reason}"
    beyond = ", perhaps beyond" if any(audit.interval_open) else ""
    interval = f"{percent(audit)}: {interval_text(audit.interval)}{beyond}"
    return f"Threshold: {counted(round(audit.threshold), 'image')} ({interval})"


def subtitle(estimate: ThresholdEstimate, drawn: int) -> list[str]:
    """Sentences below the title.

    Parameters
    ----------
    drawn:
        How many of the concepts are drawn.
    """
    audit, series = estimate.audit, estimate.series
    of = [plain_name(part) for part in (estimate.domain, estimate.model) if part]
    dots = "a dot each"
    if drawn < len(series):
        dots = f"of which {drawn:,} are drawn, chosen at random (seed {audit.settings.seed})"
    said = [f"{counted(len(series), 'concept')}{' of ' + ', '.join(of) if of else ''}, {dots}."]
    if audit.verdict == "threshold":
        said.append(f"{audit.reason[0].upper()}{audit.reason[1:]}.")
    elif audit.crossing is not None:
        said.append(
            f"The scores reach the level at {counted(round(audit.crossing.count), 'image')} "
            f"({percent(audit)}: {interval_text(audit.crossing.interval)}): a crossing, and no "
            "threshold."
        )
    said.append(_published(estimate))
    return said


def _published(estimate: ThresholdEstimate) -> str:
    threshold = estimate.paper.threshold
    if threshold is None:
        return "The published rule finds no change of the mean; it has no interval and no test."
    return (
        f"The published rule answers {counted(threshold, 'image')}; it has no interval and no test."
    )


def description(estimate: ThresholdEstimate, drawn: int) -> str:
    """For those who cannot see the plot."""
    counts, scores = estimate.series.counts, estimate.series.scores
    axes = (
        "Scatter plot of imitation scores of concepts against their numbers of training images, on "
        f"an axis of log(1 + count): counts from {int(counts.min()):,} to {int(counts.max()):,}, "
        f"scores from {scores.min():.3g} to {scores.max():.3g}."
    )
    return " ".join([f"{title(estimate.audit)}.", *subtitle(estimate, drawn), axes])


def in_short(estimate: ThresholdEstimate) -> str:
    """The verdict, and the answer of the published rule, as text of two lines."""
    return f"{title(estimate.audit)}\n{_published(estimate)}"


def title_lines(estimate: ThresholdEstimate) -> list[str]:
    return textwrap.wrap(title(estimate.audit), _TITLE)


def subtitle_lines(estimate: ThresholdEstimate, drawn: int) -> list[str]:
    return [
        line
        for sentence in subtitle(estimate, drawn)
        for line in textwrap.wrap(sentence, _SUBTITLE)
    ]


def plain_name(name: str) -> str:
    """A name of whatever characters and length, as one that can be drawn."""
    return visible(shortened(name, _LONGEST_NAME))


def percent(audit: AuditThreshold) -> str:
    return f"{audit.settings.confidence * 100:g} %"
