"""The pages of a concept: its count, its matches, its labelling tasks."""

from __future__ import annotations

from collections.abc import Sequence

from audit.counts.results import ConceptCount
from audit.counts.visual_results import VisualCount
from audit.errors import AuditError
from audit.explorer.answers import CaptionAnswer, ImageAnswer
from audit.explorer.jobs import Job
from audit.explorer.labelling import OpenTask
from audit.explorer.matches import PAGE, Facet, Facets
from audit.explorer.pages.layout import alert, link, name_of, note, page, template
from audit.explorer.pages.samples import sample_list
from audit.explorer.pages.tasks import task_list
from audit.explorer.questions import FACETS, LAST_PAGE, SIZES, Question, View
from audit.explorer.samples import ShownSample
from audit.reports.label_table import described
from audit.reports.markup import Html, fill, joined, shortened
from audit.reports.tables import estimated

_VIEWS: dict[View, str] = {"caption": "By caption", "image": "By image", "label": "Label"}


def concept_page(
    question: Question, dataset: str, content: Html, *, refresh: str | None = None
) -> Html:
    """A view of a concept.

    Parameters
    ----------
    refresh:
        Where a browser without script asks again; None if nothing is awaited.
    """
    views = [
        link(question.seen_as(view).address(), title, **_current(view == question.view))
        for view, title in _VIEWS.items()
    ]
    body = fill(
        template("concept.html"),
        name=name_of(question.concept.name),
        described=_described(question),
        views=joined(views),
        content=content,
    )
    head = Html("")
    if refresh is not None:
        head = fill(
            '<noscript><meta http-equiv="refresh" content="0; url=$address"></noscript>',
            address=refresh,
        )
    return page(question.concept.name, body, dataset=dataset, head=head)


def _current(is_current: bool) -> dict[str, str]:
    return {"aria-current": "page"} if is_current else {}


def _described(question: Question) -> Html:
    concept = question.concept
    told = [
        fill("<p class='soft'>$what: <bdi>$names</bdi></p>", what=what,
             names=shortened(" | ".join(names), 600))
        for what, names in (("Also", concept.aliases), ("Not inside", concept.exclusions))
        if names
    ]  # fmt: skip
    return joined(told)


def awaited(job: Job, events: str) -> Html:
    """What a job is doing; the script goes on telling."""
    progress = job.progress
    return fill(
        template("awaited.html"),
        events=events,
        what=progress.what,
        share="" if progress.share is None else f"{progress.share:.4f}",
        numbers=progress_line(job),
    )


def progress_line(job: Job) -> str:
    """How far a job is, in words."""
    progress = job.progress
    told = []
    if progress.total:
        told.append(f"{progress.done or 0:,} of {progress.total:,} samples")
    elif progress.share is not None:
        told.append(f"{progress.share:.0%}")
    if progress.matches is not None:
        told.append(f"{progress.matches:,} matches so far")
    return ", ".join(told)


def stopped(question: Question) -> Html:
    """What is said when the job was stopped."""
    again = link(question.address(), "Count again")
    return fill('<p class="alert" role="status">Stopped: you asked something else. $again</p>',
                again=again)  # fmt: skip


def failed(error: Exception) -> Html:
    """What is said when a job failed."""
    if isinstance(error, AuditError):
        return alert(error.message, error.hint)
    return alert(
        "Something went wrong.",
        "This is a mistake in audit. The terminal that the server runs in says more.",
    )


# By caption


