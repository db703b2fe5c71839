"""Folders, tars, parquet and img2dataset's output give the same images and what is told of them."""

from __future__ import annotations

import io
import json
import tarfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.errors import SourceError, UsageError
from audit.images.collections import find_units
from audit.images.reading import read_unit

LIMIT = 1 << 20


def images_of(*sources):
    return [image for unit in find_units(sources) for image in read_unit(unit, LIMIT)]


def told(images):
    return [(image.key, image.data, image.caption, image.url) for image in images]


def add(tar, name, data):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def test_folder_with_captions_beside(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "b.jpg").write_bytes(b"B")
    (tmp_path / "b.txt").write_text("a bee\n")
    (tmp_path / "deep" / "a.PNG").write_bytes(b"A")
    (tmp_path / "deep" / "a.json").write_text(json.dumps({"caption": "an ant", "url": "http://a"}))
    (tmp_path / "notes.md").write_text("no image")
    (tmp_path / ".hidden.jpg").write_bytes(b"H")
    assert told(images_of(tmp_path)) == [
        ("b.jpg", b"B", "a bee", None),
        ("a.PNG", b"A", "an ant", "http://a"),
    ]


def test_webdataset_tar(tmp_path):
    path = tmp_path / "00000.tar"
    with tarfile.open(path, "w") as tar:
        add(tar, "000.jpg", b"zero")
        add(tar, "000.txt", b"a zero")
        add(tar, "000.json", b'{"url": "http://0"}')
        add(tar, "001.txt", b"a caption without an image")
        add(tar, "sub/002.webp", b"two")
        add(tar, "sub/002.cls", b"7")
    assert told(images_of(path)) == [
        ("000", b"zero", "a zero", "http://0"),
        ("sub/002", b"two", None, None),
    ]


def img2dataset_rows():
    return pa.table(
        {
            "audit_shard": pa.array([0, 0, 0], pa.int64()),
            "audit_row": pa.array([7, 8, 9], pa.int64()),
            "caption": ["seven", "eight", "nine"],
            "url": ["http://7", "http://8", "http://9"],
            "key": ["000000000", "000000001", "000000002"],
            "status": ["success", "failed_to_download", "success"],
            "error_message": [None, "HTTP Error 404: Not Found", None],
        }
    )


@pytest.mark.parametrize("layout", ["tar", "folder"])
def test_img2dataset_output_joins_by_row_and_tells_what_failed(tmp_path, layout):
    pq.write_table(img2dataset_rows(), tmp_path / "00000.parquet")
    (tmp_path / "00000_stats.json").write_text("{}")
    names = ["000000000.jpg", "000000002.jpg"]
    if layout == "tar":
        with tarfile.open(tmp_path / "00000.tar", "w") as tar:
            for name in names:
                add(tar, name, name.encode())
    else:
        (tmp_path / "00000").mkdir()
        for name in names:
            (tmp_path / "00000" / name).write_bytes(name.encode())
    images = images_of(tmp_path)
    assert [(image.caption, image.sample, image.problem) for image in images] == [
        ("seven", (0, 7), None),
        ("nine", (0, 9), None),
        ("eight", (0, 8), "not fetched: HTTP Error 404: Not Found"),
    ]


def test_parquet_with_bytes_or_with_records_of_bytes(tmp_path):
    pq.write_table(
        pa.table({"jpg": [b"one", None], "text": ["first", "second"]}), tmp_path / "a.parquet"
    )
    record = pa.array([{"bytes": b"three", "path": "x.jpg"}])
    pq.write_table(pa.table({"image": record, "caption": ["third"]}), tmp_path / "b.parquet")
    pq.write_table(pa.table({"caption": ["no images"]}), tmp_path / "c.parquet")
    images = images_of(tmp_path)
    assert [(i.row, i.data, i.caption, i.problem) for i in images] == [
        (0, b"one", "first", None),
        (1, None, "second", "no bytes in this row"),
        (0, b"three", "third", None),
    ]


def test_large_images_are_not_read(tmp_path):
    (tmp_path / "big.jpg").write_bytes(b"x" * (LIMIT + 1))
    with tarfile.open(tmp_path / "t.tar", "w") as tar:
        add(tar, "big.jpg", b"x" * (LIMIT + 1))
    for image in images_of(tmp_path):
        assert image.data is None
        assert image.problem == "too large: 1,048,577 bytes"


