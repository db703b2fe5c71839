"""Counting concepts by caption."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from audit import __version__
from audit.captions.folding import FOLDING_VERSION
from audit.captions.matcher import ConceptMatcher
from audit.captions.phrases import ConceptPhrases, Finding, fold_concepts
from audit.concepts import Concept
from audit.counts.accidental import AccidentalShare, accidental_shares
from audit.counts.distinct import DistinctMatches, distinct_column
from audit.counts.examples import ExampleDraw, read_examples
from audit.counts.results import ConceptCount, CountResult
from audit.counts.scan import first_captions, scan
from audit.datasets.conditions import Condition
from audit.datasets.dataset import Dataset
from audit.errors import ConceptError, UsageError

#: So few concepts are found fast without knowing which words are rare.
_FEW_CONCEPTS = 20
#: Captions from which the matcher learns which words are rare.
_TYPICAL_CAPTIONS = 4096
#: A one-word name is worth a warning from this frequency on, if nothing tells how it is meant.
_COMMON_PER_MILLION, _COMMON_SAMPLES = 100.0, 100
#: ... and from this share of accidental matches on, at the low end of its interval.
_ACCIDENTAL_SHARE = 0.02


def count_by_caption(
    dataset: Dataset,
    concepts: Sequence[Concept],
    *,
    where: str | None = None,
    distinct: str | None = None,
    examples: int = 0,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> CountResult:
    """Count the samples whose caption names each concept.

    One pass over the folded captions, whatever the number of concepts; memory is bounded by a
    batch of captions and the number of concepts.

    Parameters
    ----------
    where:
        DuckDB condition on the sample columns; samples that do not meet it are not considered.
    distinct:
        Also count different values of this: ``url``, or a hash that the dataset has.
    examples:
        Matching samples to show for each concept, drawn uniformly.
    seed:
        Of the draw.
    on_progress:
        Called with samples done and in all.

    Raises
    ------
    ConceptError
        If no name of any concept can be searched.
    ConditionError
        If ``where`` is no condition on the dataset's columns.
    """
    started = time.monotonic()
    if not concepts:
        raise ConceptError("No concept to count.", hint="Name one with --concept or --concepts.")
    if examples < 0:
        raise UsageError(f"{examples} examples cannot be shown.", hint="Use 0 or more.")
    folded, findings = fold_concepts(concepts)
    if not any(phrases.phrases for phrases in folded):
        raise ConceptError(
            f"Nothing to search: {findings[0].message}.",
            hint="Give the concept a name or alias with letters or digits.",
        )
    condition = Condition(where, dataset) if where is not None else None
    columns = [distinct_column(dataset, distinct)] if distinct else []
    many = len(folded) > _FEW_CONCEPTS
    typical = first_captions(dataset, _TYPICAL_CAPTIONS) if many else None
    matcher = ConceptMatcher(folded, typical)
    samples = np.zeros(len(folded), np.int64)
    excluded = np.zeros(len(folded), np.int64)
    by_name = np.zeros(len(matcher.names), np.int64)
    considered = done = 0
    draw = ExampleDraw(len(folded), examples, seed) if examples else None
    total = dataset.coverage.rows
    with DistinctMatches(len(folded)) if columns else contextlib.nullcontext() as values:
        for batch in scan(dataset, matcher.phrases, columns=columns, condition=condition):
            matches = matcher.match(batch.captions)
            samples += np.bincount(matches.concepts, minlength=len(folded))
            excluded += matches.excluded
            by_name += matches.name_counts
            considered += batch.considered
            done = max(done, considered)
            if values is not None:
                values.add(matches.concepts, batch.columns[columns[0]].take(pa.array(matches.rows)))
            if draw is not None:
                ordinal = batch.part.shard.ordinal
                draw.add(ordinal, batch.rows[matches.rows], matches.concepts)
            on_progress(done, total)
        distinct_counts = values.counts() if values is not None else [None] * len(folded)
    shown = (
        read_examples(dataset, draw.drawn(), [c.phrases for c in folded])
        if draw is not None
        else [[]] * len(folded)
    )
    coverage = dataset.coverage
    unread = None
    if coverage.unread_rows is not None:
        unread = coverage.unread_rows + coverage.rejected_lines
    names = dict(zip(matcher.names, by_name.tolist(), strict=True))
    counts = []
    shares = accidental_shares(dataset, [phrase for _, phrase in matcher.names])
    for i, phrases in enumerate(folded):
        told = tuple(shares[phrase] for phrase in phrases.phrases if phrase in shares)
        mine = [finding for finding in findings if finding.concept == phrases.concept.name]
        counts.append(
            ConceptCount(
                phrases=phrases,
                samples=int(samples[i]) if phrases.phrases else None,
                unread=unread,
                considered=considered,
                distinct=distinct_counts[i] if phrases.phrases else None,
                aliases=_by_spelling(phrases, i, names),
                excluded=int(excluded[i]),
                findings=(*mine, *_common_words(phrases, i, told, names, considered)),
                accidental=told,
                examples=tuple(shown[i]),
            )
        )
    return CountResult(
        dataset=dataset.name,
        coverage=coverage,
        considered=considered,
        counts=tuple(counts),
        where=where,
        distinct_by=distinct,
        seed=seed,
        folding_version=FOLDING_VERSION,
        tool_version=__version__,
        seconds=time.monotonic() - started,
        sources=tuple(dataset.manifest.sources),
    )


def _by_spelling(
    phrases: ConceptPhrases, concept: int, names: dict[tuple[int, str], int]
) -> dict[str, int]:
    return {
        spelling: names[concept, phrase]
        for phrase, spellings in phrases.spellings.items()
        for spelling in spellings
    }


def _common_words(
    phrases: ConceptPhrases,
    concept: int,
    shares: Sequence[AccidentalShare],
    names: dict[tuple[int, str], int],
    considered: int,
) -> Iterator[Finding]:
    """Warnings about one-word names that may often mean something else."""
    for accidental in shares:
        spelling = phrases.spellings[accidental.phrase][0]
        samples = names[concept, accidental.phrase]
        interval = accidental.interval
        if interval is not None and interval[0] >= _ACCIDENTAL_SHARE:
            low, high = interval
            yield Finding(
                "common-word",
                phrases.concept.name,
                f"{spelling!r} is also a word: an estimated {accidental.share:.0%} "
                f"(95 % interval {low:.0%} to {high:.0%}) of its {samples:,} matches are "
                f"accidental, judged by lower case in {accidental.lower_case} of "
                f"{accidental.informative} captions; add a first name or exclusions",
            )
        elif interval is None and samples >= max(
            _COMMON_SAMPLES, _COMMON_PER_MILLION * considered / 1e6
        ):
            yield Finding(
                "common-word",
                phrases.concept.name,
                f"{spelling!r} is one word and names {samples:,} samples; how many are accidental "
                f"is unknown ({accidental.informative} captions tell): look at --examples",
            )
