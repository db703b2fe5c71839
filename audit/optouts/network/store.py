"""What checks found, in parquet files of the dataset's folder; each is a sidecar.

::

    optouts/urls-<time>-<number>.parquet    one row a URL: the columns of ``Checked``

Rows are added by further files, never changed: of a URL that was asked for twice, the later row
holds. A file is written whole, so that whatever stops a check costs what came since the last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from audit.datasets.duckdb_paths import parquet_sql
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
        self._answered: npt.NDArray[np.uint64] | None = None  #: by earlier runs, once read
        self._added: set[int] = set()
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
        self._added.update(_hash(row.url) for row in rows if not row.passing)

    def missing(
        self,
        urls: pl.Series,
        files: Sequence[Path],
        *,
        not_before: datetime | None,
        images: bool,
    ) -> pl.Series:
        """Those of ``urls`` that have no answer that may stand.

        Earlier answers are read once; what is added afterwards is remembered. Memory is eight
        bytes for each URL that was ever answered.

        Parameters
        ----------
        files:
            Those that hold earlier answers.
        not_before:
            Earlier answers are too old; None if none is.
        images:
            Whether an answer without a look at the image does not do.
        """
        if self._answered is None:
            self._answered = self._read(files, not_before, images)
        hashes = np.fromiter(map(_hash, urls.to_list()), np.uint64, len(urls))
        place = np.searchsorted(self._answered, hashes)
        known = np.zeros(len(urls), bool)
        inside = place < len(self._answered)
        known[inside] = self._answered[place[inside]] == hashes[inside]
        added = [value in self._added for value in hashes.tolist()]
        return urls.filter(pl.Series(~(known | np.array(added, bool))))

    def _read(
        self, files: Sequence[Path], not_before: datetime | None, images: bool
    ) -> npt.NDArray[np.uint64]:
        """Hashes of the URLs that have an answer, sorted."""
        if not files:
            return np.empty(0, np.uint64)
        oldest = "" if not_before is None else not_before.isoformat(timespec="milliseconds")
        engine = duckdb.connect(config={"threads": 1, "memory_limit": "1GB"})
        try:
            found = engine.execute(
                "SELECT CAST('0x' || substr(md5(url), 1, 16) AS UBIGINT) AS hash "
                f"FROM {parquet_sql(files)} "
                "WHERE NOT passing AND checked_at >= ? AND (images OR NOT ?)",
                [oldest, images],
            ).fetchnumpy()["hash"]
        except duckdb.Error as error:
            raise SourceError(
                f"{self.folder}: what was checked before cannot be read "
                f"({str(error).splitlines()[0]}).",
                hint="Remove the damaged files there; what they held will be asked for again.",
            ) from error
        finally:
            engine.close()
        return np.unique(np.asarray(found, np.uint64))


def _hash(url: str) -> int:
    """What a part has of a URL too: the first eight bytes of its MD5."""
    return int.from_bytes(hashlib.md5(url.encode(), usedforsecurity=False).digest()[:8], "big")


def _writable(row: Checked) -> dict[str, object]:
    """Texts of strangers may hold halves of characters, which no file takes."""
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in row.to_dict().items()
    }
