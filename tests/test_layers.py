"""Packages build on each other in one direction: none needs one that needs it."""

from __future__ import annotations

import ast
import graphlib
from collections import defaultdict
from pathlib import Path

import pytest

import audit

PACKAGE = Path(audit.__file__).parent


def imported(path):
    """Names below ``audit`` that a module imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "audit":
            modules = [f"audit.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        else:
            continue
        for name in modules:
            top, _, rest = name.partition(".")
            if top == "audit" and rest:
                yield rest.split(".")[0]


@pytest.fixture(scope="module")
def needs():
    """Each package, or module at the top, with those that it imports."""
    found = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        mine = path.relative_to(PACKAGE).with_suffix("").parts[0]
        found[mine] |= set(imported(path)) - {mine}
    return found


def test_no_circle(needs):
    order = list(graphlib.TopologicalSorter(needs).static_order())
    assert order.index("datasets") < order.index("counts") < order.index("cli")


def test_counts_know_nothing_of_labels_nor_of_how_they_are_shown(needs):
    assert "counts" in needs["labels"]
    assert not needs["counts"] & {"labels", "reports", "cli", "visual", "api"}


def test_only_commands_open_the_explorer(needs):
    assert [name for name in needs if "explorer" in needs[name]] == ["cli"]


def test_what_computes_knows_nothing_of_reports(needs):
    for package in (
        "captions", "comparisons", "counts", "datasets", "disclosures", "domains", "estimates", "generation",
        "labels", "licenses", "optouts", "references", "removal", "reviews", "scores",
        "thresholds", "verdicts",
    ):  # fmt: skip
        assert not needs[package] & {"reports", "cli"}, package


def test_a_license_is_understood_without_a_dataset(needs):
    assert not needs["licenses"] & {"captions", "counts", "reviews"}
