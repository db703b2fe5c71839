"""Values of a JSON document that anybody may have written, each with its place in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from audit.curated.problems import is_text, shown
from audit.verdicts.judging import Span

Choice = TypeVar("Choice", bound=str)

#: More samples than any dataset has; also keeps numbers within what tables can hold.
_MOST = 10**15


class DamagedError(ValueError):
    """Something in a document is missing, or not what it should be; says where."""


class Record:
    """An object of JSON.

    Every method raises :class:`DamagedError` if the value is missing or of another kind.

    Parameters
    ----------
    place:
        Where it is in the document (``"concepts[3].caption"``); empty for the whole.
    """

    def __init__(self, value: object, place: str = "") -> None:
        if not isinstance(value, Mapping):
            raise DamagedError(f"{place or 'the document'} is {shown(value)}, not a record")
        self._values, self.place = value, place

    def at(self, name: str) -> str:
        """The place of a value."""
        return f"{self.place}.{name}" if self.place else name

    def value(self, name: str) -> Any:
        if name not in self._values:
            raise DamagedError(f"{self.at(name)} is missing")
        return self._values[name]

    def is_null(self, name: str) -> bool:
        return self.value(name) is None

    def wrong(self, name: str, wanted: str) -> DamagedError:
        return DamagedError(f"{self.at(name)} is {shown(self.value(name))}, not {wanted}")

    def text(self, name: str) -> str:
        if not is_text(self.value(name)):
            raise self.wrong(name, "text")
        return str(self.value(name))

    def text_or_none(self, name: str) -> str | None:
        return None if self.is_null(name) else self.text(name)

    def choice(self, name: str, choices: Sequence[Choice]) -> Choice:
        for one in choices:
            if self.value(name) == one:
                return one
        raise self.wrong(name, f"one of: {', '.join(choices)}")

    def samples(self, name: str) -> int:
        """A whole number of samples."""
        value = self.value(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
            raise self.wrong(name, "a whole number from 0 on")
        return value

    def samples_or_none(self, name: str) -> int | None:
        return None if self.is_null(name) else self.samples(name)

    def number(self, name: str) -> float:
        """A number from 0 on that need not be whole."""
        value = self.value(name)
        if not _is_number(value):
            raise self.wrong(name, "a number from 0 on")
        return float(value)

    def number_or_none(self, name: str) -> float | None:
        return None if self.is_null(name) else self.number(name)

    def ends(self, name: str) -> tuple[float, float] | None:
        """Two numbers in a list, the smaller one first; None where null stands."""
        value = self.value(name)
        if value is None:
            return None
        is_pair = isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))
        if not is_pair or value[0] > value[1]:
            raise self.wrong(name, "two numbers, the smaller one first")
        return float(value[0]), float(value[1])

    def span(self) -> Span:
        """This record's ``low`` and ``high``, the latter null where nobody knows it."""
        low, high = self.number("low"), self.number_or_none("high")
        if high is not None and high < low:
            raise self.wrong("high", f"at least {low:g}, its low end")
        return Span(low, math.inf if high is None else high)

    def record(self, name: str) -> Record:
        return Record(self.value(name), self.at(name))

    def record_or_none(self, name: str) -> Record | None:
        return None if self.is_null(name) else self.record(name)

    def records(self, name: str) -> list[Record]:
        return [
            Record(value, f"{self.at(name)}[{number}]")
            for number, value in enumerate(self._list(name))
        ]

    def texts(self, name: str) -> tuple[str, ...]:
        values = self._list(name)
        if not all(map(is_text, values)):
            raise self.wrong(name, "a list of texts")
        return tuple(values)

    def _list(self, name: str) -> list[Any]:
        value = self.value(name)
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        return value


def _is_number(value: object) -> bool:
    # Compared, not converted: whole numbers may be too large to be a float.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= _MOST  # type: ignore[operator]
