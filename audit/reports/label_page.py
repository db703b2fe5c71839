"""The page on which a person labels: pictures and buttons, and neither caption nor score.

One HTML file that needs nothing beside it and asks the network for nothing. Its one script is the
package's own: the content security policy names its digest and lets no other run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from audit.labels.export import LabelSheet
from audit.reports.markup import Html, fill, joined, shortened
from audit.reports.pictures import Picture, framed, indexed_pictures, reference_picture
from audit.vectors.index import VectorIndex

#: Pixels of the longest side: enough to judge, small enough for hundreds in a file.
SIDE = 320
_REFERENCES = 12
_LONGEST_NAME = 200
_ANSWERS = ("yes", "no", "unsure")


def label_page(
    sheet: LabelSheet,
    index: VectorIndex,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Html:
    """The page of a sheet, with the images that ``index`` knows; nothing is fetched.

    Raises
    ------
    MissingPackageError
        If Pillow is not installed.
    """
    places = [place for place in sheet.images if place is not None]
    pictures = dict(indexed_pictures(index, places, on_progress, SIDE))
    script = _resource("label_page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    samples = [
        _sample(sheet.task.label_id(number), number, pictures.get(place) if place else None)
        for number, place in enumerate(sheet.images)
    ]
    return fill(
        _resource("label_page.html"),
        concept=shortened(sheet.task.concept, _LONGEST_NAME),
        many=f"{len(samples):,}",
        task=sheet.task.id,
        file=sheet.task.saved_as,
        references=_references(sheet),
        samples=joined(samples),
        script=Html(script),
        script_digest=f"sha256-{digest}",
    )


def _resource(name: str) -> str:
    return files("audit.reports").joinpath(name).read_text("utf-8")


def _sample(label_id: str, number: int, picture: Picture | None) -> Html:
    choices = [
        fill(
            '<label><input type="radio" name="$id" value="$answer"> $answer</label>',
            id=label_id,
            answer=answer,
        )
        for answer in _ANSWERS
    ]
    return fill(
        '<li><fieldset id="$id"><legend>$number</legend>$frame$choices</fieldset></li>\n',
        id=label_id,
        number=f"{number + 1:,}",
        frame=framed(picture or Picture(None, "it is not where it was embedded"), "To label"),
        choices=joined(choices),
    )


def _references(sheet: LabelSheet) -> Html:
    shown = [
        fill(
            "<li>$frame</li>",
            frame=framed(
                reference_picture(name, sheet.references.kind), f"Reference: {Path(name).name}"
            ),
        )
        for name in sheet.references.names[:_REFERENCES]
        if sheet.references.kind == "images"
    ]
    if not shown:
        return Html("")
    return fill('<p>These do:</p><ul class="images references">$shown</ul>', shown=joined(shown))
