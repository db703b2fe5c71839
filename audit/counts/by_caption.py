"""Counting concepts by caption."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from audit._version import __version__
from audit.captions.folding import FOLDING_VERSION
from audit.captions.phrases import ConceptPhrases, Finding, fold_concepts
from audit.concepts import Concept
from audit.counts.accidental import AccidentalShare, accidental_shares
from audit.counts.distinct import DistinctMatches, distinct_column
from audit.counts.examples import read_examples
from audit.counts.results import ConceptCount, CountResult
from audit.counts.tally import PartCounter, Tally
from audit.datasets.dataset import Dataset
from audit.errors import ConceptError, UsageError
from audit.parallel import run_jobs, usual_workers

#: A one-word name is worth a warning from this frequency on, if nothing tells how it is meant.
_COMMON_PER_MILLION, _COMMON_SAMPLES = 100.0, 10
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
    workers: int | None = 1,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_tally: Callable[[Tally], None] = lambda tally: None,
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
    workers:
        Processes; None for as many as help. More than one needs a main module that can be
        imported, as always with :mod:`multiprocessing`.
    on_progress:
        Called with samples done and in all.
    on_tally:
        Called with what was counted so far, whenever a part is done; not to be kept.

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
    column = distinct_column(dataset, distinct) if distinct else None
    counter = PartCounter(dataset, folded, where, column, examples, seed)
    counter.prepare()
    coverage = dataset.coverage
    if workers is None:
        usual = usual_workers(coverage.samples, len(dataset.parts))
        workers = 1 if counter.is_threaded else usual
    tally = counter.empty_tally()
    with DistinctMatches(len(folded)) if column else contextlib.nullcontext() as values:
        tallies = run_jobs(
            counter,
            dataset.parts,
            workers,
            lambda rows, _, __: on_progress(rows, coverage.samples),
        )
        for part_tally in tallies:
            tally.absorb(part_tally)
            on_tally(tally)
            if values is not None:
                values.add_all(part_tally.values)
        distinct_counts = values.counts() if values is not None else None
    return CountResult(
        dataset=dataset.name,
        coverage=coverage,
        considered=tally.considered,
        counts=tuple(_concept_counts(counter, tally, distinct_counts, findings)),
        where=where,
        distinct_by=distinct,
        seed=seed,
        folding_version=FOLDING_VERSION,
        tool_version=__version__,
        seconds=time.monotonic() - started,
        sources=tuple(dataset.manifest.sources),
    )


def _concept_counts(
    counter: PartCounter,
    tally: Tally,
    distinct: Sequence[int] | None,
    findings: Sequence[Finding],
) -> Iterator[ConceptCount]:
    """What was tallied, concept by concept, with its evidence."""
    dataset, concepts = counter.dataset, counter.concepts
    names = dict(zip(counter.matcher.names, tally.by_name.tolist(), strict=True))
    shares = accidental_shares(dataset, [phrase for _, phrase in names])
    examples = read_examples(dataset, tally.draw.drawn(), [c.phrases for c in concepts])
    coverage = dataset.coverage
    unread = None
    if coverage.unread_rows is not None:
        unread = coverage.unread_rows + coverage.rejected_lines
    noted = defaultdict(list)
    for finding in findings:
        noted[finding.concept].append(finding)
    for i, phrases in enumerate(concepts):
        told = tuple(shares[phrase] for phrase in phrases.phrases if phrase in shares)
        common = _common_words(phrases, i, told, names, tally.considered)
        searched = bool(phrases.phrases)
        yield ConceptCount(
            phrases=phrases,
            samples=int(tally.samples[i]) if searched else None,
            unread=unread,
            considered=tally.considered,
            distinct=distinct[i] if searched and distinct is not None else None,
            aliases=_by_spelling(phrases, i, names),
            excluded=int(tally.excluded[i]),
            findings=(*noted[phrases.concept.name], *common),
            accidental=told,
            examples=tuple(examples[i]),
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
                "one-word",
                phrases.concept.name,
                f"{spelling!r} is one word and names {samples:,} samples; how many are accidental "
                f"is unknown ({accidental.informative} captions tell): look at examples",
            )
