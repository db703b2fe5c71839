"""Which concept and prompt vectors in folders belong to."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import api
from audit.embeddings.embed import embed
from audit.encoders.encoder import EncoderInfo, unit
from audit.encoders.thumbnail import ThumbnailEncoder
from audit.errors import ConceptError, EncoderMismatchError, SourceError, UsageError
from audit.images.collections import find_units
from audit.scores.files import score_files
from audit.scores.folders import read_folder
from audit.scores.results import ScoreSettings
from audit.scores.synthetic import imitations, noise

Image = pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")


class Chosen:
    """An encoder that is loaded already, as `EncoderSource`."""

    def __init__(self, encoder=None, encoder_id=None):
        self.encoder, self.encoder_id = encoder, encoder_id
        self.loads = 0

    def load(self, what):
        self.loads += 1
        return self.encoder


class Spots:
    """Finds a thing in a picture for every ten rows of pixels beyond the first ten."""

    info = EncoderInfo("spots", "1", "none", 4)
    looks_for = "spot"

    def prepare(self, image):
        return np.asarray(image, np.float32)[10::10, 0, :]

    def encode(self, prepared):
        return [unit(np.c_[rows, np.ones(len(rows))]) for rows in prepared]


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def foreign(tmp_path, rng):
    """Writes embeddings in clip-retrieval's layout, with metadata of the given columns."""

    def write(name, vectors, **columns):
        folder = tmp_path / name
        for kind in ("img_emb", "metadata"):
            (folder / kind).mkdir(parents=True)
        np.save(folder / "img_emb" / "img_emb_0.npy", vectors.astype(np.float16))
        table = {key: pa.array(values, pa.string()) for key, values in columns.items()}
        pq.write_table(pa.table(table), folder / "metadata" / "metadata_0.parquet")
        return folder

    return write


@pytest.fixture
def draw(rng):
    def picture(path, rows=20):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (rows, 20, 3), dtype=np.uint8)).save(path)

    return picture


@pytest.fixture
def generate(tmp_path, draw):
    """Writes a folder as `audit generate` does."""
    from audit.generation.manifest import (
        LINES,
        MANIFEST,
        SCHEMA,
        GeneratedImage,
        GenerationSettings,
    )

    def write(concepts, images=3):
        folder = tmp_path / "generated"
        settings = GenerationSettings(
            "tiny", "sha256:0", "P", "S", "0", None, "float32", None, 1, None, None, 0
        )
        (folder / "images").mkdir(parents=True)
        record = {"schema": SCHEMA, "settings": settings.to_dict(), "runs": [], "versions": {}}
        (folder / MANIFEST).write_text(json.dumps(record))
        lines = []
        for concept in concepts:
            for template in ("a painting of {}", "a sketch of {}"):
                for number in range(images):
                    path = f"images/{len(lines) % 2}/{len(lines)}.png"
                    draw(folder / path)
                    prompt = template.replace("{}", concept)
                    lines.append(
                        GeneratedImage(
                            path, concept, "art-style", template, prompt, number, 0, 20, 20, "0"
                        ).to_line()
                    )
        flagged = GeneratedImage(
            None, concepts[0], "art-style", "a sketch of {}", "", 99, 0, 20, 20, None, "all black"
        )
        (folder / LINES).write_text("".join(lines) + flagged.to_line())
        return folder

    return write


def sizes(side):
    return {
        concept: {prompt: len(one) for prompt, one in by_prompt.items()}
        for concept, by_prompt in side.images.items()
    }


# -- Embeddings of others --------------------------------------------------------------------------


def test_columns_tell_concept_and_prompt(foreign, rng):
    vectors = noise(5, 8, rng)
    folder = foreign(
        "e", vectors, concept=["a", "a", "b", None, " "], prompt=["p", "q", "p", "p", "p"]
    )
    side = read_folder(folder, Chosen(encoder_id="x"), "generated images")
    assert sizes(side) == {"a": {"p": 1, "q": 1}, "b": {"p": 1}}
    assert side.images["b"]["p"].at(np.array([0])) == pytest.approx(unit(vectors[2:3]), abs=1e-3)
    assert side.notes == (
        "2 generated images are left out, because nothing tells of which concept",
    )


@pytest.mark.parametrize("root", ["/data/images/", "images/", ""])
def test_folders_of_image_paths_tell_it_too(foreign, rng, root):
    paths = [f"{root}{path}" for path in ("Van Gogh/p/0.png", "Van Gogh/q/0.png", "Monet/1.png")]
    side = read_folder(
        foreign("e", noise(3, 8, rng), image_path=paths), Chosen(encoder_id="x"), "images"
    )
    assert sizes(side) == {"Van Gogh": {"p": 1, "q": 1}, "Monet": {"": 1}}


def test_one_folder_of_images_is_named_for_its_concept(foreign, rng):
    folder = foreign("e", noise(2, 8, rng), image_path=["/data/Monet/0.png", "/data/Monet/1.png"])
    assert sizes(read_folder(folder, Chosen(encoder_id="x"), "images")) == {"Monet": {"": 2}}


