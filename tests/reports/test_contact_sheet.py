"""A contact sheet shows what strangers wrote and runs none of it."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from audit.estimates.prevalence import Estimate
from audit.reports.contact_sheet import (
    ContactSheet,
    SheetConcept,
    SheetGroup,
    SheetImage,
    SheetReference,
    write_contact_sheet,
)
from audit.reports.markup import Html, fill, shortened, visible
from audit.reports.pictures import Picture

JPEG = b"\xff\xd8\xff\xe0 pixels"

HOSTILE = [
    "<script>alert(1)</script>",
    "</bdi></p></style></title><script src=//evil.example/x.js></script>",
    '" onload="alert(1)" x="',
    "' onmouseover='alert(1)",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>click</a>",
    "<!-- <style> --><iframe srcdoc='<script>alert(1)</script>'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/><form action=//evil.example><input>",
    "$title ${contents} $$ {0} %s &lt;script&gt; &#60;script&#62;",
    "<!-- contents -->",
    "]]><script>alert(1)</script>",
    "\x00<\x00script>alert(1)</script>\ud800",
]


class Seen(HTMLParser):
    """Everything that a browser would act upon, and the text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.open, self.attributes, self.texts, self.policy = [], [], [], [], None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        given = dict(attributes)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data!r}")

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.texts))

    @property
    def images(self):
        return [value for tag, name, value in self.attributes if (tag, name) == ("img", "src")]

    @property
    def alts(self):
        return [value for tag, name, value in self.attributes if (tag, name) == ("img", "alt")]


IMAGE = SheetImage(
    Picture(JPEG), 0.6123, "Sunflowers, by Van Gogh", "https://example.org/1.jpg", "/a/s-0.parquet",
    1234, True,
)  # fmt: skip
GROUP = SheetGroup("just above the cut-off", "The least sure.", 40, (IMAGE,))
CONCEPT = SheetConcept(
    name="Van Gogh",
    cutoff=0.6,
    cutoff_interval=(0.58, 0.63),
    cutoff_how="calibrated on 20,000 other images",
    figures=(("show the concept", Estimate(1234.4, 1000.2, 1500.9)),),
    references=(SheetReference("sunflowers.jpg", Picture(JPEG)),),
    groups=(GROUP,),
    warnings=("3 references only",),
)
SHEET = ContactSheet(
    dataset="laion-sample",
    basis="all 2 shards, 9 samples",
    encoder="open_clip:ViT-B-32/x",
    method="counted exactly",
    assumption="the references are alike",
    concepts=(CONCEPT,),
    seed=7,
    tool_version="0.1",
)


@pytest.fixture
def page(tmp_path):
    def write(sheet):
        path = tmp_path / "sheet.html"
        write_contact_sheet(path, sheet)
        return Seen(path.read_text("utf-8"))

    return write


def with_image(**values):
    group = replace(GROUP, images=(replace(IMAGE, **values),))
    return replace(SHEET, concepts=(replace(CONCEPT, groups=(group,)),))


def all_hostile(text):
    image = replace(IMAGE, caption=text, url=text, shard=text)
    missing = replace(image, picture=Picture(None, text))
    group = SheetGroup(text, text, 2, (image, missing))
    concept = replace(
        CONCEPT,
        name=text,
        cutoff_how=text,
        figures=((text, Estimate(1, 0, 2)),),
        references=(
            SheetReference(text, Picture(JPEG)),
            SheetReference(text, Picture(None, text)),
        ),
        groups=(group,),
        warnings=(text,),
    )
    return ContactSheet(text, text, text, text, text, (concept, concept), 0, text)


