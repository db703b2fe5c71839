"""Labelling tasks, as a list."""

from __future__ import annotations

from collections.abc import Sequence

from audit.errors import AuditError
from audit.explorer.labelling import OpenTask
from audit.explorer.pages.layout import link, name_of
from audit.reports.markup import Html, fill, joined
from audit.reports.tables import estimated


def task_list(tasks: Sequence[OpenTask]) -> Html:
    """Each task with what was said so far."""
    return fill('<ul class="tasks">$items</ul>', items=joined([_task(one) for one in tasks]))


def _task(opened: OpenTask) -> Html:
    task = opened.task
    many = len(task.samples)
    said: Html | str
    try:
        stored = opened.stored
        if stored is None:
            said = f"{many:,} samples, none labelled yet"
        else:
            said = fill(
                "$given of $many labelled by <bdi>$who</bdi>: $total show it",
                given=f"{len(stored.answers):,}",
                many=f"{many:,}",
                who=stored.who,
                total=estimated(stored.estimate.total).plain,
            )
    except AuditError as error:
        said = error.message
    if task.where is not None:
        said = fill("$said; only where <bdi>$where</bdi>", said=said, where=task.where)
    name = name_of(task.concept)
    return fill(
        "<li>$name <span class='soft'>$said; drawn $day, seed $seed</span></li>",
        name=link(f"/label/{task.id}", name) if opened.current else name,
        said=said
        if opened.current
        else fill("$said. Outdated: the dataset has changed", said=said),
        day=task.created[:10],
        seed=task.seed,
    )
