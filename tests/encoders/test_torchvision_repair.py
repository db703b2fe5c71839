"""torchvision is repaired where its operators do not load, and left alone everywhere else."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'concept-audit[imagenet]'")

#: A torchvision that fails as the real one does while an operator is not declared.
BROKEN = """
import torch
try:
    schema = str(torch.ops.torchvision.nms.default._schema)
except (AttributeError, RuntimeError):
    raise RuntimeError({message!r})
from torchvision import half
ready = True
"""


def run(tmp_path, message, statements):
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import torchvision.half\n" + BROKEN.format(message=message)
    )
    (package / "half.py").write_text("")
    program = "from audit.encoders.torchvision_repair import import_torchvision\n" + statements
    return subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )


def test_operators_that_did_not_load_are_declared(tmp_path):
    done = run(
        tmp_path,
        "operator torchvision::nms does not exist",
        "print(import_torchvision().ready)\nimport torchvision.half\nprint(import_torchvision().ready)",
    )
    assert done.stdout == "True\nTrue\n", done.stderr


def test_other_failures_are_passed_on(tmp_path):
    done = run(
        tmp_path,
        "operator torchvision::other does not exist",
        "try:\n    import_torchvision()\nexcept RuntimeError as error:\n    print(error)\n"
        "import torch\nprint(hasattr(torch.ops.torchvision, 'nms'))",
    )
    assert done.stdout == "operator torchvision::other does not exist\nFalse\n", done.stderr


def test_real_torchvision_imports():
    pytest.importorskip("PIL")
    from importlib.util import find_spec

    if find_spec("torchvision") is None:
        pytest.skip("needs torchvision: pip install 'concept-audit[imagenet]'")
    program = (
        "from audit.encoders.torchvision_repair import import_torchvision\n"
        "import_torchvision()\nimport torchvision.transforms, timm\nprint('imported')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "imported\n", done.stderr