def test_it_says_what_was_counted_and_how_sure_that_is(page):
    seen = page(SHEET)
    for told in (
        "Contact sheet: Van Gogh", "Dataset laion-sample", "all 2 shards", "open_clip:ViT-B-32/x",
        "Cut-off 0.6000 (95 %: 0.5800 to 0.6300)", "calibrated on 20,000 other images",
        "1,234", "1,000 to 1,501", "3 references only", "sunflowers.jpg",
        "Just above the cut-off 1 of 40", "0.6123+0.0123 named", "Sunflowers, by Van Gogh",
        "https://example.org/1.jpg", "s-0.parquet, row 1,234", "Method: counted exactly",
        "Assumption: the references are alike", "seed 7", "audit label export",
    ):  # fmt: skip
        assert told in seen.text
    assert "/a/" not in seen.text
    assert seen.images == [f"data:image/jpeg;base64,{base64.b64encode(JPEG).decode()}"] * 2
    assert seen.alts == ["Reference: sunflowers.jpg", "Captioned: Sunflowers, by Van Gogh"]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_strangers_wrote_becomes_markup(page, text):
    harmless, seen = page(all_hostile("harmless")), page(all_hostile(text))
    assert seen.tags == harmless.tags
    assert [(tag, name) for tag, name, _ in seen.attributes] == [
        (tag, name) for tag, name, _ in harmless.attributes
    ]
    assert re.sub(r"\s+", " ", visible(text)).strip() in seen.text


def test_nothing_runs_and_nothing_is_fetched(page):
    seen = page(all_hostile("x"))
    rules = dict(rule.split(" ", 1) for rule in seen.policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert "script-src" not in rules
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & set(seen.tags)
    assert not [name for _, name, _ in seen.attributes if name.startswith("on")]
    for _, name, value in seen.attributes:
        if name in ("src", "srcset", "href", "action", "style", "background"):
            assert re.fullmatch(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+|#concept-\d+", value)


def test_an_address_is_text_and_never_a_link(page):
    seen = page(with_image(url="javascript:alert(1)"))
    assert "javascript:alert(1)" in seen.text
    assert "a" not in seen.tags


def test_what_turns_the_direction_of_writing_is_seen(page):
    seen = page(with_image(caption="photo\u202egpj.exe\u2066 \u200bx", url="http://a/\u202e"))
    assert "photo⟦U+202E⟧gpj.exe⟦U+2066⟧ ⟦U+200B⟧x" in seen.text
    assert "http://a/⟦U+202E⟧" in seen.text
    assert "\u202e" not in "".join([*seen.texts, *seen.alts])


def test_scripts_and_emoji_keep_the_joiners_they_need():
    for text in ("می‌خواهم", "👩‍🎨", "葛飾北斎", "Beyonce\u0301"):
        assert visible(text) == text


def test_long_captions_and_addresses_are_shortened_and_say_so(page):
    seen = page(with_image(caption="a" * 10_000, url="http://" + "u" * 10_000))
    assert "… (10,000 characters)" in seen.text
    assert "… (10,007 characters)" in seen.text
    assert len(seen.text) < 4000
    assert len(seen.alts[1]) < 200
    assert shortened("short", 5) == "short"


def test_an_image_that_is_missing_says_why(page):
    seen = page(with_image(picture=Picture(None, "its source is gone")))
    assert "No picture: its source is gone" in seen.text
    assert len(seen.images) == 1


def test_samples_without_caption_or_address_and_folded_captions_are_told(page):
    assert "no caption" in page(with_image(caption=None, url=None)).text
    assert "folded" in page(with_image(folded=True)).text
    assert "folded" not in page(SHEET).text


def test_where_captions_were_not_read_nothing_is_called_named(page):
    assert "named" not in page(with_image(named=None)).text
    assert "not named" in page(with_image(named=False)).text


def test_several_concepts_are_reached_from_the_top(page):
    seen = page(replace(SHEET, concepts=(CONCEPT, replace(CONCEPT, name="Hokusai"))))
    targets = {value for _, name, value in seen.attributes if name == "id"}
    links = [value for tag, name, value in seen.attributes if (tag, name) == ("a", "href")]
    assert links == ["#concept-0", "#concept-1"]
    assert {link[1:] for link in links} == targets
    assert "2 concepts" in seen.text


def test_only_what_fill_made_is_believed():
    inner = fill("<b>$x</b>", x="<i>")
    assert isinstance(inner, Html)
    assert fill("<p>$inner $x</p>", inner=inner, x=1) == "<p><b>&lt;i&gt;</b> 1</p>"
    assert fill("$x", x=inner + "<i>") == "&lt;b&gt;&amp;lt;i&amp;gt;&lt;/b&gt;&lt;i&gt;"
    with pytest.raises(KeyError):
        fill("$absent")
