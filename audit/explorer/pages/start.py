"""The first page: the dataset, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Sequence

from audit.concepts import Concept
from audit.datasets.dataset import Dataset
from audit.datasets.overview import Overview
from audit.explorer.labelling import OpenTask
from audit.explorer.pages.layout import definition, link, name_of, page, template
from audit.explorer.pages.tasks import task_list
from audit.explorer.questions import Question
from audit.reports.markup import Html, fill, joined, shortened
from audit.reports.page.words import sentence

#: Concepts that are listed at once; the browser hides the rest behind a summary.
_AT_ONCE = 60
_MOST = 5000


def start_page(
    dataset: Dataset,
    seen: Overview | None,
    concepts: Sequence[Concept],
    images: Sequence[tuple[str, str]],
    tasks: Sequence[OpenTask],
) -> Html:
    """The page of a dataset.

    Parameters
    ----------
    seen:
        None where it would take too long to find out.
    images:
        What is said of its images: names and values.
    """
    body = fill(
        template("start.html"),
        dataset=dataset.name,
        coverage=sentence(dataset.coverage.describe()),
        listed=_listed(concepts),
        facts=_facts(dataset, seen),
        images=definition(list(images)),
        tasks=task_list(tasks)
        if tasks
        else Html("<p>No samples were drawn yet: open a concept, then <i>Label</i>.</p>"),
    )
    return page(dataset.name, body, dataset=dataset.name)


def _listed(concepts: Sequence[Concept]) -> Html:
    if not concepts:
        return Html("")
    items = [
        fill(
            "<li>$link</li>",
            link=link(Question(one, True).address(), name_of(one.name)),
        )
        for one in concepts[:_MOST]
    ]
    first = fill('<ul class="names">$items</ul>', items=joined(items[:_AT_ONCE]))
    rest = Html("")
    if len(items) > _AT_ONCE:
        rest = fill(
            '<details><summary>$many more</summary><ul class="names">$items</ul></details>',
            many=f"{len(items) - _AT_ONCE:,}",
            items=joined(items[_AT_ONCE:]),
        )
    if len(concepts) > _MOST:
        rest = joined([rest, fill("<p>And $many more: search for them.</p>",
                                  many=f"{len(concepts) - _MOST:,}")])  # fmt: skip
    return fill(
        "<section><h2>$many of your list</h2>$first$rest</section>",
        many="1 concept" if len(concepts) == 1 else f"{len(concepts):,} concepts",
        first=first,
        rest=rest,
    )


def _facts(dataset: Dataset, seen: Overview | None) -> Html:
    sources = dataset.manifest.sources
    rows: list[tuple[str, Html | str]] = [
        ("Samples", f"{dataset.coverage.samples:,}"),
        ("Layout", dataset.manifest.mapping.preset),
        ("Sources", joined([fill("<bdi>$uri</bdi><br>", uri=shortened(uri, 300))
                            for uri in sources[:5]])),
    ]  # fmt: skip
    if len(sources) > 5:
        rows.append(("More sources", f"{len(sources) - 5:,}"))
    if seen is None:
        told = f"too many samples to count them while a page waits: audit show {dataset.name}"
        rows.append(("Hosts, licenses", told))
        return definition(rows)
    if seen.distinct_urls:
        rows.append(("Distinct URLs", f"{seen.distinct_urls['value']:,}"))
    rows.append(("Hosts", _most(*seen.hosts)))
    rows.append(("Licenses, as declared", _most(*seen.licenses)))
    return definition(rows)


def _most(values: list[tuple[str | None, int]], different: int) -> Html | str:
    if not values:
        return "not known of this dataset"
    told = [
        fill(
            "<li>$value <span class='soft'>$samples</span></li>",
            value=Html("<i>none</i>") if value is None else name_of(value),
            samples=f"{samples:,}",
        )
        for value, samples in values[:5]
    ]
    return fill(
        '<ul class="plain">$told</ul>$different',
        told=joined(told),
        different=f"{different:,} different",
    )
