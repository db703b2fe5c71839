"""`audit license explain`: strings and addresses explained, in every format."""

from __future__ import annotations

import io
import json
import sys

import polars as pl
import pytest

from audit.cli import run


def test_json_has_the_versioned_schema(audit):
    record = json.loads(audit("license", "explain", "CC BY 2.1 CA", "", "--output", "json").out)
    assert record["schema"] == "audit.license.explain/1"
    first, second = record["results"]
    assert first["input"] == "CC BY 2.1 CA"
    assert (first["license"], first["status"], first["rule"]) == (
        "LicenseRef-CC-BY-2.1-CA", "open", "cc-text",
    )  # fmt: skip
    assert first["properties"]["jurisdiction"] == "CA"
    assert first["uses"]["redistribution"]["answer"] == "allowed"
    assert (second["license"], second["status"], second["rule"]) == (
        "NOASSERTION", "unknown", "missing",
    )  # fmt: skip
    assert "not legal advice" in record["note"]


def test_table_tells_license_status_rule_and_why(audit):
    outcome = audit("license", "explain", "CC BY-NC 4.0")
    text = " ".join(outcome.out.split())
    assert outcome.code == 0
    for words in (
        "CC-BY-NC-4.0",
        "restricted",
        "cc-text",
        "Not permitted: use for gain.",
        "not legal advice",
    ):
        assert words in text


def test_many_values_are_a_table_without_paragraphs(audit):
    outcome = audit("license", "explain", *["CC0"] * 6)
    assert outcome.out.count("CC0-1.0") == 6
    assert "for research" not in outcome.out


def test_csv(audit):
    frame = pl.read_csv(io.StringIO(audit("license", "explain", "CC0", "?", "--output", "csv").out))
    assert frame["status"].to_list() == ["public-domain", "unknown"]


def test_parquet(home, capsysbinary):
    assert run(["license", "explain", "CC0", "--output", "parquet"]) == 0
    whole = pl.read_parquet(io.BytesIO(capsysbinary.readouterr().out))
    assert whole["license"].to_list() == ["CC0-1.0"]


def test_one_a_line_from_standard_input(audit, monkeypatch):
    class Stdin:
        buffer = io.BytesIO(b"CC0\r\n\nMIT\n\xff\n")

    monkeypatch.setattr(sys, "stdin", Stdin)
    record = json.loads(audit("license", "explain", "-", "--output", "json").out)
    assert [r["input"] for r in record["results"]] == ["CC0", "", "MIT", "\ufffd"]
    assert [r["rule"] for r in record["results"]][1:] == ["missing", "spdx-id", "unlisted"]


def test_numbers_are_those_of_flickr_only_when_asked(audit):
    def license_of(*options):
        record = json.loads(audit("license", "explain", "4", *options, "--output", "json").out)
        return record["results"][0]["license"]

    assert license_of() == "NOASSERTION"
    assert license_of("--numbers", "flickr") == "CC-BY-2.0"


def test_terminal_is_not_moved_and_what_is_hidden_is_shown(audit):
    outcome = audit("license", "explain", "\x1b[31mCC\u200b0\u202e")
    assert "\\x1b[31m" in outcome.out
    assert "\\u200b" in outcome.out
    assert not {"\x1b", "\u200b", "\u202e"} & set(outcome.out)


@pytest.mark.parametrize("output", ["json", "csv", "table"])
def test_bytes_that_are_no_text_are_answered(audit, output):
    outcome = audit("license", "explain", "CC0\udcff", "--output", output)
    assert outcome.code == 0
    assert "unknown" in outcome.out


def test_nothing_asked_is_wrong_usage(audit):
    assert audit("license", "explain").code == 2
