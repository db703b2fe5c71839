"""Shards with licenses: made up, with as many different values and hosts as crawled ones have.

Of 100 rows 60 say "?" or nothing, as those of LAION do. The others have one of some spellings, the
frequent ones Zipf-distributed, and one row in 1,000 has a credit line that no other row has. Hosts
are Zipf-distributed over 400,000 under real public suffixes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.made_captions import _zipf

HOSTS = 400_000
SPELLINGS = (
    "?", "", "CC BY 2.0", "https://creativecommons.org/licenses/by-nc-nd/2.0/", "in-copyright",
    "CC BY-SA 4.0", "Public domain", "All rights reserved", "cc-by-nc-4.0", "© 2019 Getty Images",
    "No known copyright restrictions", "CC0", "https://creativecommons.org/publicdomain/mark/1.0/",
    "http://rightsstatements.org/vocab/InC/1.0/", "Attribution-ShareAlike License", "unknown",
    "Courtesy of the artist", "royalty free", "cc by 2.1 jp", "see website", "GFDL", "MIT",
)  # fmt: skip
_SUFFIXES = ("com", "org", "co.uk", "de", "net", "com.au", "jp", "github.io", "wordpress.com")


def make_shard(path: Path, seed: int, rows: int = 1_000_000) -> None:
    """Write one shard of ``rows`` rows."""
    rng = np.random.default_rng([seed, 20261125])
    hosts = _zipf(rng, HOSTS, rows, 0.9)
    names = np.array(
        [f"img{h % 5}.site{h % 150_000}.{_SUFFIXES[h % len(_SUFFIXES)]}" for h in range(HOSTS)]
    )
    keys = rng.integers(0, 10**12, rows)
    keys[rng.random(rows) < 0.05] = 1  # repeated URLs
    urls = [f"https://{host}/{key}.jpg" for host, key in zip(names[hosts], keys, strict=True)]
    spelling = _zipf(rng, len(SPELLINGS), rows, 1.5)
    licenses = np.array(SPELLINGS, dtype=object)[spelling]
    alone = rng.random(rows) < 0.001
    licenses[alone] = [f"Photo by member {key}" for key in keys[alone]]
    linked = rng.random(rows) < 0.1
    links = np.where(linked, "https://creativecommons.org/licenses/by/2.0/", None)
    columns = {
        "URL": urls,
        "TEXT": [f"picture {key}" for key in keys],
        "LICENSE": pa.array(licenses, pa.string()),
        "license_url": pa.array(links, pa.string()),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    pq.write_table(pa.table(columns), unfinished, row_group_size=1 << 17)
    unfinished.rename(path)
