"""Contact sheets: the images near a cut-off and a sample of the matches, for a person to look at.

One HTML file that needs nothing beside it and asks the network for nothing: pictures are small
JPEGs inside it, nothing in it runs, and its content security policy forbids the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from audit.datasets.files import written_whole
from audit.estimates.prevalence import Estimate
from audit.reports.markup import Html, fill, joined, shortened
from audit.reports.pictures import Picture, framed

_LONGEST_CAPTION = 200
_LONGEST_ALT = 120
_LONGEST_ADDRESS = 90
_LONGEST_NAME = 200
_CONTENTS = "<!-- contents -->"


@dataclass(frozen=True)
class SheetImage:
    """An image with its sample.

    Attributes
    ----------
    shard, row:
        The sample: URI of its shard, and its row there.
    named:
        Whether the caption names the concept; None if nobody looked.
    folded:
        Whether ``caption`` is the folded one, because the source is out of reach or has changed.
    """

    picture: Picture
    score: float
    caption: str | None
    url: str | None
    shard: str
    row: int
    named: bool | None
    folded: bool = False


@dataclass(frozen=True)
class SheetGroup:
    """Images that are looked at for one reason.

    Attributes
    ----------
    note:
        What they are, in a sentence.
    of:
        How many samples they were chosen from.
    """

    name: str
    note: str
    of: int
    images: tuple[SheetImage, ...]


@dataclass(frozen=True)
class SheetReference:
    """A reference of a concept; words have no picture."""

    name: str
    picture: Picture


@dataclass(frozen=True)
class SheetConcept:
    """A concept with its numbers and its images.

    Attributes
    ----------
    cutoff_interval:
        Of a calibrated cut-off, 95 %.
    cutoff_how:
        Where the cut-off comes from.
    figures:
        Pairs of what was counted and the estimate.
    references_left:
        References that are not among ``references``, to keep the sheet short.
    """

    name: str
    cutoff: float
    cutoff_interval: tuple[float, float] | None
    cutoff_how: str
    figures: tuple[tuple[str, Estimate], ...]
    references: tuple[SheetReference, ...]
    groups: tuple[SheetGroup, ...]
    references_left: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContactSheet:
    """Concepts of one count.

    Attributes
    ----------
    basis:
        What the count covers, in a few words.
    """

    dataset: str
    basis: str
    encoder: str
    method: str
    assumption: str
    concepts: tuple[SheetConcept, ...]
    seed: int
    tool_version: str


def write_contact_sheet(path: Path, sheet: ContactSheet) -> None:
    """Write ``sheet`` as one HTML file.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    before, after = _frame(sheet).split(_CONTENTS)
    with written_whole(path) as stream:
        for piece in (before, *_contents(sheet), after):
            stream.write(piece.encode())


def _frame(sheet: ContactSheet) -> Html:
    several = f"{len(sheet.concepts):,} concepts"
    title = sheet.concepts[0].name if len(sheet.concepts) == 1 else several
    page = files("audit.reports").joinpath("contact_sheet.html").read_text("utf-8")
    return fill(
        page,
        title=shortened(title, _LONGEST_NAME),
        basis=fill(
            "<p>Dataset <b><bdi>$dataset</bdi></b>: <bdi>$basis</bdi>.<br>"
            "Encoder <b><bdi>$encoder</bdi></b>.</p>",
            dataset=shortened(sheet.dataset, _LONGEST_NAME),
            basis=sheet.basis,
            encoder=shortened(sheet.encoder, _LONGEST_NAME),
        ),
        contents=Html(_CONTENTS),
        footer=fill(
            "<p>Method: $method.</p><p>Assumption: $assumption.</p>"
            "<p>Random matches were drawn with the seed $seed. Made by audit $version.</p>",
            method=sheet.method,
            assumption=sheet.assumption,
            seed=sheet.seed,
            version=sheet.tool_version,
        ),
    )


def _contents(sheet: ContactSheet) -> Iterator[Html]:
    if len(sheet.concepts) > 1:
        lines = [
            fill(
                '<li><a href="#concept-$number"><bdi>$name</bdi></a></li>',
                number=number,
                name=shortened(concept.name, _LONGEST_NAME),
            )
            for number, concept in enumerate(sheet.concepts)
        ]
        yield fill('<nav aria-label="Concepts"><ul>$lines</ul></nav>', lines=joined(lines))
    for number, concept in enumerate(sheet.concepts):
        yield fill('<section id="concept-$number">', number=number)
        yield _head(concept)
        for group in concept.groups:
            yield from _group(group, concept.cutoff)
        yield fill("</section>")


