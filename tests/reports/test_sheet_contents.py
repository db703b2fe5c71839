"""From a count to its contact sheet: the right captions beside the right pictures."""

from __future__ import annotations

import io
import tarfile
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import api
from audit.concepts import Concept
from audit.counts.by_image import count_by_image
from audit.counts.matching import VisualSettings
from audit.counts.sheet_groups import ABOVE, BELOW, MATCHES, NAMED, UNNAMED
from audit.embeddings.embed import embed
from audit.embeddings.folder import EmbeddingFolder
from audit.encoders.thumbnail import ThumbnailEncoder
from audit.images.collections import find_units
from audit.images.thumbnails import thumbnail
from audit.references.reference_set import embed_references
from audit.reports.contact_sheet import write_contact_sheet
from audit.reports.sheet_contents import contact_sheet_of
from audit.vectors.build import build_index
from audit.vectors.index import VectorIndex

Image = pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")
pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")

#: Rows below 20 show the concept; the first 12 of them name it, and so do rows 20 to 24.
SHOWN, ROWS = 20, 700
NAMING = [*range(12), *range(20, 25)]


@cache
def png(row):
    """The concept's pattern with some noise, or a pattern of its own."""
    rng = np.random.default_rng(row)
    pattern = np.random.default_rng(10**6).integers(0, 255, (8, 8, 3))
    spots = rng.integers(0, 255, (8, 8, 3))
    if row < SHOWN:
        spots = np.clip(pattern + rng.normal(0, 25, pattern.shape), 0, 255)
    stream = io.BytesIO()
    Image.fromarray(spots.astype(np.uint8)).resize((64, 64), 0).save(stream, "PNG")
    return stream.getvalue()


def caption(row):
    return f"Sunflowers, no. {row}" if row in NAMING else f"Something <b>else</b>, no. {row}"


@pytest.fixture
def counted(home, write_shard, tmp_path):
    """A dataset whose images were fetched into two tars, counted."""
    write_shard("a.parquet", [caption(row) for row in range(ROWS)])
    api.ingest(tmp_path / "shards", name="d")
    images = tmp_path / "images"
    images.mkdir()
    for number, rows in enumerate((range(0, ROWS, 2), range(1, ROWS, 2))):
        with tarfile.open(images / f"{number}.tar", "w") as tar:
            for row in rows:
                member = tarfile.TarInfo(f"{row:05d}.png")
                member.size = len(png(row))
                tar.addfile(member, io.BytesIO(png(row)))
        sidecar = {
            "key": [f"{row:05d}" for row in rows],
            "audit_shard": [0] * len(rows),
            "audit_row": list(rows),
        }
        pq.write_table(pa.table(sidecar), images / f"{number}.parquet")
    references = tmp_path / "references"
    references.mkdir()
    for number in range(6):
        # Other noise on the same pattern.
        rng = np.random.default_rng(500 + number)
        with Image.open(io.BytesIO(png(number))) as picture:
            noisy = np.asarray(picture.resize((8, 8), 0)) + rng.normal(0, 20, (8, 8, 3))
        small = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
        small.resize((64, 64), 0).save(references / f"{number}.png")
    embed(find_units([images]), tmp_path / "embeddings", ThumbnailEncoder())
    dataset = home.open("d")
    build_index(dataset, EmbeddingFolder.open(tmp_path / "embeddings"), tmp_path / "index")
    index = VectorIndex(tmp_path / "index")

    def count(**settings):
        found = embed_references([references], ThumbnailEncoder())
        sought = [(Concept("Sunflowers"), found)]
        result = count_by_image(dataset, index, sought, VisualSettings(**settings))
        return result, dataset, index

    return count


def groups_of(sheet):
    return {group.name: group for group in sheet.concepts[0].groups}


def test_each_group_holds_the_samples_it_says(counted):
    sheet = contact_sheet_of(*counted(), each=50)
    groups = groups_of(sheet)
    rows = {name: sorted(image.row for image in group.images) for name, group in groups.items()}
    assert rows[NAMED] == list(range(12))
    assert rows[UNNAMED] == list(range(12, SHOWN))
    assert rows[ABOVE] == list(range(SHOWN))
    assert min(rows[BELOW]) >= SHOWN
    assert [groups[name].of for name in (ABOVE, NAMED, UNNAMED)] == [20, 12, 8]
    below = [image.score for image in groups[BELOW].images]
    assert below == sorted(below, reverse=True)
    assert below[0] < sheet.concepts[0].cutoff
    assert "all" in groups[NAMED].note


