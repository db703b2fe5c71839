"""Which URLs two datasets share."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from audit.datasets.conditions import Condition
from audit.datasets.dataset import Dataset
from audit.datasets.duckdb_paths import parquet_sql
from audit.datasets.files import storage_errors
from audit.errors import StorageError
from audit.parallel import processors

METHOD = (
    "samples are the same if their URLs are, by the first 64 bits of MD5; what does not fit into "
    "memory is on disk meanwhile, and the numbers are exact"
)
_MEMORY = "1GB"


@dataclass(frozen=True)
class Overlap:
    """Samples of two datasets by their URL.

    Attributes
    ----------
    urls_in_both, urls_only_in_a, urls_only_in_b:
        Different URLs.
    samples_in_both_of_a, samples_in_both_of_b:
        Samples of each whose URL the other has too. A URL may be that of several samples.
    samples_only_in_a, samples_only_in_b:
        Samples whose URL the other does not have.
    without_url_a, without_url_b:
        Samples without URL: they are in none of these numbers.
    """

    urls_in_both: int
    urls_only_in_a: int
    urls_only_in_b: int
    samples_in_both_of_a: int
    samples_in_both_of_b: int
    samples_only_in_a: int
    samples_only_in_b: int
    without_url_a: int
    without_url_b: int

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "method": METHOD}


def why_no_overlap(a: Dataset, b: Dataset) -> str | None:
    """Why nobody can say which URLs they share; None if it can be said."""
    without = [dataset.name for dataset in (a, b) if "url_hash" not in dataset.columns]
    return f"{' and '.join(without)}: without URLs" if without else None


def compare_urls(
    a: Dataset,
    b: Dataset,
    where: str | None = None,
    on_progress: Callable[[str, float | None], None] = lambda what, share: None,
) -> Overlap:
    """Count the URLs that both datasets have, and those that only one has.

    Memory is bounded by 1 GB; hashes that do not fit go to the temporary folder: up to 16 bytes
    for each different URL.

    Parameters
    ----------
    where:
        Only samples that meet this DuckDB condition.

    Raises
    ------
    StorageError
        If the temporary folder is full.
    """
    on_progress("URLs in both", None)
    with tempfile.TemporaryDirectory(prefix="audit-diff-") as scratch:
        folder = Path(scratch)
        config = {
            "memory_limit": _MEMORY,
            "temp_directory": str(folder / "spilled"),
            "threads": processors(),
            "preserve_insertion_order": False,
        }
        with storage_errors(folder), duckdb.connect(config=config) as engine:  # type: ignore[arg-type]
            try:
                for side, dataset in (("a", a), ("b", b)):
                    samples = _hashes(engine, dataset, where, folder / f"{side}.parquet")
                    engine.execute(
                        f"CREATE TEMP TABLE {side} AS SELECT url_hash, count(*) AS n "
                        f"FROM {samples} GROUP BY url_hash"
                    )
                ((*numbers,),) = engine.execute(_SQL).fetchall()
            except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
                raise StorageError(
                    f"{folder}: the URLs of both could not be put together "
                    f"({str(error).splitlines()[0]}).",
                    hint="Free some space there, or name another folder in TMPDIR.",
                ) from error
    return Overlap(*map(int, numbers))


_SQL = """
WITH joined AS (
  SELECT coalesce(a.url_hash, b.url_hash) AS url_hash, a.n AS in_a, b.n AS in_b
  FROM a FULL JOIN b ON a.url_hash = b.url_hash)
SELECT
  count(*) FILTER (url_hash IS NOT NULL AND in_a IS NOT NULL AND in_b IS NOT NULL),
  count(*) FILTER (url_hash IS NOT NULL AND in_b IS NULL),
  count(*) FILTER (url_hash IS NOT NULL AND in_a IS NULL),
  coalesce(sum(in_a) FILTER (url_hash IS NOT NULL AND in_b IS NOT NULL), 0),
  coalesce(sum(in_b) FILTER (url_hash IS NOT NULL AND in_a IS NOT NULL), 0),
  coalesce(sum(in_a) FILTER (url_hash IS NOT NULL AND in_b IS NULL), 0),
  coalesce(sum(in_b) FILTER (url_hash IS NOT NULL AND in_a IS NULL), 0),
  coalesce(sum(in_a) FILTER (url_hash IS NULL), 0),
  coalesce(sum(in_b) FILTER (url_hash IS NULL), 0)
FROM joined
"""


def _hashes(
    engine: duckdb.DuckDBPyConnection, dataset: Dataset, where: str | None, path: Path
) -> str:
    """A DuckDB table expression over the hashes of URLs of the samples that are asked about."""
    if where is None:
        return f"(SELECT url_hash FROM {dataset.remaining_sql(engine)})"
    # A condition runs in an engine of its own, which can read the dataset and nothing else.
    condition = Condition(where, dataset)
    with pq.ParquetWriter(path, pa.schema([("url_hash", pa.uint64())])) as writer:
        for part in dataset.parts:
            for batch in condition.batches(part, ["url_hash"]):
                writer.write_batch(batch.select(["url_hash"]))
    return f"(SELECT url_hash FROM {parquet_sql([str(path)])})"