def caption_view(
    question: Question,
    answer: CaptionAnswer,
    facets: Facets | None,
    samples: Sequence[ShownSample],
    why_no_pictures: str | None,
) -> Html:
    """The count by caption, with facets and a page of matches."""
    count, coverage = answer.count, answer.result.coverage
    number = fill(
        '<section class="count" aria-label="Count by caption"><p class="number" id="count">$number'
        "</p><p>$basis $assumption</p>$notes</section>",
        number="unknown" if count.samples is None else f"{count.samples:,}",
        basis=_basis(count, coverage.describe()),
        assumption="Captions that name it: " + answer.result.assumption + ".",
        notes=_notes(count),
    )
    if facets is None:
        why = fill("<p>No matches are shown: $why.</p>", why=answer.why_no_matches or "")
        return joined([number, why])
    return fill(
        template("matches.html"),
        number=number,
        chosen=_chosen(question, facets, count.samples or 0),
        facets=joined([
            _facet(question, name, facets.by_name[name]) for name in FACETS
        ]),
        pictures=fill('<p class="soft">No pictures: $why</p>', why=why_no_pictures)
        if why_no_pictures
        else Html(""),
        samples=sample_list(samples, PAGE * (question.page - 1) + 1),
        pages=_pages(question, facets.chosen),
    )  # fmt: skip


def _basis(count: ConceptCount, coverage: str) -> str:
    low, high = count.interval
    if low is None:
        return "Nothing to search."
    of = f"of {count.considered:,} samples ({coverage})."
    if high is None:
        return f"samples, at least: nobody knows how many were not read; {of}"
    if high == low:
        return f"samples, exactly ({low:,}–{high:,}); {of}"
    return f"samples, {low:,} to {high:,} with those that could not be read; {of}"


def _notes(count: ConceptCount) -> Html:
    told = [
        fill("<li>$spelling <span class='soft'>$samples</span></li>", spelling=name_of(spelling),
             samples=f"{samples:,}")
        for spelling, samples in count.aliases.items()
    ]  # fmt: skip
    parts = []
    if len(told) > 1:
        parts.append(fill('<ul class="names">$told</ul>', told=joined(told)))
    if count.phrases.concept.exclusions:
        parts.append(fill("<p class='soft'>$many samples name it only inside what does not count."
                          "</p>", many=f"{count.excluded:,}"))  # fmt: skip
    parts += [
        fill('<p class="note">$message.</p>', message=finding.message) for finding in count.findings
    ]
    return joined(parts)


def _chosen(question: Question, facets: Facets, all_matches: int) -> Html:
    if not question.choices:
        return Html("")
    removed = [
        link(
            question.without_choice(facet).address(),
            fill("$title: $value <span aria-hidden='true'>×</span>"
                 "<span class='unseen'>, let go of it</span>",
                 title=FACETS[facet], value=_value(facet, value)),
        )
        for facet, value in question.choices.items()
    ]  # fmt: skip
    return fill(
        '<p class="chosen"><b id="chosen">$chosen</b> of $all matches: $removed</p>',
        chosen=f"{facets.chosen:,}",
        all=f"{all_matches:,}",
        removed=joined(removed),
    )


def _facet(question: Question, name: str, facet: Facet) -> Html:
    items = []
    for value, samples in facet.values:
        is_chosen = name in question.choices and question.choices[name] == value
        target = question.without_choice(name) if is_chosen else question.with_choice(name, value)
        current = {"aria-current": "true"} if is_chosen else {}
        items.append(
            fill(
                "<li>$link<span class='many'>$many</span></li>",
                link=link(target.address(), _value(name, value), **current),
                many=f"{samples:,}",
            )
        )
    others = Html("")
    if facet.others:
        others = fill(
            "<p class='soft'>$many more in others of $different different</p>",
            many=f"{facet.others:,}",
            different=f"{facet.different:,}",
        )
    return fill(
        '<section class="facet"><h3>$title</h3><ul data-facet="$name">$items</ul>$others</section>',
        title=FACETS[name],
        name=name,
        items=joined(items),
        others=others,
    )


def _value(facet: str, value: str | None) -> Html | str:
    if value is None:
        return Html("<i>none</i>")
    return SIZES[value][0] if facet == "size" else name_of(value)


