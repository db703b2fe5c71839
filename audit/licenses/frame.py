"""Whole columns at once: every different value is looked at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import polars as pl

from audit.licenses.normalise import Normalised, normalise
from audit.licenses.terms import Terms
from audit.licenses.uses import use_profiles

SCHEMA: dict[str, Any] = {
    "license": pl.String,
    "status": pl.String,
    "rule": pl.String,
    "reason": pl.String,
    "name": pl.String,
    **{
        term.name: pl.String if term.name == "jurisdiction" else pl.Boolean
        for term in fields(Terms)
    },
    **{column: pl.String for use in use_profiles() for column in (f"use_{use}", f"why_{use}")},
    "source": pl.String,
}


def normalise_all(
    values: pl.Series | Iterable[str | None], *, numbers: str | None = None
) -> pl.DataFrame:
    """The license of every different value of a column.

    Parameters
    ----------
    values:
        Raw values of any type that can be written as text, with nulls.
    numbers:
        As in :func:`audit.licenses.normalise`.

    Returns
    -------
    A row for every different value, null among them, the most frequent first: ``value``,
    ``rows`` (how many have it) and the columns of :data:`SCHEMA`. Join it on ``value`` with nulls
    taken as equal (``nulls_equal=True``).
    """
    series = values if isinstance(values, pl.Series) else pl.Series(list(values), dtype=pl.String)
    counted = (
        pl.DataFrame({"value": series})
        .group_by("value")
        .agg(pl.len().alias("rows"))
        .with_columns(pl.col("value").cast(pl.String))
        .sort("rows", "value", descending=[True, False], nulls_last=True)
    )
    found = [normalise(value, numbers=numbers) for value in counted["value"]]
    return pl.concat([counted, as_frame(found)], how="horizontal")


def as_frame(found: Iterable[Normalised]) -> pl.DataFrame:
    """The columns of :data:`SCHEMA`, a row for each."""
    # Few licenses, many values: what a license says is written out once.
    known: dict[str, dict[str, Any]] = {}
    rows = []
    for one in found:
        if one.license.id not in known:
            known[one.license.id] = _of_license(one)
        told = known[one.license.id] | {"rule": one.rule, "reason": one.reason}
        rows.append(tuple(told[column] for column in SCHEMA))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _of_license(one: Normalised) -> dict[str, Any]:
    told = one.to_dict()
    flat = {**told["properties"], **told}
    for use, permission in told["uses"].items():
        flat[f"use_{use}"], flat[f"why_{use}"] = permission["answer"], permission["reason"]
    return flat
