"""Counting as the options of a command ask for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit.cli.options import refuse
from audit.cli.talk import Talk
from audit.cli.visual_options import refuse_double

if TYPE_CHECKING:
    from audit.concepts import Concept
    from audit.counts.results import CountResult
    from audit.counts.visual_results import VisualResult
    from audit.datasets.dataset import Dataset
    from audit.encoders.encoder import Encoder
    from audit.vectors.index import VectorIndex

Options = Mapping[str, Any]
Show = Callable[[str, float | None], None]

#: What says nothing of captions.
_OF_IMAGES = (
    "references", "prompts", "encoder", "device", "cutoff", "per_million", "statistic",
    "approximate", "design", "verify", "others", "allow_private", "sheet",
)  # fmt: skip


def what_is_counted(options: Options) -> str:
    """``caption``, ``visual`` or ``both``: as asked, or as what is given suggests.

    Raises
    ------
    click.UsageError
        If options are given that would be ignored then.
    """
    by: str | None = options["by"]
    by = by or ("both" if options["references"] or options["prompts"] else "caption")
    if by == "caption":
        refuse(_OF_IMAGES, "is for images: count these with --references, or --by visual or both")
    else:
        refuse_double()
    return by


def counted_by_caption(
    talk: Talk, opened: Dataset, asked: Sequence[Concept], options: Options
) -> CountResult:
    """Count what captions name."""
    from audit.counts.by_caption import count_by_caption

    with talk.progress() as show:
        return count_by_caption(
            opened,
            asked,
            where=options["where"],
            distinct=options.get("distinct"),
            examples=options.get("examples", 0),
            seed=options["seed"],
            workers=options["workers"],
            on_progress=lambda done, total: show(
                f"{done:,} of {total:,} samples", done / total if total else None
            ),
        )


def counted_by_image(
    show: Show,
    opened: Dataset,
    asked: Sequence[Concept],
    by: str,
    options: Options,
    encoder: Encoder | None = None,
) -> tuple[VisualResult, VectorIndex]:
    """Count what images show, by the index of an ``encoder`` that is loaded or named."""
    from audit.counts.matching import VisualSettings
    from audit.parallel import processors
    from audit.vectors.places import only_index
    from audit.visual import count_shown

    settings = VisualSettings(
        by="visual" if by == "visual" else "both",
        where=options["where"],
        cutoff=options["cutoff"],
        per_million=options["per_million"],
        statistic=options["statistic"],
        design=options["design"],
        seed=options["seed"],
        workers=options["workers"] or processors(),
        approximate=options["approximate"],
    )
    index = only_index(opened, encoder.info.id if encoder else options["encoder"])
    result = count_shown(
        opened,
        index,
        asked,
        settings,
        references=options["references"],
        prompts=options["prompts"],
        encoder=encoder,
        device=options["device"],
        on_progress=show,
    )
    return result, index