def _pages(question: Question, many: int) -> Html:
    last = max(-(-many // PAGE), 1)
    reachable = min(last, LAST_PAGE)
    here = question.page
    told = [fill("<span>Page $here of $last</span>", here=f"{here:,}", last=f"{last:,}")]
    if here > 1:
        before = link(question.on_page(here - 1).address(), "← Before", rel="prev")
        told.insert(0, before)
    if here < reachable:
        told.append(link(question.on_page(here + 1).address(), "Next →", rel="next"))
    if reachable < last:
        told.append(fill("<span class='soft'>Shown up to page $page; choose to see others.</span>",
                         page=f"{LAST_PAGE:,}"))  # fmt: skip
    return fill('<nav class="pages" aria-label="Pages">$told</nav>', told=joined(told))


# By image


def image_view(question: Question, answer: ImageAnswer, samples: Sequence[ShownSample]) -> Html:
    """The count by image, with a page of samples, the most similar first."""
    count, result = answer.count, answer.result
    total = estimated(count.total, count.population).plain
    notes = [note(text) for text in count.warnings]
    return fill(
        template("images.html"),
        number=total,
        basis=f"samples show it, with a 95 % interval. {count.matched_images:,} images reach the "
        f"cut-off of {count.cutoff.value:.3f}, of {result.vectors:,} vectors "
        f"({result.encoder.id}); {len(count.references):,} references.",
        strata=_strata(count),
        labels=labels_line(count),
        notes=joined(notes),
        assumption=f"Assumed: {result.assumption}.",
        many=f"{len(count.scored):,}",
        samples=sample_list(samples, PAGE * (question.page - 1) + 1),
        pages=_pages(question, len(count.scored)),
    )


def _strata(count: VisualCount) -> Html:
    rows = [
        fill(
            '<tr><th scope="row">$what</th><td>$population</td><td>$examined</td><td>$above</td>'
            "<td>$shown</td></tr>",
            what=what,
            population=f"{one.population:,}",
            examined=f"{one.examined:,}",
            above=f"{one.above:,}",
            shown=estimated(one.estimate, one.population).plain,
        )
        for what, one in (("Caption names it", count.named), ("Caption does not", count.unnamed))
    ]
    return fill(
        '<div class="wide" tabindex="0" role="region" aria-label="Strata"><table><thead><tr>'
        '<th scope="col">Samples</th><th scope="col">All</th><th scope="col">Image looked at</th>'
        '<th scope="col">Reach the cut-off</th><th scope="col">Show it</th></tr></thead>'
        "<tbody>$rows</tbody></table></div>",
        rows=joined(rows),
    )


def labels_line(count: VisualCount) -> Html:
    """What people's labels say, beside the count."""
    if count.labels is None:
        return Html("")
    return fill(
        "<p>By labels: <b>$total</b> show it; $told.</p>",
        total=estimated(count.labels.estimate.total).plain,
        told=described(count.labels),
    )


# To label


def label_view(
    question: Question, tasks: Sequence[OpenTask], why_not: str | None, key: str, drawn: int
) -> Html:
    """The labelling tasks of a concept, and the form that draws another."""
    listed = task_list(tasks) if tasks else Html("<p>No samples were drawn for it yet.</p>")
    if why_not is not None:
        form = alert(
            f"No samples can be drawn: {why_not}",
            "A label is a person's word on a picture that the server shows and keeps the digest "
            "of. A URL that opens elsewhere may show another picture by now, and its loading would "
            "tell its host who looks: so without images at hand nothing is labelled here.",
        )
    else:
        concept = question.concept
        form = fill(
            template("draw.html"),
            key=key,
            listed=concept.name if question.listed else "",
            name=concept.name,
            aliases="\n".join(concept.aliases),
            exclusions="\n".join(concept.exclusions),
            samples=drawn,
        )
    return fill("<section><h2>Samples to label</h2>$listed</section>$form", listed=listed,
                form=form)  # fmt: skip
