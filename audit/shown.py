"""What an answer looks like in a notebook: asked for there, and drawn by who draws.

Answers know nothing of how they are shown, and what shows them is above them. A notebook asks them
all the same; they pass the question on to whoever said at the start that they draw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_drawing: list[Callable[[Any], str]] = []


def draw_answers_with(draw: Callable[[Any], str]) -> None:
    """From now on answers are drawn so: ``draw`` returns the HTML of an answer."""
    _drawing[:] = [draw]


class Shown:
    """An answer that notebooks show as a table."""

    def _repr_html_(self) -> str | None:
        """None, as IPython wants it, where nobody draws."""
        return _drawing[0](self) if _drawing else None