def test_truncated_tar_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "t.tar"
    with tarfile.open(path, "w") as tar:
        add(tar, "a.jpg", b"x" * 100_000)
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(SourceError, match=r"t\.tar: cannot be read to its end"):
        images_of(path)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda whole, at: whole[: at - 10], "unexpected end of data"),
        (lambda whole, at: whole[:at], "cut off after"),
        (lambda whole, at: whole[: at + 100], "cut off after"),
        (lambda whole, at: whole[:at] + b"?" * 512 + whole[at + 512 :], "damaged after"),
    ],
    ids=["in an image", "between two", "in a header", "header overwritten"],
)
def test_images_before_the_damage_of_a_tar_are_read(tmp_path, damage, told):
    path = tmp_path / "t.tar"
    with tarfile.open(path, "w") as tar:
        for name in "abcd":
            add(tar, f"{name}.jpg", name.encode() * 1024)
    with tarfile.open(path) as tar:
        at = tar.getmember("c.jpg").offset
    path.write_bytes(damage(path.read_bytes(), at))
    read = []
    with pytest.raises(SourceError, match=told):
        for image in read_unit(find_units([path])[0], LIMIT):
            read.append(image.key)
    assert read == (["a"] if "end of data" in told else ["a", "b"])


def test_parquet_that_was_cut_off_is_a_unit_that_cannot_be_read(tmp_path):
    for name in "ab":
        pq.write_table(pa.table({"jpg": [b"one", b"two"]}), tmp_path / f"{name}.parquet")
    whole = (tmp_path / "b.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole[: len(whole) // 2])
    first, second = find_units([tmp_path])
    assert len(list(read_unit(first, LIMIT))) == 2
    with pytest.raises(SourceError, match=r"b\.parquet: cannot be read"):
        list(read_unit(second, LIMIT))


def test_rows_before_the_damage_of_a_parquet_file_are_read(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"jpg": [bytes([i]) * 500 for i in range(250)]}), path,
                   row_group_size=100, compression=None)  # fmt: skip
    whole = bytearray(path.read_bytes())
    start = pq.read_metadata(path).row_group(1).column(0).data_page_offset
    whole[start : start + 2000] = bytes(2000)
    path.write_bytes(whole)
    rows = []
    with pytest.raises(SourceError, match=r"a\.parquet: cannot be read to its end") as told:
        for image in read_unit(find_units([path])[0], LIMIT):
            rows.append(image.row)
    assert rows == list(range(100))
    assert "\n" not in told.value.message


def test_sidecar_of_a_damaged_tar_tells_what_is_lost(tmp_path):
    pq.write_table(img2dataset_rows(), tmp_path / "00000.parquet")
    with tarfile.open(tmp_path / "00000.tar", "w") as tar:
        for name in ("000000000.jpg", "000000002.jpg"):
            add(tar, name, b"x" * 2048)
    with tarfile.open(tmp_path / "00000.tar") as tar:
        at = tar.getmember("000000002.jpg").offset
    (tmp_path / "00000.tar").write_bytes((tmp_path / "00000.tar").read_bytes()[: at + 1000])
    found = []
    with pytest.raises(SourceError, match="cannot be read to its end"):
        for image in read_unit(find_units([tmp_path])[0], LIMIT):
            found.append((image.key, image.problem))
    assert found == [
        ("000000000", None),
        ("000000001", "not fetched: HTTP Error 404: Not Found"),
        ("000000002", "unreadable: fetched, and not there"),
    ]


def test_what_our_guard_refused_was_never_looked_for(tmp_path):
    rows = img2dataset_rows()
    refused = "<urlopen error 10.0.0.1 is not a public address>"
    messages = pa.array([refused, "HTTP Error 404: Not Found", refused])
    rows = rows.set_column(rows.schema.get_field_index("error_message"), "error_message", messages)
    rows = rows.set_column(
        rows.schema.get_field_index("status"), "status", [["failed_to_download"] * 3]
    )
    pq.write_table(rows, tmp_path / "00000.parquet")
    with tarfile.open(tmp_path / "00000.tar", "w"):
        pass
    assert [image.sample for image in images_of(tmp_path)] == [(0, 8)]


def test_places_without_images_are_refused(tmp_path):
    with pytest.raises(UsageError, match="no images there"):
        find_units([tmp_path])
    with pytest.raises(UsageError, match="does not exist"):
        find_units([tmp_path / "nowhere"])


def test_changed_file_changes_only_its_unit(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.jpg").write_bytes(b"1")
    before = {unit.label: unit.fingerprint for unit in find_units([tmp_path])}
    (tmp_path / "b" / "1.jpg").write_bytes(b"22")
    after = {unit.label: unit.fingerprint for unit in find_units([tmp_path])}
    assert [before[label] == after[label] for label in sorted(before)] == [True, False]
