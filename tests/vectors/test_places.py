"""A command finds the embeddings and the index that it means, or says what there is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import api
from audit.embeddings.files import MANIFEST, SCHEMA, write_json
from audit.embeddings.folder import EmbeddingFolder
from audit.embeddings.places import embeddings_folder, slug
from audit.encoders.encoder import EncoderInfo
from audit.errors import EncoderMismatchError, UsageError
from audit.vectors.build import build_index, index_dataset
from audit.vectors.places import index_folder, only_embeddings, only_index


@pytest.fixture
def dataset(home, write_shard):
    api.ingest(str(write_shard("a.parquet", ["a", "b"])), name="d")
    return home.open("d")


def embed(dataset, encoder_id, revision="1"):
    folder = embeddings_folder(dataset, encoder_id)
    info = EncoderInfo(encoder_id, revision, "", 4)
    write_json(folder / MANIFEST, {"schema": SCHEMA, "encoder": info.to_dict(), "units": []})
    return folder


def index(dataset, encoder_id):
    folder = EmbeddingFolder.open(embed(dataset, encoder_id))
    build_index(dataset, folder, index_folder(dataset, encoder_id))


@pytest.mark.parametrize(
    ("encoder_id", "name"),
    [
        ("thumbnail", "thumbnail"),
        ("open_clip:ViT-B-32/laion2b_s34b_b79k", "open_clip-ViT-B-32-laion2b_s34b_b79k"),
        ("open_clip:ViT-L-14//models/mine.pt", "open_clip-ViT-L-14-models-mine.pt"),
        ("../../etc", "etc"),
    ],
)
def test_encoders_give_readable_file_names(encoder_id, name):
    assert slug(encoder_id) == name


def test_every_id_gives_a_file_name_and_long_ones_stay_apart():
    assert len({slug("e:" + "x" * 200 + end) for end in "ab"}) == 2
    assert all(0 < len(slug(text)) <= 80 for text in ("…", ".", "x" * 500, ":" * 90))


def test_the_only_one_needs_no_name(dataset):
    index(dataset, "thumbnail")
    assert only_index(dataset).info.id == "thumbnail"
    assert only_embeddings(dataset).info.id == "thumbnail"
    assert only_index(dataset, "thumbnail").folder == index_folder(dataset, "thumbnail")


@pytest.mark.parametrize(
    ("open_only", "what"), [(only_index, "index"), (only_embeddings, "embeddings")]
)
def test_none_or_several_are_an_error_that_lists_them(dataset, open_only, what):
    with pytest.raises(UsageError, match=f"has no {what}\\."):
        open_only(dataset)
    with pytest.raises(UsageError, match=f"has no {what} of face"):
        open_only(dataset, "face")
    index(dataset, "thumbnail")
    index(dataset, "open_clip:ViT-B-32/openai")
    with pytest.raises(UsageError, match="of 2 encoders: open_clip:ViT-B-32/openai, thumbnail"):
        open_only(dataset)
    with pytest.raises(UsageError, match="Did you mean 'thumbnail'"):
        open_only(dataset, "thumbnai")


def test_foreign_embeddings_in_the_datasets_folder_are_found_by_their_encoders_name(dataset):
    folder = embeddings_folder(dataset, "face") / "img_emb"
    folder.mkdir(parents=True)
    np.save(folder / "img_emb_0.npy", np.ones((2, 4), np.float16) / 2)
    assert len(only_embeddings(dataset, "face")) == 2


def test_encoders_that_share_a_file_name_do_not_share_a_folder(dataset):
    index(dataset, "a:b")
    assert index_folder(dataset, "a:b") == index_folder(dataset, "a/b")
    with pytest.raises(EncoderMismatchError):
        index(dataset, "a/b")


def embed_into(folder, encoder_id, rows=1):
    """A folder of clip-retrieval's layout."""
    (folder / "img_emb").mkdir(parents=True)
    (folder / "metadata").mkdir()
    np.save(folder / "img_emb" / "img_emb_0.npy", np.ones((rows, 4), np.float16) / 2)
    urls = [f"https://a.example.org/{row}.jpg" for row in range(rows)]
    pq.write_table(pa.table({"url": urls}), folder / "metadata" / "metadata_0.parquet")
    return folder


def test_index_of_embeddings_elsewhere_is_never_replaced_unasked(dataset, home, tmp_path):
    elsewhere = embed_into(tmp_path / "elsewhere", "e", rows=2)
    index_dataset(dataset, home, elsewhere, encoder="e")
    inside = embed_into(embeddings_folder(dataset, "e"), "e")
    with pytest.raises(
        UsageError, match=r"made from .*elsewhere, and there are embeddings"
    ) as told:
        index_dataset(dataset, home)
    assert f"`audit index {elsewhere}`" in told.value.hint
    assert f"`audit index {inside}`" in told.value.hint
    assert len(only_index(dataset)) == 2
    # Named, it is replaced.
    assert index_dataset(dataset, home, inside, encoder="e").vectors == 1
    assert len(only_index(dataset)) == 1
    assert index_dataset(dataset, home).vectors == 1


def test_embeddings_that_were_moved_away_are_said_to_be_gone(dataset, home, tmp_path):
    index_dataset(dataset, home, embed_into(tmp_path / "elsewhere", "e"), encoder="e")
    (tmp_path / "elsewhere").rename(tmp_path / "moved")
    with pytest.raises(UsageError, match="that the index was made from are gone") as told:
        only_embeddings(dataset)
    assert "Name the folder" in told.value.hint
