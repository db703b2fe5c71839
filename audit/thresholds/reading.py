"""Scores of concepts from a table: CSV or Parquet, a row a concept, or several.

Several rows of a concept, told apart by a column such as ``prompt`` or ``image``, become their
mean. What is unknown is left out and counted; what is wrong is told with its place, and a table
with a mistake is not used at all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from audit.concepts.concept import check_domain
from audit.curated.problems import Problem, refusal, shown
from audit.errors import UsageError, did_you_mean
from audit.thresholds.columns import MADE_BY, ScoreCells, ScoreColumns, read_cells
from audit.thresholds.series import MOST_IMAGES, Floats, ScoreSeries, series_of

__all__ = ["USUAL_COLUMNS", "ScoreColumns", "read_scores"]

USUAL_COLUMNS = ScoreColumns()

_NUMBERS = ("count", "score", "count_low", "count_high")
#: Reasons that are told one by one, and domains that a message lists.
_MOST_REASONS, _MOST_LISTED = 5, 10
#: How far a count that was rounded to a whole number may be outside its interval.
_ROUNDING = 0.5

_WITH_COMMAS = re.compile(r"\d{1,3}(,\d{3})+(\.0*)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")


def read_scores(
    path: str | PathLike[str],
    columns: ScoreColumns = USUAL_COLUMNS,
    *,
    domain: str | None = None,
    model: str | None = None,
) -> ScoreSeries:
    """Read a table of concepts, their counts and their imitation scores.

    Parameters
    ----------
    path:
        ``.csv`` (comma, semicolon or tab; UTF-8), ``.tsv`` or ``.parquet``.
    columns:
        What its columns are called.
    domain, model:
        Which to take where the table has several, in any case. Where it names none, what the
        scores are said to be of.

    Returns
    -------
    series
        With ``n_p`` scores of a concept for each of ``P`` prompts, its score is the mean over
        prompts of their means, and the variance of that mean ``1/P² Σ s_p²/n_p``: prompts are
        given. Where a prompt has one score only it is ``s²/P`` of the means of prompts, and
        ``s²/n`` where nothing groups the rows.

    Raises
    ------
    ColumnError
        If a column is missing, comes twice, or holds no plain values.
    UsageError
        If the file cannot be read, holds several domains or models and none is chosen, or with
        the mistakes of it, one a line as ``file:line: problem``.
    """
    path = Path(path)
    cells = read_cells(path, columns)
    rows = cells.frame
    if columns.concept is None:
        rows = rows.with_columns(
            pl.format("row {}", pl.int_range(1, pl.len() + 1)).alias("concept")
        )
    has_ends = "count_low" in rows.columns and rows["count_low"].ne("").any()
    has_ends = has_ends or ("count_high" in rows.columns and rows["count_high"].ne("").any())
    rows = rows.with_columns(
        pl.when(pl.col(name) != "").then(name).cast(pl.Float64, strict=False).alias(_parsed(name))
        for name in _NUMBERS
        if name in rows.columns
    )
    problems = [*cells.problems, *_wrong_cells(rows, cells, has_ends)]
    if problems:
        raise _refused(problems, path)
    rows, domain = _of_one(rows, "domain", domain, path)
    if domain is not None:
        domain = domain.strip().lower()
        check_domain(domain, f"{path}: ")
    rows, model = _of_one(rows, "model", model, path)
    _check_made_alike(rows, path)
    rows = rows.with_columns(_ends()) if has_ends else rows
    _check_repeats(rows, cells, path)
    _check_agreement(rows, cells, has_ends, path)

    is_known = pl.col(_parsed("score")).is_not_null() & pl.col(_parsed("count")).is_not_null()
    known, unknown = rows.filter(is_known), rows.filter(~is_known)
    means = _Means(known, cells.repeats)
    firsts = known.unique("concept", keep="first").sort("concept")
    lost = unknown.join(firsts.select("concept"), on="concept", how="anti")
    return series_of(
        firsts[_parsed("count")].to_numpy(),
        means.scores,
        firsts["concept"].to_list(),
        count_low=firsts["low"].to_numpy() if has_ends else None,
        count_high=firsts["high"].to_numpy() if has_ends else None,
        images=means.images,
        image_variance=means.variance,
        domain=domain,
        model=model,
        left_out=_reasons(lost),
        images_left_out=len(unknown) - len(lost),
    )


def _parsed(name: str) -> str:
    return f"{name} as number"


def _wrong_cells(rows: pl.DataFrame, cells: ScoreCells, has_ends: bool) -> Iterator[Problem]:
    """Every cell that does not hold what it should, by row."""
    count, score = pl.col(_parsed("count")), pl.col(_parsed("score"))
    is_count = (count >= 0) & (count <= MOST_IMAGES) & (count.floor() == count)
    wrong = {
        "concept": pl.col("concept") == "",
        "count": (pl.col("count") != "") & ~is_count.fill_null(False),
        "score": (pl.col("score") != "") & ~score.is_finite().fill_null(False),
    }
    if has_ends:
        low, high = pl.col(_parsed("count_low")), pl.col(_parsed("count_high"))
        is_empty = (pl.col("count_low") == "") & (pl.col("count_high") == "")
        holds = (low >= 0) & (low <= count + _ROUNDING) & (count - _ROUNDING <= high)
        holds &= (low <= high) & high.is_finite()
        # Of an unknown count the ends do not matter, nor of one that is wrong itself.
        wrong["ends"] = is_count.fill_null(False) & ~is_empty & ~holds.fill_null(False)
    flagged = rows.with_columns(is_wrong.alias(f"wrong {what}") for what, is_wrong in wrong.items())
    flagged = flagged.filter(pl.any_horizontal(f"wrong {what}" for what in wrong))
    for row in flagged.iter_rows(named=True):
        for what in wrong:
            if row[f"wrong {what}"]:
                yield cells.problem(row["place"], _EXPLAINED[what](row))


def _about_count(row: dict[str, Any]) -> str:
    cell, value = row["count"], row[_parsed("count")]
    if _WITH_COMMAS.fullmatch(cell):
        return f"{shown(cell)} is no count: write it without commas, {cell.replace(',', '')}"
    if value is not None and MOST_IMAGES < value < math.inf:
        return f"{shown(cell)} is more images than there can be"
    return f"{shown(cell)} is no count: counts are whole numbers from 0 on, unknown ones are empty"


def _about_score(row: dict[str, Any]) -> str:
    cell = row["score"]
    if _DECIMAL_COMMA.fullmatch(cell):
        return f"{shown(cell)} is no score: write it with a point, {cell.replace(',', '.')}"
    return f"{shown(cell)} is no score: scores are finite numbers, unknown ones are empty"


def _about_ends(row: dict[str, Any]) -> str:
    ends = row["count_low"], row["count_high"]
    if "" in ends:
        return "the interval of the count has one end only: write both, or none"
    low, high = ends
    if row[_parsed("count_low")] is None or row[_parsed("count_high")] is None:
        return f"{shown(low)} to {shown(high)} is no interval: its ends are numbers from 0 on"
    return f"{low} to {high} is no interval of the count {row['count']}: it must hold it, from 0 on"


_EXPLAINED = {
    "concept": lambda row: "the name of the concept is empty",
    "count": _about_count,
    "score": _about_score,
    "ends": _about_ends,
}


def _ends() -> tuple[pl.Expr, pl.Expr]:
    """Ends of intervals that hold their counts; the count itself where there are none."""
    count = pl.col(_parsed("count"))
    low, high = (pl.col(_parsed(end)).fill_null(count) for end in ("count_low", "count_high"))
    return pl.min_horizontal(low, count).alias("low"), pl.max_horizontal(high, count).alias("high")


def _of_one(
    rows: pl.DataFrame, what: str, asked: str | None, path: Path
) -> tuple[pl.DataFrame, str | None]:
    """The rows of one domain or model, and which."""
    if what not in rows.columns or rows[what].eq("").all():
        return rows, asked
    # As they are first written; an empty one is none of the others.
    spelled: dict[str, str] = {}
    for name in rows[what].unique(maintain_order=True):
        spelled.setdefault(name.lower(), name)
    if asked is None and len(spelled) == 1:
        return rows, rows[what][0]
    keys = rows[what].replace_strict({n: n.lower() for n in rows[what].unique()})
    rows = rows.with_columns(keys.alias("key"))
    if asked is not None and (key := asked.strip().lower()) in spelled and key:
        return rows.filter(pl.col("key") == key), spelled[key]
    sizes = rows.group_by("key").agg(pl.col("concept").n_unique(), pl.col("place").min())
    sizes = sizes.sort("concept", "place", descending=[True, False])
    told = [
        f"{shown(spelled[key]) if key else 'without one'} "
        f"({concepts:,} concept{'' if concepts == 1 else 's'})"
        for key, concepts, _ in sizes.head(_MOST_LISTED).iter_rows()
    ]
    listed = ", ".join(told) + (" …" if len(sizes) > _MOST_LISTED else "")
    names = [spelled[key] for key in sizes["key"] if key]
    if asked is None:
        raise UsageError(
            f"{path}: holds scores of more than one {what}: {listed}.",
            hint=f"An estimate is of one. Choose it: --{what} {names[0]}.",
        )
    near = did_you_mean(asked, names)
    raise UsageError(
        f"{path}: holds no scores of the {what} {asked!r}.",
        hint=f"{near + ' ' if near else ''}There are: {listed}.",
    )


def _check_made_alike(rows: pl.DataFrame, path: Path) -> None:
    """Raise if scores were made in different ways."""
    for what in MADE_BY:
        if what in rows.columns:
            ways = [way for way in rows[what].unique(maintain_order=True) if way]
            if len(ways) > 1:
                raise UsageError(
                    f"{path}: holds scores of more than one {what}: {', '.join(ways)}.",
                    hint="They cannot be compared: give a table for each.",
                )


def _check_repeats(rows: pl.DataFrame, cells: ScoreCells, path: Path) -> None:
    """Raise if rows of one concept are not told apart."""
    keys = ["concept", *cells.repeats]
    if rows.select(keys).n_unique() == len(rows):
        return
    first = pl.col("place").min().over(keys)
    again = rows.with_columns(first.alias("first")).filter(pl.col("place") != pl.col("first"))
    # One for each is enough: a table without such a column has thousands.
    again = again.unique(keys, keep="first")
    problems = []
    for row in again.iter_rows(named=True):
        which = " and ".join(f"{name.strip(chr(39))} {shown(row[name])}" for name in cells.repeats)
        text = f"{shown(row['concept'])}{' with ' + which if which else ''} comes again: "
        text += f"{cells.unit} {row['first']} has it already"
        problems.append(cells.problem(row["place"], text))
    raise _refused(
        problems,
        path,
        "Several rows of a concept are averaged if a column prompt, image, generation or seed "
        "tells them apart; --repeat-col names another.",
    )


def _check_agreement(rows: pl.DataFrame, cells: ScoreCells, has_ends: bool, path: Path) -> None:
    """Raise if rows of one concept have different counts, or intervals of it."""
    if not cells.repeats:
        return
    rows = rows.filter(pl.col(_parsed("count")).is_not_null())
    told = [_parsed("count"), *(("low", "high") if has_ends else ())]
    differs = pl.any_horizontal(pl.col(one) != pl.col(one).first().over("concept") for one in told)
    odd = rows.filter(differs).unique("concept", keep="first").sort("place")
    firsts = rows.unique("concept", keep="first").select("concept", "place", *told)
    problems = []
    for row in odd.join(firsts, on="concept", how="left", suffix=" first").iter_rows(named=True):
        here, there = ([row[one + suffix] for one in told] for suffix in ("", " first"))
        text = f"{shown(row['concept'])} has the count {_count(here)} here, and "
        text += f"{_count(there)} in {cells.unit} {row['place first']}"
        problems.append(cells.problem(row["place"], text))
    if problems:
        raise _refused(problems, path, "Give each concept one count, the same in all its rows.")


def _count(told: list[float]) -> str:
    """A count as it is, with its ends if it has any."""
    value, *ends = (f"{one:.15g}" for one in told)
    return f"{value} ({' to '.join(ends)})" if ends else value


def _refused(problems: list[Problem], path: Path, hint: str | None = None) -> UsageError:
    error = refusal(sorted(problems, key=lambda problem: problem.line), path)
    return UsageError(error.message, hint=hint or f"Mend {path.name} and try again.")


def _reasons(lost: pl.DataFrame) -> list[tuple[str, int]]:
    """Why concepts have no score or no count, and how many each; the commonest reasons first."""
    told = pl.col("reason") if "reason" in lost.columns else pl.lit("")
    why = (
        pl.when(pl.col(_parsed("score")).is_not_null())
        .then(pl.lit("the count is unknown"))
        .when(told != "")
        .then(told)
        .otherwise(pl.lit("the score is unknown"))
    )
    by_concept = lost.group_by("concept", why.alias("why")).len()
    by_concept = by_concept.sort("len", "why", descending=[True, False])
    commonest = by_concept.unique("concept", keep="first", maintain_order=True)
    reasons = commonest.group_by("why").len().sort("len", "why", descending=[True, False])
    listed = [(str(reason), int(concepts)) for reason, concepts in reasons.iter_rows()]
    others = sum(concepts for _, concepts in listed[_MOST_REASONS:])
    return [*listed[:_MOST_REASONS], *([("other reasons", others)] if others else [])]


class _Means:
    """Scores of concepts, in order of their names; sums do not depend on the order of rows.

    Attributes
    ----------
    scores, images:
        Mean of each concept, and how many rows it rests on.
    variance:
        Mean over concepts of the variance of that mean; None if no concept has several rows.
    """

    def __init__(self, rows: pl.DataFrame, repeats: tuple[str, ...]) -> None:
        scores = rows[_parsed("score")].to_numpy()
        concepts = _codes(rows["concept"])
        prompts = _codes(rows[repeats[0]]) if len(repeats) > 1 else np.zeros_like(concepts)
        order = np.lexsort((scores, prompts, concepts))
        scores, concepts, prompts = scores[order], concepts[order], prompts[order]
        is_first = np.ones(len(scores), dtype=bool)
        is_first[1:] = (np.diff(concepts) != 0) | (np.diff(prompts) != 0)
        means, sizes, squares = _summed(scores, np.flatnonzero(is_first))
        starts = np.flatnonzero(np.diff(concepts[is_first], prepend=-1))
        self.scores, groups, between = _summed(means, starts)
        if not len(starts):
            self.images, self.variance = sizes, None
            return
        self.images = np.add.reduceat(sizes, starts)
        within = np.add.reduceat(squares / np.maximum(sizes - 1, 1) / sizes, starts) / groups**2
        among = between / np.maximum(groups - 1, 1) / groups
        all_repeated = np.minimum.reduceat(sizes, starts) > 1
        has_several = self.images > 1
        each = np.where(all_repeated, within, among)[has_several]
        self.variance = float(each.mean()) if len(each) else None


def _codes(names: pl.Series) -> NDArray[np.int64]:
    """The place of each name among all names in order."""
    return names.rank("dense").cast(pl.Int64).to_numpy()


def _summed(values: Floats, starts: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Mean, size and sum of squared distances from the mean of each run that begins at a start."""
    sizes = np.diff(np.append(starts, len(values)))
    if not len(starts):
        return np.zeros(0), sizes, np.zeros(0)
    means = np.add.reduceat(values, starts) / sizes
    return means, sizes, np.add.reduceat((values - np.repeat(means, sizes)) ** 2, starts)
