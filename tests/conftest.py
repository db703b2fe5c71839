"""Fixtures shared by all tests: small shards, a home, and the command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.cli import run
from audit.datasets.home import Home
from tests.browser.browsing import Visit, chromium, visit

# Tests are not timed: on a busy machine any may take long.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

#: Real data that is not part of the project; tests that use it skip where it is not there.
TEST_DATA = Path(
    os.environ.get("AUDIT_TEST_DATA", Path(__file__).parents[1].parent / "shared" / "data")
)


@pytest.fixture(scope="session")
def test_data() -> Path:
    if not TEST_DATA.is_dir():
        pytest.skip("the real test data is not here; name its folder in AUDIT_TEST_DATA")
    return TEST_DATA


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("AUDIT_HOME", str(tmp_path / "home"))
    return Home()


@pytest.fixture
def write_shard(tmp_path: Path) -> Callable[..., Path]:
    """Writes a parquet shard in LAION's layout; further columns by keyword, None drops one."""

    def write(name: str, captions: Sequence[str | None], **columns: Any) -> Path:
        path = tmp_path / "shards" / name
        path.parent.mkdir(exist_ok=True)
        row_group_size = columns.pop("row_group_size", None)
        stem = path.stem
        table: dict[str, Any] = {
            "URL": [f"https://{stem}.example.org/{i}.jpg" for i in range(len(captions))],
            "TEXT": pa.array(captions, pa.string()),
        }
        table |= columns
        kept = {name: values for name, values in table.items() if values is not None}
        pq.write_table(pa.table(kept), path, row_group_size=row_group_size)
        return path

    return write


@dataclass(frozen=True)
class Outcome:
    """What one run of the command line did."""

    code: int
    out: str
    err: str


@pytest.fixture
def audit(home: Home, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Runs the command line in this process, on the test's home."""

    def call(*arguments: str | os.PathLike[str]) -> Outcome:
        capsys.readouterr()
        code = run([os.fspath(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; tests that need one skip where there is none."""
    with chromium() as running:
        yield running


@pytest.fixture
def open_page(browser: Any) -> Callable[..., AbstractContextManager[Visit]]:
    """Opens an address in the browser: ``with open_page(url, size=…, scheme="dark") as seen:``."""
    return partial(visit, browser)