def test_picture_caption_and_address_belong_to_the_same_sample(counted):
    images = [
        image
        for group in groups_of(contact_sheet_of(*counted(), 50)).values()
        for image in group.images
    ]
    assert len({image.row for image in images}) > SHOWN
    for image in images:
        assert image.caption == caption(image.row)
        assert image.url == f"https://a.example.org/{image.row}.jpg"
        assert image.shard.endswith("a.parquet")
        assert image.named == (image.row in NAMING)
        assert image.picture.thumbnail == thumbnail(png(image.row))
        assert (image.picture.why_missing, image.folded) == (None, False)


def test_numbers_are_those_of_the_count(counted):
    result, dataset, index = counted()
    concept = contact_sheet_of(result, dataset, index, 3).concepts[0]
    count = result.counts[0]
    assert concept.cutoff == count.cutoff.value
    assert concept.cutoff_interval == count.cutoff.interval
    assert dict(concept.figures) == {
        "show the concept": count.total,
        "name it and show it": count.named.estimate,
        "name it and do not show it": count.named_not_shown,
        "show it and never name it (indirect exposure)": count.unnamed.estimate,
    }
    assert concept.references[0].name == "0.png"
    assert concept.references[0].picture.thumbnail.startswith(b"\xff\xd8")


def test_a_seed_draws_the_same_sample_and_tells_what_it_can_say(counted):
    asked = counted()
    first, again, other = (
        groups_of(contact_sheet_of(*asked, 3, seed))[NAMED] for seed in (1, 1, 2)
    )
    assert first == again
    assert {image.row for image in first.images} != {image.row for image in other.images}
    # Wilson: none wrong of three still allows z^2 / (3 + z^2).
    assert "Even if all 3 are right, up to 56% of the 12 may be wrong" in first.note


def test_without_captions_nothing_is_called_named(counted):
    sheet = contact_sheet_of(*counted(by="visual", cutoff=0.6), each=50)
    groups = groups_of(sheet)
    assert list(groups) == [ABOVE, BELOW, MATCHES]
    assert sorted(image.row for image in groups[MATCHES].images) == list(range(SHOWN))
    assert {image.named for image in groups[MATCHES].images} == {None}
    assert [what for what, _ in sheet.concepts[0].figures] == ["show the concept"]


def test_images_and_captions_that_are_gone_leave_their_reasons(counted, tmp_path):
    asked = counted()
    (tmp_path / "images" / "0.tar").unlink()
    data = (tmp_path / "images" / "1.tar").read_bytes()
    (tmp_path / "images" / "1.tar").write_bytes(
        data.replace(png(3), png(5)[: len(png(3))].ljust(len(png(3)), b"\0"))
    )
    (tmp_path / "shards" / "a.parquet").unlink()
    for reference in (tmp_path / "references").iterdir():
        reference.unlink()
    concept = contact_sheet_of(*asked, each=50).concepts[0]
    images = {image.row: image for image in concept.groups[0].images}
    assert {images[row].picture.why_missing for row in range(0, SHOWN, 2)} == {"its source is gone"}
    assert images[3].picture.why_missing == "its source has changed since it was embedded"
    assert images[1].picture.thumbnail == thumbnail(png(1))
    assert (images[1].caption, images[1].url, images[1].folded) == ("sunflowers no 1", None, True)
    assert "cannot be read any more" in concept.references[0].picture.why_missing


def test_the_sheet_of_a_count_is_written(counted, tmp_path):
    write_contact_sheet(tmp_path / "sheet.html", contact_sheet_of(*counted(), each=4, seed=3))
    page = (tmp_path / "sheet.html").read_text("utf-8")
    assert "Something &lt;b&gt;else&lt;/b&gt;" in page
    assert page.count("data:image/jpeg;base64,") == 6 + 4 * 4
    assert str(tmp_path) not in page
