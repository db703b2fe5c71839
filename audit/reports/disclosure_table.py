"""A filled form as a page of Markdown, which is also what a terminal shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from audit.disclosures.form import DISCLAIMER, NO_INFORMATION, FilledForm
from audit.domains import DomainCounts
from audit.reports.tables import as_renderables, visible

#: Domains that a page lists; JSON has them all.
_LISTED = 1000
#: What Markdown or HTML would take for markup, wherever it stands.
_MARKUP = re.compile(r"([\\`*<>\[\]|#!]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")


def as_markdown(form: FilledForm) -> str:
    """The whole page."""
    return "\n".join(_lines(form)) + "\n"


@as_renderables.register
def _page(form: FilledForm) -> list[RenderableType]:
    return [Text(line, no_wrap=True) for line in _lines(form)]


def _lines(form: FilledForm) -> Iterator[str]:
    answered, asked = form.answered
    yield f"# {form.title}"
    yield ""
    yield f"Dataset: {_text(form.dataset)}. Form: {form.source}."
    yield ""
    yield f"> {DISCLAIMER}"
    yield ">"
    yield f"> Rests on: {_text(form.coverage.describe())}."
    yield f"> {answered} of {asked} entries are answered; for the others there is {NO_INFORMATION}."
    for remark in form.remarks:
        yield f"> {remark}"
    for section in form.sections:
        yield ""
        yield f"## {section.number} {section.title}"
        yield ""
        for entry in section.entries:
            told = NO_INFORMATION if entry.value is None else _text(entry.value)
            yield f"- **{_text(entry.asked)}**: {told} ({_text(entry.basis)})"
    if len(form.domains.top.listed):
        yield from _domains(form.domains)
    yield ""
    yield f"Made by concept-audit {form.tool_version}, {form.made}."


def _domains(counts: DomainCounts) -> Iterator[str]:
    top = counts.top
    listed = len(top.listed)
    yield ""
    yield f"## Domains with the most samples ({top.asked})"
    yield ""
    if listed > _LISTED:
        yield f"The first {_LISTED:,} of {listed:,}; all are in the JSON."
        yield ""
    yield "| domain | samples | hosts |"
    yield "|---|---:|---:|"
    for domain, samples, hosts in top.listed.head(_LISTED).iter_rows():
        yield f"| {_text(domain)} | {samples:,} | {hosts:,} |"
    if top.tied:
        yield ""
        yield (
            f"Of the {listed:,} the last has {top.smallest:,} samples. {top.tied:,} more domains "
            "have as many: the alphabet decided."
        )


def _text(text: str) -> str:
    """Text of a dataset, which is no markup here."""
    return _MARKUP.sub(r"\\\1", visible(text))
