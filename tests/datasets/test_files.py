"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os

import pytest

from audit.datasets.files import UNFINISHED, remove_unfinished, written_whole
from audit.errors import StorageError


def test_reader_never_sees_half_a_file(tmp_path):
    path = tmp_path / "new" / "x.json"
    with written_whole(path) as stream:
        stream.write(b"half")
        stream.flush()
        assert not path.exists()
    assert path.read_bytes() == b"half"
    assert os.listdir(path.parent) == ["x.json"]


def test_failure_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), written_whole(path) as stream:
        stream.write(b"new")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x.json"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_refusals_of_the_system_say_what_to_do(tmp_path, code):
    with pytest.raises(StorageError) as error, written_whole(tmp_path / "x") as stream:
        stream.write(b"x")
        raise OSError(code, os.strerror(code))
    assert str(tmp_path / "x") in error.value.message
    assert "--home" in error.value.hint


def test_folder_that_is_a_file_says_what_to_do(tmp_path):
    (tmp_path / "home").write_text("not a folder")
    with pytest.raises(StorageError, match="not a folder"), written_whole(tmp_path / "home" / "x"):
        pass


def test_other_errors_pass_through(tmp_path):
    with pytest.raises(OSError, match="Input/output"), written_whole(tmp_path / "x"):
        raise OSError(errno.EIO, "Input/output error")


def test_leftovers_of_killed_processes_are_removed(tmp_path):
    (tmp_path / "00000.parquet").write_bytes(b"finished")
    (tmp_path / "00001.parquet.unfinished-123").write_bytes(b"half")
    remove_unfinished(tmp_path)
    remove_unfinished(tmp_path / "nowhere")
    assert os.listdir(tmp_path) == ["00000.parquet"]


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with written_whole(pipe) as stream:
        stream.write(b"answer")
    assert os.read(reader, 100) == b"answer"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_link_in_the_place_of_the_unfinished_file_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    target = tmp_path / "out.json"
    (tmp_path / f"out.json{UNFINISHED}{os.getpid()}").symlink_to(victim)
    with written_whole(target) as stream:
        stream.write(b"answer")
    assert victim.read_text() == "untouched"
    assert target.read_bytes() == b"answer"
    assert not target.is_symlink()
