"""Lists of samples."""

from __future__ import annotations

from collections.abc import Sequence

from audit.explorer.pages.layout import name_of
from audit.explorer.samples import ShownSample, safe_link
from audit.reports.markup import Html, fill, joined, shortened

_LONGEST_CAPTION = 1200
_LONGEST_URL = 300


def sample_list(samples: Sequence[ShownSample], first: int) -> Html:
    """The samples of a page, numbered from ``first`` on."""
    items = [_sample(one) for one in samples]
    return fill('<ol class="samples" start="$first">$items</ol>', first=first, items=joined(items))


def _sample(one: ShownSample) -> Html:
    return fill(
        '<li>$picture<div class="told"><p class="caption" dir="auto">$caption</p>$source'
        '<p class="facts">$facts</p><p class="url">$url</p>'
        '<p class="soft">row $row of <bdi>$shard</bdi></p></div></li>',
        picture=_picture(one),
        caption=marked(one.caption, one.spans),
        source=Html("")
        if one.from_source
        else Html(
            '<p class="soft">Its source is not at hand: the caption is as it is searched.</p>'
        ),
        facts=_facts(one),
        url=_url(one.url),
        row=f"{one.ref.row:,}",
        shard=shortened(one.shard, _LONGEST_URL),
    )


def marked(caption: str, spans: Sequence[tuple[int, int]]) -> Html:
    """A caption with the names in it marked; if it is long, the part around the first of them."""
    if not caption:
        return Html("<i>no caption</i>")
    begin = max(spans[0][0] - _LONGEST_CAPTION // 2, 0) if spans else 0
    if len(caption) <= _LONGEST_CAPTION:
        begin = 0
    end = min(begin + _LONGEST_CAPTION, len(caption))
    pieces = [fill("$cut", cut="… " if begin else "")]
    at = begin
    for start, stop in spans:
        start, stop = max(start, at), min(stop, end)
        if start < stop:
            pieces.append(fill("$text<mark>$name</mark>", text=caption[at:start],
                               name=caption[start:stop]))  # fmt: skip
            at = stop
    pieces.append(fill("$rest", rest=caption[at:end]))
    if end - begin < len(caption):
        pieces.append(fill(" … ($many characters)", many=f"{len(caption):,}"))
    return joined(pieces)


def _facts(one: ShownSample) -> Html:
    told: list[Html] = []
    if one.score is not None:
        reaches = "reaches the cut-off" if one.above else "below the cut-off"
        told.append(
            fill("score <b>$score</b>, $reaches", score=f"{one.score:.3f}", reaches=reaches)
        )
    if one.named is not None:
        told.append(Html("named" if one.named else "not named"))
    if one.status is not None:
        told.append(fill("license <b>$status</b>, declared $declared", status=one.status,
                         declared=name_of(one.declared or "nothing")))  # fmt: skip
    if one.license:
        told.append(fill("it says “$license”", license=name_of(one.license)))
    elif one.status is None:
        told.append(Html("no license declared"))
    if one.width is not None and one.height is not None:
        told.append(
            fill("$width × $height pixels", width=f"{one.width:,}", height=f"{one.height:,}")
        )
    if one.unsafe:
        told.append(Html("marked as unsafe"))
    return Html(" · ".join(told))


def _url(url: str | None) -> Html:
    if not url:
        return Html('<span class="soft">no URL at hand</span>')
    text = fill("<bdi>$url</bdi>", url=shortened(url, _LONGEST_URL))
    address = safe_link(url)
    if address is None:
        return text
    return fill(
        '<a href="$address" rel="noreferrer noopener nofollow" target="_blank">$text</a>',
        address=address,
        text=text,
    )


def _picture(one: ShownSample) -> Html:
    if one.place is None:
        return Html("")
    part, image = one.place
    return framed(f"/picture/{part}/{image}", "Picture of this sample", unsafe=bool(one.unsafe))


def framed(address: str, alt: str, *, unsafe: bool, lazy: bool = True) -> Html:
    """A picture that the server has; if it is marked as unsafe, blurred until somebody asks."""
    image = fill(
        '<img src="$address" alt="$alt"$lazy>',
        address=address,
        alt=alt,
        lazy=Html(' loading="lazy"' if lazy else ""),
    )
    if not unsafe:
        return fill('<div class="frame">$image</div>', image=image)
    return fill(
        '<label class="frame unsafe"><input type="checkbox"> <span>Show what is marked as unsafe'
        "</span>$image</label>",
        image=image,
    )
