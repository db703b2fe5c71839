"""Finding samples, against what was planted; and what is not claimed."""

from __future__ import annotations

import hashlib

import polars as pl
import pyarrow as pa
import pytest

import audit as package
from audit.concepts import Concept
from audit.datasets.ingest import ingest
from audit.errors import SourceError, UsageError
from audit.removal.finding import find_samples
from audit.removal.wanted import Wanted

CAPTIONS = [
    "The Starry Night by Van Gogh",
    "Café in Arles",
    "CAFE, in Arles!",
    "a cat",
    None,
    "Van Gogh Museum, Amsterdam",
]
URLS = [
    "https://example.org/starry.jpg",
    "http://www.museum.example/a/",
    "https://cdn.museum.example/b.jpg?x=1&y=2",
    None,
    "https://notmuseum.example/c.jpg",
    "https://example.org/starry.jpg",
]
MD5 = [hashlib.md5(str(n).encode()).hexdigest() for n in range(5)] + [None]
PHASH = ["00000000000000ff", "00000000000000fe", "ffffffffffffffff", None, "no hash", "0" * 16]


@pytest.fixture
def dataset(home, write_shard):
    """Two shards: the rows above, and two rows more."""
    first = write_shard(
        "a.parquet", CAPTIONS, URL=URLS, md5=MD5, phash=PHASH, WIDTH=[10, 20, 30, 40, 50, 60]
    )
    second = write_shard(
        "b.parquet",
        ["starry nights", "the starry night"],
        md5=[MD5[0].upper(), "x"],
        phash=[None, None],
        WIDTH=[1, 2],
    )
    ingest([str(first), str(second)], "d", home=home)
    return home.open("d")


def rows(found):
    return found.matches.select("shard", "row").unique(maintain_order=True).rows()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"urls": (URLS[0],)}, [(0, 0), (0, 5)]),
        ({"urls": ("http://www.example.org/starry.jpg/",)}, [(0, 0), (0, 5)]),
        ({"urls": ("https://museum.example/a",)}, [(0, 1)]),
        ({"urls": ("https://cdn.museum.example/b.jpg?x=1&amp;y=2",)}, [(0, 2)]),
        ({"urls": ("https://museum.example/a",), "exactly": True}, []),
        ({"urls": (URLS[1],), "exactly": True}, [(0, 1)]),
        ({"hosts": ("museum.example",)}, [(0, 1), (0, 2)]),
        ({"hosts": ("MUSEUM.example.", "example.org")},
         [(0, 0), (0, 1), (0, 2), (0, 5), (1, 0), (1, 1)]),
        ({"captions": ("starry night",)}, [(0, 0), (1, 1)]),
        ({"captions": ("café",)}, [(0, 1), (0, 2)]),
        ({"whole_captions": ("The starry NIGHT",)}, [(1, 1)]),
        ({"whole_captions": ("cafe in arles",)}, [(0, 1), (0, 2)]),
        ({"concepts": (Concept("Van Gogh", exclusions=("Van Gogh Museum",)),)}, [(0, 0)]),
        ({"hashes": (MD5[0],)}, [(0, 0), (1, 0)]),
        ({"hashes": (f"md5:{MD5[2].upper()}",)}, [(0, 2)]),
        ({"hashes": ("phash:00000000000000ff",)}, [(0, 0), (0, 1)]),
        ({"hashes": ("00000000000000ff",), "distance": 0}, [(0, 0)]),
        ({"hashes": ("00000000000000ff",), "distance": 8}, [(0, 0), (0, 1), (0, 5)]),
        ({"hashes": ("255",), "distance": 0}, []),  # too short to be taken for a phash
        ({"hashes": ("phash:255",), "distance": 0}, [(0, 0)]),
        ({"where": "width >= 40"}, [(0, 3), (0, 4), (0, 5)]),
        ({"captions": ("starry night",), "where": "width > 5"}, [(0, 0)]),
        ({"urls": (URLS[0],), "captions": ("a cat",)}, [(0, 0), (0, 3), (0, 5)]),
    ],
)  # fmt: skip
def test_planted_samples_are_found_and_no_others(dataset, asked, expected):
    found = find_samples(dataset, Wanted(**asked))
    assert rows(found) == expected
    assert found.samples == len(expected)
    assert [(line["shard"][-9:], line["row"]) for line in found.to_dict()["matches"]][:1] == [
        (("a.parquet", "b.parquet")[shard], row) for shard, row in expected[:1]
    ]


