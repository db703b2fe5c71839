"""More parts than files may be open: each command opens what it needs, and closes it."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import api

pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")

PARTS, ROWS = 150, 4

#: Few files may be open, after all modules are loaded.
RUN = """
import json, resource, sys
import numpy as np
import audit.counts.by_image, audit.vectors.build, duckdb, numkong, pyarrow.dataset, scipy.stats
from audit.concepts import Concept
from audit.datasets.home import Home
from audit.references.reference_set import ReferenceSet

few = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, (few, few))
home = Home(sys.argv[1])
dataset = home.open("d")
from audit.vectors.build import index_dataset
report = index_dataset(dataset, home, sys.argv[2], encoder="e")
from audit.vectors.places import only_index
index = only_index(dataset)
asked = ReferenceSet(index.parts[0].vectors[:3].copy(), ("a", "b", "c"), index.info)
from audit.counts.matching import VisualSettings
result = audit.counts.by_image.count_by_image(
    dataset, index, [(Concept("cat"), asked)], VisualSettings(cutoff=0.99, workers=2)
)
print(json.dumps([report.vectors, report.join.joined, result["cat"].matched_images]))
"""


def test_index_and_count_need_few_open_files(home, write_shard, tmp_path):
    api.ingest(write_shard("a.parquet", ["a cat"] * (PARTS * ROWS)), name="d")
    folder = tmp_path / "foreign"
    for place in ("img_emb", "metadata"):
        (folder / place).mkdir(parents=True)
    vectors = np.random.default_rng(0).standard_normal((PARTS, ROWS, 64))
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    for part in range(PARTS):
        np.save(folder / "img_emb" / f"img_emb_{part}.npy", vectors[part].astype(np.float16))
        urls = [f"https://a.example.org/{part * ROWS + row}.jpg" for row in range(ROWS)]
        pq.write_table(pa.table({"url": urls}), folder / "metadata" / f"metadata_{part}.parquet")
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= 64
    run = subprocess.run(
        [sys.executable, "-c", RUN, str(home.path), str(folder), "64"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == [PARTS * ROWS, PARTS * ROWS, 3]
