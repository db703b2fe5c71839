"""The answer of `audit license explain` as a table."""

from __future__ import annotations

import unicodedata

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from audit.licenses.explain import DISCLAIMER, ExplainedLicenses
from audit.licenses.normalise import Normalised
from audit.licenses.uses import judge_use, use_profiles
from audit.reports.tables import as_renderables, note, visible

#: Values up to which each gets a paragraph besides its row.
_DETAILED = 5
_LONGEST = 60
_STYLES = {"open": "green", "public-domain": "green", "restricted": "yellow", "in-copyright": "red"}


@as_renderables.register
def _explained(answer: ExplainedLicenses) -> list[RenderableType]:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Input", overflow="fold")
    table.add_column("License", overflow="fold")
    table.add_column("Status", no_wrap=True)
    table.add_column("Rule", overflow="fold")
    for result in answer.results:
        table.add_row(
            Text(_shown(result.value)),
            Text(visible(result.license.id), style="bold"),
            Text(result.status, style=_STYLES.get(result.status, "default")),
            result.rule,
        )
    shown: list[RenderableType] = [table]
    if len(answer.results) <= _DETAILED:
        for result in answer.results:
            shown += _details(result)
    shown.append(Text(""))
    return [*shown, note(DISCLAIMER)]


def _details(result: Normalised) -> list[RenderableType]:
    license = result.license
    title = Text(f"\n{_shown(result.value)}: ", style="bold")
    title.append(visible(license.name), style="default")
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    facts.add_row("Why", visible(result.reason))
    for name, value in license.terms.to_dict().items():
        if value is not None:
            facts.add_row(name.replace("_", " "), {True: "yes", False: "no"}.get(value, str(value)))
    for name, profile in use_profiles().items():
        permission = judge_use(license, profile)
        facts.add_row(f"for {name}", visible(f"{permission.answer}. {permission.reason}"))
    facts.add_row("source", visible(license.source))
    return [title, facts]


def _shown(value: str | None) -> str:
    if value is None:
        return "(nothing)"
    text = visible("".join(map(seen, value[: _LONGEST + 1])))
    return f"“{text}”" if len(value) <= _LONGEST else f"“{text}…”"


def seen(character: str) -> str:
    """Characters without a shape, which may be why a value is not what it seems, as numbers."""
    return f"\\u{ord(character):04x}" if unicodedata.category(character) == "Cf" else character
