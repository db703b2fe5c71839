"""A part: what is kept of one shard, row for row, in Parquet."""

from __future__ import annotations

import binascii
import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit.captions.folding import fold_array, repair_utf8
from audit.datasets.duckdb_paths import FILE
from audit.datasets.presets import ColumnMapping
from audit.datasets.stats import ShardStats
from audit.errors import ColumnError, SourceError

#: Rows in a row group of a part: bounds the memory of everything that reads parts later.
GROUP_ROWS = 1 << 17

#: Every how many rows the caption is also kept as it was written, for questions that folding
#: destroys the answer to, such as how a name is capitalised. Small shards keep more of them.
_PROBE_EVERY = 64
_PROBES_WANTED = 16_384


_RECORD_KEY = b"audit.shard"

#: How each role is stored, besides caption and url.
_TYPES = {
    "width": "integer", "height": "integer", "license": "varchar", "license_url": "varchar",
    "rights_holder": "varchar", "license_end": "varchar", "creator": "varchar",
    "page_url": "varchar", "crawl_date": "varchar", "http_headers": "varchar",
    "x_robots_tag": "varchar", "robots_txt": "varchar", "tdm_reservation": "varchar",
    "tdm_policy": "varchar", "data_mining": "varchar", "training_mining": "varchar",
    "page_html": "varchar",
    "similarity": "float", "nsfw": "varchar",
    "punsafe": "float", "pwatermark": "float", "aesthetic": "float", "language": "varchar",
    "phash": "varchar", "md5": "varchar", "sha256": "varchar", "hash": "varchar",
}  # fmt: skip
_ARROW_TYPES = {"integer": pa.int32(), "varchar": pa.string(), "float": pa.float32()}
#: Text with few different values; the others are cheaper to read without a dictionary.
_REPEATING = (
    "host", "license", "license_url", "rights_holder", "license_end", "creator", "x_robots_tag",
    "robots_txt", "tdm_reservation", "tdm_policy", "data_mining", "training_mining", "nsfw",
    "language",
)  # fmt: skip


#: Names that reading gives to what is no column of a part: the row, and the file.
RESERVED = frozenset(("file_row_number", FILE))

#: A URL that is none: without anything to read. White space, controls, and what has no width.
BLANK_URL = r"^[\s\pZ\pC]*$"

#: Columns whose smallest and largest values say nothing.
_UNORDERED = ("caption", "caption_probe", "url_hash")


def part_schema(mapping: ColumnMapping) -> pa.Schema:
    """Columns of every part of a dataset, whatever single shards lack.

    Raises
    ------
    ColumnError
        If a column to be kept holds lists or records.
    """
    fields = [("caption", pa.large_string())]
    if "url" in mapping.columns:
        fields += [("url_hash", pa.uint64()), ("host", pa.string())]
    fields += [(role, _ARROW_TYPES[_TYPES[role]]) for role in _TYPES if role in mapping.columns]
    fields += [("caption_probe", pa.large_string())]
    names = _kept_names(mapping.kept, {name for name, _ in fields} | RESERVED)
    fields += [(names[name], _plain_type(name, t)) for name, t in mapping.kept.items()]
    return pa.schema(fields)


def kept_columns(mapping: ColumnMapping) -> dict[str, str]:
    """Source columns that are kept as they are -> what they are called in a part."""
    names = part_schema(mapping).names
    return dict(zip(mapping.kept, names[len(names) - len(mapping.kept) :], strict=True))


def _plain_type(column: str, type_name: str) -> pa.DataType:
    try:
        return pa.type_for_alias(type_name)
    except ValueError as error:
        raise ColumnError(
            f"The column {column!r} cannot be kept: it holds {type_name}.",
            hint="Only columns of plain values (text, numbers, times) can be kept.",
        ) from error


def _kept_names(columns: Collection[str], taken: Collection[str]) -> dict[str, str]:
    """What kept columns are called in a part: as they are, unless that name is taken."""
    names = {column: column for column in columns if column.lower() not in taken}
    used = {*taken, *map(str.lower, names)}
    for column in columns:
        if column not in names:
            name = f"source_{column}"
            while name.lower() in used:
                name = f"source_{name}"
            names[column] = name
            used.add(name.lower())
    return names


