"""A small dataset with licenses, dates and signals, of which every number is known."""

from __future__ import annotations

import pyarrow as pa
import pytest

from audit.datasets.ingest import ingest
from audit.reviews import review_licenses

#: (license, link, crawl date, language, robots.txt, creator) of each sample.
SAMPLES = [
    ("CC BY 4.0", None, "2021-03-01T10:00:00Z", "en", "allowed", "A"),
    ("cc-by-4.0", None, "2021-05-09", "en", " ", "B"),
    ("CC BY-NC 2.0", None, "20201224235959", "de", None, ""),
    ("CC BY-NC 2.0", "https://creativecommons.org/licenses/by/2.0/", "soon", None, None, None),
    ("in-copyright", None, None, "en", None, "A"),
    ("?", None, "", "", None, "\u00a0\u200b"),
    (None, None, "1611110000", None, None, None),
    ("CC0-1.0 OR MIT", None, None, "ja", None, "C"),
]
#: Same in words: what the rows declare.
DECLARED = {
    "CC-BY-4.0": 2, "CC-BY-NC-2.0": 2, "LicenseRef-in-copyright": 1, "NOASSERTION": 2,
    "CC0-1.0 OR MIT": 1,
}  # fmt: skip
#: What follows: a license and a link to another one contradict each other.
CONCLUDED = {**DECLARED, "CC-BY-NC-2.0": 1, "NOASSERTION": 3}


@pytest.fixture
def shard(write_shard):
    columns = ("license", "license_url", "crawl_date", "language", "robots_txt", "creator")
    values = zip(*SAMPLES, strict=True)
    return write_shard(
        "part.parquet",
        [f"picture {n}" for n in range(len(SAMPLES))],
        URL=[f"https://{'a' if n % 2 else 'b'}.example.co.uk/{n}.jpg" for n in range(len(SAMPLES))],
        **{
            name: pa.array(column, pa.string())
            for name, column in zip(columns, values, strict=True)
        },
    )


@pytest.fixture
def dataset(home, shard):
    ingest([str(shard)], "small", home=home, dataset_license="CC BY 4.0")
    return home.open("small")


@pytest.fixture
def review(dataset):
    return review_licenses(dataset)
