"""What changed between two datasets, or between two snapshots of one."""

from audit.comparisons.compare import compare
from audit.comparisons.results import Comparison

__all__ = ["Comparison", "compare"]
