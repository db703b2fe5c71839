"""`audit score` at the command line."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.scores.synthetic import imitations, noise


def write(folder, arrays):
    """Embeddings in clip-retrieval's layout, with a column `concept`."""
    for kind in ("img_emb", "metadata"):
        (folder / kind).mkdir(parents=True)
    np.save(
        folder / "img_emb" / "img_emb_0.npy",
        np.concatenate(list(arrays.values())).astype(np.float16),
    )
    concepts = np.repeat(list(arrays), [len(rows) for rows in arrays.values()]).tolist()
    table = pa.table({"concept": pa.array(concepts, pa.string())})
    pq.write_table(table, folder / "metadata" / "metadata_0.parquet")
    return folder


@pytest.fixture
def folders(tmp_path):
    rng = np.random.default_rng(2)
    made, trained = imitations([0, 0, 0.5, 1, 1], rng, training=[30, 9, 30, 30, 30])
    return write(tmp_path / "made", made), write(tmp_path / "trained", trained)


@pytest.fixture
def score(audit, folders):
    def call(*arguments):
        made, trained = folders
        return audit(
            "score", "--generated", made, "--training", trained, "--encoder", "x", *arguments
        )

    return call


def test_table_says_what_a_score_rests_on(score):
    answer = score()
    told = " ".join(answer.out.split())
    assert answer.code == 0
    assert "9 training images, of 10 needed" in told
    assert "20 pools of 10, up to 50 wrong names, seed 0" in told
    assert "Scores of another encoder, mode or pool cannot be compared with these." in told
    assert "audit threshold --level" in told
    assert "1 of 5 concepts have no score" in told


def test_csv_is_what_a_threshold_is_estimated_from(score):
    answer = score("--output", "csv")
    table = pl.read_csv(io.StringIO(answer.out))
    assert table.columns[:5] == ["concept", "count", "score", "score_low", "score_high"]
    assert table["score"].is_null().to_list() == [False, True, False, False, False]
    assert "Warning: 1 of 5 concepts have no score" in answer.err


def test_json_has_method_assumption_and_settings(score):
    answer = json.loads(score("--output", "json", "--seed", "3").out)
    assert (answer["schema"], answer["settings"]["seed"]) == ("audit.score/1", 3)
    assert answer["encoder"]["id"] == "x"
    assert "wrong names" in answer["method"]
    assert set(answer["results"][0]["standard_errors"]) == {
        "generated images",
        "pool images",
        "wrong names",
    }


@pytest.mark.parametrize("suffix", ["csv", "parquet", "json"])
def test_out_writes_a_file_beside_the_table(score, tmp_path, suffix):
    file = tmp_path / f"scores.{suffix}"
    answer = score("--out", file)
    assert "Score (95 %)" in answer.out
    if suffix == "json":
        assert json.loads(file.read_text())["schema"] == "audit.score/1"
    else:
        read = pl.read_csv if suffix == "csv" else pl.read_parquet
        assert read(file).height == 5


def test_counts_of_a_file_go_into_the_table(score, tmp_path):
    (tmp_path / "counts.csv").write_text("concept,samples,low,high\nConcept-003,812,800,900\n")
    table = pl.read_csv(
        io.StringIO(score("--counts", tmp_path / "counts.csv", "--output", "csv").out)
    )
    assert table["count"].to_list() == [None, None, None, 812, None]
    assert table.row(3, named=True)["count_high"] == 900


def test_paper_mode_takes_references_where_training_images_are_few(score, tmp_path):
    references = write(tmp_path / "refs", {"concept 001": noise(6, 64, np.random.default_rng(0))})
    answer = score("--mode", "paper", "--references", references, "--output", "csv")
    table = pl.read_csv(io.StringIO(answer.out))
    assert table["pool_from"].to_list() == ["training", "references", *["training"] * 3]
    assert table["control_mean"].is_null().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mode", "paper", "--seed", "1"], "--seed is for audit mode"),
        (["--dataset", "d"], "leave one out"),
        (["--top", "11"], "nearest 11 of a pool of 10"),
        (["--out", "scores.txt"], ".csv, .parquet or .json"),
        (["--counts", "none.csv"], "there is no such file"),
    ],
)
def test_wrong_usage(score, arguments, message):
    answer = score(*arguments)
    assert answer.code == 2
    assert message in " ".join(answer.err.split())


def test_nothing_to_compare_with_is_wrong_usage(audit, folders):
    answer = audit("score", "--generated", folders[0])
    assert answer.code == 2
    assert "--training, --dataset or --references" in answer.err


def test_no_score_at_all_is_a_failure_with_the_reason(audit, folders, tmp_path):
    few = write(tmp_path / "few", {"concept 000": noise(3, 64, np.random.default_rng(0))})
    answer = audit("score", "--generated", folders[0], "--training", few, "--encoder", "x")
    assert answer.code == 1
    assert "No concept has a score." in answer.err


def test_names_that_move_the_cursor_are_shown_harmlessly(audit, tmp_path):
    rng = np.random.default_rng(0)
    names = ["=HYPERLINK(1)", "[bold]x[/bold]", "\u202eevil", "ünïcode 葛飾"]
    made = write(tmp_path / "made", {name: noise(5, 8, rng) for name in names})
    trained = write(tmp_path / "trained", {name: noise(12, 8, rng) for name in names})
    answer = audit("score", "--generated", made, "--training", trained, "--encoder", "x")
    assert answer.code == 0
    assert "[bold]x[/bold]" in answer.out
    assert "\u202e" not in answer.out


_PEAK = """
import resource, sys
from audit.cli import run
code = run(sys.argv[1:])
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
@pytest.mark.parametrize("mode", ["paper", "audit"])
def test_a_thousand_generated_and_a_hundred_thousand_training_images_fit_a_gigabyte(tmp_path, mode):
    """All that the process has in memory at its peak, mapped files included."""
    rng = np.random.default_rng(0)
    training = rng.standard_normal((100_000, 768), dtype=np.float32)
    few = {name: noise(1000 if name == "a" else 10, 768, rng) for name in "abcd"}
    made, trained = write(tmp_path / "made", few), write(tmp_path / "trained", {"a": training})
    del training
    arguments = ["--generated", made, "--training", trained, "--encoder", "x", "--mode", mode]
    run = subprocess.run(
        [sys.executable, "-c", _PEAK, "score", *arguments, "--output", "json", "-q"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (one,) = (row for row in json.loads(run.stdout)["results"] if row["concept"] == "a")
    assert (one["generated"], one["training"], one["score"] is None) == (1000, 100_000, False)
    assert int(run.stderr.split()[-1]) < 1_000_000  # kilobytes
