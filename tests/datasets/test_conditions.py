"""Conditions filter, and can do nothing else."""

from __future__ import annotations

import pytest

from audit.datasets.conditions import Condition
from audit.datasets.ingest import ingest
from audit.errors import ConditionError


@pytest.fixture
def dataset(home, write_shard):
    shard = write_shard(
        "a.parquet", ["one", "two", None], WIDTH=[100, 600, 700], LICENSE=["?", "cc", None]
    )
    ingest([str(shard)], "d", home=home)
    return home.open("d")


def rows(dataset, text):
    (part,) = dataset.parts
    batches = Condition(text, dataset).batches(part, ["caption"])
    return [row for batch in batches for row in batch["file_row_number"].to_pylist()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("width >= 600", [1, 2]),
        ("width >= 600 and license = 'cc'", [1]),
        ("license = '?' or license is null -- a remark", [0, 2]),
        ("caption like '% two %'", [1]),
        ("not license = '?'", [1]),  # null is not true
        ("license in ('?', 'cc')", [0, 1]),
        ("regexp_matches(host, 'example')", [0, 1, 2]),
        ("true", [0, 1, 2]),
        ("width > 9000", []),
    ],
)
def test_rows_that_meet_the_condition_are_found(dataset, text, expected):
    assert rows(dataset, text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("width >", "not a condition"),
        ("", "not a condition"),
        ("width = 1; DROP TABLE samples", "not a condition"),
        ("1=1) UNION ALL SELECT 1 FROM (SELECT 1", "does more than filter"),
        ("width in (SELECT 600)", "does more than filter"),
        ("exists (SELECT * FROM read_text('/etc/passwd'))", "does more than filter"),
        ("COPY samples TO 'x.csv'", "not a condition"),
        ("widht > 5", "widht"),
        ("width > 'wide'", "Could not convert"),
        ("sum(width) > 5", "aggregate"),
    ],
)
def test_what_is_no_condition_is_refused(dataset, text, reason):
    with pytest.raises(ConditionError) as error:
        rows(dataset, text)
    assert reason in error.value.message
    assert error.value.hint


def test_misspelt_column_gets_a_suggestion_and_the_list(dataset):
    with pytest.raises(ConditionError) as error:
        Condition("widht > 5", dataset)
    assert "Did you mean 'width'?" in error.value.hint
    assert "license (string)" in error.value.hint


def test_the_engine_reaches_nothing_but_the_dataset(dataset, tmp_path):
    import duckdb

    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    engine = Condition("true", dataset)._engine
    for statement in (
        f"SELECT * FROM read_csv('{secret}')",
        f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
        f"ATTACH '{tmp_path / 'new.duckdb'}'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            engine.execute(statement)
    assert not (tmp_path / "out.csv").exists()
