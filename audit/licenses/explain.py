"""The answer of ``audit license explain``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from audit.licenses.frame import as_frame
from audit.licenses.normalise import Normalised, normalise
from audit.licenses.uses import use_profiles
from audit.shown import Shown

DISCLAIMER = "What the value says, as far as tables know it; not legal advice."


@dataclass(frozen=True)
class ExplainedLicenses(Shown):
    """Each value with its license, in the order of the question."""

    results: tuple[Normalised, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": "audit.license.explain/1",
            "note": DISCLAIMER,
            "profiles": {name: profile.title for name, profile in use_profiles().items()},
            "results": [result.to_dict() for result in self.results],
        }

    def to_polars(self) -> pl.DataFrame:
        values = pl.Series("input", [result.value for result in self.results], dtype=pl.String)
        return pl.concat([values.to_frame(), as_frame(self.results)], how="horizontal")


def explain(values: Iterable[str | None], *, numbers: str | None = None) -> ExplainedLicenses:
    """What each value says; see :func:`audit.licenses.normalise`."""
    return ExplainedLicenses(tuple(normalise(value, numbers=numbers) for value in values))