def test_each_match_says_how_it_was_found(dataset):
    found = find_samples(dataset, Wanted(urls=("http://example.org/starry.jpg",)))
    line = found.lines()[0]
    assert line["how"] == "URL, https scheme"
    assert line["same"] is True  # compared to the letter, at the source
    assert line["url"] == URLS[0]
    assert line["caption"] == CAPTIONS[0]
    assert line["by"] == "url"
    assert find_samples(dataset, Wanted(urls=(URLS[0],))).lines()[0]["how"] == "URL"


def test_where_the_source_is_gone_only_the_hash_was_compared(dataset, tmp_path):
    (tmp_path / "shards" / "a.parquet").unlink()
    line = find_samples(dataset, Wanted(urls=(URLS[0],))).lines()[0]
    assert line["same"] is None
    assert line["url"] is None
    assert line["caption"] == "the starry night by van gogh"


def test_another_url_with_the_same_hash_is_no_match(dataset, monkeypatch):
    from audit.removal import scans

    real = scans.url_hash
    collision = "https://collision.example/x.jpg"
    monkeypatch.setattr(
        scans, "url_hash", lambda url: real(URLS[0]) if url == collision else real(url)
    )
    found = find_samples(dataset, Wanted(urls=(collision,), exactly=True))
    assert found.samples == 0


def test_of_what_cannot_be_searched_nothing_is_claimed(home, write_shard):
    ingest([str(write_shard("a.parquet", ["one"], URL=None))], "d", home=home)
    dataset = home.open("d")
    found = find_samples(dataset, Wanted(urls=("https://x.org/a",), hosts=("x.org",)))
    assert found.verdict.startswith("Not searched")
    assert {one.place for one in found.not_searched} == {"URL", "host"}
    found = find_samples(dataset, Wanted(captions=("two",), hashes=("0" * 64,)))
    assert found.verdict == "Not found in what was searched, which is not all that could hold it."
    assert find_samples(dataset, Wanted(captions=("two",))).verdict == (
        "Not found in what was searched."
    )


def test_samples_without_a_value_were_not_looked_at(dataset):
    found = find_samples(dataset, Wanted(hashes=("f" * 32,)))
    (searched,) = found.searched
    assert (searched.place, searched.looked_at, searched.of) == ("column md5", 7, 8)
    assert not found.is_whole_search
    phash = find_samples(dataset, Wanted(hashes=("phash:0f0f0f0f0f0f0f0f",))).searched[0]
    assert phash.looked_at == 4
    assert "1 values are no hash of 64 bits" in phash.remark


def test_unread_shards_keep_a_search_from_being_whole(home, write_shard):
    shard = write_shard("a.parquet", ["one"])
    broken = write_shard("b.parquet", ["two"])
    broken.write_bytes(b"no parquet")
    ingest([str(shard), str(broken)], "d", home=home)
    found = find_samples(home.open("d"), Wanted(captions=("two",)))
    assert found.verdict == "Not found in what was searched, which is not all that could hold it."


def test_removed_samples_are_found_and_told_apart(dataset, home):
    opened = package.open("d", home=home.path)
    report = opened.remove_samples(Wanted(hosts=("museum.example",)), reason="asked")
    found = opened.lookup(Wanted(captions=("cafe",)))
    assert found.samples == 0
    assert found.already_removed == 2
    assert {line["removed_by"] for line in found.lines()} == {report.removal.id}
    assert found.verdict == "Found: 2 samples that were removed on request and count in no number."
    both = opened.lookup(Wanted(captions=("cafe", "a cat")))
    assert (both.samples, both.already_removed) == (1, 2)
    assert both.verdict.startswith("Found: 1 sample and 2 samples that were removed")


def test_all_count_and_some_are_shown(dataset):
    found = find_samples(dataset, Wanted(where="true"), shown=3)
    assert found.samples == 8
    assert len(found.lines()) == 3
    assert found.to_polars().height == 3
    assert find_samples(dataset, Wanted(where="true"), shown=0).lines() == []


def test_a_kept_column_can_be_searched(home, write_shard):
    shard = write_shard("a.parquet", ["one", "two"], uid=["A1", "b2"])
    ingest([str(shard)], "d", home=home, keep=["uid"])
    found = find_samples(home.open("d"), Wanted(hashes=("uid:a1",)))
    assert rows(found) == [(0, 0)]
    with pytest.raises(UsageError, match="has no hash column"):
        find_samples(home.open("d"), Wanted(hashes=("uidd:a1",)))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"urls": ("example.org/a.jpg",)},
        {"hosts": ("https://example.org",)},
        {"hosts": ("org",)},  # all hosts below it would be found
        {"hosts": ("*.example.org",)},
        {"hosts": ("example.org:8080",)},
        {"hosts": ("::1",)},
        {"captions": ("!!!",)},
        {"whole_captions": ("",)},
        {"hashes": (" ",)},
        {"hashes": ("a",), "distance": 65},
        {"images": ("x.jpg",), "similarity": 1.5},
        {"concepts": (Concept("!!!"),)},
    ],
)
def test_questions_that_find_nothing_anywhere_are_refused(dataset, asked):
    with pytest.raises(UsageError) as error:
        find_samples(dataset, Wanted(**asked))
    assert error.value.hint


