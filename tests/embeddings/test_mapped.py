"""Arrays are mapped from files as NumPy reads them, and keep no file open."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from audit.embeddings.mapped import array_header, mapped_array
from audit.errors import SourceError

ARRAYS = {
    "vectors": np.arange(12, dtype=np.float16).reshape(4, 3),
    "codes": np.arange(-6, 6, dtype=np.int8).reshape(3, 4),
    "columns": np.asfortranarray(np.arange(12, dtype=np.float32).reshape(4, 3)),
    "none": np.empty((0, 512), np.float16),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_maps_hold_what_was_saved_and_cannot_be_written_to(tmp_path, name):
    path = tmp_path / "a.npy"
    np.save(path, ARRAYS[name])
    mapped = mapped_array(path)
    assert mapped.dtype == ARRAYS[name].dtype
    assert np.array_equal(mapped, ARRAYS[name])
    header = array_header(path)
    assert (header.shape, header.dtype) == (mapped.shape, mapped.dtype)
    assert header.end == path.stat().st_size
    with pytest.raises(ValueError, match="read-only"):
        mapped[...] = 0


def test_part_of_a_map_keeps_all_of_it_alive(tmp_path):
    np.save(tmp_path / "a.npy", np.full((1000, 1000), 7, np.int16))
    rows = mapped_array(tmp_path / "a.npy")[500:]
    mapped_array.__globals__["_mapped"].cache_clear()
    assert (rows == 7).all()


def test_file_that_was_replaced_is_mapped_anew_and_older_maps_stay_as_they_were(tmp_path):
    path, beside = tmp_path / "a.npy", tmp_path / "b.npy"
    np.save(path, np.zeros(5))
    before = mapped_array(path)
    np.save(beside, np.ones(5))
    os.replace(beside, path)
    assert mapped_array(path).tolist() == [1] * 5
    assert before.tolist() == [0] * 5


def test_files_that_are_cut_off_or_no_arrays_are_refused(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((100, 8)))
    whole = path.read_bytes()
    for content in (whole[:-1], whole[:60], b"", b"not an array at all"):
        path.write_bytes(content)
        for read in (array_header, mapped_array):
            with pytest.raises(ValueError, match=r"."):
                read(path)
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        mapped_array(path)
    with pytest.raises(FileNotFoundError):
        array_header(tmp_path / "b.npy")


LIMITED = """
import os, resource, sys
from pathlib import Path
import numpy as np
from audit.embeddings.mapped import mapped_array
from audit.errors import SourceError

os.chdir(sys.argv[1])
for number in range(200):
    np.save(f"{number}.npy", np.full((3, 2), number))
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
maps = [mapped_array(Path(f"{number}.npy")) for number in range(200)]
assert [int(one[2, 1]) for one in maps] == list(range(200))
held = []
try:
    while True:
        held.append(open(os.devnull))
except OSError:
    pass
for number in (7, 300):
    try:
        mapped_array(Path(f"{number}.npy"))[0, 0]
    except SourceError as error:
        print(error.message, error.hint)
    except FileNotFoundError:
        print("not there")
mapped_array.__globals__["_mapped"].cache_clear()
try:
    mapped_array(Path("7.npy"))
except SourceError as error:
    print(error.message, error.hint)
"""


def test_more_maps_than_files_may_be_open(tmp_path):
    """And where the limit is reached, it says so: not that the file is damaged."""
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    not_there, refused = run.stdout.splitlines()
    assert not_there == "not there"
    assert "too many files are open" in refused
    assert "ulimit -n" in refused


def test_address_space_that_does_not_suffice_is_said(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", np.zeros(5))

    def refuse(descriptor, length):
        raise OSError(12, os.strerror(12))

    monkeypatch.setattr("audit.embeddings.mapped._map", refuse)
    with pytest.raises(SourceError, match="no more address space"):
        mapped_array(tmp_path / "a.npy")
