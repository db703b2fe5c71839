"""Removals of given rows, as `audit remove-samples` would write them."""

from __future__ import annotations

import hashlib

import duckdb
import pyarrow as pa

from audit.captions.folding import FOLDING_VERSION
from audit.datasets.tombstones import COLUMNS, Removal, SeenShards, ShardState


def first_bits(text):
    return int(hashlib.md5(text.encode()).hexdigest()[:16], 16)


def removal_of(dataset, rows, ordinal=0, **changes):
    """A removal of some rows of a shard of the fixture's layout."""
    shard = dataset.parts[ordinal].shard
    there = duckdb.sql(f"SELECT caption, url_hash FROM '{dataset.parts[ordinal].path}'").fetchall()
    table = pa.table(
        {
            "shard": [ordinal] * len(rows),
            "row": rows,
            "url_hash": [there[row][1] for row in rows],
            "caption_hash": [
                first_bits(there[row][0]) if (there[row][0] or " ") != " " else None for row in rows
            ],
        },
        schema=COLUMNS,
    )
    told = {
        "id": "",
        "reason": "asked",
        "who": "me",
        "when": "2026-01-01T00:00:00+00:00",
        "selector": {},
        "shards": (ShardState.of(shard),),
        "looked_at": SeenShards.of(part.shard for part in dataset.parts),
        "folding_version": FOLDING_VERSION,
        "tool_version": "0",
        "table": table,
    }
    return Removal(**(told | changes))