def _head(concept: SheetConcept) -> Html:
    interval = ""
    if concept.cutoff_interval is not None:
        low, high = concept.cutoff_interval
        interval = f" (95 %: {low:.4f} to {high:.4f})"
    rows = [
        fill(
            '<tr><th scope="row">$what</th><td class="number">$value</td>'
            '<td class="number">$low to $high</td></tr>',
            what=what,
            value=f"{estimate.value:,.0f}",
            low=f"{estimate.low:,.0f}",
            high=f"{estimate.high:,.0f}",
        )
        for what, estimate in concept.figures
    ]
    warnings = [fill("<li><bdi>$warning</bdi></li>", warning=text) for text in concept.warnings]
    return fill(
        "<h2><bdi>$name</bdi></h2>"
        '<p>Cut-off <b>$cutoff</b>$interval; <bdi class="soft">$how</bdi>.</p>'
        "<table><thead><tr><th>Samples that</th>"
        '<th class="number">Estimate</th><th class="number">95 % interval</th></tr></thead>'
        "<tbody>$rows</tbody></table>$warnings$references",
        name=shortened(concept.name, _LONGEST_NAME),
        cutoff=f"{concept.cutoff:.4f}",
        interval=interval,
        how=concept.cutoff_how,
        rows=joined(rows),
        warnings=fill("<ul>$warnings</ul>", warnings=joined(warnings)) if warnings else "",
        references=_references(concept),
    )


def _references(concept: SheetConcept) -> Html:
    shown = [
        fill(
            "<li><figure>$frame<figcaption><p><bdi>$name</bdi></p></figcaption></figure></li>",
            frame=framed(one.picture, f"Reference: {shortened(one.name, _LONGEST_ALT)}"),
            name=shortened(one.name, _LONGEST_ADDRESS),
        )
        for one in concept.references
    ]
    left = f", and {concept.references_left:,} more" if concept.references_left else ""
    return fill(
        '<h3>References <small>$number$left</small></h3><ul class="images">$shown</ul>',
        number=f"{len(shown):,}",
        left=left,
        shown=joined(shown),
    )


def _group(group: SheetGroup, cutoff: float) -> Iterator[Html]:
    yield fill(
        '<h3>$name <small>$many of $of</small></h3><p class="soft note">$note</p>',
        name=group.name[:1].upper() + group.name[1:],
        many=f"{len(group.images):,}",
        of=f"{group.of:,}",
        note=group.note,
    )
    yield fill('<ul class="images">')
    for image in group.images:
        yield _image(image, cutoff)
    yield fill("</ul>")


def _image(image: SheetImage, cutoff: float) -> Html:
    caption = image.caption or ""
    alt = f"Captioned: {shortened(caption, _LONGEST_ALT)}" if caption else "No caption"
    tag = Html("")
    if image.named is not None:
        tag = fill(
            '<span class="$kind">$told</span>',
            kind="named" if image.named else "unnamed",
            told="named" if image.named else "not named",
        )
    url = Html("")
    if image.url:
        url = fill("<bdi>$url</bdi><br>", url=shortened(image.url, _LONGEST_ADDRESS))
    return fill(
        "<li><figure>$frame<figcaption>"
        '<p class="score"><b>$score</b><span class="soft">$away</span> $tag</p>'
        "<p><bdi>$caption</bdi>$folded</p>"
        '<p class="source">$url<bdi>$shard</bdi>, row $row</p></figcaption></figure></li>',
        frame=framed(image.picture, alt),
        score=f"{image.score:.4f}",
        away=f"{image.score - cutoff:+.4f}".replace("-", "\N{MINUS SIGN}"),
        tag=tag,
        caption=shortened(caption, _LONGEST_CAPTION)
        or fill('<span class="soft">no caption</span>'),
        folded=fill(' <span class="soft">(folded: its source is out of reach)</span>')
        if image.folded
        else "",
        url=url,
        shard=shortened(image.shard.rsplit("/", 1)[-1], _LONGEST_ADDRESS),
        row=f"{image.row:,}",
    )
