"""Opt-outs in the ``<meta>`` elements of a page: robots, and tdm-reservation with tdm-policy."""

from __future__ import annotations

from html.parser import HTMLParser

from audit.optouts.robots_tags import read_x_robots_tag
from audit.optouts.signals import ALL_USES, Signal
from audit.optouts.tdmrep import read_reservation

SOURCE = "meta"
READER = "html-meta"
#: Characters of a page that are read: the elements belong into its head.
_LONGEST = 1 << 18


def read_html(text: str, agents: tuple[str, ...] = ()) -> list[Signal]:
    """What the meta elements of a page say of the page and what is on it.

    Parameters
    ----------
    text:
        The page, or its beginning.
    agents:
        Crawlers, in lower case, whose own elements (``<meta name="googlebot">``) are read too.
    """
    found = _MetaElements()
    found.feed(text[:_LONGEST])
    signals: list[Signal] = []
    reservations: list[str] = []
    policy = None
    for name, content in found.elements:
        if name == "robots":
            signals += read_x_robots_tag(content, source=SOURCE)
        elif name in agents:
            signals += read_x_robots_tag(content, source=SOURCE, agent=name)
        elif name in ("tdm-reservation", "tdm:reservation"):
            reservations.append(content)
        elif name in ("tdm-policy", "tdm:policy"):
            policy = content
    signals += [read_reservation(value, policy, source=SOURCE) for value in reservations]
    if len(text) > _LONGEST:
        reason = f"The page is longer than {_LONGEST:,} characters; the rest was not read."
        signals.append(Signal(READER, "unknown", ALL_USES, "", SOURCE, reason))
    return signals


class _MetaElements(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            # An attribute that is there twice says two things, whichever a browser takes.
            content = "\n".join(value or "" for key, value in attrs if key == "content")
            for key, name in attrs:
                if key in ("name", "property") and name:
                    self.elements.append((name.strip().lower(), content))
