"""The evidence of a report: parquet files of the rows behind its figures, and where to look."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audit.datasets.dataset import Dataset
from audit.datasets.lookup import SampleRef, look_up

#: Files of an evidence folder.
SAMPLES, IMAGES, ROWS = "samples.parquet", "images.parquet", "rows.parquet"

#: What the files hold, and what their columns mean.
FILES = {
    SAMPLES: "samples whose caption names a concept, a row for each pair of both",
    IMAGES: "samples whose image scores near a concept's cut-off or above, a row for each pair",
    ROWS: "all samples, with what was concluded of their licenses",
}
COLUMNS = {
    "concept": "name of the concept",
    "concept_number": "the concept's number in this report",
    "shard": "URI of the sample's shard",
    "shard_number": "the shard's number in the dataset",
    "row": "the sample's row in the shard, from 0",
    "url": "its URL, as its shard has it; null if the shard is not at hand or has changed",
    "caption": "its caption, as its shard has it; else in the form that is searched",
    "host": "host of its URL",
    "width": "pixels, as the dataset has it",
    "height": "pixels, as the dataset has it",
    "license": "license as declared, raw",
    "license_url": "link to the license, raw",
    "rights_holder": "who holds the rights, raw",
    "license_end": "day on which the license ends, raw",
    "declared": "SPDX identifier of what the row says",
    "concluded": "SPDX identifier of what follows from it",
    "status": "open, public-domain, restricted, in-copyright or unknown",
    "rule": "what decided",
    "findings": "what else was found of the row's license",
    "unsafe": "whether the dataset marks it as unsafe to look at; null if unknown",
    "has_signal": "whether any opt-out signal was kept of it",
    "optout_mining": "text and data mining: allowed, denied or unknown",
    "optout_training": "training of models that generate nothing: allowed, denied or unknown",
    "optout_generative_training": "training of generative models: allowed, denied or unknown",
    "optout_search": "search engines: allowed, denied or unknown",
    "named": "whether the caption names the concept",
    "score": "similarity to the references, from -1 to 1",
    "above_cutoff": "whether that is taken to show the concept",
}


@dataclass(frozen=True)
class Figure:
    """Where the rows behind a figure are.

    Attributes
    ----------
    name:
        ``caption.samples``, ``licenses.missing`` …
    where:
        SQL condition on the rows of ``file``.
    rows:
        How many meet it: the figure.
    """

    name: str
    file: str
    where: str
    rows: int

    def to_dict(self) -> dict[str, Any]:
        return {"figure": self.name, "file": self.file, "where": self.where, "rows": self.rows}


@dataclass(frozen=True)
class EvidenceFile:
    """One file, and what tells whether it is still the same."""

    name: str
    rows: int
    bytes: int
    sha256: str
    columns: tuple[str, ...]

    @classmethod
    def of(cls, path: Path) -> EvidenceFile:
        metadata = pq.read_metadata(path)
        with open(path, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        columns = tuple(metadata.schema.to_arrow_schema().names)
        return cls(path.name, metadata.num_rows, path.stat().st_size, digest, columns)

    def to_dict(self) -> dict[str, Any]:
        return {
            "file": self.name,
            "what": FILES[self.name],
            "rows": self.rows,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "columns": [{"column": name, "meaning": COLUMNS[name]} for name in self.columns],
        }


def add_texts(dataset: Dataset, path: Path, at_most: int) -> bool:
    """Add URL and caption to a file, so that its rows say by themselves what they are.

    They are read from the shards; not for more than ``at_most`` rows, and False then.
    """
    if pq.read_metadata(path).num_rows > at_most:
        return False
    table = pq.read_table(path)
    numbers, rows = (table[name].to_pylist() for name in ("shard_number", "row"))
    refs = [SampleRef(*ref) for ref in zip(numbers, rows, strict=True)]
    told = look_up(dataset, set(refs))
    for name in ("url", "caption"):
        texts = [getattr(told[ref], name) if ref in told else None for ref in refs]
        table = table.append_column(name, pa.array(texts, pa.large_string()))
    pq.write_table(table, path, compression="zstd")
    return True


def of_concept(number: int) -> str:
    """The rows of a concept."""
    return f"concept_number = {number}"


def license_condition(name: str, groups: Mapping[str, Iterable[str]], statuses: set[str]) -> str:
    """The rows with a status or finding, or with one of a group of these."""
    wanted = list(groups.get(name, (name,)))
    status = [f"'{one}'" for one in wanted if one in statuses]
    finding = [f"'{one}'" for one in wanted if one not in statuses]
    told = []
    if status:
        told.append(f"status IN ({', '.join(status)})")
    if finding:
        told.append(f"list_has_any(findings, [{', '.join(finding)}])")
    return " OR ".join(told)


def host_condition(domain: str) -> str:
    """The rows on a registered domain or any host below it."""
    quoted = domain.replace("'", "''")
    pattern = quoted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"host = '{quoted}' OR host LIKE '%.{pattern}' ESCAPE '\\'"
