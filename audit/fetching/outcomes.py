"""What became of every sample: read from the Parquet files that img2dataset wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from audit.fetching.inputs import INPUT_SCHEMA
from audit.fetching.reasons import reason_sql

STATS_SUFFIX = "_stats.json"


def finished_shards(folder: Path) -> list[Path]:
    """Parquet files of the output shards that are whole; img2dataset writes the statistics last."""
    finished = sorted(folder.glob(f"*{STATS_SUFFIX}"))
    return [path.with_name(path.name.removesuffix(STATS_SUFFIX) + ".parquet") for path in finished]


class Outcomes:
    """The last outcome of every sample in a folder of img2dataset's.

    Parameters
    ----------
    retried:
        Whether samples may be in several shards; the one with the highest number counts.
    """

    def __init__(self, folder: Path, *, retried: bool) -> None:
        self._files = [str(path) for path in finished_shards(folder)]
        self._engine = duckdb.connect(config={"temp_directory": str(folder / "_spill")})
        self._retried = retried

    def _sql(self) -> str:
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in self._files)
        latest = ""
        if self._retried:
            # Names of shards sort as their numbers only up to five digits.
            number = "regexp_extract(filename, '([0-9]+)\\.parquet$', 1)::INTEGER"
            latest = (
                "QUALIFY row_number() OVER "
                f"(PARTITION BY audit_shard, audit_row ORDER BY {number} DESC) = 1"
            )
        return (
            f"SELECT *, {reason_sql()} AS reason "
            f"FROM read_parquet([{listed}], filename = true, union_by_name = true) {latest}"
        )

    def by_reason(self) -> dict[str, int]:
        """Samples by reason, ``fetched`` among them."""
        if not self._files:
            return {}
        query = f"SELECT reason, count(*) FROM ({self._sql()}) GROUP BY reason"
        return dict(self._engine.execute(query).fetchall())

    def inputs(self, reasons: Sequence[str], size: int) -> Iterator[pa.Table]:
        """The samples that ended for one of ``reasons``, to be tried again, ``size`` at a time."""
        if not self._files or not reasons:
            return
        listed = ", ".join(f"'{reason}'" for reason in reasons)
        query = (
            f"SELECT audit_shard, audit_row, caption, url FROM ({self._sql()}) "
            f"WHERE reason IN ({listed})"
        )
        for batch in self._engine.sql(query).to_arrow_reader(size):
            for start in range(0, len(batch), size):
                yield pa.Table.from_batches([batch.slice(start, size)]).cast(INPUT_SCHEMA)
