"""Whether a sample is marked as unsafe to look at, by whoever made the dataset."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

#: Columns of a part that tell.
SAFETY_COLUMNS = ("nsfw", "punsafe")
#: A probability of being unsafe from which on a picture is not shown at once.
UNSAFE_FROM = 0.5
#: LAION's labels; its third, UNSURE, tells nothing.
_UNSAFE, _SAFE = ("nsfw", "unsafe"), ("unlikely", "sfw", "safe")


def marked_unsafe(columns: Mapping[str, pa.Array], samples: int) -> pa.Array:
    """For each of some samples whether it is marked as unsafe: true, false, or null for unknown.

    Parameters
    ----------
    columns:
        Those of :data:`SAFETY_COLUMNS` that there are, (samples,) each.
    """
    says = likely = pa.nulls(samples, pa.bool_())
    if "nsfw" in columns:
        label = pc.utf8_lower(pc.utf8_trim_whitespace(columns["nsfw"].cast(pa.string())))
        is_safe = pc.if_else(pc.is_in(label, pa.array(_SAFE)), False, says)
        says = pc.if_else(pc.is_in(label, pa.array(_UNSAFE)), True, is_safe)
    if "punsafe" in columns:
        likely = pc.greater_equal(columns["punsafe"], pa.scalar(UNSAFE_FROM, pa.float32()))
    # Unsafe if either says so; else what the one of them tells that tells anything.
    return pc.coalesce(pc.or_kleene(says, likely), says, likely)
