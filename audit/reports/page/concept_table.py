"""The table of all concepts: its rows, and the keys by which a reader sorts and finds them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from audit.reports.markup import Html, fill, joined, shortened, visible
from audit.reports.page import words

_LONGEST_NAME = 90
_LONGEST_KEY = 400

#: Column -> its title, whether it holds numbers, and what it is, for who wonders.
_COLUMNS = {
    "name": ("Concept", False, ""),
    "verdict": ("Verdict", False, ""),
    "count": ("Counted", True, "what is held against the threshold, with its interval"),
    "ratio": ("× threshold", True, "the count as a multiple of the threshold"),
    "named": ("Named", True, "samples whose caption names it"),
    "shown": ("Shown", True, "samples whose image shows it"),
    "allowed": ("Training allowed", True, "samples whose license allows commercial training"),
    "denied": ("Training denied", True, "samples denied to generative training by a signal"),
}


def columns(concepts: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of which something is known."""
    left_out = set()
    if all(concept["visual"] is None for concept in concepts):
        left_out.add("shown")
    if all(concept["caption"] is None for concept in concepts):
        left_out.add("named")
    if all(concept["optouts"] is None for concept in concepts):
        left_out.add("denied")
    if all(concept["licenses"] is None for concept in concepts):
        left_out.add("allowed")
    return [name for name in _COLUMNS if name not in left_out]


def head(names: Sequence[str]) -> Html:
    """The head of the table; page.js makes its cells buttons."""
    cells = [
        fill(
            '<th scope="col" data-key="$key"$kind$title>$text</th>',
            key=name,
            kind=Html(' class="number"' if _COLUMNS[name][1] else ""),
            title=fill(' title="$told"', told=_COLUMNS[name][2]) if _COLUMNS[name][2] else "",
            text=_COLUMNS[name][0],
        )
        for name in names
    ]
    return fill("<tr>$cells</tr>", cells=joined(cells))


def row(concept: Mapping[str, Any], names: Sequence[str]) -> Html:
    """The row of a concept."""
    cells = {"name": _name, "verdict": _verdict, "count": _count, "ratio": _ratio}
    made = [
        cells[name](concept)
        if name in cells
        else fill('<td class="number">$value</td>', value=_told(name, concept))
        for name in names
    ]
    return fill("<tr>$cells</tr>", cells=joined(made))


def keys(concepts: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    """What the page's script sorts and finds rows by, in the order of the report.

    ``number`` and ``found`` (folded names, aliases and domain), ``verdict`` as its class, and of
    each column its key: a number, a text, or null where nothing is known.
    """
    return {
        "number": [concept["number"] for concept in concepts],
        "found": [_found(concept) for concept in concepts],
        "kind": [_kind(concept) for concept in concepts],
        "columns": {name: [_key(name, concept) for concept in concepts] for name in names},
    }


def _found(concept: Mapping[str, Any]) -> str:
    told = " ".join([concept["name"], *concept["aliases"], concept["domain"] or ""])
    # As page.js folds what is searched for.
    plain = unicodedata.normalize("NFKD", told[:_LONGEST_KEY]).lower()
    return visible("".join(one for one in plain if not unicodedata.combining(one)))


def _kind(concept: Mapping[str, Any]) -> str:
    return words.VERDICT_CLASSES.get(concept["verdict"]["verdict"], "none")


def _key(name: str, concept: Mapping[str, Any]) -> float | str | None:
    verdict = concept["verdict"]
    if name == "name":
        return _found({"name": concept["name"], "aliases": [], "domain": None})
    if name == "verdict":
        return list(words.VERDICT_CLASSES.values()).index(_kind(concept))
    if name == "count":
        value: float | None = verdict["count"]["value"]
        return value
    if name == "ratio":
        return None if verdict["ratio"] is None else float(f"{verdict['ratio']:.5g}")
    if name == "allowed":
        share = allowed_share(concept["licenses"])
        return None if share is None else round(share, 5)
    return _number(name, concept)


def allowed_share(review: Mapping[str, Any] | None) -> float | None:
    """Share of samples whose license allows commercial training."""
    if review is None or not review["samples"]:
        return None
    allowed: int = review["uses"]["commercial-training"]["allowed"]
    return allowed / int(review["samples"])


def _number(name: str, concept: Mapping[str, Any]) -> float | None:
    value: float | None = None
    if name == "named" and concept["caption"] is not None:
        value = concept["caption"]["samples"]
    elif name == "shown" and concept["visual"] is not None:
        visual = concept["visual"]
        value = visual["samples"]["value"] if visual["is_known"] else None
    elif name == "denied" and concept["optouts"] is not None:
        value = concept["optouts"]["uses"].get("generative-training", {}).get("denied")
    return value


def _told(name: str, concept: Mapping[str, Any]) -> str:
    if name == "allowed":
        review = concept["licenses"]
        if review is None:
            return "not reviewed"
        share = allowed_share(review)
        return words.percent(share, None if share is None else 1)
    part = {"named": "caption", "shown": "visual", "denied": "optouts"}[name]
    if concept[part] is None:
        return {"named": "not counted", "shown": "not counted by image", "denied": "not read"}[name]
    return words.whole(_number(name, concept))


def _name(concept: Mapping[str, Any]) -> Html:
    return fill(
        '<th scope="row"><a href="#concept-$number"><bdi>$name</bdi></a>$domain</th>',
        number=concept["number"],
        name=shortened(concept["name"], _LONGEST_NAME),
        domain=fill(' <span class="soft domain">$domain</span>', domain=concept["domain"])
        if concept["domain"]
        else "",
    )


def _verdict(concept: Mapping[str, Any]) -> Html:
    kind = _kind(concept)
    told = "no threshold" if kind == "none" else concept["verdict"]["verdict"]
    return fill('<td><span class="verdict $kind">$told</span></td>', kind=kind, told=told)


def _count(concept: Mapping[str, Any]) -> Html:
    count = concept["verdict"]["count"]
    low, high = count["low"], count["high"]
    between = ""
    if not words.counted_exactly(low, high):
        between = f"{words.whole(low)} or more" if high is None else words.interval(low, high)
    return fill(
        '<td class="number">$value$between</td>',
        value=words.whole(count["value"]),
        between=fill(' <span class="soft between">$between</span>', between=between)
        if between
        else "",
    )


def _ratio(concept: Mapping[str, Any]) -> Html:
    verdict = concept["verdict"]
    known = verdict["threshold"] is not None
    told = words.times(verdict["ratio"]) if known else "no threshold"
    return fill('<td class="number">$told</td>', told=told)
