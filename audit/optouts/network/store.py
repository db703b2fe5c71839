"""What checks found, in parquet files of the dataset's folder; each is a sidecar.

::

    optouts/urls-<time>-<number>.parquet    one row a URL: the columns of ``Checked``

Rows are added by further files, never changed: of a URL that was asked for twice, the later row
holds. A file is written whole, so that whatever stops a check costs what came since the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from audit.datasets.files import written_whole
from audit.errors import SourceError
from audit.optouts.network.asking import Checked

_TYPES = {"status": pa.int32(), "passing": pa.bool_(), "images": pa.bool_()}
SCHEMA = pa.schema([(item.name, _TYPES.get(item.name, pa.string())) for item in fields(Checked)])


class CheckStore:
    """The files of the checks of one dataset.

    Parameters
    ----------
    folder:
        Made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._begun = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")

    def add(self, rows: Sequence[Checked]) -> None:
        """Write rows as a further file.

        Raises
        ------
        StorageError
            If the disk is full, or the folder may not be written.
        """
        if not rows:
            return
        table = pa.Table.from_pylist([_writable(row) for row in rows], SCHEMA)
        number = 0
        while (path := self.folder / f"urls-{self._begun}-{number:05d}.parquet").exists():
            number += 1
        with written_whole(path) as stream:
            pq.write_table(table, stream, compression="zstd")

    def missing(
        self,
        urls: pl.Series,
        files: Sequence[Path],
        *,
        not_before: datetime | None,
        images: bool,
    ) -> pl.Series:
        """Those of ``urls`` that have no answer that may stand.

        Parameters
        ----------
        files:
            Those that hold earlier answers.
        not_before:
            Earlier answers are too old; None if none is.
        images:
            Whether an answer without a look at the image does not do.
        """
        if not files:
            return urls
        listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
        oldest = "" if not_before is None else not_before.isoformat(timespec="milliseconds")
        engine = duckdb.connect(config={"threads": 1, "memory_limit": "1GB"})
        engine.register("wanted", pl.DataFrame({"url": urls}).to_arrow())
        try:
            found = engine.execute(
                f"SELECT url FROM wanted ANTI JOIN (SELECT url FROM read_parquet([{listed}]) "
                "WHERE NOT passing AND checked_at >= ? AND (images OR NOT ?)) AS done USING (url)",
                [oldest, images],
            ).fetchall()
        except duckdb.Error as error:
            raise SourceError(
                f"{self.folder}: what was checked before cannot be read "
                f"({str(error).splitlines()[0]}).",
                hint="Remove the damaged files there; what they held will be asked for again.",
            ) from error
        finally:
            engine.close()
        return pl.Series("url", [url for (url,) in found], dtype=pl.String)


def _writable(row: Checked) -> dict[str, object]:
    """Texts of strangers may hold halves of characters, which no file takes."""
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in row.to_dict().items()
    }
