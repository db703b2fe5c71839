"""Gates that a user sets on the command line: ``denied>0``, ``missing>5%``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

import click

from audit.cli.talk import Talk

if TYPE_CHECKING:
    from audit.datasets.dataset import Coverage
    from audit.optouts.results import SampleOf

F = TypeVar("F", bound=Callable[..., Any])

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


def gates_option(what: str) -> Callable[[F], F]:
    """--fail-on, as often as wanted; ``what`` is its help."""
    return click.option(
        "--fail-on",
        "gates",
        type=GateType(),
        multiple=True,
        metavar="FINDING>N[%]",
        help=f"{what} Repeatable.",
    )


def hold_gates(
    talk: Talk,
    gates: Sequence[Gate],
    found: Callable[[str], int],
    of: int,
    coverage: Coverage,
    what: str = "",
    sample: SampleOf | None = None,
) -> int:
    """The exit code that gates ask for, each that trips told.

    What was not looked at does not pass: rows that could not be read count as found, and a gate
    over no samples trips.

    Parameters
    ----------
    found:
        Samples with a finding, of the ``of`` that were looked at.
    what:
        Put behind the finding: for what it is.
    sample:
        What was looked at stands for more. Then a gate is about all of that, and is held against
        the upper end of the 95 % interval: what may be is not excluded.
    """
    if sample and sample.size < sample.population:
        seen, inside = found, sample

        def found(finding: str) -> int:
            return math.ceil(inside.interval(seen(finding))[1] * inside.population)
    else:
        sample = None
    all_of = sample.population if sample else of
    lost = None if coverage.unread_rows is None else coverage.unread_rows + coverage.rejected_lines
    if gates and not coverage.complete:
        talk.warn(f"{coverage.describe()}; rows that were not read count as found.")
    code = 0
    for gate in gates:
        if lost is None:
            talk.warn(f"Nobody knows how many rows were not read: {gate} does not pass.")
            code = TRIPPED
            continue
        samples, whole = found(gate.finding) + lost, all_of + lost
        if not of:
            talk.warn(f"There are no samples: nothing was held against {gate}.")
            code = TRIPPED
        elif gate.trips(samples, whole):
            share = f"{samples:,} of {whole:,} samples ({samples / whole:.2%})"
            if sample:
                share = f"By a sample of {of:,}, up to {share}, may be {gate.finding}{what}"
            else:
                share += f" are {gate.finding}{what}"
            talk.warn(f"{share} (--fail-on {gate}).")
            code = TRIPPED
    return code
