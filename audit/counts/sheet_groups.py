"""Which of a concept's scored samples a person should look at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ABOVE = "just above the cut-off"
BELOW = "just below the cut-off"
NAMED = "random matches that the caption names"
UNNAMED = "random matches that it does not name"
#: Where captions were not read.
MATCHES = "random matches"


def choose_groups(
    score: NDArray[np.floating],
    named: NDArray[np.bool_] | None,
    cutoff: float,
    each: int,
    seed: int,
) -> dict[str, NDArray[np.int64]]:
    """The samples of each group, as indices into ``score``.

    The two groups at the cut-off hold those nearest to it, nearest first: there a wrong cut-off
    shows. The random ones are simple random samples of all matches, the nearest included, ordered
    by score: the share of them that is wrong is an estimate of the share of all matches that is.

    Parameters
    ----------
    score:
        Shape (samples,).
    named:
        Shape (samples,): whether the caption names the concept; None if nobody looked.
    cutoff:
        Samples that score at least this are matches.
    each:
        At most so many in each group.
    seed:
        Of the random ones.
    """
    above = np.flatnonzero(score >= cutoff)
    below = np.flatnonzero(score < cutoff)
    groups = {
        ABOVE: above[np.argsort(score[above], kind="stable")][:each],
        BELOW: below[np.argsort(-score[below], kind="stable")][:each],
    }
    drawn_from = (
        {MATCHES: above}
        if named is None
        else {NAMED: above[named[above]], UNNAMED: above[~named[above]]}
    )
    for number, (name, among) in enumerate(drawn_from.items()):
        rng = np.random.default_rng([seed, number])
        drawn = np.sort(rng.choice(among, min(each, len(among)), replace=False))
        groups[name] = drawn[np.argsort(-score[drawn], kind="stable")]
    return groups
