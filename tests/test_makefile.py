"""The Makefile documents itself and keeps the demonstration light."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(
    shutil.which("make") is None or not (ROOT / "Makefile").exists(), reason="needs make"
)


def make_venv(where: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", ".ci/make-venv", str(where)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)


def make(*arguments: str) -> str:
    done = subprocess.run(
        ["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_help_lists_every_target():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    listed = re.findall(r"^  make ([\w-]+)", make("help"), re.MULTILINE)
    assert sorted(listed) == sorted(targets)
    assert {"help", "demo", "test", "lint", "bench", "docs", "clean"} <= set(listed)


def test_help_is_the_default():
    assert make() == make("help")


def test_demo_installs_what_images_need_and_no_development_tools():
    steps = make("--dry-run", "--always-make", "demo")
    assert "--editable '.[report,visual]'" in steps


def test_light_tests_do_not_install_encoders():
    steps = make("--dry-run", "--always-make", "test")
    assert "[dev]" in steps
    assert "[test-visual]" not in steps
    steps = make("--dry-run", "--always-make", "test-visual")
    assert "--only-binary dlib-bin" in steps
    assert "[test-visual]" in steps


def test_versions_are_pinned_for_ci():
    pins = (ROOT / ".ci" / "constraints.txt").read_text().splitlines()
    names = {line.split("==")[0] for line in pins if "==" in line}
    assert {"duckdb", "polars", "pyarrow", "click", "numpy", "pytest", "mypy"} <= names
    assert {"torch", "torchvision", "open-clip-torch", "dlib-bin", "img2dataset"} <= names
    assert not any(name.startswith(("nvidia-", "cuda-", "triton")) for name in names)
    assert all(line.startswith("#") or re.fullmatch(r"[\w.-]+==[\w.+!-]+", line) for line in pins)


def test_pins_hold_what_only_macos_installs():
    assert "\nappnope==" in (ROOT / ".ci" / "constraints.txt").read_text()


def test_set_up_that_fails_leaves_no_stamp(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    (tmp_path / "pyproject.toml").touch()
    none = subprocess.run(
        ["make", "demo", "PYTHON=/nowhere/python"], cwd=tmp_path, capture_output=True, text=True
    )
    assert none.returncode != 0
    assert "PYTHON=/nowhere/python is: nothing that runs" in none.stderr
    assert not (tmp_path / ".venv").exists()


def test_machine_without_python_is_told_what_to_install(tmp_path):
    done = make_venv(tmp_path / "venv", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "apt install" in done.stderr


def test_named_python_that_is_too_old_is_refused(tmp_path):
    old = tmp_path / "old python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" || exit 1\n')
    old.chmod(0o755)
    done = make_venv(tmp_path / "venv", PATH="/usr/bin:/bin", PYTHON=str(old))
    assert done.returncode == 1
    assert f"PYTHON={old} is: Python 3.9.2" in done.stderr
