"""``audit card``"""

from __future__ import annotations

import click

from audit.cli.options import common_options, dataset_option, output_option, workers_option
from audit.cli.talk import Talk


@click.command()
@dataset_option
@workers_option("Processes")
@output_option
@common_options
@click.pass_obj
def card(
    talk: Talk, /, dataset: str | None, workers: int | None, output: str, home: str | None
) -> int:
    """Show which metadata a dataset lacks, gap by gap.

    How many samples have what "Towards Best Practices for Open Datasets for LLM Training" (arXiv
    2501.08365) asks to be kept, where the paper says so, and what closes the gap.
    """
    from audit.datasets.home import Home
    from audit.disclosures import metadata_card
    from audit.licenses.mapping import kept_map
    from audit.reports import card_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer
    from audit.reviews import review_licenses

    opened = Home(home).open(dataset)
    with talk.progress() as show:
        review = review_licenses(
            opened,
            own_map=kept_map(opened.folder),
            workers=workers,
            on_progress=lambda done, total: show(
                f"licenses of {done:,} of {total:,} samples", done / total if total else None
            ),
        )
        result = metadata_card(opened, review)
    write_answer(result, output)
    return 0
