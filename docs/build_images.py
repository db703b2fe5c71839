"""Draw the pictures of the documentation: ``python docs/build_images.py``."""

from __future__ import annotations

from pathlib import Path

from audit.reports.threshold_plot import write_plot
from audit.thresholds import synthetic
from audit.thresholds.estimate import estimate_threshold
from audit.thresholds.results import ThresholdEstimate

IMAGES = Path(__file__).parent / "images"


def without_threshold() -> ThresholdEstimate:
    """Scores on a straight line in log count, and what both voices say of them."""
    return estimate_threshold(synthetic.line(synthetic.count_grid(400, spread=2.8), seed=3))


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    write_plot(without_threshold(), IMAGES / "no-threshold.svg")
