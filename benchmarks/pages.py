"""Writing what was measured into a page of the documentation, and saying on what machine."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_DOCS = Path(__file__).parents[1] / "docs"
BENCHMARKS = _DOCS / "benchmarks.md"
COUNTING = _DOCS / "methods" / "counting.md"
THRESHOLDS = _DOCS / "methods" / "thresholds.md"
GROUND_TRUTH = _DOCS / "methods" / "ground-truth.md"


def write_section(page: Path, name: str, text: str) -> None:
    """Replace what a page has between the two comments that name a section."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    made, replaced = re.subn(
        f"{begin}.*?{end}",
        lambda _: f"{begin}\n{text.strip()}\n{end}",
        page.read_text(),
        flags=re.DOTALL,
    )
    if replaced != 1:
        raise ValueError(f"{page} has no one place for {name}")
    page.write_text(made)


def made_on(*packages: str) -> str:
    """Date, processor and versions."""
    versions = [f"{name} {_version(name)}" for name in packages]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: {_processor()}, {os.cpu_count()} processors, "
        f"{', '.join([platform.system(), f'Python {platform.python_version()}', *versions])}"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
