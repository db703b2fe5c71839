"""Answers kept with their dataset, each with the inputs that made it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from audit.counts.results import CountResult
from audit.counts.visual_results import VisualResult
from audit.datasets.dataset import Dataset
from audit.datasets.files import written_whole


def save_result(result: CountResult | VisualResult, dataset: Dataset) -> Path:
    """Keep a count among the dataset's results; the same question replaces its older answer.

    Raises
    ------
    StorageError
        If the dataset's folder cannot be written.
    """
    answer = result.to_dict()
    question = result.question()
    digest = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()[:12]
    path = dataset.folder / "results" / f"count-{digest}.json"
    record = {
        **answer,
        "question": question,
        "dataset_updated": dataset.manifest.updated,
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with written_whole(path) as stream:
        stream.write(json.dumps(record, ensure_ascii=False, indent=1).encode("utf-8", "replace"))
    return path