def check_columns(mapping: ColumnMapping, columns: dict[str, pa.DataType], where: str) -> None:
    """Refuse a shard whose ``columns`` cannot be read as ``mapping`` says.

    Raises
    ------
    ColumnError
        If the caption column is missing, or the captions or URLs are no text.
    """
    if mapping.columns["caption"] not in columns:
        raise ColumnError(
            f"{where}: the caption column {mapping.columns['caption']!r} is missing.",
            hint=f"Columns: {', '.join(columns) or 'none'}.",
        )
    for role in ("caption", "url"):
        column = mapping.columns.get(role)
        if column not in columns:
            continue
        type_ = columns[column]
        if not (_is_text(type_) or pa.types.is_null(type_)):
            listed = ", ".join(name for name, t in columns.items() if _is_text(t)) or "none"
            raise ColumnError(
                f"{where}: the {role} column {column!r} holds {type_}, not text.",
                hint=f"Choose another column with --{role}-col; columns of text: {listed}.",
            )


class PartShaper:
    """Turns batches of a shard into batches of its part, counting as it goes."""

    def __init__(
        self, mapping: ColumnMapping, columns: dict[str, pa.DataType], rows: int | None, where: str
    ) -> None:
        check_columns(mapping, columns, where)
        self._source = {role: name for role, name in mapping.columns.items() if name in columns}
        #: Roles of the dataset that this shard has no column for.
        self.absent_roles = sorted(mapping.columns.keys() - self._source.keys())
        self.schema = part_schema(mapping)
        #: column of the part -> the source column that it copies
        self._kept = {kept: name for name, kept in kept_columns(mapping).items() if name in columns}
        wanted = _PROBE_EVERY if rows is None else rows // _PROBES_WANTED
        self._probe_step = min(max(wanted, 1), _PROBE_EVERY)
        self._row = 0
        self._to_convert = [
            role
            for role, type_name in _TYPES.items()
            if role in self._source and not _is_directly(columns[self._source[role]], type_name)
        ]
        self._engine = duckdb.connect(config={"threads": 1})
        self._query = self._shaping_query()
        self.stats = ShardStats()

    @property
    def source_columns(self) -> list[str]:
        """What must be read of the shard."""
        return list(dict.fromkeys([*self._source.values(), *self._kept.values()]))

    def _shaping_query(self) -> str:
        shaped = []
        if "url" in self._source:
            shaped.append("md5(coalesce(url, '')) AS digest")
        shaped += [
            f"try_cast({_quoted(role)} AS {_TYPES[role]}) AS {role}" for role in self._to_convert
        ]
        return f"SELECT {', '.join(shaped)} FROM batch" if shaped else ""

    def shape(self, batch: pa.RecordBatch) -> pa.Table:
        """The rows of the part for one batch of the shard."""
        read = {role: readable(batch.column(name)) for role, name in self._source.items()}
        captions, repaired = read.pop("caption")
        folded = fold_array(captions)
        urls = hosts = None
        if "url" in read:
            hosts = _hosts(read["url"][0])
            urls = _without_blank(read["url"][0], hosts)
        columns: dict[str, Any] = {"caption": folded}
        columns |= {role: column for role, (column, _) in read.items() if role in _TYPES}
        if self._query:
            converted = ["url", *self._to_convert]
            self._engine.register(
                "batch", pa.table({role: read[role][0] for role in converted if role in read})
            )
            made = self._engine.sql(self._query).to_arrow_table().combine_chunks()
            self._engine.unregister("batch")
            columns |= {name: made[name] for name in made.column_names if name != "digest"}
        if urls is not None:
            columns["url_hash"] = _url_hashes(made["digest"], urls)
            columns["host"] = hosts
        columns["caption_probe"] = self._probes(captions)
        columns |= {kept: readable(batch.column(name))[0] for kept, name in self._kept.items()}
        self.stats.add_batch(captions, folded, urls, repaired)
        self._row += len(batch)
        return pa.table(
            [
                columns[field.name].cast(field.type) if field.name in columns else
                pa.nulls(len(batch), field.type)
                for field in self.schema
            ],
            schema=self.schema,
        )  # fmt: skip

    def _probes(self, captions: pa.Array) -> pa.Array:
        rows = np.arange(self._row, self._row + len(captions))
        chosen = pa.array(rows % self._probe_step == 0)
        return pc.if_else(chosen, captions, pa.scalar(None, pa.large_string()))


def write_part(
    stream: IO[bytes],
    schema: pa.Schema,
    tables: Iterator[pa.Table],
    record: Callable[[], dict[str, Any]],
) -> None:
    """Write a part. ``record()`` is called at the end and travels in the file's metadata."""
    writer = pq.ParquetWriter(
        stream,
        schema,
        compression={name: "none" if name == "url_hash" else "zstd" for name in schema.names},
        use_dictionary=[name for name in schema.names if name in _REPEATING],
        write_statistics=[name for name in schema.names if name not in _UNORDERED],
        store_schema=False,
    )  # fmt: skip
    with writer:
        waiting: list[pa.Table] = []
        for table in tables:
            waiting.append(table)
            if sum(map(len, waiting)) >= GROUP_ROWS:
                writer.write_table(pa.concat_tables(waiting), row_group_size=GROUP_ROWS)
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting), row_group_size=GROUP_ROWS)
        writer.add_key_value_metadata({_RECORD_KEY: json.dumps(record()).encode()})