HOSTILE = ["\u202e.jpg", "https://example.org/\ud800", "a" * 5000, "'; DROP TABLE x; --", "\x00"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_finds_nothing_and_breaks_nothing(dataset, text):
    assert find_samples(dataset, Wanted(hashes=(f"md5:{text} x",))).samples == 0
    assert find_samples(dataset, Wanted(urls=(f"https://x.org/{text.strip()}",))).samples == 0
    assert find_samples(dataset, Wanted(whole_captions=(f"x {text}",))).samples == 0


def test_long_captions_can_be_looked_for_as_a_whole(home, write_shard):
    caption = "word " * 2000
    ingest([str(write_shard("a.parquet", [caption, "word"]))], "d", home=home)
    assert rows(find_samples(home.open("d"), Wanted(whole_captions=(caption,)))) == [(0, 0)]


def listed(tmp_path, table, name="list.parquet"):
    path = tmp_path / name
    if name.endswith(".parquet"):
        pl.DataFrame(table).write_parquet(path)
    else:
        pl.DataFrame(table).write_csv(path, separator="\t" if name.endswith("tsv") else ",")
    return path


@pytest.mark.parametrize("name", ["list.parquet", "list.csv", "list.tsv"])
def test_a_table_names_samples(dataset, tmp_path, name):
    shard = dataset.parts[0].shard.uri
    path = listed(tmp_path, {"shard": [shard, shard], "row": [3, 1]}, name)
    assert rows(find_samples(dataset, Wanted(file=path))) == [(0, 1), (0, 3)]
    path = listed(tmp_path, {"Shard": ["1"], "ROW": [0], "url": [None]}, name)
    assert rows(find_samples(dataset, Wanted(file=path))) == [(1, 0)]
    path = listed(tmp_path, {"url": [URLS[0], "https://nowhere.org/"]}, name)
    assert rows(find_samples(dataset, Wanted(file=path))) == [(0, 0), (0, 5)]


def test_the_answer_of_a_lookup_is_such_a_table(dataset, tmp_path):
    found = find_samples(dataset, Wanted(captions=("starry night",)))
    path = tmp_path / "found.csv"
    found.to_polars().write_csv(path)
    assert rows(find_samples(dataset, Wanted(file=path))) == rows(found)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"name": ["x"]}, "names no samples"),
        ({"shard": ["elsewhere.parquet"], "row": [0]}, "is no shard"),
        ({"shard": ["0"], "row": [6]}, "has 6 rows"),
        ({"shard": ["0"], "row": [-1]}, "has 6 rows"),
        ({"shard": ["0"], "row": ["x"]}, "no whole number"),
        ({"shard": ["0", None], "row": [0, 1]}, "name no sample"),
        ({"shard": ["0"], "row": [0], "url": ["https://other.org/"]}, "another URL"),
        ({"shard": ["0"], "row": [3], "url": ["https://other.org/"]}, "another URL"),
    ],
)
def test_a_table_that_is_not_of_the_dataset_is_refused(dataset, tmp_path, table, reason):
    with pytest.raises(UsageError, match=reason):
        find_samples(dataset, Wanted(file=listed(tmp_path, table)))


def test_a_table_that_cannot_be_read_is_an_error(dataset, tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"nothing")
    for path in (tmp_path / "x.parquet", tmp_path / "gone.csv"):
        with pytest.raises(SourceError, match="cannot be read"):
            find_samples(dataset, Wanted(file=path))


def test_many_urls_are_looked_for_in_one_pass(home, write_shard):
    urls = [f"https://h.example.org/{n}" for n in range(3000)]
    ingest([str(write_shard("a.parquet", ["x"] * 3000, URL=urls))], "d", home=home)
    asked = tuple(f"http://h.example.org/{n}" for n in range(0, 6000, 2))
    found = find_samples(home.open("d"), Wanted(urls=asked))
    assert found.samples == 1500
    assert found.matches["same"].all()
    assert pa.table({"r": found.matches["row"]})["r"].to_pylist() == list(range(0, 3000, 2))
