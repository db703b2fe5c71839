"""What an answer looks like in a notebook: asked for there, and drawn by who draws.

Answers know nothing of how they are shown. A notebook asks them all the same; this passes the
question on, and loads what answers it only then.
"""

from __future__ import annotations

from importlib import import_module


class Shown:
    """An answer that notebooks show as a table."""

    def _repr_html_(self) -> str:
        return str(import_module("audit.reports.notebook").as_html(self))
