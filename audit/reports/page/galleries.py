"""Pictures of a concept's samples: some in the page, the rest on pages of their own beside it.

A page that holds every picture of thousands of concepts cannot be sent to anybody. It has room for
some bytes of pictures, given to concepts in the order of the report; what does not fit gets a page
in the folder of the evidence. Pictures that are flagged as unsafe are blurred until somebody asks.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.datasets.files import written_whole
from audit.reports.markup import Html, fill, joined, shortened
from audit.reports.page.captions import highlighted, outside
from audit.reports.page.evidence import address
from audit.reports.page.packing import csp_digest, resource
from audit.reports.tables import counted

#: Number of the concept, shard and row of a sample -> its JPEG; None if there is none.
Pictures = Callable[[int, str, int], bytes | None]

#: Bytes of pictures that a page has room for, less what many concepts take themselves.
_ROOM = 4_000_000
_ROOM_OF_A_CONCEPT = 800
_LEAST_ROOM = 200_000
_LONGEST_ALT = 120
_LONGEST_NAME = 90
_FOLDER = "galleries"


def no_pictures(number: int, shard: str, row: int) -> bytes | None:
    """For reports without pictures."""
    return None


@dataclass
class Galleries:
    """Gives out the room for pictures, and writes the pages of what did not fit.

    Attributes
    ----------
    page:
        The report's page; pages of galleries lie in a folder beside it.
    folder:
        Name of that folder; None if there is none, so that there is no place for more pictures.
    room:
        Bytes of pictures that still fit.
    embedded:
        Pictures in the page.
    written:
        Pages of galleries that were written.
    beside:
        Pictures in these.
    left_out:
        Pictures that fitted nowhere.
    """

    page: Path
    folder: str | None
    pictures: Pictures
    blur: bool
    room: int
    embedded: int = 0
    beside: int = 0
    left_out: int = 0
    written: list[Path] = field(default_factory=list)

    @classmethod
    def of(
        cls, page: Path, folder: str | None, pictures: Pictures, blur: bool, concepts: int
    ) -> Galleries:
        room = max(_ROOM - _ROOM_OF_A_CONCEPT * concepts, _LEAST_ROOM)
        return cls(page, folder, pictures, blur, room)

    def gallery(self, concept: Mapping[str, Any]) -> Html:
        """The pictures of a concept, or where they are, or examples of its captions."""
        number, gallery = concept["number"], concept["gallery"]
        images = gallery["images"]
        found = [self.pictures(number, image["shard"], image["row"]) for image in images]
        many, needed = sum(data is not None for data in found), sum(len(d or b"") for d in found)
        if many and needed <= self.room:
            self.room -= needed
            self.embedded += many
            return _gallery(gallery, found, self.blur, number)
        elsewhere = Html("")
        if many and self.folder is not None:
            self._write(concept, found)
            self.beside += many
            elsewhere = fill(
                '<p><a href="$address">$many on a page of their own</a>: this page has no room '
                "for them.</p>",
                address=address(self.folder, _FOLDER, f"{number}.html"),
                many=counted(many, "picture"),
            )
        elif many:
            self.left_out += many
            elsewhere = fill(
                '<p class="soft">$many left out: this page has no room for them, and no folder '
                "of evidence was written.</p>",
                many=counted(many, "picture"),
            )
        return joined([elsewhere, examples(concept)])

    def _write(self, concept: Mapping[str, Any], found: list[bytes | None]) -> None:
        style = resource("page.css")
        assert self.folder is not None
        path = self.page.parent / self.folder / _FOLDER / f"{concept['number']}.html"
        page = fill(
            resource("gallery.html"),
            name=shortened(concept["name"], 200),
            style=Html(style),
            style_digest=csp_digest(style),
            back=address("..", "..", self.page.name),
            number=concept["number"],
            gallery=_gallery(concept["gallery"], found, self.blur, concept["number"]),
        )
        with written_whole(path) as stream:
            stream.write(page.encode())
        self.written.append(path)


def examples(concept: Mapping[str, Any]) -> Html:
    """Captions of samples of the concept, with what matched marked."""
    gallery = concept["gallery"]
    shown = gallery["images"] or (concept["caption"] or {}).get("examples") or []
    why = gallery.get("why_none")
    reason = Html("")
    if why and not gallery["images"]:
        reason = fill('<p class="soft">No pictures: <bdi>$why</bdi>.</p>', why=why.rstrip("."))
    if not shown:
        return reason or Html('<p class="soft">No samples to show.</p>')
    lines = [
        fill(
            '<li><p>$caption</p><p class="source">$tags$url<br>$place</p></li>',
            caption=highlighted(one["caption"], one["spans"]),
            tags=_tags(one),
            url=outside(one["url"]),
            place=_place(one),
        )
        for one in shown
    ]
    return fill('$reason<ul class="captions">$lines</ul>', reason=reason, lines=joined(lines))


def _gallery(
    gallery: Mapping[str, Any], found: list[bytes | None], blur: bool, number: int
) -> Html:
    images = gallery["images"]
    veiled = [blur or image.get("unsafe") is True for image in images]
    shown = [
        _image(image, data, veil, f"{number}-{place}")
        for place, (image, data, veil) in enumerate(zip(images, found, veiled, strict=True))
    ]
    hidden = sum(veil and data is not None for veil, data in zip(veiled, found, strict=True))
    notes = [f"{len(images):,} of {counted(gallery['of'], 'sample')}."]
    if hidden:
        notes.append(f"{counted(hidden, 'picture')} blurred: press one to see it.")
    if images and all(image.get("unsafe") is None for image in images):
        notes.append("Nothing says whether they are safe to look at.")
    return fill(
        '<p class="soft">$notes</p><ul class="images">$shown</ul>',
        notes=" ".join(notes),
        shown=joined(shown),
    )


def _image(image: Mapping[str, Any], data: bytes | None, veil: bool, place: str) -> Html:
    caption = image["caption"] or ""
    alt = f"Captioned: {shortened(caption, _LONGEST_ALT)}" if caption else "No caption"
    if data is None:
        frame = Html('<div class="frame"><p>No picture</p></div>')
    else:
        frame = fill(
            '<div class="frame$veiled">$button<img src="data:image/jpeg;base64,$data" alt="$alt" '
            'loading="lazy"></div>',
            veiled=" veiled" if veil else "",
            button=_veil(image, place) if veil else "",
            data=Html(base64.b64encode(data).decode()),
            alt=alt,
        )
    return fill(
        "<li><figure>$frame<figcaption>$tags<p>$caption</p>"
        '<p class="source">$url<br>$place</p></figcaption></figure></li>',
        frame=frame,
        tags=_tags(image),
        caption=highlighted(image["caption"], image["spans"]),
        url=outside(image["url"]),
        place=_place(image),
    )


def _veil(image: Mapping[str, Any], place: str) -> Html:
    # A check box: it needs no script, takes the keyboard, and says what state it is in.
    return fill(
        '<input type="checkbox" id="veil-$place" aria-label="Show this picture"><label '
        'for="veil-$place">$why<br><b>Show</b></label>',
        place=place,
        why="Flagged as unsafe" if image.get("unsafe") is True else "Blurred",
    )


def _tags(image: Mapping[str, Any]) -> Html:
    tags = []
    if image.get("named") is not None:
        tags.append("named" if image["named"] else "not named")
    if image.get("score") is not None:
        away = {True: ", above the cut-off", False: ", below the cut-off"}
        tags.append(f"similarity {image['score']:.4f}{away.get(image.get('above'), '')}")  # type: ignore[arg-type]
    return fill('<p class="tags">$tags</p>', tags=" · ".join(tags)) if tags else Html("")


def _place(image: Mapping[str, Any]) -> Html:
    return fill(
        "<bdi>$shard</bdi>, row $row",
        shard=shortened(image["shard"].rsplit("/", 1)[-1], _LONGEST_NAME),
        row=f"{image['row']:,}",
    )
