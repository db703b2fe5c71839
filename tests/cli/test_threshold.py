"""`audit threshold` from a table to an answer, and what it says of tables that are wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest

from audit.thresholds import synthetic


def written(path, series, **columns):
    rows = [["concept", "count", "score", *columns]]
    for at, name in enumerate(series.concepts):
        row = [name, int(series.counts[at]), repr(float(series.scores[at]))]
        rows.append([*row, *(values[at] for values in columns.values())])
    path.write_text("\n".join(",".join(map(str, row)) for row in rows))
    return path


@pytest.fixture(scope="module")
def counts():
    return synthetic.count_grid(200, median=300, spread=2.2, seed=3)


@pytest.fixture
def rising(tmp_path, counts):
    return written(tmp_path / "scores.csv", synthetic.logistic(counts, 300, scale=0.3))


def test_the_answer_has_both_voices(audit, rising):
    said = audit("threshold", rising, "--output", "json", "--rounds", "99")
    assert said.code == 0
    record = json.loads(said.out)
    assert record["schema"] == "audit.threshold/1"
    assert isinstance(record["paper"]["threshold"], int)
    assert record["paper"]["change_points"][0]["count"] == record["paper"]["threshold"]
    assert record["audit"]["verdict"] == "threshold"
    low, high = record["audit"]["interval"]
    assert low < 300 < high
    assert {test["against"] for test in record["audit"]["tests"]} == {"flat", "line", "bent line"}


def test_the_table_tells_value_interval_reason_and_what_it_rests_on(audit, rising):
    said = audit("threshold", rising, "--rounds", "99")
    assert said.code == 0
    for told in ("images (95 %:", "are all refused", "Paper", "PELT, penalty 0.9", "no interval"):
        assert told in " ".join(said.out.split())
    assert "200 concepts" in said.out
    assert "seed 0" in said.out


def test_a_line_is_no_threshold_and_exits_with_0(audit, tmp_path, counts):
    table = written(tmp_path / "scores.csv", synthetic.line(counts, seed=1, noise=0.05))
    said = audit("threshold", table, "--rounds", "99")
    assert said.code == 0
    assert "no threshold" in said.out
    assert "straight line" in said.out


def test_the_estimate_is_a_threshold_to_flag_against(audit, rising, tmp_path):
    answer = tmp_path / "own.json"
    answer.write_text(audit("threshold", rising, "--output", "json", "--rounds", "99").out)
    listed = audit("thresholds", "--thresholds", answer, "--output", "json")
    assert listed.code == 0, listed.err
    values = [one["value"] for one in json.loads(listed.out)["thresholds"]]
    assert json.loads(answer.read_text())["audit"]["threshold"] in values


def test_rows_of_prompts_are_averaged(audit, tmp_path, counts):
    series = synthetic.logistic(counts, 300, scale=0.3)
    rows = ["concept,prompt,count,score"]
    for at, name in enumerate(series.concepts):
        for prompt, shift in (("a", -0.1), ("b", 0.1)):
            rows.append(f"{name},{prompt},{series.counts[at]},{float(series.scores[at]) + shift!r}")
    table = tmp_path / "prompts.csv"
    table.write_text("\n".join(rows))
    said = json.loads(audit("threshold", table, "--output", "json", "--rounds", "99").out)
    assert said["concepts"] == len(series)
    alone = written(tmp_path / "means.csv", series)
    means = json.loads(audit("threshold", alone, "--output", "json", "--rounds", "99").out)
    assert said["audit"]["threshold"] == pytest.approx(means["audit"]["threshold"], rel=0.01)
    assert said["audit"]["diagnostics"]["images"] == 2 * len(series)


def test_known_ends_and_other_columns(audit, tmp_path):
    rng = np.random.default_rng(0)
    counts = np.rint(np.exp(rng.uniform(0, 9, 300))).astype(int)
    verdicts = rng.random(300) < 1 / (1 + np.exp(-(np.log1p(counts) - 5) / 1.5))
    table = tmp_path / "trials.csv"
    lines = [f"{count},{int(seen)}" for count, seen in zip(counts, verdicts, strict=True)]
    table.write_text("\n".join(["images,shows_it", *lines]))
    said = audit(
        "threshold", table, "--rows-are-concepts", "--count-col", "images",
        "--score-col", "shows_it", "--floor", "0", "--plateau", "1", "--output", "json",
    )  # fmt: skip
    assert said.code == 0, said.err
    crossing = json.loads(said.out)["audit"]["crossing"]
    assert crossing["interval"][0] < np.expm1(5) < crossing["interval"][1]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".json"])
def test_plots_are_written_where_asked(audit, rising, tmp_path, suffix):
    if suffix != ".json":
        pytest.importorskip("vl_convert", reason="drawing needs vl-convert-python")
    plot = tmp_path / f"plot{suffix}"
    said = audit("threshold", rising, "--plot", plot, "--rounds", "99")
    assert said.code == 0, said.err
    assert plot.stat().st_size > 1000


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("concept,count,score\na,-1,0.5\n", "-1"),
        ("concept,count,score\na,1.5,0.5\n", "1.5"),
        ("concept,count,score\na,1,nan\n", "nan"),
        ("concept,count,score\na,1,0.5\na,2,0.6\n", "a"),
        ("concept,count\na,1\n", "score"),
        ("", "empty"),
        ("concept,count,score\n", "no "),
        ("concept,count,score\na,1,\n", "unknown"),
    ],
    ids=["negative", "fraction", "nan", "twice", "no scores", "empty", "header only", "unknown"],
)
def test_tables_that_are_wrong_are_told_so(audit, tmp_path, table, told):
    path = tmp_path / "scores.csv"
    path.write_text(table)
    said = audit("threshold", path)
    assert said.code in (1, 2)
    assert told in said.err
    assert "mistake in audit" not in said.err
    assert said.out == ""


def test_one_concept_and_equal_counts_are_not_enough(audit, tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("concept,count,score\na,3,0.5\n")
    assert "not enough data" in audit("threshold", path).out
    path.write_text("concept,count,score\n" + "\n".join(f"c{i},7,0.{i}" for i in range(50)))
    said = audit("threshold", path)
    assert said.code == 0
    assert "All counts are equal" in said.out
    assert "equal counts, so that names decide" in " ".join(said.out.split())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--floor", "0"], "--plateau is missing"),
        (["--floor", "1", "--plateau", "0"], "plateau"),
        (["--floor", "0", "--plateau", "1", "--level", "0.5"], "two answers"),
        (["--plot", "x.pdf"], ".svg"),
        (["--rows-are-concepts", "--concept-col", "x"], "leave one out"),
        (["--rounds", "5"], "99"),
        (["--penalty", "0"], "penalty"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_options_are_refused(audit, rising, options, told):
    said = audit("threshold", rising, *options)
    assert said.code == 2
    assert told in said.err
