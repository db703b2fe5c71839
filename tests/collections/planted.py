"""Pictures of one concept planted in a collection that has none of it.

They are made from real drawings as pictures change on the web: cut, mirrored, recoloured, scaled
and compressed. The references are made in the same way from other drawings of the concept, which
are not planted.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from audit.embeddings.embed import embed
from audit.embeddings.folder import EmbeddingFolder
from audit.images.collections import find_units
from audit.vectors.build import build_index
from audit.vectors.index import VectorIndex
from tests.collections.concepts import concepts
from tests.collections.embedded import Embedded, encoder
from tests.collections.emoji import emoji
from tests.collections.packages import built, cache
from tests.collections.pictures import images, read
from tests.collections.scenario import (
    Scenario,
    Truth,
    foreign_embeddings,
    make_dataset,
    vectors_of,
)

CONCEPT = "guardsman"  #: an emoji: 54 drawings
PLANTED, UNNAMED = 300, 120
PLANTED_PART = 1  #: the part of the embeddings that they are in; the collection's are in part 0
REFERENCES = 10
_SEED = 7


def plant(host: Embedded, folder: Path) -> Scenario:
    """The collection with :data:`PLANTED` pictures more, :data:`UNNAMED` of them without the name.

    Raises
    ------
    UnavailableError
        If they cannot be made here.
    """
    place = built("planted-1", _draw)
    embeddings = cache() / "planted-1-embeddings"
    embed(find_units([place]), embeddings, encoder())
    vectors, files = _in_order(EmbeddingFolder.open(embeddings))
    references = np.array([name.startswith("reference") for name in files])
    urls = [f"https://planted.example/{name}" for name in files]

    rng = np.random.default_rng(_SEED)
    of_host = host.pictures.select("url", "title", "creator")
    samples = [(url, f"{title} by {creator}") for url, title, creator in of_host.iter_rows()]
    rows = len(samples) + np.flatnonzero(~references)
    unnamed = rng.choice(rows, UNNAMED, replace=False)
    for row in rows.tolist():
        named = row not in unnamed
        caption = f"picture of a {CONCEPT} in uniform" if named else "picture of somebody"
        samples.append((urls[row - of_host.height], caption))
    order = rng.permutation(len(samples))
    mixed = [samples[i] for i in order.tolist()]
    dataset = make_dataset(
        "planted", [url for url, _ in mixed], [text for _, text in mixed], folder
    )
    in_host = vectors_of(host)
    parts = [(in_host, host.pictures["url"].to_list()), (vectors, urls)]
    build_index(
        dataset,
        foreign_embeddings(host.embeddings.info.id, parts, folder / "embeddings"),
        folder / "index",
    )
    truth = Truth(
        CONCEPT,
        rng.permutation(of_host.height + np.flatnonzero(references)),
        np.setdiff1d(rows, unnamed),
        np.sort(unnamed),
    )
    everything = np.concatenate([in_host, vectors])
    return Scenario(dataset, VectorIndex(folder / "index"), (truth,), everything)


def _in_order(folder: EmbeddingFolder) -> tuple[np.ndarray, list[str]]:
    """Vectors, and names of the files that they are of: planted ones first."""
    names = [
        name
        for part in folder.parts
        for name in part.metadata(["image_path"])["image_path"].to_pylist()
    ]
    vectors = np.concatenate([part.vectors for part in folder.parts])
    order = np.argsort(names)
    return vectors[order], [names[i] for i in order.tolist()]


def _draw(folder: Path) -> None:
    rng = np.random.default_rng(_SEED)
    pictures = read(emoji())
    rows = rng.permutation(concepts("emoji", pictures)[CONCEPT])
    files = images(emoji(), pictures["key"].gather(rows).to_list())
    drawings = [files[key] for key in pictures["key"].gather(rows)]
    held_out, planted = drawings[:REFERENCES], drawings[REFERENCES:]
    for number, drawing in enumerate(held_out):
        (folder / f"reference-{number:03d}.jpg").write_bytes(changed(drawing, rng))
    for number in range(PLANTED):
        drawing = planted[number % len(planted)]
        (folder / f"planted-{number:03d}.jpg").write_bytes(changed(drawing, rng))


def changed(drawing: bytes, rng: np.random.Generator) -> bytes:
    """Another picture of the same: cut, mirrored, recoloured, scaled, compressed as JPEG."""
    from PIL import Image, ImageEnhance, ImageOps

    with Image.open(io.BytesIO(drawing)) as opened:
        image = opened.convert("RGBA")
    paper = Image.new("RGBA", image.size, (*rng.integers(200, 256, 3).tolist(), 255))
    picture = Image.alpha_composite(paper, image).convert("RGB")
    width, height = (round(side * rng.uniform(0.8, 1)) for side in picture.size)
    left = int(rng.integers(0, picture.width - width + 1))
    top = int(rng.integers(0, picture.height - height + 1))
    picture = picture.crop((left, top, left + width, top + height))
    if rng.random() < 0.5:
        picture = ImageOps.mirror(picture)
    for change in (ImageEnhance.Color, ImageEnhance.Brightness, ImageEnhance.Contrast):
        picture = change(picture).enhance(rng.uniform(0.6, 1.4))
    side = int(rng.integers(64, 257))
    picture = picture.resize((side, round(side * height / width)))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=int(rng.integers(40, 95)))
    return out.getvalue()
