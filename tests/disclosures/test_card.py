"""The card: which metadata is there, of how many samples, and what closes a gap."""

from __future__ import annotations

from audit.datasets.ingest import ingest
from audit.disclosures import metadata_card
from audit.reviews import review_licenses


def entries(card):
    return {entry.name: entry for entry in card.entries}


def test_shares_and_states(dataset, review):
    card = metadata_card(dataset, review)
    found = entries(card)
    told = {name: (entry.samples, entry.state) for name, entry in found.items()}
    assert told == {
        "source URL": (8, "complete"),
        "page URL": (0, "missing"),
        "crawl date": (5, "partial"),
        "HTTP headers": (0, "missing"),
        "robots state": (1, "partial"),
        "opt-out signal": (1, "partial"),
        "license as declared": (6, "partial"),  # "?" and nothing are none
        "license with SPDX identifier": (5, "partial"),  # without LicenseRef-in-copyright
        "license of the dataset": (None, "complete"),
        "creator": (4, "partial"),
        "rights holder": (0, "missing"),
        "content hash": (0, "missing"),
        "language": (5, "partial"),
    }
    assert found["crawl date"].share == 5 / 8
    assert found["creator"].columns == ("creator",)
    assert found["source URL"].do is None
    assert all(entry.do and entry.section for entry in card.gaps)


def test_the_answer_in_json_and_as_a_frame(dataset, review):
    card = metadata_card(dataset, review)
    record = card.to_dict()
    assert record["schema"] == "audit.card/1"
    assert record["gaps"] == 11
    assert record["not_judged"]
    assert card.to_polars()["name"].to_list() == [entry["name"] for entry in record["entries"]]


def test_nothing_is_complete_where_there_is_nothing(home, write_shard):
    ingest([str(write_shard("a.parquet", []))], "d", home=home)
    dataset = home.open("d")
    card = metadata_card(dataset, review_licenses(dataset))
    assert {entry.state for entry in card.entries} == {"missing"}
    assert entries(card)["source URL"].share is None
