"""The answer first: how many concepts have which verdict, and the largest counts in a chart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from audit.reports.markup import Html, fill, joined
from audit.reports.page import charts, words
from audit.reports.page.concept_section import judged
from audit.reports.page.strips import Slice, bar

#: Concepts in the chart of counts.
_CHARTED = 30
#: Concepts from which a histogram says more than the chart of counts.
_HISTOGRAM_FROM = _CHARTED + 1


def verdicts(report: Mapping[str, Any]) -> Html:
    """Tally, charts, and the thresholds that were applied."""
    concepts, flags = report["concepts"], report["flags"]
    return joined(
        [
            _tally(flags["verdicts"]),
            fill('<p class="soft">$evidence</p>', evidence=words.sentence(flags["evidence"])),
            _counts(concepts),
            _histogram(concepts) if len(concepts) >= _HISTOGRAM_FROM else Html(""),
            _thresholds(flags),
        ]
    )


def tally_in_words(tally: Mapping[str, int]) -> str:
    """
    >>> tally_in_words({"above": 1, "uncertain": 0, "below": 2})
    'Of 3 concepts, 1 is above the threshold, none is uncertain, 2 are below the threshold.'
    """
    told: list[str] = []
    for verdict, phrase in words.VERDICT_WORDS.items():
        many = tally.get(verdict)
        if many is None:
            continue
        if words.VERDICT_CLASSES[verdict] == "none":
            if many:
                told.append(f"for {many:,} there is no threshold")
            continue
        number = f"{many:,}" if many else "none"
        told.append(f"{number} {'are' if many > 1 else 'is'} {phrase}")
    whole = sum(tally.values())
    return f"Of {whole:,} concept{'' if whole == 1 else 's'}, {', '.join(told)}."


def _tally(tally: Mapping[str, int]) -> Html:
    said = tally_in_words(tally)
    slices = [Slice(words.VERDICT_CLASSES[name], many) for name, many in tally.items()]
    keys = [
        fill(
            '<li><span class="key $kind"></span><b>$many</b> $name</li>',
            kind=words.VERDICT_CLASSES[name],
            many=f"{many:,}",
            name=words.VERDICT_WORDS[name],
        )
        for name, many in tally.items()
    ]
    return fill(
        '<p class="tally">$said</p>$bar<ul class="keys">$keys</ul>',
        said=said,
        bar=bar(said, slices) if sum(tally.values()) else "",
        keys=joined(keys),
    )


def _counts(concepts: Sequence[Mapping[str, Any]]) -> Html:
    counted = [one for one in concepts if one["verdict"]["count"]["value"] is not None]
    if not counted:
        return Html("<p>Nothing is known of any count.</p>")
    shown = sorted(counted, key=lambda one: -one["verdict"]["count"]["value"])[:_CHARTED]
    names = charts.labels([one["name"] for one in shown])
    rows = [_charted(one["verdict"], name) for one, name in zip(shown, names, strict=True)]
    most = max(max(row["value"], row["high"] or 0, row["to"] or 0) for row in rows)
    for row in rows:
        row["open"] = row["high"] is None
        row["high"] = most * 1.6 if row["high"] is None else row["high"]
    which = "The largest counts" if len(shown) < len(concepts) else "All counts"
    several = f"{which}, with their intervals, against the thresholds of their domains"
    told = f"{several}. " + " ".join(
        f"{name}: {judged(one['verdict'])}" for one, name in zip(shown[:5], names, strict=False)
    )
    table = charts.table(
        "Counts and thresholds",
        ("Concept", "Counted", "Interval", "Threshold", "Verdict"),
        [
            (
                name,
                words.whole(verdict["count"]["value"]),
                words.interval(verdict["count"]["low"], verdict["count"]["high"]),
                words.threshold(threshold) if threshold else "none",
                verdict["verdict"],
            )
            for name, verdict, threshold in (
                (name, one["verdict"], one["verdict"]["threshold"])
                for one, name in zip(shown, names, strict=True)
            )
        ],
    )
    return joined(
        [
            charts.chart("counts", several, told, charts.counts_against_thresholds(rows), table),
            Html(
                '<p class="soft">A dot is a count, its line the interval, an arrow an interval '
                "without upper bound; the band is the threshold: its interval, or its values.</p>"
            ),
        ]
    )


def _charted(verdict: Mapping[str, Any], name: str) -> dict[str, Any]:
    count, threshold = verdict["count"], verdict["threshold"]
    kind = words.VERDICT_CLASSES.get(verdict["verdict"], "none")
    return {
        "name": name,
        "verdict": "no threshold" if kind == "none" else kind,
        "value": count["value"],
        "low": count["low"] or 0,
        "high": count["high"],
        "at": threshold["value"] if threshold and not words.is_band(threshold) else None,
        "from": threshold["low"] if threshold else None,
        "to": threshold["high"] if threshold else None,
        "told": f"{name}: {judged(verdict)}",
    }


def _histogram(concepts: Sequence[Mapping[str, Any]]) -> Html:
    """Concepts by how many times their threshold they have; bins of a third of a decade."""
    found: dict[tuple[int, str], int] = {}
    for one in concepts:
        verdict = one["verdict"]
        if verdict["ratio"] is not None and verdict["verdict"] in ("above", "uncertain", "below"):
            place = -10 if verdict["ratio"] < 1e-3 else math.floor(3 * math.log10(verdict["ratio"]))
            place = max(place, -10)
            found[place, verdict["verdict"]] = found.get((place, verdict["verdict"]), 0) + 1
    if not found:
        return Html("")
    places = range(min(at for at, _ in found), max(at for at, _ in found) + 1)
    names = {at: "under 0.001" if at == -10 else f"{words.times(10 ** (at / 3))}" for at in places}
    bins = [
        {
            "name": names[at],
            "verdict": verdict,
            "concepts": found.get((at, verdict), 0),
            "told": f"from {names[at]} times the threshold: {found.get((at, verdict), 0):,} "
            f"concepts {verdict}",
        }
        for at in places
        for verdict in ("above", "uncertain", "below")
    ]
    several = "All concepts with a threshold, by the multiple of it that was counted"
    told = f"{several}: " + "; ".join(str(one["told"]) for one in bins if one["concepts"])
    table = charts.table(
        "Concepts by multiple of the threshold",
        ("Times the threshold, from", "Above", "Uncertain", "Below"),
        [
            (names[at], *(f"{found.get((at, v), 0):,}" for v in ("above", "uncertain", "below")))
            for at in places
        ],
    )
    return charts.chart("ratios", several, told, charts.ratio_histogram(bins), table)


def _thresholds(flags: Mapping[str, Any]) -> Html:
    applied = [
        fill(
            "<li><b>$domain</b>: $value. <bdi>$statement</bdi>$unit$caveats</li>",
            domain=one["domain"] or "any domain",
            value=_threshold(one),
            statement=words.sentence(one["statement"]),
            unit=fill(" Counted in <bdi>$unit</bdi>.", unit=one["unit"]) if one.get("unit") else "",
            caveats=_caveats(one.get("caveats") or []),
        )
        for one in flags["thresholds"]
    ]
    return fill(
        '<h3>Thresholds</h3><p>Rule: $rule</p><p>Assumed: $assumption</p><ul class="long">'
        "$applied</ul>",
        rule=words.sentence(flags["rule"]),
        assumption=words.sentence(flags["assumption"]),
        applied=joined(applied),
    )


def _threshold(one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return "no threshold"
    return f"{words.threshold(one)} images"


def _caveats(caveats: Sequence[str]) -> Html:
    if not caveats:
        return Html("")
    lines = [fill("<li><bdi>$text</bdi></li>", text=words.sentence(one)) for one in caveats]
    return fill(
        "<details><summary>Caveats of these thresholds</summary><ul>$lines</ul></details>",
        lines=joined(lines),
    )
