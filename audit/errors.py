"""Everything `audit` raises on purpose.

::

    AuditError                  exit code 1
    ├── SourceError             a source file that cannot be read or understood
    │   └── ColumnError         a column that is missing, ambiguous or of the wrong type
    ├── StorageError            the home cannot be written: full, read-only, in use
    ├── MissingPackageError     an optional package that this needs is not installed
    └── UsageError              exit code 2: the question itself is wrong
        ├── ConceptError        a concept or a concept list
        ├── ConditionError      a ``--where`` condition
        ├── EncoderMismatchError  embeddings of different encoders, which cannot be compared
        ├── DatasetNotFoundError
        └── DatasetExistsError

A message says what is wrong and where; ``hint`` says what to do about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class AuditError(Exception):
    """Base of all errors: what happened, where, and what to do."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors travel between processes; the hint must not be lost on the way.
        return _rebuilt, (type(self), self.message, self.hint)

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class SourceError(AuditError):
    """A source file cannot be read or understood."""


class ColumnError(SourceError):
    """A column is missing, ambiguous, or of the wrong type."""


class StorageError(AuditError):
    """The home, where datasets are kept, cannot be written."""


class MissingPackageError(AuditError):
    """Something optional is not installed."""

    @classmethod
    def of(cls, what: str, extra: str, error: ImportError) -> MissingPackageError:
        """``what`` needs the packages of ``extra``; importing one of them raised ``error``."""
        return cls(
            f"{what} needs a package that is not installed ({error}).",
            hint=f"Install it: pip install 'concept-audit[{extra}]'.",
        )


class UsageError(AuditError):
    """The question is wrong; asking it again will not help."""

    exit_code = 2


class ConceptError(UsageError):
    """A concept or a concept list is not valid."""


class ConditionError(UsageError):
    """A condition on the sample columns is wrong, or tries to do more than filter."""


class EncoderMismatchError(UsageError):
    """Embeddings of different encoders meet; their similarities mean nothing."""


class DatasetNotFoundError(UsageError):
    """No dataset of that name is in the home."""


class DatasetExistsError(UsageError):
    """The name belongs to a dataset made from other sources."""


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A sentence that suggests the nearest known word, or None if nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else None


def _rebuilt(kind: type[AuditError], message: str, hint: str | None) -> AuditError:
    return kind(message, hint=hint)
