"""``audit thresholds``"""

from __future__ import annotations

import click

from audit.cli.options import (
    common_options,
    output_option,
    read_own_thresholds,
    thresholds_file_options,
)


@click.command()
@click.option("--domain", metavar="DOMAIN", help="Only those of a domain: face, art-style.")
@click.option("--model", metavar="MODEL", help="Only those of a model: SD1.5, SD2.1 …")
@click.option("--group", metavar="GROUP", help="Only those found on a group: celebrities …")
@thresholds_file_options(
    "Also list your own: TOML or CSV of the same shape, or JSON of `audit threshold`."
)
@output_option
@common_options
def thresholds(
    domain: str | None,
    model: str | None,
    group: str | None,
    path: str | None,
    voice: str,
    output: str,
    home: str | None,
) -> int:
    """List imitation thresholds that were published, and your own.

    How many images of a concept it took until a model imitated it: for a domain, a model and a
    training set, with the rule that found it, its source and its caveats. None of them was
    published with an interval. Written as CSV, the list is a file for `audit flag --thresholds`.
    """
    from audit.concepts.concept import check_domain
    from audit.reports import thresholds_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer
    from audit.thresholds.published import published_thresholds

    if domain is not None:
        check_domain(domain)
    known, own = published_thresholds(), read_own_thresholds(path, voice)
    if own is not None:
        known += own
    write_answer(known.select(domain, model, group), output)
    return 0
