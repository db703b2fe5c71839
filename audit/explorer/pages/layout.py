"""What all pages share."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from audit.reports.markup import Html, fill, joined, shortened
from audit.reports.page.words import sentence

#: The files that a browser gets, and what they are.
STATIC = {
    "explorer.css": "text/css; charset=utf-8",
    "explorer.js": "text/javascript; charset=utf-8",
}

_LONGEST = 200


@cache
def static(name: str) -> bytes:
    """One of :data:`STATIC`."""
    return files("audit.explorer").joinpath("static", name).read_bytes()


@cache
def template(name: str) -> str:
    return files("audit.explorer").joinpath("templates", name).read_text("utf-8")


@cache
def _address(name: str) -> str:
    return f"/static/{name}?is={hashlib.sha256(static(name)).hexdigest()[:16]}"


def page(title: str, body: Html, *, dataset: str = "", head: Html | None = None) -> Html:
    """A whole page."""
    return fill(
        template("page.html"),
        title=shortened(title, _LONGEST),
        dataset=dataset,
        style=_address("explorer.css"),
        script=_address("explorer.js"),
        head=head or Html(""),
        body=body,
    )


def refusal(status: int, what: str, hint: str) -> bytes:
    """The page that says why there is none."""
    body = fill(
        '<main class="narrow"><h1>$what</h1><p>$hint</p><p class="soft">$status</p></main>',
        what=shortened(what, 1000),
        hint=shortened(hint, 1000),
        status=status,
    )
    return fill(template("bare.html"), title=what, body=body).encode()


def alert(message: str, hint: str | None = None) -> Html:
    """What went wrong in a part of a page, and what to do."""
    text = fill("<strong>$message</strong>", message=shortened(message, 1500))
    if hint:
        text = joined([text, fill(" $hint", hint=shortened(hint, 1500))])
    return fill('<p class="alert" role="alert">$text</p>', text=text)


def note(text: str) -> Html:
    """What to mind."""
    return fill('<p class="note">$text</p>', text=sentence(shortened(text, 1500)))


def name_of(text: str) -> Html:
    """A name of the data's, that keeps its direction of writing to itself."""
    return fill("<bdi>$text</bdi>", text=shortened(text, _LONGEST))


def definition(rows: list[tuple[str, Html | str]]) -> Html:
    """Names and values."""
    each = [
        fill("<div><dt>$name</dt><dd>$value</dd></div>", name=name, value=value)
        for name, value in rows
    ]
    return fill("<dl>$rows</dl>", rows=joined(each))


def link(address: str, text: Html | str, **attributes: str) -> Html:
    """A link to a page of ours; ``address`` is made by us, percent-encoded."""
    more = joined([fill(f' {name}="$value"', value=value) for name, value in attributes.items()])
    return fill('<a href="$address"$more>$text</a>', address=address, more=more, text=text)
