"""What each person said of the samples of a task, and the one label that follows of each sample.

A person's later answer replaces their earlier one. Where several people looked at a sample, equal
answers stand and different ones count as unsure: the interval then covers both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from audit.estimates.prediction_powered import UNSURE


@dataclass(frozen=True)
class Answer:
    """YES, NO or UNSURE, and when it was given: ISO 8601, UTC."""

    answer: int
    when: str


@dataclass(frozen=True)
class Voice:
    """The answers of one person, by the number of the sample in the task."""

    who: str
    answers: Mapping[int, Answer]

    @property
    def when(self) -> str:
        """The latest answer."""
        return max((one.when for one in self.answers.values()), key=datetime.fromisoformat)


@dataclass(frozen=True)
class Agreement:
    """Samples that several people labelled, and of these the ones that all of them label alike."""

    by_several: int
    alike: int


def united(voices: Iterable[Voice]) -> tuple[Voice, ...]:
    """Each person once, with the latest of their answers to each sample; by name."""
    found: dict[str, dict[int, Answer]] = {}
    for voice in voices:
        mine = found.setdefault(voice.who, {})
        for number, said in voice.answers.items():
            before = mine.get(number)
            if before is None or _time(before) <= _time(said):
                mine[number] = said
    return tuple(Voice(who, answers) for who, answers in sorted(found.items()) if answers)


def one_answer(voices: Sequence[Voice]) -> dict[int, int]:
    """The label of each sample that anybody labelled."""
    return {
        number: said.pop() if len(said) == 1 else UNSURE for number, said in _said(voices).items()
    }


def agreement(voices: Sequence[Voice]) -> Agreement:
    """How often people who looked at the same sample said the same of it."""
    several = [
        said for number, said in _said(voices).items()
        if sum(number in voice.answers for voice in voices) > 1
    ]  # fmt: skip
    return Agreement(len(several), sum(len(said) == 1 for said in several))


def _said(voices: Sequence[Voice]) -> dict[int, set[int]]:
    said: dict[int, set[int]] = {}
    for voice in voices:
        for number, one in voice.answers.items():
            said.setdefault(number, set()).add(one.answer)
    return dict(sorted(said.items()))


def _time(said: Answer) -> datetime:
    return datetime.fromisoformat(said.when)
