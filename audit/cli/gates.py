"""Gates that a user sets on the command line: ``denied>0``, ``missing>5%``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import click

#: Exit code of a gate that the user set and that tripped.
TRIPPED = 3

_GATE = re.compile(
    r"\s*([a-z][a-z0-9-]*)\s*>\s*([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*(%?)\s*", re.ASCII
)


@dataclass(frozen=True)
class Gate:
    """More samples than this of a finding, and the command fails."""

    finding: str
    limit: float  #: samples; or a share, from 0 to 1
    is_share: bool

    def trips(self, samples: int, of: int) -> bool:
        """Whether ``samples`` of ``of`` are more than the limit; no sample is no finding.

        >>> parse_gate("missing>5%").trips(5, 100), parse_gate("missing>5%").trips(6, 100)
        (False, True)
        """
        # The decimal that was written, not its nearest binary number: 29 of 100 are not over 29 %.
        limit = Fraction(repr(self.limit))
        return samples > (limit * of if self.is_share else limit)

    def __str__(self) -> str:
        limit = f"{self.limit * 100:g}%" if self.is_share else f"{self.limit:g}"
        return f"{self.finding}>{limit}"


def parse_gate(text: str) -> Gate:
    """A gate as it is written: a finding, ``>``, and a number of samples or a percentage.

    >>> parse_gate("denied > 0")
    Gate(finding='denied', limit=0.0, is_share=False)
    >>> parse_gate("missing>5%")
    Gate(finding='missing', limit=0.05, is_share=True)

    Raises
    ------
    click.BadParameter
        If it is none, or a percentage from 100 on, which nothing can trip.
    """
    found = _GATE.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no gate: write FINDING>N or FINDING>N%.")
    finding, number, percent = found.groups()
    limit = Decimal(number)
    if not percent and limit % 1:
        raise click.BadParameter(f"{text!r}: there is no {number}th of a sample; or was % meant?")
    if percent and limit >= 100:
        raise click.BadParameter(f"{text!r}: nothing can be more than 100 % of the samples.")
    return Gate(finding, float(limit / 100 if percent else limit), bool(percent))


class GateType(click.ParamType[Gate]):
    """The value of ``--fail-on``."""

    name = "gate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Gate:
        return value if isinstance(value, Gate) else parse_gate(value)
