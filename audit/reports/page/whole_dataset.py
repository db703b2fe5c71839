"""What holds for the whole dataset: licenses, openness, domains, opt-outs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.reports.markup import Html, fill, joined, visible
from audit.reports.page import charts, words
from audit.reports.page import concept_figures as parts
from audit.reports.page.evidence import Evidence
from audit.reports.tables import counted

_LISTED = 15


def licenses(review: Mapping[str, Any] | None, evidence: Evidence) -> Html:
    """The license review, and how open the dataset is."""
    if review is None:
        return Html("<p>Licenses were not reviewed.</p>")
    return joined(
        [
            fill('<p class="soft">$note</p>', note=words.sentence(review.get("note") or "")),
            fill(
                "<p>$samples were reviewed on $day, by what the columns <bdi>$columns</bdi> "
                "say.</p>",
                samples=counted(review["samples"], "sample"),
                day=review["on"],
                columns=", ".join(review["columns"]) or "(none)",
            ),
            _license_chart(review),
            fill(
                '<div class="parts"><div><h3>What was found</h3>$found</div>'
                "<div><h3>What uses the licenses permit</h3>$uses$profiles</div></div>",
                found=parts.licenses(review, evidence),
                uses=parts.answers("By license", review["uses"], evidence, "uses"),
                profiles=_profiles(review.get("profiles") or {}),
            ),
            _values(review.get("values")),
            _openness(review.get("openness")),
        ]
    )


def _license_chart(review: Mapping[str, Any]) -> Html:
    listed = [one for one in review["concluded"] if one["samples"]][:_LISTED]
    if not listed:
        return Html("<p>No license was concluded of any sample.</p>")
    names = charts.labels([one["name"] for one in listed])
    rows = [
        {
            "name": name,
            "samples": one["samples"],
            "told": f"{one['samples']:,} ({words.percent(one['samples'], review['samples'])})",
            "colour": f"var(--{one['status']})",
        }
        for one, name in zip(listed, names, strict=True)
    ]
    several = "Licenses concluded, by samples"
    told = f"{several}: " + "; ".join(f"{row['name']}: {row['told']}" for row in rows)
    table = charts.table(
        several,
        ("License", "Identifier", "Status", "Samples", "Share"),
        [
            (
                one["name"],
                one["license"],
                words.STATUS_WORDS.get(one["status"], one["status"]),
                f"{one['samples']:,}",
                words.percent(one["samples"], review["samples"]),
            )
            for one in review["concluded"]
            if one["samples"]
        ],
    )
    return charts.chart("licenses", several, told, charts.ranks(rows, "samples"), table)


def _profiles(profiles: Mapping[str, str]) -> Html:
    lines = [
        fill("<li><b>$use</b>: $title</li>", use=use.replace("-", " "), title=words.sentence(title))
        for use, title in profiles.items()
    ]
    return fill('<ul class="soft">$lines</ul>', lines=joined(lines))


def _values(values: Mapping[str, Any] | None) -> Html:
    listed = (values or {}).get("listed") or []
    if not listed or values is None:
        return Html("")
    rows = [
        (
            one["value"] if one["value"] is not None else "(nothing)",
            f"{one['samples']:,}",
            one["license"],
            words.STATUS_WORDS.get(one["status"], one["status"]),
            one["reason"],
        )
        for one in listed
    ]
    return fill(
        "<details><summary>What rows say, and how it was read: $many of $different</summary>"
        "$table</details>",
        many=f"{len(rows):,}",
        different=counted(values["different"], "different value"),
        table=_texts("Values of licenses", ("Value", "Samples", "Read as", "Status", "Why"), rows),
    )


def _texts(label: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Html:
    lines = [
        fill(
            "<tr>$cells</tr>",
            cells=joined([fill("<td><bdi>$text</bdi></td>", text=text) for text in row]),
        )
        for row in rows
    ]
    return fill(
        '<div class="wide" tabindex="0" role="region" aria-label="$label"><table><thead><tr>'
        "$head</tr></thead><tbody>$lines</tbody></table></div>",
        label=label,
        head=joined([fill('<th scope="col">$text</th>', text=text) for text in head]),
        lines=joined(lines),
    )


def _openness(openness: Mapping[str, Any] | None) -> Html:
    if openness is None:
        return Html("")
    holds = {"yes": "yes", "no": "no", "unknown": "unknown"}
    tiers = [
        fill(
            "<li><b>$tier</b>: $holds$why</li>",
            tier=one["tier"],
            holds=holds.get(one["holds"], one["holds"]),
            why=fill(
                "<ul>$reasons</ul>",
                reasons=joined(
                    [fill("<li><bdi>$why</bdi></li>", why=words.sentence(w)) for w in one["why"]]
                ),
            )
            if one["why"]
            else "",
        )
        for one in openness["tiers"]
    ]
    if openness["tier"] is None:
        told = "No kind of openness is proved."
    else:
        told = f"The dataset is {openness['tier']}."
    return fill(
        "<h3>How open it is</h3><p>$told $blocking "
        'What rules each kind out, or what the data cannot show:</p><ul class="long">$tiers</ul>'
        '<p class="soft">Kinds after <bdi>$source</bdi>.</p>',
        told=told,
        blocking=f"{counted(openness['blocking'], 'sample')} without an open license would have to "
        "go for it to be openly licensed."
        if openness["blocking"]
        else "No sample is known to keep it from being openly licensed.",
        tiers=joined(tiers),
        source=openness.get("source") or "",
    )


def domains(told: Mapping[str, Any] | None) -> Html:
    """Where images come from."""
    if told is None:
        return Html("<p>Domains were not counted.</p>")
    listed = told["top"]["domains"]
    facts = fill(
        "<p>$samples come from $domains on $hosts. $without of them have no host, $bare are on "
        "hosts without a registered domain.</p>",
        samples=counted(told["samples"], "sample"),
        domains=counted(told["domains"], "domain"),
        hosts=counted(told["hosts"], "host"),
        without=f"{told['without_host']:,}",
        bare=f"{told['without_domain']:,}",
    )
    if not listed:
        return facts
    shown = listed[:_LISTED]
    rows = [
        {
            "name": name,
            "samples": one["samples"],
            "told": f"{one['samples']:,} ({words.percent(one['samples'], told['samples'])})",
            "colour": "var(--accent)",
        }
        for one, name in zip(shown, charts.labels([d["domain"] for d in shown]), strict=True)
    ]
    several = "Registered domains with the most samples"
    table = charts.table(
        several,
        ("Domain", "Samples", "Share", "Hosts"),
        [
            (
                one["domain"],
                f"{one['samples']:,}",
                words.percent(one["samples"], told["samples"]),
                f"{one['hosts']:,}",
            )
            for one in listed
        ],
    )
    spoken = f"{several}: " + "; ".join(f"{row['name']}: {row['told']}" for row in rows)
    return joined(
        [
            facts,
            charts.chart("domains", several, spoken, charts.ranks(rows, "samples"), table),
            fill(
                '<p class="soft">Domains by the Public Suffix List of $version.</p>',
                version=told["public_suffix_list"],
            ),
        ]
    )


def optouts(told: Mapping[str, Any] | None, evidence: Evidence) -> Html:
    """What signals say of the use of the images."""
    if told is None:
        return Html("<p>Opt-out signals were not read.</p>")
    uses = {
        one["use"]: {answer: one[answer] for answer in ("allowed", "denied", "unknown")}
        for one in told["uses"]
    }
    meanings = [
        fill(
            "<li><b>$use</b>: $what</li>",
            use=one["use"].replace("-", " "),
            what=words.sentence(one["what"]),
        )
        for one in told["uses"]
    ]
    drawn = ""
    if told.get("sample"):
        drawn = (
            f" They are a random sample of {told['sample']['population']:,}, drawn with the seed "
            f"{told['sample']['seed']}."
        )
    return fill(
        "<p>Of $samples, $signal have a signal that was read.$drawn $read</p>$answers"
        '<ul class="soft">$meanings</ul>$signals<p class="soft">$note</p>',
        samples=counted(told["samples"], "sample"),
        signal=f"{told['with_signal']:,}",
        drawn=drawn,
        read=_what_was_read(told),
        answers=parts.answers("By opt-out signals", uses, evidence, "optouts"),
        meanings=joined(meanings),
        signals=_signals(told.get("signals") or []),
        note=words.sentence(told["note"]),
    )


def _what_was_read(told: Mapping[str, Any]) -> str:
    read = [*told["columns"], *told["sidecars"]]
    if not read:
        return "The dataset has no column of signals, and none was given: all is unknown."
    return f"Read were: {visible(', '.join(read))}."


def _signals(signals: list[Mapping[str, Any]]) -> Html:
    if not signals:
        return Html("")
    rows = [
        (
            one["reader"],
            one["answer"],
            ", ".join(one["uses"]),
            one["agent"] or "everybody",
            f"{one['samples']:,}",
            "; ".join(f"{value['value']} ({value['samples']:,})" for value in one["values"][:3]),
        )
        for one in signals
    ]
    return _texts(
        "Signals that were found",
        ("Signal", "Says", "Of uses", "To", "Samples", "For example"),
        rows,
    )
