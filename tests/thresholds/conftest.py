from __future__ import annotations

import csv

import numpy as np
import pytest

from audit.thresholds import synthetic


@pytest.fixture(scope="session")
def grid():
    """Counts like those of real concepts, each 5 to 100,000 of some, and some without images."""
    made = synthetic.count_grid(400, median=300, spread=2.2, seed=5)
    return np.sort(np.r_[np.zeros(20, np.int64), made])


@pytest.fixture(scope="session")
def artists(test_data):
    """The counts of the paper's 418 classical artists."""
    path = test_data / "thresholds" / "mimetic2_classical_artists_counts.csv"
    with path.open(newline="") as file:
        counts = [int(row[-1]) for row in list(csv.reader(file))[1:]]
    assert len(counts) == 418
    return np.sort(np.asarray(counts))


@pytest.fixture(scope="session")
def trials(test_data):
    """323 human trials: (low end, high end) of the count of a public figure, and a verdict."""
    path = test_data / "thresholds" / "udandarao_public_figures_human_trials.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 323
    low = np.asarray([int(row["bucket_min_count"]) for row in rows])
    high = np.asarray([int(row["bucket_max_count"]) for row in rows])
    return low, high, np.asarray([float(row["score"]) for row in rows])
