"""The tool from Python."""

from __future__ import annotations

import subprocess
import sys

import pytest

import audit
from audit.errors import ConceptError, DatasetNotFoundError

PUBLIC = {
    "AuditError",
    "Comparison",
    "Concept",
    "ConceptCount",
    "CountResult",
    "FlagResult",
    "Found",
    "LicenseReview",
    "OpenDataset",
    "OptOutReview",
    "RemovalReport",
    "Report",
    "ScoreResult",
    "ScoreSettings",
    "ThresholdEstimate",
    "ThresholdSettings",
    "VisualCount",
    "VisualResult",
    "Wanted",
    "Yardstick",
    "__version__",
    "diff",
    "estimate_threshold",
    "flag",
    "generate",
    "ingest",
    "list_datasets",
    "open",
    "published_thresholds",
    "read_concepts",
    "read_scores",
    "read_thresholds",
    "score_concepts",
    "score_files",
}


def test_public_names_are_exactly_these():
    assert set(audit.__all__) == PUBLIC
    assert all(getattr(audit, name) is not None for name in PUBLIC)
    assert set(dir(audit)) >= PUBLIC
    with pytest.raises(AttributeError):
        audit.nothing  # noqa: B018


@pytest.fixture
def opened(home, write_shard):
    shard = write_shard("a.parquet", ["Van Gogh", "Vincent’s Van Gogh Museum", "Monet"])
    audit.ingest(shard, name="d", home=home.path)
    return audit.open("d", home=home.path)


def test_dataset_is_opened_and_counted(opened, home):
    assert audit.list_datasets(home.path) == ["d"]
    assert opened.coverage.complete
    assert "'d'" in repr(opened)
    assert opened.show().to_dict()["dataset"] == "d"
    result = opened.count("Van Gogh", exclude=["Van Gogh Museum"])
    assert result["Van Gogh"].samples == 1
    assert opened.count("Van Gogh", audit.Concept("Monet"))["Monet"].samples == 1


def test_concept_lists_and_names_add_up(opened, tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("Monet\n")
    result = opened.count("Van Gogh", concept_list=path)
    assert [count.samples for count in result.counts] == [2, 1]


def test_aliases_need_one_name_to_belong_to(opened):
    with pytest.raises(ConceptError, match="belong to one concept"):
        opened.count("Van Gogh", "Monet", aliases=["Vincent"])
    with pytest.raises(ConceptError, match="belong to one concept"):
        opened.count(audit.Concept("Monet"), exclude=["x"])


def test_errors_of_the_library_are_catchable_as_one(tmp_path):
    with pytest.raises(audit.AuditError):
        audit.open("nothing", home=tmp_path)
    assert issubclass(DatasetNotFoundError, audit.AuditError)


def test_importing_costs_nothing_heavy():
    """The command line must answer --help at once: nothing heavy may be imported for it."""
    code = (
        "import sys, audit, audit.cli\n"
        "heavy = {'polars', 'duckdb', 'pyarrow', 'numpy', 'rich', 'fsspec'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_rights_are_asked_with_the_words_of_the_command_line(opened):
    assert opened.review_licenses().samples == 3
    assert opened.review_optouts().samples == 3
    assert opened.card().to_dict()["schema"] == "audit.card/1"
    assert opened.disclose_eu().to_dict()["schema"] == "audit.disclose.eu/1"
    assert opened.disclose_ab2013().to_dict()["schema"] == "audit.disclose.ab2013/1"
    assert opened.croissant()["name"] == "d"
    assert "@graph" in opened.spdx()
    assert opened.count_domains().samples == 3
