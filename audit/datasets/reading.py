"""Reading shards in batches, so that memory is bounded by a batch and not by a shard."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
from collections.abc import Collection, Iterator, Sequence
from typing import IO, Any, Protocol

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from audit.datasets.presets import CAPTION_COLUMNS, LIKELY_CAPTION_COLUMNS, USUAL_COLUMNS
from audit.datasets.sources import SourceFile, is_remote, missing_package
from audit.errors import AuditError, ColumnError, SourceError

#: Rows in a batch. Captions of a batch and what is made of them stay below some 50 MB.
BATCH_ROWS = 1 << 16

_SNIFFED_BYTES = 1 << 18
_HEADER_WORDS = {*CAPTION_COLUMNS, *LIKELY_CAPTION_COLUMNS}.union(*USUAL_COLUMNS.values())


class ShardReader(Protocol):
    """An open shard."""

    columns: dict[str, pa.DataType]
    rows: int | None  #: None where only reading to the end would tell
    layout: str | None  #: name of the layout, where the file itself shows it
    rejected: int  #: lines skipped so far because they do not fit the columns
    share_read: float  #: how much of the shard has been read, in [0, 1]

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]: ...

    def batches_with(
        self, rows: Collection[int], columns: Sequence[str]
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The batches that hold ``rows``, each with the row that it begins at."""
        ...


@contextlib.contextmanager
def open_shard(file: SourceFile) -> Iterator[ShardReader]:
    """Open a shard.

    Raises
    ------
    SourceError
        Here or while batches are read: the file is gone, unreachable, truncated, or not what its
        name says.
    """
    with contextlib.ExitStack() as stack:
        with source_errors(file.uri):
            stream = stack.enter_context(file.open())
            reader = _ParquetShard(stream, file) if file.is_parquet else _TextShard(stream, file)
        yield reader


@contextlib.contextmanager
def source_errors(uri: str) -> Iterator[None]:
    """Turn whatever goes wrong while ``uri`` is read into a :class:`SourceError` about it."""
    try:
        yield
    except FileNotFoundError as error:
        raise SourceError(
            f"{uri}: the file is gone.",
            hint="Put it back, or leave it out; the other shards are not affected.",
        ) from error
    except (pa.ArrowException, EOFError, gzip.BadGzipFile, csv.Error, UnicodeDecodeError) as error:
        raise SourceError(
            f"{uri}: cannot be read: {_one_line(error)}",
            hint="The file is damaged or not of this format. Download it again and rerun: "
            "only this shard will be read.",
        ) from error
    except ImportError as error:
        raise missing_package(uri, error) from error
    except OSError as error:
        raise SourceError(
            f"{uri}: cannot be read: {_one_line(error)}",
            hint="Check the path, your permissions and the network, then rerun.",
        ) from error
    except Exception as error:
        if isinstance(error, AuditError) or not is_remote(uri):
            raise
        # Every remote file system has errors of its own.
        raise SourceError(
            f"{uri}: cannot be read: {_one_line(error)}",
            hint="Check the address, the network and your credentials, or download the file.",
        ) from error


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:297] + "..."