def test_nothing_that_tells_is_an_error(foreign, rng):
    for columns in (
        {"caption": ["a", "b"]},
        {"image_path": ["0.png", "1.png"]},
        {"image_path": [None, None]},
    ):
        folder = foreign(f"e{len(str(columns))}", noise(2, 8, rng), **columns)
        with pytest.raises(UsageError, match="nothing tells of which concept"):
            read_folder(folder, Chosen(encoder_id="x"), "images")


def test_a_name_that_is_none_is_an_error(foreign, rng):
    folder = foreign("e", noise(1, 8, rng), concept=["a\x00b"])
    with pytest.raises(ConceptError, match=r"U\+0000"):
        read_folder(folder, Chosen(encoder_id="x"), "images")


def test_who_made_the_vectors_must_be_said(foreign, rng):
    folder = foreign("e", noise(1, 8, rng), concept=["a"])
    with pytest.raises(UsageError, match="does not say which encoder"):
        read_folder(folder, Chosen(), "images")


# -- Images ----------------------------------------------------------------------------------------


def test_images_are_embedded_once_and_folders_tell_the_concept(tmp_path, draw):
    for path in ("a/p/0.png", "a/q/0.png", "a/q/1.png", "b/0.png", "stray.png"):
        draw(tmp_path / "pictures" / path)
    chosen = Chosen(ThumbnailEncoder())
    seen = []
    for _ in range(2):
        side = read_folder(tmp_path / "pictures", chosen, "images", lambda p: seen.append(p.images))
        assert sizes(side) == {"a": {"p": 1, "q": 2}, "b": {"": 1}}
    assert len(seen) == 5
    assert (tmp_path / "pictures-embeddings" / "thumbnail" / "embeddings.json").exists()
    assert "1 images are left out" in side.notes[0]


def test_images_that_were_removed_are_not_scored_any_more(tmp_path, draw):
    for path in ("a/0.png", "b/0.png"):
        draw(tmp_path / "pictures" / path)
    chosen = Chosen(ThumbnailEncoder())
    read_folder(tmp_path / "pictures", chosen, "images")
    (tmp_path / "pictures" / "b" / "0.png").unlink()
    assert sizes(read_folder(tmp_path / "pictures", chosen, "images")) == {"a": {"": 1}}


def test_images_without_or_with_several_of_what_is_looked_for_are_left_out(tmp_path, draw):
    for number, rows in enumerate((10, 20, 20, 30)):
        draw(tmp_path / "pictures" / "a" / f"{number}.png", rows)
    (tmp_path / "pictures" / "a" / "bad.png").write_bytes(b"<html>")
    side = read_folder(tmp_path / "pictures", Chosen(Spots()), "generated images")
    assert sizes(side) == {"a": {"": 2}}
    assert side.left_out == {"a": {"nothing found": 1, "several found": 1, "not an image": 1}}
    assert side.notes[0].startswith("3 generated images have no vector of their own")


def test_a_concept_all_of_whose_images_are_left_out_is_still_there(tmp_path, draw):
    draw(tmp_path / "pictures" / "a" / "0.png", 10)
    draw(tmp_path / "pictures" / "b" / "0.png", 20)
    side = read_folder(tmp_path / "pictures", Chosen(Spots()), "generated images")
    assert sizes(side) == {"a": {}, "b": {"": 1}}


def test_the_list_of_generated_images_tells_concept_template_and_domain(generate):
    folder = generate(["Van Gogh", "Monet"])
    side = read_folder(folder, Chosen(ThumbnailEncoder()), "generated images")
    each = {"a painting of {}": 3, "a sketch of {}": 3}
    assert sizes(side) == {"Van Gogh": each, "Monet": each}
    assert side.domains == {"Van Gogh": "art-style", "Monet": "art-style"}
    assert side.left_out == {"Van Gogh": {"all black": 1}}
    assert side.models == ("tiny",)


def test_the_list_is_found_from_embeddings_that_lie_elsewhere(generate, tmp_path):
    folder = generate(["Van Gogh"])
    embed(find_units([folder]), tmp_path / "elsewhere", ThumbnailEncoder())
    side = read_folder(tmp_path / "elsewhere", Chosen(), "generated images")
    assert sizes(side) == {"Van Gogh": {"a painting of {}": 3, "a sketch of {}": 3}}


def test_images_that_are_not_in_the_list_are_left_out(generate, draw):
    folder = generate(["Van Gogh"])
    draw(folder / "images" / "0" / "other.png")
    side = read_folder(folder, Chosen(ThumbnailEncoder()), "generated images")
    assert sum(sizes(side)["Van Gogh"].values()) == 6
    assert "1 generated images are left out" in side.notes[0]


