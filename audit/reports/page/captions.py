"""Captions with what matched marked, and addresses that are shown and not believed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from audit.reports.markup import Html, fill, joined, shortened, visible

_LONGEST = 280
_LONGEST_ADDRESS = 80


def highlighted(caption: str | None, spans: Iterable[Sequence[int]] = ()) -> Html:
    """A caption, or what of a long one is around the first match, with matches in ``<mark>``.

    Parameters
    ----------
    spans:
        Begin and end of matches, indices into ``caption`` as Python counts them. What does not
        fit the caption is left out.
    """
    if caption is None:
        return fill('<span class="soft">no caption</span>')
    found = _in_order(spans, len(caption))
    start = max(found[0][0] - _LONGEST // 3, 0) if found and len(caption) > _LONGEST else 0
    stop = start + _LONGEST
    pieces, at = [], start
    for begin, end in found:
        if begin < at or begin >= stop:
            continue
        end = min(end, stop)
        pieces.append(fill("$text", text=caption[at:begin]))
        pieces.append(fill("<mark>$text</mark>", text=caption[begin:end]))
        at = end
    pieces.append(fill("$text", text=caption[at:stop]))
    cut = fill(' <span class="soft">($many characters)</span>', many=f"{len(caption):,}")
    return fill(
        "<bdi>$before$pieces$after</bdi>$cut",
        before="… " if start else "",
        pieces=joined(pieces),
        after=" …" if stop < len(caption) else "",
        cut=cut if start or stop < len(caption) else "",
    )


def outside(url: str | None) -> Html:
    """An address of a stranger: a link if it is plainly one of the web, else its text alone."""
    if not url:
        return fill('<span class="soft">no address</span>')
    text = fill("<bdi>$url</bdi>", url=shortened(url, _LONGEST_ADDRESS))
    if not _is_web(url):
        return text
    return fill(
        '<a href="$url" rel="noreferrer noopener" target="_blank">$text</a>', url=url, text=text
    )


def _is_web(url: str) -> bool:
    plain = visible(url) == url and not any(character.isspace() for character in url)
    return plain and url.lower().startswith(("https://", "http://")) and "\\" not in url


def _in_order(spans: Iterable[Sequence[int]], length: int) -> list[tuple[int, int]]:
    return sorted((b, e) for b, e in spans if 0 <= b < e <= length)
