"""Gates for automation: ``--fail-on "missing>5%"`` ends a command with exit code 3."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import click

_GATE = re.compile(r"\s*([a-z][a-z-]*)\s*>\s*([0-9]+(?:\.[0-9]+)?)\s*(%?)\s*", re.ASCII)


@dataclass(frozen=True)
class Gate:
    """More than so many samples, or more than such a share of them, with a finding."""

    finding: str
    limit: float  #: samples, or percent
    is_share: bool

    def trips(self, samples: int, of: int) -> bool:
        """Whether ``samples`` with the finding, of so many, are too many."""
        if self.is_share:
            return samples * 100 > self.limit * of
        return samples > self.limit

    def __str__(self) -> str:
        return f"{self.finding}>{self.limit:g}{'%' if self.is_share else ''}"


def parse_gate(text: str) -> Gate:
    """Read ``FINDING>N`` or ``FINDING>P%``; a finding alone means more than 0.

    Raises
    ------
    click.BadParameter
        If it is neither.
    """
    found = _GATE.fullmatch(text if ">" in text else f"{text}>0")
    if found is None:
        raise click.BadParameter(f"{text!r} is no gate: write FINDING>NUMBER or FINDING>PERCENT%.")
    finding, limit, percent = found[1], float(found[2]), bool(found[3])
    if percent and limit >= 100:
        raise click.BadParameter(f"{text!r} can never trip: no share is above {limit:g} %.")
    return Gate(finding, limit, percent)


class GateType(click.ParamType[Gate]):
    """The value of ``--fail-on``."""

    name = "gate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Gate:
        return value if isinstance(value, Gate) else parse_gate(value)
