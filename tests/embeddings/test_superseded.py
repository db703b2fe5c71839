"""Of what was tried again the last outcome counts, and each sample once."""

from __future__ import annotations

import io
import tarfile
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.embeddings.embed import embed
from audit.embeddings.folder import EmbeddingFolder
from audit.encoders.thumbnail import ThumbnailEncoder
from audit.fetching.record import FetchRecord
from audit.images.collections import find_units

Image = pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")


def png(seed):
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def write_output(folder, shard, outcomes):
    """An output shard of a fetch: row of a sample -> whether its image came."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = [f"{shard:05d}{number:04d}" for number in range(len(outcomes))]
    came = list(outcomes.values())
    with tarfile.open(folder / f"{shard:05d}.tar", "w") as tar:
        for key, row in zip(keys, outcomes, strict=True):
            if outcomes[row]:
                member = tarfile.TarInfo(f"{key}.png")
                member.size = len(png(row))
                tar.addfile(member, io.BytesIO(png(row)))
    table = pa.table(
        {
            "audit_shard": pa.array([0] * len(keys), pa.int32()),
            "audit_row": pa.array(list(outcomes), pa.int64()),
            "url": [f"http://{row}" for row in outcomes],
            "key": keys,
            "status": ["success" if one else "failed_to_download" for one in came],
            "error_message": [None if one else "timed out" for one in came],
        }
    )
    pq.write_table(table, folder / f"{shard:05d}.parquet")
    (folder / f"{shard:05d}_stats.json").write_text("{}")


def write_record(folder, *, retried):
    record = FetchRecord("d", "", folder.name, {}, {}, 4, 4, 100, "", "", retried=retried)
    assert asdict(record)["retried"] == retried
    record.write(folder.parent / f"{folder.name}.json")


def samples(out):
    """(row, status) of every image."""
    tables = [part.images(["audit_row", "status"]) for part in EmbeddingFolder.open(out).parts]
    return sorted(tuple(row.values()) for table in tables for row in table.to_pylist())


@pytest.mark.parametrize("between", [True, False], ids=["embedded between", "embedded once"])
def test_last_outcome_of_a_sample_counts(tmp_path, between):
    folder, out = tmp_path / "images" / "all", tmp_path / "out"
    write_output(folder, 0, {0: True, 1: False, 2: False, 3: False})
    write_record(folder, retried=False)
    if between:
        assert embed(find_units([folder]), out, ThumbnailEncoder()).images == 4
    write_output(folder, 1, {1: True, 2: False})
    write_output(folder, 2, {2: True})
    write_record(folder, retried=True)
    report = embed(find_units([folder]), out, ThumbnailEncoder())
    assert report.statuses == {"embedded": 3, "not fetched": 1}
    assert (report.images, report.vectors, report.problems_in_all) == (4, 3, 1)
    assert samples(out) == [(0, "embedded"), (1, "embedded"), (2, "embedded"), (3, "not fetched")]
    again = embed(find_units([folder]), out, ThumbnailEncoder())
    assert (again.images, again.images_now) == (4, 0)


def test_vectors_keep_their_images(tmp_path):
    folder, out = tmp_path / "images" / "all", tmp_path / "out"
    write_output(folder, 0, {5: False, 6: True, 7: False, 8: True})
    write_output(folder, 1, {5: True})
    write_record(folder, retried=True)
    embed(find_units([folder]), out, ThumbnailEncoder())
    first = EmbeddingFolder.open(out).parts[0]
    rows = first.images(["audit_row"])["audit_row"].to_pylist()
    assert rows == [6, 8, 7]
    assert [rows[image] for image in first.metadata(["image"])["image"].to_pylist()] == [6, 8]


def test_part_that_lost_rows_is_indexed_anew(tmp_path):
    folder, out = tmp_path / "images" / "all", tmp_path / "out"
    write_output(folder, 0, {0: True, 1: False})
    write_record(folder, retried=False)
    embed(find_units([folder]), out, ThumbnailEncoder())
    vectors = EmbeddingFolder.open(out).parts[0].vectors_path
    before = vectors.stat().st_mtime_ns
    write_output(folder, 1, {1: False})
    write_record(folder, retried=True)
    embed(find_units([folder]), out, ThumbnailEncoder())
    assert vectors.stat().st_mtime_ns > before


def test_folders_of_others_are_left_as_they_are(tmp_path):
    folder, out = tmp_path / "images" / "all", tmp_path / "out"
    write_output(folder, 0, {0: True, 1: False})
    write_output(folder, 1, {1: True})
    (folder.parent / "all.json").write_text('{"of": "somebody else"}')
    assert embed(find_units([folder]), out, ThumbnailEncoder()).images == 3
