"""Conditions on the sample columns: ``width >= 512 and similarity > 0.3``, and nothing more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa

from audit.datasets.dataset import Dataset, Part
from audit.datasets.duckdb_paths import allowed_folder
from audit.errors import ConditionError, did_you_mean

_BATCH_ROWS = 1 << 17
_REMEDY = "Write one DuckDB condition, as after WHERE: width >= 512 and similarity > 0.3"


class Condition:
    """A DuckDB condition on the sample columns of a dataset.

    It is evaluated by an engine that can read the dataset's parts and nothing else, and can
    write nothing.

    Raises
    ------
    ConditionError
        If ``text`` is not one condition, or names columns that the dataset does not have.
    """

    def __init__(self, text: str, dataset: Dataset) -> None:
        self.text = text
        self._dataset = dataset
        self._engine = _confined_engine(dataset)
        self._check_shape()
        try:
            # All parts have the same columns: one is enough to check the condition on.
            for path in dataset.paths[:1]:
                samples = dataset.sql([path])
                self._engine.execute(f"EXPLAIN SELECT 1 FROM {samples} WHERE {self._clause}")
        except duckdb.Error as error:
            raise self._explained(error) from error

    @property
    def _clause(self) -> str:
        # The line break ends a comment that the condition may end with.
        return f"({self.text}\n)"

    def _check_shape(self) -> None:
        if not self.text.strip():
            raise ConditionError("--where is empty: not a condition.", hint=_REMEDY)
        statement = f"SELECT 1 FROM samples WHERE {self._clause}"
        found = self._engine.execute(
            "SELECT json_serialize_sql(?::VARCHAR)", [statement]
        ).fetchall()
        tree = json.loads(found[0][0])
        if tree.get("error"):
            raise ConditionError(
                f"--where {self.text!r} is not a condition: {tree.get('error_message')}.",
                hint=_REMEDY,
            )
        nodes = [statement["node"] for statement in tree["statements"]]
        if len(nodes) != 1 or nodes[0]["type"] != "SELECT_NODE" or _has_subquery(nodes[0]):
            raise ConditionError(
                f"--where {self.text!r} does more than filter samples.",
                hint=_REMEDY,
            )

    def _explained(self, error: duckdb.Error) -> ConditionError:
        columns = self._dataset.columns
        listed = ", ".join(f"{name} ({type_})" for name, type_ in columns.items())
        reason = str(error).split("\n")[0]
        words = reason.split('"')
        near = did_you_mean(words[1], columns) if len(words) > 1 else None
        return ConditionError(
            f"--where {self.text!r}: {reason}",
            hint=f"{near + ' ' if near else ''}Columns: {listed}.",
        )

    def batches(self, part: Part, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The samples of a part that meet the condition, with their row as ``file_row_number``.

        A row for which the condition is null does not meet it. Samples that were removed on
        request are left out.
        """
        listed = ", ".join([*(f'"{name}"' for name in columns), "file_row_number"])
        samples = self._dataset.sql([str(part.path)], file_row=True)
        query = f"SELECT {listed} FROM {samples} WHERE {self._clause}"
        try:
            for batch in self._engine.sql(query).to_arrow_reader(_BATCH_ROWS):
                rows = batch["file_row_number"].to_numpy(zero_copy_only=False)
                kept = part.kept_among(rows)
                yield batch if kept is None else batch.filter(pa.array(kept))
        except duckdb.Error as error:
            raise self._explained(error) from error


def _confined_engine(dataset: Dataset) -> duckdb.DuckDBPyConnection:
    engine = duckdb.connect(config={"preserve_insertion_order": True})
    engine.execute(f"SET allowed_directories = {allowed_folder(dataset.folder)}")
    engine.execute("SET python_enable_replacements = false")
    engine.execute("SET enable_external_access = false")
    engine.execute("SET lock_configuration = true")
    return engine


def _has_subquery(tree: object) -> bool:
    if isinstance(tree, dict):
        return tree.get("class") == "SUBQUERY" or any(map(_has_subquery, tree.values()))
    return isinstance(tree, list) and any(map(_has_subquery, tree))