def test_no_folder_an_empty_one_and_a_file_are_errors(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for name, message in (
        ("none", "no such folder"),
        ("empty", "no images"),
        ("file", "is no folder"),
    ):
        with pytest.raises(UsageError, match=message):
            read_folder(tmp_path / name, Chosen(ThumbnailEncoder()), "images")


# -- All together ----------------------------------------------------------------------------------


def test_folders_give_the_same_scores_as_arrays(foreign, rng):
    from audit.scores.score import score_concepts

    made, trained = imitations([0, 0.5, 1], rng, dimension=16)

    def written(name, arrays):
        stacked = np.concatenate(list(arrays.values()))
        order = rng.permutation(len(stacked))
        concepts = np.repeat(list(arrays), [len(rows) for rows in arrays.values()])
        return foreign(name, stacked[order], concept=concepts[order].tolist())

    settings = ScoreSettings(mode="paper")
    found = score_files(written("g", made), written("t", trained), None, settings, encoder="x")
    wanted = score_concepts(made, trained, settings=settings)
    for one, other in zip(found.scores, wanted.scores, strict=True):
        assert one.score == pytest.approx(other.score, abs=2e-3)
        assert one.training == other.training


def test_sides_of_different_encoders_are_refused(tmp_path, draw, foreign, rng):
    draw(tmp_path / "pictures" / "a" / "0.png")
    embed(find_units([tmp_path / "pictures"]), tmp_path / "made", ThumbnailEncoder())
    draw(tmp_path / "spots" / "a" / "0.png", 20)
    embed(find_units([tmp_path / "spots"]), tmp_path / "trained", Spots())
    with pytest.raises(EncoderMismatchError):
        score_files(tmp_path / "made", tmp_path / "trained")


def test_images_need_an_encoder_that_somebody_names(tmp_path, draw):
    draw(tmp_path / "pictures" / "a" / "0.png")
    with pytest.raises(UsageError, match="nothing says by which encoder"):
        score_files(tmp_path / "pictures", tmp_path / "pictures")


def test_a_dataset_gives_the_samples_whose_caption_names_the_concept(
    home, write_shard, tmp_path, draw, rng
):
    urls, captions = [], []
    for number in range(24):
        captions.append(
            "a Van Gogh" if number < 12 else "by Claude MONET" if number < 22 else "cat"
        )
        urls.append(f"https://example.org/{number}.png")
        draw(tmp_path / "images" / f"{number}.png")
        (tmp_path / "images" / f"{number}.json").write_text(json.dumps({"url": urls[-1]}))
    captions.append("Van Gogh, of which nobody has the image")
    urls.append("https://example.org/none.png")
    dataset = api.ingest(write_shard("a.parquet", captions, URL=urls), name="d") and api.open("d")
    dataset.embed(tmp_path / "images", encoder=ThumbnailEncoder())
    dataset.index()
    for name in ("van gogh", "Monet", "third", "fourth"):
        for number in range(3):
            draw(tmp_path / "made" / name / f"{number}.png")
    result = score_files(tmp_path / "made", dataset.dataset, encoder=ThumbnailEncoder())
    assert (result["van gogh"].training, result["van gogh"].count) == (12, 13)
    assert (result["Monet"].training, result["Monet"].count) == (10, 10)
    assert (result["third"].count, result["third"].score) == (0, None)
    assert result["Monet"].score is not None


# -- Counts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["count", "samples"])
def test_counts_are_read_from_own_tables_and_those_of_audit_count(tmp_path, column):
    from audit.scores.counts import TrainingCount, read_counts

    path = tmp_path / "counts.csv"
    path.write_text(f"concept,{column}\nVan Gogh,112\nMonet,\nTurner,3.0\n")
    assert read_counts(path) == {"Van Gogh": TrainingCount(112), "Turner": TrainingCount(3)}


def test_intervals_of_counts_are_kept(audit, home, write_shard, tmp_path):
    from audit.scores.counts import TrainingCount, read_counts

    api.ingest(write_shard("a.parquet", ["a Van Gogh", "cat"]), name="d")
    path = tmp_path / "counts.csv"
    path.write_text(audit("count", "--concept", "Van Gogh", "--output", "csv").out)
    assert read_counts(path) == {"Van Gogh": TrainingCount(1, (1, 1))}
    path.write_text("concept,samples,samples_low,samples_high\na,9,7.5,30\nb,9,7,\n")
    assert read_counts(path) == {"a": TrainingCount(9, (7.5, 30)), "b": TrainingCount(9)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("concept,count\na,-1\n", "'-1' in row 1"),
        ("concept,count\na,1\nb,many\n", "'many' in row 2"),
        ("concept,count\na,nan\n", "'nan' in row 1"),
        ("concept,count\na,inf\n", "'inf' in row 1"),
        ("concept,count\nA b,1\na-b,2\n", "two counts"),
        ("name,count\na,1\n", "columns name, count"),
        ("", "cannot be read"),
        ("\xff\xfe\x00", "cannot be read|columns"),
    ],
)
def test_tables_of_something_else_are_refused(tmp_path, text, message):
    from audit.scores.counts import read_counts

    path = tmp_path / "counts.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SourceError, match=message):
        read_counts(path)


def test_counts_that_are_no_file_are_refused(tmp_path):
    from audit.scores.counts import read_counts

    (tmp_path / "counts.txt").touch()
    for name in ("counts.txt", "none.csv"):
        with pytest.raises(UsageError):
            read_counts(tmp_path / name)
