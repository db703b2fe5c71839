"""All that is known of one concept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.reports.markup import Html, fill, joined, shortened
from audit.reports.page import concept_figures as parts
from audit.reports.page import words
from audit.reports.page.evidence import Evidence
from audit.reports.page.galleries import Galleries
from audit.reports.page.strips import Reading, strip

LONGEST_NAME = 200


def concept_section(
    concept: Mapping[str, Any], folder: str | None, galleries: Galleries, distinct_by: str
) -> Html:
    """The section of a concept.

    Parameters
    ----------
    folder:
        Of the evidence, beside the page.
    distinct_by:
        What distinct samples differ in.
    """
    number = concept["number"]
    evidence = Evidence(number, folder, concept.get("evidence") or [])
    caption = concept["caption"] or {}
    optouts = concept["optouts"]
    return fill(
        '<section class="concept" id="concept-$number" tabindex="-1" '
        'aria-labelledby="name-$number"><header><h3 id="name-$number"><bdi>$name</bdi></h3>'
        '<span class="verdict $kind">$verdict</span></header>$about$judgement'
        '<div class="parts">'
        "<div><h4>In captions</h4>$captions$names</div>"
        "<div><h4>In images</h4>$visual</div>"
        "<div><h4>Licenses</h4>$licenses$license_names</div>"
        "<div><h4>Uses</h4>$uses$optouts</div>"
        "<div><h4>Hosts</h4>$hosts</div>"
        "</div>"
        "<h4>Samples</h4>$gallery$evidence</section>\n",
        number=number,
        name=shortened(concept["name"], LONGEST_NAME),
        kind=words.VERDICT_CLASSES.get(concept["verdict"]["verdict"], "none"),
        verdict=words.VERDICT_WORDS.get(concept["verdict"]["verdict"], "no verdict"),
        about=_about(concept),
        judgement=_judgement(concept["verdict"]),
        captions=parts.caption_figures(concept, evidence, distinct_by),
        names=parts.names(concept, evidence),
        visual=parts.visual_figures(concept, evidence),
        licenses=parts.licenses(concept["licenses"], evidence),
        license_names=parts.license_names(concept["licenses"]),
        uses=parts.answers(
            "By license", (concept["licenses"] or {}).get("uses") or {}, evidence, "uses"
        ),
        optouts=_optouts(optouts, evidence),
        hosts=parts.hosts(concept, evidence, caption.get("samples")),
        gallery=galleries.gallery(concept),
        evidence=evidence.listing(),
    )


def _about(concept: Mapping[str, Any]) -> Html:
    told = []
    if concept["domain"]:
        told.append(fill("Domain: $domain", domain=concept["domain"]))
    if concept["aliases"]:
        names = [fill("<bdi>$name</bdi>", name=name) for name in concept["aliases"]]
        told.append(fill("Also called: $names", names=Html(", ".join(names))))
    for what in ("owner", "rights"):
        if concept.get(what):
            label = "Owner" if what == "owner" else "Rights"
            told.append(fill("$label: <bdi>$value</bdi>", label=label, value=concept[what]))
    return fill('<p class="about">$told</p>', told=Html(" · ".join(told))) if told else Html("")


def judged(verdict: Mapping[str, Any]) -> str:
    """A verdict in a sentence."""
    count, threshold = verdict["count"], verdict["threshold"]
    if count["value"] is None and count["high"] is None:
        counted = "Its count is unknown"
    elif words.counted_exactly(count["low"], count["high"]):
        counted = f"Counted {words.whole(count['value'])}"
    else:
        ends = words.interval(count["low"], count["high"])
        counted = f"Counted {words.whole(count['value'])} ({ends})"
    if threshold is None:
        return f"{counted}. There is no threshold to hold it against."
    against = f"threshold {words.threshold(threshold)}"
    if verdict["ratio"] is None:
        return f"{counted}, against the {against}."
    ratio = words.times(verdict["ratio"])
    ends = verdict["ratio_interval"]
    between = f" ({words.times_interval(ends)})" if ends and ends[0] != ends[1] else ""
    return f"{counted}, {ratio} times{between} the {against}."


def _judgement(verdict: Mapping[str, Any]) -> Html:
    count, threshold = verdict["count"], verdict["threshold"]
    said = judged(verdict)
    kind = words.VERDICT_CLASSES.get(verdict["verdict"], "none")
    drawn = strip(
        f"{said} On a logarithmic line.",
        [Reading("", count["value"], count["low"] or 0, count["high"], kind)],
        None
        if threshold is None
        else (
            None if words.is_band(threshold) else threshold["value"],
            threshold["low"],
            threshold["high"],
        ),
    )
    notes = [
        fill("<li><bdi>$note</bdi></li>", note=words.sentence(one)) for one in verdict["notes"]
    ]
    settle = [
        fill("<li><bdi>$step</bdi></li>", step=words.sentence(one)) for one in verdict["settle"]
    ]
    return fill(
        '<p class="judged">$said</p>$drawn<p class="soft">Threshold: <bdi>$statement</bdi></p>'
        "$settle$notes",
        said=said,
        drawn=drawn,
        statement=words.sentence(verdict["threshold_statement"]),
        settle=fill("<p>What would settle it:</p><ul>$steps</ul>", steps=joined(settle))
        if settle
        else "",
        notes=fill("<p>To be known:</p><ul>$notes</ul>", notes=joined(notes)) if notes else "",
    )


def _optouts(optouts: Mapping[str, Any] | None, evidence: Evidence) -> Html:
    if optouts is None:
        return Html('<p class="soft">Opt-outs: unknown. The dataset has no signals.</p>')
    told = parts.answers("By opt-out signals", optouts["uses"], evidence, "optouts")
    return fill(
        '$told<p class="soft">$many of its samples have a signal. Absence of a signal is no '
        "permission.</p>",
        told=told,
        many=words.whole(optouts["with_signal"]),
    )
