"""What became of every sample: read from the Parquet files that img2dataset wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from audit.datasets.duckdb_paths import FILE, parquet_sql
from audit.datasets.removed import RemovedSamples
from audit.datasets.sample_keys import Keys, sample_keys, shard_and_row
from audit.errors import SourceError
from audit.fetching.inputs import INPUT_SCHEMA
from audit.fetching.reasons import reason_sql
from audit.fetching.record import FetchRecord

STATS_SUFFIX = "_stats.json"


def finished_shards(folder: Path) -> list[Path]:
    """Parquet files of the output shards that are whole; img2dataset writes the statistics last."""
    finished = sorted(folder.glob(f"*{STATS_SUFFIX}"))
    return [path.with_name(path.name.removesuffix(STATS_SUFFIX) + ".parquet") for path in finished]


#: Attempts at a sample, the last is 1. Names of shards sort as numbers only up to five digits.
_ATTEMPT = (
    "row_number() OVER (PARTITION BY audit_shard, audit_row ORDER BY "
    f"regexp_extract({FILE}, '([0-9]+)\\.parquet$', 1)::INTEGER DESC)"
)


class Outcomes:
    """The last outcome of every sample in a folder of img2dataset's.

    Parameters
    ----------
    retried:
        Whether samples may be in several shards; the one with the highest number counts.
    removed:
        Samples that are left out.
    """

    def __init__(
        self, folder: Path, *, retried: bool, removed: RemovedSamples | None = None
    ) -> None:
        self._files = [str(path) for path in finished_shards(folder)]
        self._engine = duckdb.connect(config={"temp_directory": str(folder / "_spill")})
        self._retried = retried
        self._left_out = ""
        self._removed = removed
        if removed:
            shards, rows = shard_and_row(removed.keys)
            self._engine.register("removed_rows", pa.table({"shard": shards, "row": rows}))
            self._left_out = (
                "WHERE NOT EXISTS (FROM removed_rows r "
                "WHERE r.shard = audit_shard AND r.row = audit_row)"
            )

    def _sql(self) -> str:
        latest = f"QUALIFY {_ATTEMPT} = 1" if self._retried else ""
        return f"SELECT *, {reason_sql()} AS reason FROM {self._rows()} {self._left_out} {latest}"

    def _rows(self) -> str:
        return parquet_sql(self._files, file=True, by_name=True)

    def superseded(self) -> dict[Path, Keys]:
        """Parquet file of an output shard -> its samples that a later shard has again."""
        if not self._files or not self._retried:
            return {}
        query = f"SELECT {FILE}, audit_shard, audit_row FROM {self._rows()} QUALIFY {_ATTEMPT} > 1"
        found: dict[Path, Keys] = {}
        by_file = self._engine.sql(query).pl().partition_by(FILE, as_dict=True)
        by_name = {Path(path).name: Path(path) for path in self._files}
        for (name,), rows in by_file.items():
            shard, row = rows["audit_shard"].to_numpy(), rows["audit_row"].to_numpy()
            found[by_name[Path(str(name)).name]] = sample_keys(shard, row)
        return found

    def by_reason(self) -> dict[str, int]:
        """Samples by reason, ``fetched`` among them."""
        if not self._files:
            return {}
        query = f"SELECT reason, count(*) FROM ({self._sql()}) GROUP BY reason"
        return dict(self._engine.execute(query).fetchall())

    def of_removed(self) -> int:
        """Samples that were tried and removed since."""
        if not self._files or not self._removed:
            return 0
        query = (
            f"SELECT count(DISTINCT (audit_shard, audit_row)) FROM {self._rows()} "
            "JOIN removed_rows r ON r.shard = audit_shard AND r.row = audit_row"
        )
        ((found,),) = self._engine.execute(query).fetchall()
        return int(found)

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


def superseded_samples(folder: Path) -> dict[Path, Keys]:
    """Of a folder that `audit fetch` wrote, what was tried again later.

    Returns
    -------
    superseded
        Parquet file of an output shard -> keys of its samples that a later shard has again;
        nothing if others wrote the folder, or nothing was tried again.
    """
    try:
        record = FetchRecord.read(folder.parent / f"{folder.name}.json")
    except SourceError:
        return {}
    return Outcomes(folder, retried=record is not None and record.retried).superseded()
