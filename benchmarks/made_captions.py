"""LAION-like shards: made up, but with the lengths, word frequencies and noise of the real ones.

Measured on a sample of LAION-400M and imitated here: captions of 58 bytes in the mean, lengths
log-normal, words Zipf-distributed, 6 % of captions with letters beyond ASCII, 4 % with HTML
entities; URLs of 107 bytes on Zipf-distributed hosts. One caption in twenty names one of 10,000
people, who are Zipf-distributed too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

SHARD_ROWS = 1_000_000
#: The concept of the single-concept benchmarks: one caption in about 1,200 names it.
SINGLE = "Van Gogh"

_CONSONANTS = [
    "b",
    "c",
    "d",
    "f",
    "g",
    "h",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "st",
    "ch",
    "br",
]
_VOWELS = ["a", "e", "i", "o", "u", "ea", "ou"]
_ACCENTED = str.maketrans({"a": "á", "e": "é", "o": "ö", "u": "ü", "c": "ç"})
_NOISE = np.array([" -", ",", ".", " |", "!", "'s", ":", " &amp;", "&quot;", " /"], dtype=object)


def _pseudo_words(rng: np.random.Generator, count: int) -> NDArray[np.object_]:
    """Different pronounceable words; the first, which will be the frequent ones, are short."""
    syllables = [c + v + e for c in _CONSONANTS for v in _VOWELS for e in ("", "", "n", "r", "s")]
    words: dict[str, None] = {}
    while len(words) < count:
        longest = 2 + (len(words) > 300) + (len(words) > 5000)
        draws = rng.integers(0, len(syllables), (1000, longest)).tolist()
        lengths = rng.integers(1, longest + 1, 1000).tolist()
        for draw, length in zip(draws, lengths, strict=True):
            words["".join(syllables[i] for i in draw[:length])] = None
    return np.array(list(words)[:count], dtype=object)


def _zipf(rng: np.random.Generator, count: int, size: int, exponent: float) -> NDArray[np.int64]:
    weights = 1 / np.arange(1, count + 1) ** exponent
    return np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random(size))


def people(count: int = 10_000) -> list[tuple[str, tuple[str, ...]]]:
    """(name, aliases) of made-up people, 2.5 phrases each, always the same."""
    rng = np.random.default_rng(1)
    words = _pseudo_words(np.random.default_rng(0), 60_000)
    first = words[200:1400]
    last = words[2000:14_000]
    found: dict[str, tuple[str, ...]] = {SINGLE: ("Vincent van Gogh",)}
    while len(found) < count:
        given, middle = first[_zipf(rng, len(first), 2, 0.8)]
        family = last[rng.integers(len(last))].title()
        name = f"{given.title()} {family}"
        aliases = [f"{family} {given.title()}"]
        if rng.random() < 0.5:
            aliases.append(f"{given.title()} {middle.title()} {family}")
        found[name] = tuple(aliases)
    return list(found.items())


def make_shard(path: Path, seed: int, rows: int = SHARD_ROWS) -> None:
    """Write one shard in LAION-400M's columns."""
    rng = np.random.default_rng([seed, 20241017])
    words = _pseudo_words(np.random.default_rng(0), 60_000)
    forms = np.concatenate([words, [w.title() for w in words], [w.upper() for w in words]])
    lengths = np.clip(rng.lognormal(1.86, 0.62, rows).round(), 1, 60).astype(np.int64)
    total = int(lengths.sum())
    chosen = _zipf(rng, len(words), total, 1.0)
    chosen += len(words) * rng.choice(3, total, p=[0.55, 0.42, 0.03])
    tokens = forms[chosen]
    noisy = rng.random(total) < 0.06
    tokens[noisy] += _NOISE[_zipf(rng, len(_NOISE), int(noisy.sum()), 0.8)]
    ends = np.cumsum(lengths)
    accented = np.repeat(rng.random(rows) < 0.06, lengths)
    tokens[accented] = [token.translate(_ACCENTED) for token in tokens[accented]]
    named = rng.random(rows) < 0.05
    listed = people()
    who = _zipf(rng, len(listed), int(named.sum()), 0.7)
    tokens[ends[named] - 1] = [listed[i][0] for i in who]
    offsets = pa.array(np.concatenate(([0], ends)), pa.int32())
    captions = pc.binary_join(pa.ListArray.from_arrays(offsets, pa.array(tokens, pa.string())), " ")
    columns = {
        "SAMPLE_ID": rng.integers(0, 2**40, rows),
        "URL": _urls(rng, rows),
        "TEXT": captions,
        "HEIGHT": rng.integers(50, 2000, rows).astype(np.int32),
        "WIDTH": rng.integers(50, 2000, rows).astype(np.int32),
        "LICENSE": ["?"] * rows,
        "NSFW": rng.choice(["UNLIKELY", "UNSURE", "NSFW"], rows, p=[0.93, 0.05, 0.02]),
        "similarity": 0.3 + 0.1 * rng.random(rows),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    pq.write_table(pa.table(columns), unfinished, row_group_size=1 << 17)
    unfinished.rename(path)


def _urls(rng: np.random.Generator, rows: int) -> list[str]:
    hosts = _zipf(rng, 20_000, rows, 1.0)
    keys = rng.integers(0, 10**18, (rows, 2))
    return [
        f"https://cdn{host % 7}.site{host}.example.com/images/{a:018d}/{b:018d}_large_product.jpg"
        for host, (a, b) in zip(hosts.tolist(), keys.tolist(), strict=True)
    ]