class _ParquetShard:
    layout: str | None = None
    rejected: int = 0

    def __init__(self, stream: IO[bytes], file: SourceFile) -> None:
        self._uri = file.uri
        # A buffered stream reads pages as they are needed; otherwise whole column chunks, which
        # may be gigabytes, would be fetched at once.
        self._file = pq.ParquetFile(stream, buffer_size=1 << 20, pre_buffer=False)
        schema = self._file.schema_arrow
        twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
        if twice:
            raise ColumnError(
                f"{file.uri}: there are several columns {twice[0]!r}.",
                hint="Rename all but one of them: columns are told apart by their name.",
            )
        self.columns = {field.name: _decoded(field.type) for field in schema}
        self.rows: int | None = self._file.metadata.num_rows
        self.share_read = 0.0

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        read = 0
        with source_errors(self._uri):
            batches = self._file.iter_batches(BATCH_ROWS, columns=list(columns), use_threads=False)
        while True:
            with source_errors(self._uri):
                batch = next(batches, None)
            if batch is None:
                return
            read += len(batch)
            self.share_read = read / self.rows if self.rows else 1.0
            yield batch

    def batches_with(
        self, rows: Collection[int], columns: Sequence[str]
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        first = 0
        for group in range(self._file.num_row_groups):
            size = self._file.metadata.row_group(group).num_rows
            wanted = [row for row in rows if first <= row < first + size]
            start = first
            first += size
            if not wanted:
                continue
            with source_errors(self._uri):
                batches = self._file.iter_batches(
                    BATCH_ROWS, row_groups=[group], columns=list(columns), use_threads=False
                )
                for batch in batches:
                    yield start, batch
                    start += len(batch)
                    if start > max(wanted):
                        break


def _decoded(type_: pa.DataType) -> pa.DataType:
    return type_.value_type if pa.types.is_dictionary(type_) else type_


class _TextShard:
    """A TSV or CSV file, with or without a header (CC3M and CC12M have none)."""

    rows: int | None = None

    def __init__(self, stream: IO[bytes], file: SourceFile) -> None:
        self._uri, self._size, self._stream = file.uri, file.size, stream
        self._delimiter = "\t" if ".tsv" in file.uri.lower()[-7:] else ","
        zipped = file.uri.lower().endswith(".gz")
        plain: Any = gzip.GzipFile(fileobj=stream) if zipped else stream
        self._head = plain.read(_SNIFFED_BYTES)
        self._rest = plain
        self.rejected = 0
        self.layout: str | None = None
        self.share_read = 0.0
        names = self._column_names() if self._head.strip() else []
        self.columns = {name: pa.large_string() for name in names}

    def _column_names(self) -> list[str]:
        text = self._head.decode("utf-8-sig", errors="replace")
        rows = _first_rows(text, self._delimiter)
        first = [cell.strip().lower() for cell in rows[0]]
        self._has_header = bool(_HEADER_WORDS & set(first)) and not any(map(_is_url, first))
        if self._has_header:
            return [cell.strip() for cell in rows[0]]
        full = [row for row in rows if len(row) == len(first)]
        urls = [i for i in range(len(first)) if sum(_is_url(r[i]) for r in full) * 2 > len(full)]
        if len(first) != 2 or len(urls) != 1:
            raise ColumnError(
                f"{self._uri}: {len(first)} columns without a header, {len(urls)} of them URLs; "
                "a caption and a URL column are understood.",
                hint="Add a header line that names the columns.",
            )
        self.layout = "CC12M TSV, no header" if urls == [0] else "CC3M TSV, no header"
        return ["url", "caption"] if urls == [0] else ["caption", "url"]

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        if not self.columns:
            return
        head = self._head.removeprefix(b"\xef\xbb\xbf")
        tabs = self._delimiter == "\t"
        with source_errors(self._uri):
            reader = pacsv.open_csv(
                pa.PythonFile(_Chained(head, self._rest), mode="r"),
                read_options=pacsv.ReadOptions(
                    column_names=list(self.columns),
                    skip_rows=1 if self._has_header else 0,
                    block_size=1 << 22,
                    use_threads=False,
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=self._delimiter,
                    quote_char=False if tabs else '"',
                    newlines_in_values=not tabs,
                    invalid_row_handler=self._reject,
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(self.columns, pa.large_binary()),
                    include_columns=list(columns),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                    null_values=[""],
                ),
            )
        while True:
            with source_errors(self._uri):
                batch = next(reader, None)
            if batch is None:
                return
            if self._size:
                self.share_read = min(self._stream.tell() / self._size, 1.0)
            for start in range(0, len(batch), BATCH_ROWS):
                yield batch.slice(start, BATCH_ROWS)

    def batches_with(
        self, rows: Collection[int], columns: Sequence[str]
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        start = 0
        for batch in self.batches(columns):
            yield start, batch
            start += len(batch)
            if start > max(rows):
                return

    def _reject(self, row: Any) -> str:
        self.rejected += 1
        return "skip"


class _Chained(io.RawIOBase):
    """What was already read from a stream, then the rest of it."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            head, self._head = self._head, b""
            return head + self._rest.read()
        taken, self._head = self._head[:size], self._head[size:]
        return taken or self._rest.read(size)


def _first_rows(text: str, delimiter: str, limit: int = 50) -> list[list[str]]:
    if delimiter == "\t":
        return [line.rstrip("\r").split("\t") for line in text.split("\n")[:limit] if line]
    rows = []
    with contextlib.suppress(csv.Error):  # the text ends anywhere, maybe inside quotes
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            rows.append(row)
            if len(rows) == limit:
                break
    return rows or [[]]


def _is_url(cell: str) -> bool:
    return cell.strip().lower().startswith(("http://", "https://", "ftp://"))
