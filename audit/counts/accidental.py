"""Is a one-word name a word of the language? What the capitals in captions tell.

"Link" names a character and is an English word; of the captions that hold it, some mean the
word. How many cannot be known from text alone, but people write names with a capital and words
without. So, among captions as they were written (a fixed fraction of every shard is kept for
this), look at those that use capitals with discrimination, and count how often the name stands
there in lower case.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audit.captions.folding import fold_array
from audit.captions.highlight import find_names
from audit.captions.kernel import PhraseKernel
from audit.datasets.dataset import Dataset
from audit.estimates.intervals import wilson

#: Fewer informative captions than this say nothing.
MIN_INFORMATIVE = 10
#: Captions read closely for one name: the interval is narrow enough by then.
_READ_CAPTIONS = 2000


@dataclass(frozen=True)
class AccidentalShare:
    """Estimated share of a one-word name's matches that do not mean the name.

    It rests on ``informative`` captions that write the name and use capitals with
    discrimination. It is too low where another bearer of the name is meant (capitalised as well),
    and too high where people write the name without its capital.
    """

    phrase: str
    informative: int
    lower_case: int

    @property
    def share(self) -> float | None:
        """None where too few captions tell."""
        if self.informative < MIN_INFORMATIVE:
            return None
        return self.lower_case / self.informative

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % score interval."""
        if self.informative < MIN_INFORMATIVE:
            return None
        return wilson(self.lower_case, self.informative)

    def to_dict(self) -> dict[str, Any]:
        interval = self.interval
        return {
            "phrase": self.phrase.strip(),
            "share": self.share,
            "interval": list(interval) if interval else None,
            "informative_captions": self.informative,
            "method": "share written in lower case; Wilson 95 %",
        }


def is_one_word(phrase: str) -> bool:
    """Whether a folded phrase is one token of a script that has capitals."""
    word = phrase.strip()
    return " " not in word and word.upper() != word


def accidental_shares(dataset: Dataset, phrases: Sequence[str]) -> dict[str, AccidentalShare]:
    """Estimate the accidental share of every one-word phrase in ``phrases``."""
    words = sorted({phrase for phrase in phrases if is_one_word(phrase)})
    if not words:
        return {}
    # Algorithm R (Vitter 1985): every probe that holds the word has the same chance to be read.
    drawn: list[list[str]] = [[] for _ in words]
    seen = [0] * len(words)
    rng = random.Random(0)
    kernel = PhraseKernel(words)
    for captions in _probes(dataset):
        hits = kernel.find(fold_array(captions))
        for row, number in dict.fromkeys(
            zip(hits.rows.tolist(), hits.phrases.tolist(), strict=True)
        ):
            seen[number] += 1
            if len(drawn[number]) < _READ_CAPTIONS:
                drawn[number].append(captions[row].as_py())
                continue
            place = rng.randrange(seen[number])
            if place < _READ_CAPTIONS:
                drawn[number][place] = captions[row].as_py()
    shares = {}
    for word, found in zip(words, drawn, strict=True):
        written = [_written_lower(caption, word) for caption in found]
        told = [lower for lower in written if lower is not None]
        shares[word] = AccidentalShare(word, len(told), sum(told))
    return shares


def _probes(dataset: Dataset) -> Any:
    for part in dataset.parts:
        start = 0
        with pq.ParquetFile(part.path) as file:
            for batch in file.iter_batches(1 << 17, columns=["caption_probe"], use_threads=False):
                captions: pa.Array = batch.column(0)
                kept = part.kept(start, len(batch))
                start += len(batch)
                if kept is not None:
                    captions = captions.filter(pa.array(kept))
                captions = captions.drop_null()
                if len(captions):
                    yield captions


def _written_lower(caption: str, word: str) -> bool | None:
    """Whether ``caption`` writes ``word`` in lower case; None if its capitals tell nothing.

    They tell something if, besides the name, the first word of the caption and short words,
    there are words with a capital or without one, but not only with: neither a caption all in
    lower case, nor Title Case, nor capitals throughout distinguishes names from words.
    """
    text, spans = find_names(caption, [word])
    if not spans:
        return None
    start, end = spans[0]
    name = text[start:end]
    others = [w for w in (text[:start] + " " + text[end:]).split() if len(w) > 3 and w[0].isalpha()]
    at_start = not any(c.isalpha() for c in text[:start])
    if at_start or not any(w[0].islower() for w in others):
        return None
    if name[0].islower() and not any(c.isupper() for c in text):
        return None
    return name[0].islower()
