"""Reports to be shown: of a small made dataset, and of thousands of concepts."""

from __future__ import annotations

import copy
import io

import pyarrow as pa
import pytest

import audit as package

pytest.importorskip("vl_convert", reason="needs vl-convert: pip install 'concept-audit[report]'")

#: Texts that would do harm if a page believed them.
HOSTILE = (
    "<script>alert('ran')</script>",
    "</script><script>alert('ran')</script>",
    "<img src=x onerror=alert('ran')>",
    "\"><svg onload=alert('ran')>",
    "javascript:alert('ran')",
    "data:text/html,<script>alert('ran')</script>",
    "abc\u202egpj.exe\u2066",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "word" * 2500,
    "\U0001f600\U0001f469\u200d\U0001f680 \x00\x1b[31m",
    "$title ${style} %s {0}",
)  # fmt: skip


@pytest.fixture
def small(write_shard, audit):
    """A report on three concepts, with licenses, hosts and opt-outs."""
    captions = [f"Van Gogh {n}" for n in range(150)] + [f"Ada Lovelace {n}" for n in range(30)]
    licenses = [("CC BY 4.0", "All rights reserved", None)[n % 3] for n in range(len(captions))]
    shard = write_shard(
        "0.parquet",
        captions,
        LICENSE=pa.array(licenses, pa.string()),
        x_robots_tag=pa.array(["noai" if n % 5 == 0 else None for n in range(len(captions))]),
    )
    assert audit("ingest", shard, "--name", "made").code == 0
    opened = package.open("made")
    return opened.report(
        "Van Gogh", "Ada Lovelace", "nowhere to be found",
        yardstick=package.Yardstick(threshold=(50, 100)),
    )  # fmt: skip


@pytest.fixture
def many(small):
    """The same of 200 concepts, in plain form; names and counts differ."""
    told = small.to_dict()
    pattern = told["concepts"][0]
    told["concepts"] = []
    for number in range(200):
        concept = copy.deepcopy(pattern)
        concept |= {"number": number, "name": f"concept {number:03}"}
        verdict = concept["verdict"]
        verdict["concept"] = concept["name"]
        verdict["count"] = {"value": 1000 - number, "low": 1000 - number, "high": 1000 - number}
        verdict["ratio"] = (1000 - number) / 75
        told["concepts"].append(concept)
    told["flags"]["verdicts"] = {**told["flags"]["verdicts"], "above": 200, "below": 0}
    told["question"]["concepts"] = 200
    return told


def picture(colour=(200, 30, 30)):
    """A small JPEG."""
    image = pytest.importorskip("PIL.Image")
    stream = io.BytesIO()
    image.new("RGB", (64, 48), colour).save(stream, "JPEG")
    return stream.getvalue()


def with_images(told, unsafe=(None, False, True)):
    """The first concept with a gallery of pictures that are marked like that."""
    concept = told["concepts"][0]
    concept["gallery"] = {
        "of": len(unsafe),
        "why_none": None,
        "images": [
            {
                "shard": "/shards/0.parquet", "row": row, "caption": f"Van Gogh {row}",
                "spans": [[0, 8]], "url": f"https://example.org/{row}", "named": True,
                "score": 0.5, "above": True, "unsafe": mark,
            }
            for row, mark in enumerate(unsafe)
        ],
    }  # fmt: skip
    return told
