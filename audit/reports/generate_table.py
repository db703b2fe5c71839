"""The answer of `audit generate` as a table."""

from __future__ import annotations

from itertools import groupby

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from audit.generation.results import GenerateReport, PromptImages
from audit.reports.tables import as_renderables, counted, visible

_SHOWN_CONCEPTS = 20


@as_renderables.register
def _generate(report: GenerateReport) -> list[RenderableType]:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Concept", overflow="fold")
    table.add_column("Domain")
    table.add_column("Prompts", justify="right")
    table.add_column("Images", justify="right")
    if report.flagged:
        table.add_column("Left out", justify="right")
    groups = [
        (concept, list(prompts))
        for concept, prompts in groupby(report.prompts, key=lambda prompt: prompt.concept)
    ]
    for concept, prompts in groups[:_SHOWN_CONCEPTS]:
        table.add_row(*_row(concept, prompts, bool(report.flagged)))
    shown: list[RenderableType] = [table]
    if len(groups) > _SHOWN_CONCEPTS:
        shown.append(Text(f"… and {len(groups) - _SHOWN_CONCEPTS:,} more concepts."))
    shown.append(Text(f"\n{_made(report)}"))
    shown.append(Text(_how(report)))
    shown.append(Text(f"Images: {visible(str(report.folder))}", no_wrap=True))
    return shown


def _row(concept: str, prompts: list[PromptImages], flagged: bool) -> list[RenderableType]:
    cells: list[RenderableType] = [
        Text(visible(concept), style="bold"),
        prompts[0].domain or "",
        f"{len(prompts):,}",
        f"{sum(prompt.images for prompt in prompts):,}",
    ]
    if flagged:
        cells.append(f"{sum(sum(prompt.flagged.values()) for prompt in prompts):,}")
    return cells


def _made(report: GenerateReport) -> str:
    told = f"{counted(report.images, 'image')} of {counted(report.concepts, 'concept')}"
    if not report.made_now:
        return f"{told}; nothing to do: all of it was here."
    return f"{told}; {report.made_now:,} made now, {report.rate}."


def _how(report: GenerateReport) -> str:
    settings = report.settings
    size = "the pipeline's size" if settings.size is None else "{}x{}".format(*settings.size)
    told = [
        f"{visible(settings.model)} ({settings.revision})",
        f"{settings.pipeline} with {settings.scheduler}",
        f"{settings.steps} steps" if settings.steps is not None else "",
        f"guidance {settings.guidance:g}" if settings.guidance is not None else "",
        size,
        settings.dtype,
        f"seed {settings.seed}",
        f"without “{visible(settings.negative_prompt)}”" if settings.negative_prompt else "",
    ]
    return f"By {', '.join(part for part in told if part)}."
