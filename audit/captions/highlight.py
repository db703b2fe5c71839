"""Where a folded phrase stands in a caption as it was written."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from audit.captions.folding import fold_character, unescape


def find_names(caption: str, phrases: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """Locate folded phrases in an unfolded caption, to show a reader what matched.

    Returns the caption without HTML entities and the spans ``[start, end)`` of the names in it,
    ordered and not overlapping. Evidence for the eye: counting never depends on it.
    """
    text = unescape(caption)
    folded, origin = [" "], [0]
    start = 0
    while start < len(text):
        end = _cluster_end(text, start)
        for character in unicodedata.normalize("NFKC", text[start:end]):
            for piece in fold_character(character):
                if piece != " " or folded[-1] != " ":
                    folded.append(piece)
                    origin.append(start)
        start = end
    if folded[-1] != " ":
        folded.append(" ")
        origin.append(len(text))
    line = "".join(folded)
    spans: list[tuple[int, int]] = []
    for phrase in phrases:
        at = line.find(phrase)
        while at >= 0:
            last = at + len(phrase) - 2
            spans.append((origin[at + 1], _cluster_end(text, origin[last])))
            at = line.find(phrase, at + 1)
    return text, _merged(spans)


def _cluster_end(text: str, start: int) -> int:
    end = start + 1
    while end < len(text) and unicodedata.category(text[end])[0] == "M":
        end += 1
    return end


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
