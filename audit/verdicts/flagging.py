"""Counts against thresholds: a verdict on every concept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit._version import __version__
from audit.concepts.concept import check_domain
from audit.counts.results import CountResult
from audit.counts.visual_results import VisualResult
from audit.errors import UsageError
from audit.thresholds.known import KnownThresholds
from audit.thresholds.published import published_thresholds
from audit.verdicts.applied import GivenThreshold, ThresholdChoice
from audit.verdicts.exposures import CountedConcepts, Exposure, counted_concepts
from audit.verdicts.judging import NO_THRESHOLD, UNCERTAIN, judge
from audit.verdicts.results import FlaggedConcept, FlagResult, in_order
from audit.verdicts.settling import INGEST, what_would_settle


class Yardstick:
    """What counts are held against: which thresholds, and what stands in where nobody says it.

    Parameters
    ----------
    thresholds:
        Among which to choose, instead of the published ones; those are not fallen back to.
    threshold:
        One for all concepts, whatever their domain; or the ends of its interval.
    domain:
        Of concepts, and of thresholds, that do not say theirs.
    model, group:
        Only thresholds of this model, or found on this group of concepts. Where several are left
        for a domain, the band from the smallest to the largest stands in.
    share:
        The smallest and the largest share of the named samples that show the concept, from 0 to 1;
        for counts of captions.
    whose:
        What ``thresholds`` are called in the answer.

    Raises
    ------
    UsageError
        If the question contradicts itself, or there is no such domain, model or group.
    """

    def __init__(
        self,
        thresholds: KnownThresholds | None = None,
        *,
        threshold: float | tuple[float, float] | None = None,
        domain: str | None = None,
        model: str | None = None,
        group: str | None = None,
        share: tuple[float, float] | None = None,
        whose: str = "what was given",
    ) -> None:
        if domain is not None:
            check_domain(domain)
        if share is not None and not 0 <= share[0] <= share[1] <= 1:
            raise UsageError(
                f"{share[0]:g} to {share[1]:g} is no share of samples.",
                hint="Give two numbers from 0 to 1, the smaller one first: 0.6:0.9.",
            )
        self._domain, self._model, self._group, self._share = domain, model, group, share
        self._choice: ThresholdChoice | GivenThreshold
        if threshold is None:
            known = published_thresholds() if thresholds is None else thresholds
            self._whose = "published" if thresholds is None else whose
            self._choice = ThresholdChoice(
                known, model=model, group=group, domain=domain, whose=self._whose
            )
            return
        if thresholds is not None or model is not None or group is not None:
            raise UsageError(
                "One threshold is given for all: there is none to choose.",
                hint="Leave out the threshold, or else the model, the group and further ones.",
            )
        self._whose = "given"
        self._choice = GivenThreshold(threshold)

    def flag(self, counts: CountResult | VisualResult | Mapping[str, Any]) -> FlagResult:
        """The verdict on every concept of a count, or of its ``to_dict()``.

        Raises
        ------
        UsageError
            If it is no count, or a share of named samples was given for a count of images.
        """
        counted = counted_concepts(counts if isinstance(counts, Mapping) else counts.to_dict())
        if self._share is not None and not counted.is_of_captions:
            raise UsageError(
                "A share of the named samples was given, and images were counted.",
                hint="What images show was looked at: leave the share out.",
            )
        flagged = [self._judged(exposure, counted) for exposure in counted.exposures]
        return FlagResult(
            counted=counted,
            concepts=tuple(sorted(flagged, key=in_order)),
            model=self._model,
            group=self._group,
            domain=self._domain,
            share=self._share,
            whose=self._whose,
            tool_version=__version__,
        )

    def _judged(self, found: Exposure, counted: CountedConcepts) -> FlaggedConcept:
        exposure = found if self._share is None else found.scaled(*self._share)
        domain = self._domain if exposure.domain is None else exposure.domain
        applied = self._choice.for_domain(domain)
        if applied.span is None:
            return FlaggedConcept(exposure, domain, applied, NO_THRESHOLD)
        if not counted.coverage["rows"]:
            # A count of nothing is 0, and says nothing of what will be trained on.
            return FlaggedConcept(exposure, domain, applied, UNCERTAIN, (INGEST,))
        verdict = judge(exposure.span, applied.span)
        steps: tuple[str, ...] = ()
        if verdict == UNCERTAIN:
            steps = what_would_settle(
                exposure,
                applied,
                of_captions=counted.is_of_captions,
                shared=self._share is not None,
            )
        return FlaggedConcept(exposure, domain, applied, verdict, steps)


def flag(
    counts: CountResult | VisualResult | Mapping[str, Any],
    thresholds: KnownThresholds | None = None,
    *,
    threshold: float | tuple[float, float] | None = None,
    domain: str | None = None,
    model: str | None = None,
    group: str | None = None,
    share: tuple[float, float] | None = None,
) -> FlagResult:
    """Hold counts against thresholds; the parameters are those of :class:`Yardstick`.

    Raises
    ------
    UsageError
        If the question is wrong.
    """
    yardstick = Yardstick(
        thresholds, threshold=threshold, domain=domain, model=model, group=group, share=share
    )
    return yardstick.flag(counts)
