"""Whatever is fed to it: an error that says what, where and what to do; nothing lost."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.datasets import files


def assert_explained(outcome, code, *words):
    assert outcome.code == code, outcome.err
    assert outcome.err.startswith("Error: ") or "\nError: " in outcome.err
    assert "Traceback" not in outcome.err
    for word in words:
        assert str(word) in outcome.err


def counted(audit, *arguments):
    outcome = audit("count", "-c", "van gogh", "--output", "json", *arguments)
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)["results"][0]["samples"]


def test_a_damaged_part_is_named_and_made_again(audit, home, write_shard):
    shard = write_shard("a.parquet", ["Van Gogh"] * 1000, LICENSE=["?"] * 1000)
    audit("ingest", shard, "--name", "d")
    part = home.open("d").parts[0].path
    part.write_bytes(part.read_bytes()[:100])
    for command in (("count", "-c", "Van Gogh"), ("license",)):
        outcome = audit(*command)
        assert outcome.code == 1
        assert f"{part}: this part of the dataset is damaged" in outcome.err
        assert "run `audit ingest` with its sources again" in outcome.err
    part.unlink()
    assert audit("ingest", shard, "--name", "d").code == 0
    assert audit("count", "-c", "Van Gogh").code == 0


def test_truncated_parquet(audit, write_shard):
    good = write_shard("a.parquet", ["van gogh"])
    whole = write_shard("b.parquet", ["van gogh"] * 1000)
    whole.write_bytes(whole.read_bytes()[:500])
    outcome = audit("ingest", good.parent, "--name", "d")
    assert_explained(outcome, 1, whole, "1 of 2 shards", "run the same command again")
    assert counted(audit) == 1
    coverage = json.loads(audit("show", "--output", "json").out)["coverage"]
    assert coverage["unread"][0]["uri"] == str(whole)
    assert audit("ingest", good.parent, "--name", "d", "--allow-errors", "1").code == 0


def test_file_that_is_no_parquet(audit, tmp_path):
    path = tmp_path / "page.parquet"
    path.write_text("<html>404 Not Found</html>")
    assert_explained(audit("ingest", path, "--name", "d"), 1, path, "Download it again")
    assert "No dataset" in audit("count", "-c", "x").err


def test_missing_caption_column(audit, write_shard):
    shard = write_shard("a.parquet", ["x"], TEXT=None, WIDTH=[5])
    outcome = audit("ingest", shard, "--name", "d")
    assert_explained(outcome, 1, shard, "no caption column", "URL, WIDTH", "--caption-col")


def test_caption_column_missing_in_one_shard_only(audit, write_shard):
    good = write_shard("a.parquet", ["van gogh"])
    bad = write_shard("b.parquet", ["x"], TEXT=None)
    outcome = audit("ingest", good.parent, "--name", "d")
    assert_explained(outcome, 1, bad, "the caption column 'TEXT' is missing")
    assert counted(audit) == 1


def test_caption_column_of_another_type(audit, write_shard):
    shard = write_shard("a.parquet", ["x", "y"], TEXT=[1, 2])
    outcome = audit("ingest", shard, "--name", "d")
    assert_explained(outcome, 1, shard, "'TEXT' holds int64, not text", "--caption-col")
    lists = write_shard("b.parquet", ["x"], TEXT=[["a", "b"]])
    outcome = audit("ingest", lists, "--name", "e")
    assert_explained(outcome, 1, lists, "not text")


def test_two_candidate_columns(audit, write_shard):
    shard = write_shard("a.parquet", ["van gogh"], alt_text=["monet"])
    outcome = audit("ingest", shard, "--name", "d")
    assert_explained(outcome, 1, shard, "'alt_text', 'TEXT'", "--caption-col")
    assert audit("ingest", shard, "--name", "d", "--caption-col", "TEXT").code == 0
    assert counted(audit) == 1


def test_two_columns_of_one_name(audit, tmp_path):
    path = tmp_path / "a.parquet"
    columns = [pa.array(["a"]), pa.array(["b"])]
    pq.write_table(pa.Table.from_arrays(columns, names=["TEXT", "TEXT"]), path)
    outcome = audit("ingest", path, "--name", "d")
    assert_explained(outcome, 1, path, "several columns 'TEXT'", "Rename")


def test_later_shards_with_more_columns_are_told(audit, write_shard):
    first = write_shard("a.parquet", ["van gogh"])
    assert "leaves out" not in audit("ingest", first, "--name", "d").err
    write_shard("b.parquet", ["van gogh"], LICENSE=["?"], WIDTH=[5])
    outcome = audit("ingest", first.parent, "--name", "d")
    assert outcome.code == 0
    assert "1 shard has columns" in outcome.err
    assert "leaves out: LICENSE, WIDTH" in outcome.err
    assert counted(audit) == 2


def test_zero_rows(audit, write_shard):
    shard = write_shard("a.parquet", [])
    outcome = audit("ingest", shard, "--name", "d")
    assert_explained(outcome, 1, "no rows", "nothing to count")
    assert counted(audit) == 0
    write_shard("b.parquet", ["van gogh"])
    assert audit("ingest", shard.parent, "--name", "d").code == 0
    assert counted(audit) == 1


def test_zero_bytes(audit, tmp_path):
    for name in ("a.parquet", "a.tsv"):
        (tmp_path / name).write_bytes(b"")
        assert_explained(audit("ingest", tmp_path / name, "--name", "d"), 1, tmp_path / name)


def test_null_captions(audit, write_shard):
    shard = write_shard("a.parquet", [None, "van gogh", None])
    outcome = audit("ingest", shard, "--name", "d", "--output", "json")
    assert outcome.code == 0
    assert json.loads(outcome.out)["null_captions"] == 2
    assert counted(audit) == 1
    only_nulls = write_shard("n.parquet", [None], TEXT=pa.nulls(1))
    assert audit("ingest", only_nulls, "--name", "nulls").code == 0
    assert counted(audit, "--dataset", "nulls") == 0


def test_lone_surrogates_and_control_characters(audit, write_shard):
    captions = [b"van gogh \xed\xa0\x80 \xff", b"van\x00gogh\x1b[31m\x07", b"x"]
    shard = write_shard("a.parquet", [""] * 3, TEXT=pa.array(captions, pa.binary()))
    outcome = audit("ingest", shard, "--name", "d", "--output", "json")
    assert json.loads(outcome.out)["repaired_captions"] == 1
    shown = audit("count", "-c", "van gogh", "--examples", "5")
    assert "2 " in shown.out
    assert "\x1b[31m" not in shown.out
    assert "\x07" not in shown.out
    assert_explained(audit("count", "-c", "van \udcff gogh"), 2, "U+DCFF", "UTF-8")


def test_caption_of_a_megabyte(audit, write_shard):
    shard = write_shard("a.parquet", ["word " * 200_000 + "van gogh", "van gogh"])
    assert audit("ingest", shard, "--name", "d").code == 0
    assert counted(audit) == 2
    shown = audit("count", "-c", "van gogh", "--examples", "2").out
    assert len(shown) < 5000


def test_shard_that_vanishes_between_two_runs(audit, write_shard):
    first = write_shard("a.parquet", ["van gogh"])
    second = write_shard("b.parquet", ["van gogh"])
    audit("ingest", first.parent, "--name", "d")
    second.unlink()
    outcome = audit("ingest", first.parent, "--name", "d")
    assert outcome.code == 0
    assert f"{second}: gone from its source" in outcome.err
    assert counted(audit) == 2
    assert str(second) in audit("show").out


def test_damaged_shard_is_told_everywhere_until_it_is_deleted(audit, write_shard):
    first = write_shard("a.parquet", ["van gogh"])
    bad = first.with_name("b.parquet")
    bad.write_bytes(b"PAR1 this is no parquet")
    assert_explained(audit("ingest", first.parent, "--name", "d"), 1, bad, "What you delete")
    table = audit("count", "-c", "van gogh").out
    assert "1 of 2 shards was not read: counts are lower bounds" in " ".join(table.split())
    assert "`audit show d` names the 1 shard" in " ".join(table.split())
    assert audit("show").out.count(str(bad)) == 1
    header, row = audit("count", "-c", "van gogh", "--output", "csv").out.splitlines()
    told = dict(zip(header.split(","), row.split(","), strict=True))
    assert (told["high"], told["lower_bound"], told["unread_shards"]) == ("", "true", "1")
    assert told["dataset"] == "d"

    bad.unlink()
    outcome = audit("ingest", first.parent, "--name", "d")
    assert outcome.code == 0
    assert f"{bad}: gone from its source, and nothing of it is ingested" in outcome.err
    assert "is kept" not in outcome.err
    header, row = audit("count", "-c", "van gogh", "--output", "csv").out.splitlines()
    told = dict(zip(header.split(","), row.split(","), strict=True))
    assert (told["high"], told["lower_bound"], told["unread_shards"]) == ("1", "false", "0")
    assert "its one shard, 1 sample" in audit("show").out


def test_deleting_a_dataset_without_anybody_to_ask_deletes_nothing(audit, write_shard, monkeypatch):
    audit("ingest", write_shard("a.parquet", ["van gogh"]), "--name", "d")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    outcome = audit("remove", "d")
    assert_explained(outcome, 130, "Nothing was deleted.", "audit remove d --yes")
    assert "Interrupted" not in outcome.err
    assert counted(audit) == 1
    assert audit("remove", "d", "--yes").code == 0
    assert "No dataset" in audit("show").err


def test_shard_that_vanishes_while_it_waits(audit, write_shard, monkeypatch):
    first = write_shard("a.parquet", ["van gogh"])
    second = write_shard("b.parquet", ["van gogh"])
    from audit.datasets import ingest as module

    make_part = module.make_part

    def vanish(job, on_batch):
        second.unlink(missing_ok=True)
        return make_part(job, on_batch)

    monkeypatch.setattr(module, "make_part", vanish)
    assert_explained(audit("ingest", first.parent, "--name", "d"), 1, second, "the file is gone")
    assert counted(audit) == 1


def test_name_reused_for_other_sources(audit, write_shard):
    first = write_shard("a.parquet", ["van gogh"])
    other = write_shard("b.parquet", ["monet"])
    audit("ingest", first, "--name", "d")
    outcome = audit("ingest", other, "--name", "d")
    assert_explained(outcome, 2, first, "another --name", "--add", "audit remove d")
    assert counted(audit) == 1


def test_disk_full(audit, write_shard, monkeypatch):
    first = write_shard("a.parquet", ["van gogh"])
    audit("ingest", first, "--name", "d")
    second = write_shard("b.parquet", ["van gogh"])
    real_open = open

    class Full:
        """A file on a disk that has room for a hundred bytes more."""

        def __init__(self, stream):
            self._stream, self._room = stream, 100

        def write(self, data):
            self._room -= len(data)
            if self._room < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return self._stream.write(data)

        def __getattr__(self, name):
            return getattr(self._stream, name)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._stream.close()

    def full(path, *rest, **named):
        opened = real_open(path, *rest, **named)
        return Full(opened) if ".parquet.unfinished" in str(path) else opened

    monkeypatch.setattr(files, "open", full, raising=False)
    outcome = audit("ingest", first, second, "--name", "d")
    assert_explained(outcome, 1, "no space left", "00001.parquet", "run the same command again")
    monkeypatch.undo()


def test_disk_full_loses_nothing_and_a_rerun_finishes(tmp_path, write_shard):
    """A real limit on the size of files, in a process of its own."""
    shards = [
        write_shard("a.parquet", ["van gogh"] * 10),
        write_shard("b.parquet", [f"van gogh {os.urandom(40).hex()}" for _ in range(20_000)]),
    ]
    home = tmp_path / "home"
    ingest = ["ingest", *map(str, shards), "--name", "d", "--home", str(home)]
    limited = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "from audit.cli import main\nmain(sys.argv[1:])"
    )
    full = subprocess.run([sys.executable, "-c", limited, *ingest], capture_output=True, text=True)
    assert full.returncode == 1
    assert "no space left" in full.stderr
    assert "Traceback" not in full.stderr
    assert (home / "d" / "samples" / "00000.parquet").exists()
    assert os.listdir(home / "d" / "samples") == ["00000.parquet"]
    again = run_audit(*ingest, "--output", "json")
    assert again.returncode == 0
    answer = json.loads(again.stdout)
    assert (answer["unchanged"], answer["rows_read"]) == (1, 20_000)


def run_audit(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "audit", *arguments], capture_output=True, text=True, **options
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_kill_in_the_middle_of_a_shard_then_rerun(tmp_path, write_shard, workers):
    for name in ("a", "b"):
        write_shard(f"{name}.parquet", ["van gogh"] * 1000)
    big = tmp_path / "shards" / "c.parquet"
    captions = pa.array([f"van gogh {i}" for i in range(400_000)])
    pq.write_table(pa.table({"TEXT": captions, "URL": captions}), big)
    home = tmp_path / "home"
    ingest = ["ingest", str(big.parent), "--name", "d", "--home", str(home), "--workers", workers]
    victim = subprocess.Popen(
        [sys.executable, "-m", "audit", *ingest], stderr=subprocess.DEVNULL, start_new_session=True
    )
    samples = home / "d" / "samples"
    deadline = time.monotonic() + 60
    while not list(samples.glob("00002*.unfinished-*")) or not (samples / "00000.parquet").exists():
        assert time.monotonic() < deadline, "the big shard was never begun"
        assert victim.poll() is None, "finished before it could be killed"
        time.sleep(0.005)
    os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    assert not (samples / "00002.parquet").exists()
    again = run_audit(*ingest, "--output", "json")
    assert again.returncode == 0, again.stderr
    answer = json.loads(again.stdout)
    assert answer["coverage"]["rows"] == 402_000
    assert answer["rows_read"] <= 401_000  # what was finished before the kill was not read again
    assert not list(samples.glob("*unfinished*"))
    count = run_audit("count", "-c", "van gogh", "--home", str(home), "--output", "json")
    assert json.loads(count.stdout)["results"][0]["samples"] == 402_000


def test_two_ingests_of_the_same_dataset_at_once(tmp_path, write_shard):
    for name in "abcd":
        shard = write_shard(f"{name}.parquet", ["van gogh"] * 20_000)
    home = tmp_path / "home"
    command = [sys.executable, "-m", "audit", "ingest", str(shard.parent), "--name", "d"]
    command += ["--home", str(home), "--output", "json"]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert sorted(json.loads(out)["rows_read"] for out, _ in answers) == [0, 80_000]


@pytest.mark.parametrize(
    "raised",
    [KeyboardInterrupt(), RuntimeError("Query interrupted")],
    ids=["Python", "the engine"],
)
def test_interrupt_says_how_to_go_on(audit, write_shard, monkeypatch, raised):
    from audit.datasets import ingest as module

    def interrupt(job, on_batch):
        raise raised

    monkeypatch.setattr(module, "make_part", interrupt)
    outcome = audit("ingest", write_shard("a.parquet", ["x"]), "--name", "d")
    assert_explained(outcome, 130, "Interrupted", "the same command goes on")


def test_read_only_home(audit, write_shard, home, monkeypatch):
    shard = write_shard("a.parquet", ["van gogh"])
    audit("ingest", shard, "--name", "d")

    def read_only(path, mode="r", *rest, **named):
        if "r" not in mode:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return open(path, mode, *rest)

    monkeypatch.setattr(files, "open", read_only, raising=False)
    os.utime(shard)
    assert_explained(audit("ingest", shard, "--name", "d"), 1, home.path, "read-only", "--home")
    assert counted(audit) == 1, "reading needs no writing"
    assert_explained(audit("count", "-c", "x", "--save"), 1, home.path, "read-only")


def test_home_that_cannot_be_a_folder(audit, write_shard, tmp_path):
    (tmp_path / "file").write_text("x")
    shard = write_shard("a.parquet", ["x"])
    outcome = audit("ingest", shard, "--name", "d", "--home", tmp_path / "file" / "home")
    assert_explained(outcome, 1, tmp_path / "file", "not a folder")


def test_concept_file_with_a_typo(audit, write_shard, tmp_path):
    audit("ingest", write_shard("a.parquet", ["van gogh"]), "--name", "d")
    path = tmp_path / "concepts.toml"
    path.write_text('[[concept]]\nname = "Van Gogh"\nalias = ["Vincent"]\n')
    outcome = audit("count", "--concepts", path)
    assert_explained(outcome, 2, f"{path}:3", "'alias'", "aliases")
    outcome = audit("count", "--concepts", tmp_path / "concept.toml")
    assert_explained(outcome, 2, "concept.toml", "concepts.toml")


@pytest.mark.parametrize(
    "where", ["widht > 5", "width >", "1=1); DROP TABLE samples; --", "COPY samples TO 'x'"]
)
def test_condition_that_is_wrong_or_tries_to_write(audit, write_shard, where):
    audit("ingest", write_shard("a.parquet", ["van gogh"], WIDTH=[7]), "--name", "d")
    assert_explained(audit("count", "-c", "van gogh", "--where", where), 2, "--where")
    assert counted(audit) == 1


def test_misspelt_command_option_and_dataset(audit, write_shard):
    audit("ingest", write_shard("a.parquet", ["x"]), "--name", "museums")
    assert audit("cuont").code == 2
    assert audit("count", "--concpt", "x").code == 2
    assert audit("count").code == 2
    outcome = audit("count", "-c", "x", "--dataset", "musuems")
    assert_explained(outcome, 2, "Did you mean 'museums'?")


def test_unexpected_errors_are_admitted(audit, write_shard, monkeypatch):
    audit("ingest", write_shard("a.parquet", ["x"]), "--name", "d")

    def broken(self):
        raise RuntimeError("no such luck")

    monkeypatch.setattr("audit.datasets.home.Home.names", broken)
    assert_explained(audit("datasets"), 1, "RuntimeError: no such luck", "mistake in audit")
    assert "Traceback" in audit("datasets", "--verbose").err
