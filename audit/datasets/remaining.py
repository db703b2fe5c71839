"""What is counted of a dataset at its ingest, without the samples that were removed since."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb

from audit.datasets.dataset import Dataset
from audit.datasets.stats import ShardStats


def remaining_stats(dataset: Dataset) -> ShardStats:
    """Counts over the samples that were not removed; only the removed ones are read for it.

    Lengths of captions, and how many were repaired, stay those of all rows: parts do not have
    captions as they were written.
    """
    whole = dataset.manifest.stats
    if not dataset.removed:
        return whole
    url = "count(*) - count(url_hash)" if "url_hash" in dataset.columns else "count(*)"
    with duckdb.connect(config={"memory_limit": "400MB"}) as engine:
        ((rows, null_captions, wordless, null_urls),) = engine.execute(
            "SELECT count(*), count(*) - count(caption), count(*) FILTER (caption = ' '), "
            f"{url} FROM {dataset.removed_sql(engine)}"
        ).fetchall()
    return replace(
        whole,
        rows=whole.rows - rows,
        null_captions=whole.null_captions - null_captions,
        wordless_captions=whole.wordless_captions - wordless,
        null_urls=whole.null_urls - null_urls,
    )


def remaining_distinct_urls(dataset: Dataset) -> dict[str, Any] | None:
    """Different URLs of the samples that were not removed, as the manifest has them of all.

    A URL is gone if no other sample has it: the hashes of all URLs are looked through for those
    of the removed samples.
    """
    counted = dataset.manifest.distinct_urls
    if not dataset.removed or counted is None:
        return counted
    with duckdb.connect(config={"memory_limit": "400MB"}) as engine:
        engine.execute("CREATE TEMP TABLE gone (url_hash UBIGINT)")
        engine.execute(
            f"INSERT INTO gone SELECT DISTINCT url_hash FROM {dataset.removed_sql(engine)} "
            "WHERE url_hash IS NOT NULL"
        )
        ((lost,),) = engine.execute(
            "SELECT count(*) FROM gone "
            f"WHERE url_hash NOT IN (SELECT url_hash FROM {dataset.remaining_sql(engine)} "
            "WHERE url_hash IN (FROM gone))"
        ).fetchall()
    return counted | {name: max(counted[name] - lost, 0) for name in ("value", "low", "high")}
