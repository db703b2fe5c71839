"""Which captions name which concepts: aliases united, exclusions taken out, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.captions.kernel import Hits, PhraseKernel
from audit.captions.phrases import ConceptPhrases

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class CaptionMatches:
    """The caption matches in one array of captions.

    ``rows`` and ``concepts`` have one entry for every pair (caption, concept it names), ordered
    by row; a caption counts once for a concept however many of its names it holds.
    """

    rows: IntArray
    concepts: IntArray
    #: (number of names,) captions that hold each name, as numbered by ``ConceptMatcher.names``
    name_counts: IntArray
    #: (number of concepts,) captions that hold a name, but only inside excluded phrases
    excluded: IntArray


class ConceptMatcher:
    """Matches captions against many concepts in one pass.

    Parameters
    ----------
    concepts:
        The folded concepts.
    typical:
        Folded captions like those to be searched; they steer speed, never results.
    """

    def __init__(self, concepts: Sequence[ConceptPhrases], typical: pa.Array | None = None) -> None:
        self.concepts = list(concepts)
        #: (concept index, folded phrase) of every name; its place here is the name's number.
        self.names = [(index, phrase) for index, c in enumerate(concepts) for phrase in c.phrases]
        self._concept_of_name = np.array([c for c, _ in self.names], np.int64)
        phrase_ids: dict[str, int] = {}
        names_of: list[list[int]] = []

        def phrase_id(phrase: str) -> int:
            if phrase not in phrase_ids:
                phrase_ids[phrase] = len(names_of)
                names_of.append([])
            return phrase_ids[phrase]

        for number, (_, phrase) in enumerate(self.names):
            names_of[phrase_id(phrase)].append(number)
        covers: list[list[tuple[int, int]]] = []  # by phrase: (offset inside it, name it covers)
        for number, (concept, phrase) in enumerate(self.names):
            for exclusion in concepts[concept].exclusions:
                covering = phrase_id(exclusion)
                covers.extend([] for _ in range(covering + 1 - len(covers)))
                offsets = _offsets(phrase.encode(), exclusion.encode())
                covers[covering].extend((offset, number) for offset in offsets)
        self._names_of_phrase = _Ragged([[(name,) for name in names] for names in names_of], 1)
        covers.extend([] for _ in range(len(names_of) - len(covers)))
        self._covers_of_phrase = _Ragged(covers, 2)
        self.phrases = list(phrase_ids)
        self._kernel = PhraseKernel(self.phrases, typical)

    def match(self, captions: pa.Array) -> CaptionMatches:
        """Match ``captions``, a folded string or large_string array (n,)."""
        hits = self._kernel.find(captions)
        which, names = self._names_of_phrase.expand(hits.phrases)
        rows = hits.rows[which]
        excluded = np.zeros(len(self.concepts), np.int64)
        if self._covers_of_phrase.any:
            free = self._outside_exclusions(hits, hits.positions[which], names[0])
            before = self._pairs(rows, names[0])
            rows, number = rows[free], names[0][free]
            after = self._pairs(rows, number)
            excluded = self._per_concept(before[1]) - self._per_concept(after[1])
        else:
            number = names[0]
            after = self._pairs(rows, number)
        name_rows = np.unique(rows * len(self.names) + number)
        name_counts = np.bincount(name_rows % max(len(self.names), 1), minlength=len(self.names))
        return CaptionMatches(*after, name_counts, excluded)

    def _pairs(self, rows: IntArray, names: IntArray) -> tuple[IntArray, IntArray]:
        """Distinct (row, concept), in order of the row."""
        width = max(len(self.concepts), 1)
        pairs = np.unique(rows * width + self._concept_of_name[names])
        return pairs // width, pairs % width

    def _per_concept(self, concepts: IntArray) -> IntArray:
        return np.bincount(concepts, minlength=len(self.concepts))

    def _outside_exclusions(
        self, hits: Hits, positions: IntArray, names: IntArray
    ) -> NDArray[np.bool_]:
        """Mask of the hits that no excluded phrase around them covers.

        A name stands inside an excluded phrase exactly where the phrase was found at one of the
        offsets that the name has in it, so covering is a set membership, not an interval search.
        """
        which, (offsets, covered) = self._covers_of_phrase.expand(hits.phrases)
        width = len(self.names)
        inside = (hits.positions[which] + offsets) * width + covered
        return np.isin(positions * width + names, inside, invert=True)


class _Ragged:
    """For every key a list of records, looked up for many keys at once."""

    def __init__(self, lists: Sequence[Sequence[tuple[int, ...]]], width: int) -> None:
        self._counts = np.array([len(records) for records in lists], np.int64)
        self._ends = np.cumsum(self._counts)
        flat = [record for records in lists for record in records]
        self._columns = np.array(flat, np.int64).reshape(len(flat), width).T
        self.any = bool(flat)

    def expand(self, keys: IntArray) -> tuple[IntArray, IntArray]:
        """(index into ``keys``, records as columns) for every record of every key."""
        counts = self._counts[keys]
        which = np.repeat(np.arange(len(keys)), counts)
        ends = np.cumsum(counts)
        within = np.arange(len(which)) - np.repeat(ends - counts, counts)
        starts = self._ends[keys] - counts
        return which, self._columns[:, np.repeat(starts, counts) + within]


def _offsets(needle: bytes, haystack: bytes) -> list[int]:
    found, at = [], haystack.find(needle)
    while at >= 0:
        found.append(at)
        at = haystack.find(needle, at + 1)
    return found
