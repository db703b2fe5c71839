"""`audit disclose`: forms on a terminal and in files, JSON-LD on standard output."""

from __future__ import annotations

import io
import json

import polars as pl
import pyarrow as pa
import pytest

FORMS = ("eu", "ab2013")
DESCRIPTIONS = ("croissant", "spdx")


@pytest.fixture
def made(audit, write_shard):
    """The command line, with a dataset of four samples on three domains."""
    urls = [f"https://{host}/x.jpg" for host in ("a.de", "b.a.de", "c.org", "d.co.uk")]
    shard = write_shard(
        "a.parquet", list("wxyz"), URL=urls, license=pa.array(["CC0", "CC0", "?", None])
    )
    assert audit("ingest", shard, "--name", "a", "--dataset-license", "CC BY 4.0").code == 0
    return audit


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_a_page_of_markdown(made, form):
    outcome = made("disclose", form)
    assert outcome.code == 0
    assert outcome.out.startswith("# ")
    for told in ("Not legal advice", "its one shard, 4 samples", "no information", "a.de"):
        assert told in outcome.out


@pytest.mark.parametrize("form", FORMS)
def test_a_form_in_json_has_the_versioned_schema(made, form):
    record = json.loads(made("disclose", form, "--output", "json").out)
    assert record["schema"] == f"audit.disclose.{form}/1"
    assert "Not legal advice" in record["note"]
    assert record["domains"]["domains"] == 3


def test_a_form_as_csv_has_a_row_an_entry(made):
    frame = pl.read_csv(io.StringIO(made("disclose", "ab2013", "--output", "csv").out))
    assert set(frame["section"]) == {f"(a)({n})" for n in range(1, 13)}


def test_small_providers_list_less(audit, write_shard):
    urls = [f"https://x{n}.de/" for n in range(60)]
    audit("ingest", write_shard("a.parquet", ["x"] * 60, URL=urls), "--name", "a")
    listed = {}
    for options in ((), ("--small-provider",)):
        record = json.loads(audit("disclose", "eu", *options, "--output", "json").out)
        listed[options] = record["domains"]["top"]["listed"]
    assert listed == {(): 6, ("--small-provider",): 3}


@pytest.mark.parametrize("suffix", ["md", "json"])
def test_a_form_goes_to_a_file_instead(made, tmp_path, suffix):
    path = tmp_path / f"summary.{suffix}"
    outcome = made("disclose", "eu", "-o", path)
    assert (outcome.code, outcome.out) == (0, "")
    assert f"Written: {path}" in outcome.err
    text = path.read_text()
    assert text.startswith("# ") if suffix == "md" else json.loads(text)["title"]


@pytest.mark.parametrize("kind", DESCRIPTIONS)
def test_a_description_is_json_and_nothing_else_on_standard_output(made, kind, tmp_path):
    outcome = made("disclose", kind)
    assert outcome.code == 0
    assert json.loads(outcome.out)["@context"]
    path = tmp_path / "out.json"
    assert made("disclose", kind, "-o", path).out == ""
    assert json.loads(path.read_text()).keys() == json.loads(outcome.out).keys()


def test_what_is_missing_for_validity_is_said(made):
    assert "--hash-files" in made("disclose", "croissant").err
    assert "--hash-files" not in made("disclose", "croissant", "--hash-files").err
    told = made("disclose", "spdx", "--url", "https://x.org/", "--creator", "ACME").err
    assert "requires --created, --published" in told
    stated = ("--created", "2024-01-01", "--published", "2024-02-01T10:00:00Z")
    outcome = made("disclose", "spdx", "--url", "https://x.org/", "--creator", "ACME", *stated)
    assert "profile" not in outcome.err
    assert '"dataset"' in outcome.out


def test_a_curators_map_is_heard(audit, write_shard, tmp_path):
    shard = write_shard("a.parquet", ["x", "y", "z"], license=["house style", "CC0", "?"])
    audit("ingest", shard, "--name", "a")
    path = tmp_path / "map.csv"
    path.write_text("value,license\nhouse style,CC BY 4.0\n")
    assert audit("license", "--map", path).code == 0
    found = json.loads(audit("disclose", "croissant").out)["recordSet"][1]["data"]
    counts = {one["licenses/license"]: one["licenses/declared"] for one in found}
    assert counts == {"CC0-1.0": 1, "CC-BY-4.0": 1, "NOASSERTION": 1}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("eu", "-o", "summary.txt"), 2, ".md or .json"),
        (("eu", "-d", "b"), 2, "no dataset"),
        (("spdx", "--url", "example"), 2, "no address"),
        (("spdx", "--created", "yesterday"), 2, "--created"),
        (("croissant", "-o", "/proc/nowhere/x.json"), 2, "/proc/nowhere"),
        (("pdf",), 2, "pdf"),
    ],
)
def test_mistakes(made, arguments, code, told):
    outcome = made("disclose", *arguments)
    assert outcome.code == code, outcome.err
    assert told.lower() in outcome.err.lower()


def test_a_source_that_changed_is_not_described_with_its_hash(made, write_shard):
    write_shard("a.parquet", ["other"])
    outcome = made("disclose", "croissant", "--hash-files")
    assert outcome.code == 1
    assert "changed since it was ingested" in outcome.err


@pytest.mark.parametrize("kind", [*FORMS, *DESCRIPTIONS])
def test_a_dataset_without_samples_is_described(audit, write_shard, kind):
    audit("ingest", write_shard("a.parquet", []), "--name", "a")
    assert audit("disclose", kind).code == 0
