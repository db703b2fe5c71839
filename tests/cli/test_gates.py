"""Gates of --fail-on: what is one, and when it trips."""

from __future__ import annotations

from fractions import Fraction

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit.cli.gates import Gate, parse_gate


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("denied>0", Gate("denied", 0, False)),
        (" no-derivatives > 12 ", Gate("no-derivatives", 12, False)),
        ("missing>5%", Gate("missing", 0.05, True)),
        ("missing>0.5 %", Gate("missing", 0.005, True)),
    ],
)
def test_findings_with_a_number_or_a_share(text, gate):
    assert parse_gate(text) == gate


@pytest.mark.parametrize(
    "text",
    ["", "denied", "denied>", ">5%", "denied<5", "denied>=5", "denied>-1", "denied>5%%", "denied>x",
     "denied>1e3", "denied>nan", "denied>inf", "denied>٥", "denied>0.5", "denied>100%", "denied>101%", "a b>1",
     "denied>1 or missing>2"],
)  # fmt: skip
def test_nonsense_is_refused_and_told(text):
    with pytest.raises(click.BadParameter, match=r"gate|sample"):
        parse_gate(text)


def test_a_number_is_exceeded_and_not_reached():
    gate = parse_gate("denied>2")
    assert [gate.trips(n, 10) for n in (0, 2, 3)] == [False, False, True]


def test_nothing_is_no_share_of_nothing():
    assert not parse_gate("denied>0%").trips(0, 0)


@example(percent=29, of=100, samples=29)  # 0.29 * 100 is below 29 in floating point
@given(st.integers(0, 99), st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_share_trips_as_exact_arithmetic_says(percent, of, samples):
    exact = Fraction(samples, of) > Fraction(percent, 100)
    assert parse_gate(f"denied>{percent}%").trips(samples, of) == exact
