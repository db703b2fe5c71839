"""Imitation scores from vectors: the published rule, and equal pools with wrong names."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit.embeddings.folder import comparable
from audit.errors import EncoderMismatchError, UsageError, did_you_mean
from audit.references.reference_set import COPY
from audit.scores.counts import TrainingCount
from audit.scores.nearest import nearest
from audit.scores.pools import cut_off, draw_pools, pool_spread, pool_weights
from audit.scores.results import ConceptScore, PoolFrom, ScoreResult, ScoreSettings
from audit.scores.spread import Spread, interval, spread_of_mean, spread_within
from audit.scores.vectors import (
    Arrays,
    ConceptVectors,
    ImageVectors,
    concept_key,
    other_dimension,
)

Floats = NDArray[np.float64]

#: Generated images, and wrong names, of which there must be so many to tell how much they vary.
_LEAST = 2
#: References there must be in paper mode, as in its code for faces.
_LEAST_REFERENCES = 5
#: Images of a pool that are looked through for copies of each other.
_CHECKED_FOR_COPIES = 2048


class _Means(NamedTuple):
    """The generated images of a concept: the mean of their vectors, prompt by prompt."""

    prompts: tuple[str, ...]
    means: Floats  #: (prompts, dimension)
    images: int


@dataclass(frozen=True)
class _Sides:
    """What is compared, by :func:`audit.scores.vectors.concept_key` but for the generated."""

    generated: ConceptVectors
    training: Mapping[str, ImageVectors]
    references: Mapping[str, ImageVectors]

    def images_of(self, concept: str) -> tuple[int, int]:
        """How many training images and references a concept has."""
        key = concept_key(concept)
        own, others = (len(side.get(key, ())) for side in (self.training, self.references))
        return own, others


def score_concepts(
    generated: Arrays | ConceptVectors,
    training: Arrays | ConceptVectors | None = None,
    references: Arrays | ConceptVectors | None = None,
    settings: ScoreSettings | None = None,
    *,
    counts: Mapping[str, int | TrainingCount] | None = None,
    domains: Mapping[str, str] | None = None,
    on_progress: Callable[[float], None] = lambda share: None,
) -> ScoreResult:
    """Score how much generated images resemble the images of their concept.

    Vectors need not be of unit length. Spellings of a concept that differ in case, accents or
    punctuation are one concept.

    Parameters
    ----------
    generated:
        Concept -> vectors of generated images, shape (images, dimension); or concept -> prompt ->
        vectors; or what :mod:`audit.scores.folders` read.
    training, references:
        Concept -> vectors of images of the concept, of the training set and others.
    counts:
        Concept -> how many training images it has; beats what the training side itself tells.
    domains:
        Concept -> domain. Wrong names are taken from the same domain.

    Raises
    ------
    UsageError
        If there is nothing to score, or no concept that both sides have.
    EncoderMismatchError
        If the vectors are of different encoders.
    SourceError
        If a vector is zero or not finite, or a file cannot be read.
    """
    settings = settings or ScoreSettings()
    sides = [ConceptVectors.of(one or {}) for one in (generated, training, references)]
    _check_encoders(sides)
    compared = _Sides(sides[0], _by_key(sides[1]), _by_key(sides[2]))
    _check_names(compared, sides)
    told: dict[str, TrainingCount] = {}
    for source in (sides[1].counts, counts or {}):
        for name, number in source.items():
            count = TrainingCount(number) if isinstance(number, int) else number
            told[concept_key(name)] = count
    domain_of = {concept_key(name): domain for name, domain in sides[0].domains.items()}
    domain_of |= {concept_key(name): domain for name, domain in (domains or {}).items()}
    started = []
    for name in sorted(sides[0].images):
        own, others = compared.images_of(name)
        counted = told.get(concept_key(name))
        started.append(
            ConceptScore(
                name,
                domain=domain_of.get(concept_key(name)),
                count=None if counted is None else counted.value,
                count_interval=None if counted is None else counted.interval,
                generated=sum(len(one) for one in sides[0].images[name].values()),
                left_out=sides[0].left_out.get(name, {}),
                training=own,
                references=others,
            )
        )
    scored = _Scoring(compared, settings, started)
    scores = []
    for number, one in enumerate(started):
        scores.append(scored.of(one))
        on_progress((number + 1) / len(started))
    generated_keys = {concept_key(name) for name in sides[0].images}
    missing = {name for side in sides[1:] for name in side.images}
    return ScoreResult(
        scores=tuple(scores),
        settings=settings,
        encoder=next((side.info for side in sides if side.info is not None), None),
        models=sides[0].models,
        not_generated=tuple(sorted(n for n in missing if concept_key(n) not in generated_keys)),
        notes=tuple(dict.fromkeys(note for side in sides for note in side.notes)),
    )


class _Scoring:
    """Concepts one after the other, against pools and wrong names."""

    def __init__(
        self, sides: _Sides, settings: ScoreSettings, started: Sequence[ConceptScore]
    ) -> None:
        self._sides, self._settings = sides, settings
        self._means: dict[str, _Means] = {}
        self._names: dict[str | None, list[str]] = {}
        for one in started:
            self._means[one.concept] = _means(sides.generated.images[one.concept])
            if one.generated >= _LEAST:
                self._names.setdefault(one.domain, []).append(one.concept)

    def of(self, one: ConceptScore) -> ConceptScore:
        pool, pool_from, reason = self._pool(one)
        if one.generated < _LEAST:
            reason = _few(one.generated, "generated image", _LEAST)
        if pool is None or reason is not None:
            return replace(one, reason=reason)
        one = replace(one, pool=min(self._settings.pool, len(pool)), pool_from=pool_from)
        return self._paper(one, pool) if self._settings.mode == "paper" else self._audit(one, pool)

    def _pool(self, one: ConceptScore) -> tuple[ImageVectors | None, PoolFrom | None, str | None]:
        """The images to compare with; or the reason why there are none."""
        key, wanted = concept_key(one.concept), self._settings.pool
        if one.training >= wanted:
            return self._sides.training[key], "training", None
        fewest = wanted if self._settings.mode == "audit" else min(_LEAST_REFERENCES, wanted)
        if one.references >= fewest:
            return self._sides.references[key], "references", None
        told = _few(one.training, "training image", wanted)
        if one.references or self._sides.references:
            told += f"; {_few(one.references, 'reference', fewest)}"
        return None, None, told

    def _paper(self, one: ConceptScore, pool: ImageVectors) -> ConceptScore:
        mine = self._means[one.concept]
        found = nearest(pool, mine.means, self._settings.pool)
        vectors = pool.at(found.places.ravel()).astype(np.float64)
        centres = vectors.reshape(*found.places.shape, -1).mean(axis=1)
        spread = self._within_prompts(one.concept, mine, centres)
        similarity = np.einsum("pd,pd->p", mine.means, centres)
        score = float(similarity.mean())
        used = np.unique(found.places)
        return replace(
            one,
            score=score,
            own=score,
            interval=interval(score, [spread]),
            prompts=dict(zip(mine.prompts, similarity.tolist(), strict=True)),
            compared=len(used),
            copies=_copies(pool.at(used)),
            spreads={"generated images": spread},
        )

    def _audit(self, one: ConceptScore, pool: ImageVectors) -> ConceptScore:
        settings, mine = self._settings, self._means[one.concept]
        rng = np.random.default_rng([settings.seed, zlib.crc32(concept_key(one.concept).encode())])
        drawn = draw_pools(len(pool), settings.pool, settings.repeats, rng)
        images = pool.at(drawn.used).astype(np.float64)
        own = mine.means @ images.T
        weights = pool_weights(own, drawn, settings.counted)
        by_prompt = (weights * own).sum(axis=1)
        one = replace(
            one,
            own=float(by_prompt.mean()),
            prompts=dict(zip(mine.prompts, by_prompt.tolist(), strict=True)),
            compared=len(drawn.used),
            copies=_copies(images),
        )
        wrong = self._wrong_names(one, rng)
        if len(wrong) < _LEAST:
            what = "other concept" if one.domain is None else f"other concept of {one.domain}"
            return replace(one, reason=f"{_few(len(wrong), what, _LEAST)} to compare with")
        sets = [self._means[name].means for name in wrong]
        others = np.concatenate(sets) @ images.T
        reached = pool_weights(others, drawn, settings.counted) * others
        controls = _by_name(reached.sum(axis=1), sets)
        share = settings.counted / settings.pool
        entering = cut_off(own, share).mean(axis=0)
        entering -= _by_name(cut_off(others, share), sets).mean(axis=0)
        spreads = {
            "generated images": self._within_prompts(one.concept, mine, weights @ images),
            "pool images": pool_spread(entering, drawn, settings.counted),
            "wrong names": spread_of_mean(controls),
        }
        score = float(by_prompt.mean() - controls.mean())
        return replace(
            one,
            score=score,
            interval=interval(score, list(spreads.values())),
            controls=tuple(controls.tolist()),
            spreads=spreads,
        )

    def _wrong_names(self, one: ConceptScore, rng: np.random.Generator) -> list[str]:
        names = [name for name in self._names.get(one.domain, ()) if name != one.concept]
        chosen = rng.permutation(len(names))[: self._settings.controls]
        return [names[number] for number in np.sort(chosen)]

    def _within_prompts(self, concept: str, mine: _Means, centres: Floats) -> Spread:
        """How much a score varies with the generated images, each compared with a prompt's centre.

        Parameters
        ----------
        centres:
            Mean of the images that the prompt is compared with, shape (prompts, dimension).
        """
        by_prompt = self._sides.generated.images[concept]
        return spread_within(
            [
                np.concatenate([block @ centre for block in by_prompt[prompt].blocks()])
                for prompt, centre in zip(mine.prompts, centres, strict=True)
            ]
        )


def _means(by_prompt: Mapping[str, ImageVectors]) -> _Means:
    there = {prompt: one for prompt, one in sorted(by_prompt.items()) if len(one)}
    means = [
        sum(block.sum(axis=0, dtype=np.float64) for block in one.blocks()) / len(one)
        for one in there.values()
    ]
    images = sum(len(one) for one in there.values())
    return _Means(tuple(there), np.array(means, dtype=np.float64), images)


def _by_name(values: Floats, sets: Sequence[Floats]) -> Floats:
    """Means over the prompts of each wrong name, which so counts once however many it has."""
    sizes = np.array([len(rows) for rows in sets])
    sums = np.add.reduceat(values, np.cumsum(sizes) - sizes, axis=0)
    return np.asarray(sums / sizes.reshape(-1, *[1] * (values.ndim - 1)))


def _copies(vectors: NDArray[Any]) -> int:
    """How many of the first 2,048 are near copies of an earlier one."""
    some = vectors[:_CHECKED_FOR_COPIES]
    alike = np.tril(some @ some.T >= COPY, -1)
    return int(alike.any(axis=1).sum())


def _by_key(side: ConceptVectors) -> dict[str, ImageVectors]:
    by_key: dict[str, list[ImageVectors]] = {}
    for name in side.images:
        by_key.setdefault(concept_key(name), []).append(side.of_concept(name))
    return {key: ImageVectors.joined(several, key) for key, several in by_key.items()}


def _check_encoders(sides: Sequence[ConceptVectors]) -> None:
    known = [side.info for side in sides if side.info is not None and side.images]
    for info in known[1:]:
        if not comparable(known[0], info):
            raise EncoderMismatchError(
                "Generated images, training images and references must be embedded alike: these "
                f"are embeddings of {known[0].describe_against(info)}.",
                hint="Embed all of them with one encoder.",
            )
    dimensions = set().union(*(side.dimensions for side in sides))
    if len(dimensions) > 1:
        raise other_dimension("What is compared", dimensions)


def _check_names(compared: _Sides, sides: Sequence[ConceptVectors]) -> None:
    generated = compared.generated.images
    if not any(len(one) for by_prompt in generated.values() for one in by_prompt.values()):
        raise UsageError(
            "There is no generated image with a vector.",
            hint="Generate some with `audit generate`, or name another folder.",
        )
    spelled: dict[str, str] = {}
    for name in generated:
        other = spelled.setdefault(concept_key(name), name)
        if other != name:
            raise UsageError(
                f"Generated images call one concept {other!r} and {name!r}.",
                hint="Give it one name.",
            )
    theirs = [name for side in sides[1:] for name in side.images]
    if not theirs:
        raise UsageError(
            "There is nothing to compare the generated images with.",
            hint="Give training images (--training or --dataset), or --references.",
        )
    if not any(key in compared.training or key in compared.references for key in spelled):
        first = next(iter(generated))
        near = did_you_mean(first, theirs)
        raise UsageError(
            f"No concept is on both sides: generated are {_listed(generated)}; to compare with "
            f"there are {_listed(theirs)}.",
            hint=f"{near + ' ' if near else ''}Concepts are matched by their names.",
        )


def _listed(names: Mapping[str, object] | Sequence[str]) -> str:
    several = sorted(set(names))
    more = f" and {len(several) - 3:,} more" if len(several) > 3 else ""
    return ", ".join(repr(name) for name in several[:3]) + more


def _few(number: int, what: str, wanted: int) -> str:
    """That there is too little of something.

    >>> _few(3, "training image", 10)
    '3 training images, of 10 needed'
    """
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}, of {wanted} needed"
