"""What the columns hold, by one scan: blank is nothing, and a day that cannot be read is none."""

from __future__ import annotations

from datetime import date

import pytest

from audit.datasets.ingest import ingest
from audit.disclosures import gather_facts
from audit.disclosures.facts import SIGNALS
from tests.disclosures.conftest import SAMPLES


def test_values_that_are_there(dataset):
    facts = gather_facts(dataset)
    assert facts.samples == len(SAMPLES)
    assert facts.having == {
        "caption": 8, "url": 8, "license": 7, "license_url": 1, "creator": 4, "crawl_date": 5,
        "robots_txt": 1, "language": 5,
    }  # fmt: skip
    assert facts.columns["url"] == "URL"
    assert facts.having_any(SIGNALS["opt-out signal"]) == 1
    assert facts.having_any(SIGNALS["content hash"]) == 0


def test_days_are_read_as_written_and_nothing_is_guessed(dataset):
    crawled = gather_facts(dataset).crawled
    # Seconds since 1970 look like a day in 1611 to who guesses; "soon" is no day.
    assert (crawled.first, crawled.last, crawled.samples) == (
        date(2020, 12, 24),
        date(2021, 5, 9),
        3,
    )


def test_languages_are_counted_the_most_frequent_first(dataset):
    assert gather_facts(dataset).languages == ((("en", 3), ("de", 1), ("ja", 1)), 0)


@pytest.mark.parametrize("blank", ["", " ", "\t\r\n", "\u00a0", "\u2003\u3000", "\u200b", "\ufeff", "\x00"])  # fmt: skip
def test_blank_text_is_no_value(home, write_shard, blank):
    ingest([str(write_shard("a.parquet", ["x", "y"], creator=[blank, "ok"]))], "d", home=home)
    assert gather_facts(home.open("d")).having["creator"] == 1


def test_an_empty_address_and_a_caption_without_words_are_none(home, write_shard):
    ingest([str(write_shard("a.parquet", ["x", "!", None], URL=["", "http://a.de/1", None]))], "d", home=home)  # fmt: skip
    facts = gather_facts(home.open("d"))
    assert (facts.having["url"], facts.having["caption"]) == (1, 1)


def test_a_dataset_without_rows(home, write_shard):
    ingest([str(write_shard("a.parquet", []))], "d", home=home)
    facts = gather_facts(home.open("d"))
    assert (facts.samples, facts.having["url"], facts.crawled) == (0, 0, None)
    assert facts.share(0) is None
