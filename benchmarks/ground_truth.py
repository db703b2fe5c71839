"""Counts by image against known truth, as tables: ``python -m benchmarks.ground_truth``.

Collections, concepts and datasets are those of :mod:`tests.collections`; the first run builds and
embeds them. Writes the tables into ``docs/methods/ground-truth.md``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from audit.counts.matching import VisualSettings
from audit.estimates.intervals import wilson
from audit.estimates.prevalence import Estimate
from benchmarks.pages import GROUND_TRUTH, made_on, write_section
from tests.collections.answers import TELLING, Answer, ask, share
from tests.collections.concepts import concepts, disjoint
from tests.collections.embedded import BUILDERS, Embedded, embedded
from tests.collections.packages import UnavailableError
from tests.collections.planted import CONCEPT, plant
from tests.collections.planted import REFERENCES as PLANTED_REFERENCES
from tests.collections.scenario import Scenario, make_scenario

#: Concepts of the long tables, and the seed that draws them.
CONCEPTS, SEED = 50, 1
#: References of each concept.
REFERENCES = (3, 5, 10, 20)
#: References of the long tables.
LONG = 10
#: Share of the dataset that has images, where they are a random sample.
SAMPLE = 0.4

#: Makers of emoji, each left out of the dataset once.
MAKERS = ("Google", "Twitter", "Microsoft")

SUMMARY_HEAD = f"""\
| images | references | concepts | interval holds the truth | … of the named | … of the unnamed \
| telling: ends within {TELLING}x | median error of the telling |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""
LONG_HEAD = """\
| concept | shown | counted | 95 % interval | unnamed | counted | 95 % interval | references found |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""


def summary(images: str, references: int, answers: Sequence[Answer]) -> str:
    """How often intervals held the truth, and how often they were narrow."""
    total = len(answers)
    holds = round(share(answers, "total_holds") * total)
    low, high = wilson(holds, total)
    telling = [answer for answer in answers if answer.is_telling]
    error = f"{np.median([answer.error for answer in telling]):.0%}" if telling else "–"
    return (
        f"| {images} | {references} | {total} | {holds / total:.1%} ({low:.0%}–{high:.0%}) "
        f"| {share(answers, 'named_holds'):.1%} | {share(answers, 'unnamed_holds'):.1%} "
        f"| {len(telling)} | {error} |"
    )


def long_table(answers: Sequence[Answer]) -> Iterator[str]:
    """Every concept, the narrowest intervals first; a wrong one is marked."""
    yield LONG_HEAD
    for answer in sorted(answers, key=_relative_width):
        count, truth = answer.count, answer.truth
        own = count.references.own_scores(count.cutoff.statistic)
        found = int((own >= count.cutoff.value).sum())
        yield (
            f"| {truth.label} | {truth.shown} | {_with_interval(count.total, answer.total_holds)} "
            f"| {len(truth.unnamed)} "
            f"| {_with_interval(count.unnamed.estimate, answer.unnamed_holds)} "
            f"| {found} of {len(own)} |"
        )


def _with_interval(estimate: Estimate, holds: bool) -> str:
    mark = "" if holds else " **✗**"
    return f"{estimate.value:.0f} | {estimate.low:.0f}–{estimate.high:.0f}{mark}"


def _relative_width(answer: Answer) -> float:
    total = answer.count.total
    return float((total.high - total.low) / max(total.value, 1))


def collection(made: Embedded, folder: Path) -> Iterator[str]:
    """The tables of a collection."""
    groups = disjoint(concepts(made.name, made.pictures), len(made.pictures), SEED)
    whole = make_scenario(made, groups, folder / "whole")
    part = make_scenario(made, groups, folder / "part", share_with_image=SAMPLE)
    yield f"## {made.name.capitalize()}: {len(whole.vectors):,} pictures, {len(groups)} concepts\n"
    yield SUMMARY_HEAD
    answers = {}
    for references in REFERENCES:
        answers[references] = ask(whole, references)
        yield summary("all", references, answers[references])
    random = VisualSettings(design="random")
    for references in REFERENCES:
        yield summary(f"{SAMPLE:.0%} at random", references, ask(part, references, random))
    drawn = set(_drawn(whole))
    if made.name == "emoji":
        for maker in MAKERS:
            apart = make_scenario(made, groups, folder / maker, references_by=maker)
            yield summary(f"all, references drawn by {maker} only", LONG, ask(apart, LONG))
    yield f"\n### {CONCEPTS} of these concepts, drawn at random, {LONG} references each\n"
    shown = [answer for answer in answers[LONG] if answer.truth.label in drawn]
    yield from long_table(shown)
    yield (
        f"\nOf these {len(shown)} intervals {sum(answer.total_holds for answer in shown)} hold the "
        "true count."
    )
    largest = max(answers[LONG], key=lambda answer: answer.truth.shown)
    if largest not in shown:
        yield "\nThe largest of the others:\n"
        yield from long_table([largest])
    wrong = [answer for answer in answers[LONG] if not answer.total_holds]
    yield f"\nWrong among all, with {LONG} references: {'; '.join(map(str, wrong)) or 'none'}.\n"


def planted(host: Embedded, folder: Path) -> Iterator[str]:
    """A concept planted where there was none of it."""
    yield f"## Planted: {CONCEPT}\n"
    yield from long_table(ask(plant(host, folder), PLANTED_REFERENCES))


def _drawn(scenario: Scenario) -> list[str]:
    rng = np.random.default_rng(SEED)
    labels = [truth.label for truth in scenario.truths]
    return [labels[i] for i in rng.permutation(len(labels))[:CONCEPTS]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("collections", nargs="*", default=list(BUILDERS))
    for name in parser.parse_args().collections:
        try:
            made = embedded(name)
        except UnavailableError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        lines = [f"Made on {made_on('numpy', 'pillow')}.\n"]
        with tempfile.TemporaryDirectory() as folder:
            lines += collection(made, Path(folder))
            if name == "openclipart":
                lines += planted(made, Path(folder, "planted"))
        print("\n".join(lines))
        write_section(GROUND_TRUTH, name, "\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
