"""The tables of figures in a concept's section: counts, names, licenses, hosts, opt-outs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.reports.markup import Html, fill, joined
from audit.reports.page import words
from audit.reports.page.evidence import Evidence
from audit.reports.page.strips import Reading, Slice, bar, strip
from audit.reports.tables import counted
from audit.reviews.findings import NAMES

Row = tuple[object, object, object]


def figures(label: str, head: tuple[str, str, str], rows: list[Row]) -> Html:
    """What, how many, and a remark; numbers may carry a link to their rows."""
    lines = [
        fill(
            '<tr><th scope="row">$what</th><td class="number">$value</td><td>$remark</td></tr>',
            what=what,
            value=value,
            remark=remark,
        )
        for what, value, remark in rows
    ]
    return fill(
        '<div class="wide" tabindex="0" role="region" aria-label="$label"><table class="figures">'
        '<thead><tr><th scope="col">$what</th><th scope="col" class="number">$many</th>'
        '<th scope="col">$remark</th></tr></thead><tbody>$lines</tbody></table></div>',
        label=label,
        what=head[0],
        many=head[1],
        remark=head[2],
        lines=joined(lines),
    )


def caption_figures(concept: Mapping[str, Any], evidence: Evidence, distinct_by: str) -> Html:
    """The census of captions."""
    count = concept["caption"]
    if count is None:
        return Html("<p>Not counted by caption.</p>")
    low, high = count["interval"]
    if count["samples"] is None:
        told = "none of its names can be searched"
    elif words.counted_exactly(low, high):
        told = "every caption was read: no sampling error"
        if (concept["verdict"]["count"]["low"] or 0) < low and concept["visual"] is None:
            told += "; the verdict's lower end leaves out what may be accidental"
    elif high is None:
        told = "not every caption was read: no upper bound is known"
    else:
        told = f"{words.interval(low, high)}: not every caption was read"
    rows: list[Row] = [
        ("Captions that name it", _with_rows(count["samples"], evidence, "caption.samples"), told),
        ("Of a million samples", words.per_million(count["per_million"]), ""),
        (
            "Of these, distinct",
            _with_rows(count["distinct"], evidence, "caption.distinct")
            if count["distinct"] is not None
            else "not counted",
            f"by {distinct_by}: repeated ones once" if count["distinct"] is not None else "",
        ),
    ]
    if count["exclusions"]:
        named = joined([fill(" “<bdi>$name</bdi>”", name=name) for name in count["exclusions"]])
        rows.append(
            (
                "Not counted",
                _with_rows(count["excluded"], evidence, "caption.excluded"),
                fill("named only inside$named", named=named),
            )
        )
    return figures("Samples by caption", ("By caption", "Samples", ""), rows)


def names(concept: Mapping[str, Any], evidence: Evidence) -> Html:
    """How many captions hold each name."""
    count = concept["caption"]
    aliases = (count or {}).get("aliases") or {}
    if not aliases:
        return Html("")
    doubts = {one["phrase"]: one for one in count["accidental"]}
    rows: list[Row] = [
        (
            fill("<bdi>$name</bdi>", name=name),
            _with_rows(samples, evidence, f"caption.aliases.{name}"),
            _accidental(doubts.get(name.casefold())),
        )
        for name, samples in aliases.items()
    ]
    return figures(
        "Samples by name", ("Name or alias", "Samples", "A caption may hold several"), rows
    )


def _accidental(doubt: Mapping[str, Any] | None) -> str:
    if doubt is None or doubt["interval"] is None:
        return ""
    low, high = doubt["interval"]
    if high < 0.005:
        return "it is one word, and under 1 % may be accidental"
    return f"{doubt['share']:.0%} may be accidental ({low:.0%} to {high:.0%}): it is one word"


def visual_figures(concept: Mapping[str, Any], evidence: Evidence) -> Html:
    """What images show, beside what captions say."""
    count = concept["visual"]
    if count is None:
        return Html('<p class="soft">Not counted by image.</p>')
    told = [
        ("Named and shown", "named_and_shown", "caption and image agree"),
        ("Named, not shown", "named_not_shown", "the caption alone would count these"),
        ("Shown, never named", "shown_not_named", "indirect exposure: no caption search finds it"),
        ("Shown in all", "samples", "by similarity to the references, corrected for errors"),
    ]
    rows: list[Row] = []
    for what, key, remark in told:
        one = count[key]
        figure = "visual.above" if key == "samples" else f"visual.{key}"
        known = key != "samples" or count["is_known"]
        rows.append(
            (
                what,
                _with_rows(one["value"] if known else None, evidence, figure),
                f"{words.interval(one['low'], one['high'])}: {remark}",
            )
        )
    pictures = count["distinct_pictures"]
    files = count["distinct_files"]
    rows.append(
        (
            "Images above the cut-off",
            _with_rows(count["matched_images"], evidence, "visual.matched_images"),
            f"{words.whole(files)} different files; {words.whole(pictures)} different pictures",
        )
    )
    rows += _labelled(count["labelled"])
    readings = [
        Reading(what, count[key]["value"], count[key]["low"], count[key]["high"], kind)
        for (what, key, _), kind in zip(told[:3], ("both", "named", "shown"), strict=True)
    ]
    said = "; ".join(
        f"{one.name}: {words.whole(one.value)}, {words.interval(one.low, one.high)}"
        for one in readings
    )
    return joined(
        [
            strip(f"By image, samples with 95 % intervals. {said}", readings),
            figures("Samples by image", ("By image", "Samples", "95 % interval"), rows),
            _cutoff(count),
        ]
    )


def _labelled(labels: Mapping[str, Any] | None) -> list[Row]:
    total = (labels or {}).get("total") or (labels or {}).get("samples")
    if not isinstance(total, Mapping):
        return []
    told = words.interval(total.get("low"), total.get("high"))
    return [("By people's labels", words.whole(total.get("value")), f"{told}: of a random sample")]


def _cutoff(count: Mapping[str, Any]) -> Html:
    cutoff, references = count["cutoff"], count["references"]
    ends = ""
    if cutoff["interval"]:
        ends = f" ({cutoff['interval'][0]:.4f} to {cutoff['interval'][1]:.4f})"
    told = "images" if references["kind"] == "images" else "prompts"
    return fill(
        '<p class="soft">Cut-off $value$ends, $method; $many reference $told.</p>',
        value=f"{cutoff['value']:.4f}",
        ends=ends,
        method=cutoff["method"],
        many=f"{len(references['names']):,}",
        told=told,
    )


def licenses(review: Mapping[str, Any] | None, evidence: Evidence) -> Html:
    """Under which licenses samples are: a bar, and what was found."""
    if review is None:
        return Html('<p class="soft">Licenses were not reviewed.</p>')
    samples, statuses = review["samples"], words.status_counts(review)
    said = ", ".join(
        f"{words.STATUS_WORDS[name]} {words.percent(many, samples)}"
        for name, many in statuses.items()
        if many
    )
    rows: list[Row] = [
        (
            fill('<span class="key $kind"></span>$name', kind=name, name=words.STATUS_WORDS[name]),
            _with_rows(many, evidence, f"licenses.{name}"),
            words.percent(many, samples),
        )
        for name, many in statuses.items()
        if many
    ]
    found: list[Row] = [
        (
            NAMES.get(one["name"], one["name"]),
            _with_rows(one["samples"], evidence, f"licenses.{one['name']}"),
            words.percent(one["samples"], samples),
        )
        for one in review["findings"]
        if one["samples"]
    ]
    if not samples:
        return Html('<p class="soft">No samples to review.</p>')
    slices = [Slice(name, many) for name, many in statuses.items()]
    return joined(
        [
            bar(f"Licenses of {samples:,} samples: {said}", slices),
            figures("Licenses of samples", ("License", "Samples", "Share"), rows),
            figures("Findings of samples", ("Found in these", "Samples", "Share"), found)
            if found
            else Html(""),
        ]
    )


def license_names(review: Mapping[str, Any] | None) -> Html:
    """Which licenses were concluded."""
    listed = [one for one in (review or {}).get("concluded", []) if one["samples"]]
    if not listed:
        return Html("")
    rows: list[Row] = [
        (
            fill(
                '<bdi>$name</bdi> <code class="soft">$id</code>',
                name=one["name"],
                id=one["license"],
            ),
            words.whole(one["samples"]),
            words.STATUS_WORDS.get(one["status"], one["status"]),
        )
        for one in listed
    ]
    return figures("Licenses concluded", ("Concluded license", "Samples", "Status"), rows)


def answers(
    label: str, uses: Mapping[str, Mapping[str, int]], evidence: Evidence, prefix: str
) -> Html:
    """Uses, and for how many samples each is allowed, denied or unknown."""
    lines = [
        fill(
            '<tr><th scope="row">$use</th><td class="number">$allowed</td>'
            '<td class="number">$denied</td><td class="number">$unknown</td></tr>',
            use=use.replace("-", " "),
            **{
                answer: _with_rows(told.get(answer), evidence, f"{prefix}.{use}.{answer}")
                for answer in ("allowed", "denied", "unknown")
            },
        )
        for use, told in uses.items()
    ]
    return fill(
        '<div class="wide" tabindex="0" role="region" aria-label="$label"><table class="answers">'
        '<thead><tr><th scope="col">$label</th><th scope="col" class="number">Allowed</th>'
        '<th scope="col" class="number">Denied</th><th scope="col" class="number">Unknown</th>'
        "</tr></thead><tbody>$lines</tbody></table></div>",
        label=label,
        lines=joined(lines),
    )


def hosts(concept: Mapping[str, Any], evidence: Evidence, samples: int | None) -> Html:
    """The most frequent hosts of its samples."""
    told = concept["hosts"]
    if told is None:
        return Html('<p class="soft">Hosts were not counted.</p>')
    rows: list[Row] = [
        (
            fill("<bdi>$host</bdi>", host=one["host"])
            if one["host"] is not None
            else fill('<span class="soft">no host</span>'),
            words.whole(one["samples"]),
            words.percent(one["samples"], samples),
        )
        for one in told["listed"]
    ]
    if not rows:
        return Html('<p class="soft">No hosts.</p>')
    label = fill(
        "$many$rows",
        many=counted(told["different"], "host"),
        rows=evidence.rows("hosts"),
    )
    return figures("Hosts of samples", (label, "Samples", "Share"), rows)


def _with_rows(value: float | None, evidence: Evidence, figure: str) -> Html:
    return fill("$value$rows", value=words.whole(value), rows=evidence.rows(figure, value))