@contextmanager
def part_errors(path: Path) -> Iterator[None]:
    """Say which part is damaged, and what to do, where reading one fails.

    Raises
    ------
    SourceError
        Instead of what Arrow and Polars raise.
    """
    try:
        yield
    except (pa.ArrowException, pl.exceptions.ComputeError) as error:
        raise SourceError(
            f"{path}: this part of the dataset is damaged ({str(error).splitlines()[0][:200]}).",
            hint="Delete it and run `audit ingest` with its sources again: only missing parts are "
            "made.",
        ) from error


def read_part_record(path: Path) -> dict[str, Any] | None:
    """The record that a finished part carries; None if there is no such part."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
        record = json.loads(metadata[_RECORD_KEY])
    except (OSError, KeyError, ValueError, pa.ArrowException):
        return None
    return record if isinstance(record, dict) else None


def _is_directly(type_: pa.DataType, wanted: str) -> bool:
    """Whether a plain cast makes of the source's type what is stored, without loss or failure."""
    if wanted == "varchar":
        return _is_text(type_)
    if wanted == "float":
        return bool(pa.types.is_floating(type_))
    return type_ in (pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16())


def _is_text(type_: pa.DataType) -> bool:
    checks = (
        pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view,
        pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view,
    )  # fmt: skip
    return any(check(type_) for check in checks)


def readable(column: pa.Array) -> tuple[pa.Array, int]:
    """A column without dictionary and, if it is text, in valid UTF-8; how many were not."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_null(column.type):
        column = column.cast(pa.large_string())
    return repair_utf8(column) if _is_text(column.type) else (column, 0)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _without_blank(urls: pa.Array, hosts: pa.Array) -> pa.Array:
    """The (n,) URLs, those that are blank as null."""
    # What has a host is not blank, and few URLs have none.
    without_host = pc.and_(hosts.is_null(), urls.is_valid())
    if not pc.any(without_host).as_py():
        return urls
    blank = pc.match_substring_regex(urls.filter(without_host), BLANK_URL)
    if not pc.any(blank).as_py():
        return urls
    mask = np.zeros(len(urls), np.bool_)
    mask[without_host.to_numpy(zero_copy_only=False)] = blank.to_numpy(zero_copy_only=False)
    return pc.if_else(pa.array(mask), pa.scalar(None, urls.type), urls)


def _url_hashes(digests: pa.ChunkedArray, urls: pa.Array) -> pa.Array:
    """First eight bytes of the MD5 of each URL, as uint64 (n,); null where there is none."""
    text = b"".join(
        chunk.buffers()[2].slice(chunk.offset * 32, len(chunk) * 32).to_pybytes()
        for chunk in digests.chunks
        if len(chunk)
    )
    values = np.frombuffer(binascii.unhexlify(text), ">u8")[::2].astype(np.uint64)
    missing = urls.is_null().to_numpy(zero_copy_only=False) if urls.null_count else None
    return pa.array(values, mask=missing)


def _hosts(urls: pa.Array) -> pa.Array:
    """Host of each of the (n,) URLs, in lower case, without user and port; null if it has none."""
    url = pl.col("url")
    after_scheme = url.str.splitn("/", 4).struct.field("field_2")
    has_scheme = pl.any_horizontal(url.str.starts_with(s) for s in ("http", "HTTP", "ftp"))
    frame = pl.DataFrame({"url": pl.Series(urls)}).select(pl.when(has_scheme).then(after_scheme))
    encoded = frame.to_series().to_arrow().cast(pa.large_string()).dictionary_encode()
    names = encoded.dictionary
    odd = pc.match_substring_regex(names, r"[^a-z0-9.-]|\.$|^$")
    if pc.any(odd).as_py():
        clean = [_clean_host(name) for name in names.filter(odd).to_pylist()]
        names = pc.replace_with_mask(names, odd, pa.array(clean, names.type))
    return names.take(encoded.indices)


def _clean_host(authority: str) -> str | None:
    for separator in "?#":
        authority = authority.partition(separator)[0]
    host = authority.rpartition("@")[2].lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].rstrip(".") or None
