"""What counting by image answers in a scenario, beside what is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.counts.by_image import count_by_image
from audit.counts.matching import VisualSettings
from audit.counts.visual_results import VisualCount
from audit.estimates.prevalence import Estimate
from tests.collections.scenario import Scenario, Truth

#: An interval whose upper end is at most so many times its lower one says something.
TELLING = 4


@dataclass(frozen=True)
class Answer:
    """The count of a concept, and the truth."""

    truth: Truth
    count: VisualCount

    @property
    def total_holds(self) -> bool:
        return _holds(self.count.total, self.truth.shown)

    @property
    def named_holds(self) -> bool:
        return _holds(self.count.named.estimate, len(self.truth.named))

    @property
    def unnamed_holds(self) -> bool:
        return _holds(self.count.unnamed.estimate, len(self.truth.unnamed))

    @property
    def is_telling(self) -> bool:
        total = self.count.total
        return bool(total.low > 0 and total.high <= TELLING * total.low)

    @property
    def error(self) -> float:
        """Of the value, as a share of the truth."""
        return abs(self.count.total.value - self.truth.shown) / max(self.truth.shown, 1)

    def __str__(self) -> str:
        total = self.count.total
        return f"{self.truth.label}: {self.truth.shown}, not {total.low:.0f}-{total.high:.0f}"


def _holds(estimate: Estimate, truth: int) -> bool:
    return bool(estimate.low <= truth <= estimate.high)


def ask(
    scenario: Scenario, references: int, settings: VisualSettings | None = None
) -> list[Answer]:
    """Count all concepts of a scenario, with so many references of each."""
    result = count_by_image(scenario.dataset, scenario.index, scenario.sought(references), settings)
    return [Answer(truth, result[truth.label]) for truth in scenario.truths]


def share(answers: Sequence[Answer], what: str) -> float:
    """The share of answers of which ``what``, a property, is true."""
    return sum(getattr(answer, what) for answer in answers) / len(answers)
