"""The thresholds that were published, as they come with the package.

Verma et al. 2024, "How Many Van Goghs Does It Take to Van Gogh? Finding the Imitation Threshold",
arXiv 2410.15002.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from audit.thresholds.files import read_thresholds
from audit.thresholds.known import KnownThresholds


def published_path() -> Path:
    """The file that they are in; a file of your own has the same shape."""
    return Path(str(files("audit.thresholds"))) / "published.toml"


@cache
def published_thresholds() -> KnownThresholds:
    """Every published threshold."""
    return read_thresholds(published_path())
