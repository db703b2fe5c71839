"""``audit disclose eu``, ``ab2013``, ``croissant`` and ``spdx``"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.cli.options import (
    F,
    common_options,
    dataset_option,
    output_option,
    refuse,
    workers_option,
)
from audit.cli.talk import Talk

if TYPE_CHECKING:
    from audit.datasets.dataset import Dataset
    from audit.disclosures import FilledForm, Stated
    from audit.reviews import LicenseReview

_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])


def _out_option(what: str) -> Callable[[F], F]:
    return click.option(
        "--out", "-o", type=click.Path(dir_okay=False), metavar="FILE",
        help=f"Write it there instead of to standard output{what}.",
    )  # fmt: skip


def _stated_options(command: F) -> F:
    """What a curator states and no column says."""
    for option in (
        click.option("--description", metavar="TEXT", help="What the dataset is."),
        click.option(
            "--published", type=_DAY, metavar="DATE", help="When the dataset was handed out."
        ),
        click.option(
            "--created", type=_DAY, metavar="DATE", help="When the dataset was finished."
        ),
        click.option("--creator", metavar="NAME", help="Organisation that made the dataset."),
        click.option(
            "--url", metavar="URL", help="Page of the dataset, or where to get it."
        ),
        click.option(
            "--hash-files", is_flag=True,
            help="Read all shards, which must be there unchanged, for their SHA-256.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group()
def disclose() -> None:
    """Describe a dataset for regulators and for machines.

    Forms are filled as far as the columns of the dataset go; where they say nothing, the form says
    "no information". Nothing is looked up on the network, except that --hash-files reads shards
    that lie there. Not legal advice.
    """


@disclose.command("eu")
@dataset_option
@click.option(
    "--small-provider",
    is_flag=True,
    help="List what small and medium-sized enterprises must: 5 % of the domains, or 1,000 if that "
    "is less, instead of 10 %.",
)
@workers_option("Processes")
@_out_option(": .md, or .json")
@output_option
@common_options
@click.pass_obj
def eu_command(
    talk: Talk, /, dataset: str | None, small_provider: bool, workers: int | None, out: str | None,
    output: str, home: str | None,
) -> int:  # fmt: skip
    """Fill the EU's public summary of training content (AI Act, Article 53).

    Prints Markdown; --output json has all domains, csv and parquet one row an entry.
    """
    _check_out(out)
    from audit.datasets.home import Home
    from audit.datasets.outputs import check_output
    from audit.disclosures import fill_eu_summary

    opened = Home(home).open(dataset)
    if out is not None:
        check_output(out, opened)
    with talk.progress() as show:
        form = fill_eu_summary(
            opened,
            small_provider=small_provider,
            workers=workers,
            on_progress=_samples(show, "hosts"),
        )
    _write_form(talk, form, out, output)
    return 0


@disclose.command("ab2013")
@dataset_option
@workers_option("Processes")
@_out_option(": .md, or .json")
@output_option
@common_options
@click.pass_obj
def ab2013_command(
    talk: Talk, /, dataset: str | None, workers: int | None, out: str | None, output: str,
    home: str | None,
) -> int:  # fmt: skip
    """Fill California's training data documentation (AB 2013, Civil Code § 3111).

    Prints Markdown; --output csv and parquet have one row an entry.
    """
    _check_out(out)
    from audit.datasets.home import Home
    from audit.datasets.outputs import check_output
    from audit.disclosures import fill_ab2013

    opened = Home(home).open(dataset)
    if out is not None:
        check_output(out, opened)
    review = _reviewed(talk, opened, workers)
    with talk.progress() as show:
        form = fill_ab2013(opened, review, workers=workers, on_progress=_samples(show, "hosts"))
    _write_form(talk, form, out, output)
    return 0


@disclose.command("croissant")
@dataset_option
@_stated_options
@workers_option("Processes")
@_out_option("")
@common_options
@click.pass_obj
def croissant_command(talk: Talk, /, out: str | None, hash_files: bool, **options: Any) -> int:
    """Describe a dataset in Croissant 1.1 with RAI fields: JSON-LD.

    Its license is the dataset's own (`audit ingest --dataset-license`), never that of its images:
    how many samples have which is in the record set "licenses".
    """
    from audit.disclosures import as_croissant, gather_facts

    opened, review, stated, hashes = _described(talk, out, hash_files, options)
    if not hash_files:
        talk.warn("Without --hash-files the shards have no checksums: mlcroissant refuses that.")
    _write_json(talk, as_croissant(opened, gather_facts(opened), review, stated, hashes), out)
    return 0


@disclose.command("spdx")
@dataset_option
@_stated_options
@workers_option("Processes")
@_out_option("")
@common_options
@click.pass_obj
def spdx_command(talk: Talk, /, out: str | None, hash_files: bool, **options: Any) -> int:
    """Describe a dataset and its licenses in SPDX 3.0.1: JSON-LD.

    Declared and concluded licenses are kept apart; each is a package of samples with their number.
    Conforms to the dataset profile if --url, --creator, --created and --published are given.
    """
    from audit.disclosures import as_spdx, gather_facts

    opened, review, stated, hashes = _described(talk, out, hash_files, options)
    missing = [f"--{name}" for name in ("url", "creator", "created", "published")
               if getattr(stated, name) is None]  # fmt: skip
    if missing:
        talk.warn(f"The dataset profile of SPDX also requires {', '.join(missing)}.")
    _write_json(talk, as_spdx(opened, gather_facts(opened), review, stated, hashes), out)
    return 0


def _described(
    talk: Talk, out: str | None, hash_files: bool, options: dict[str, Any]
) -> tuple[Dataset, LicenseReview, Stated, dict[int, str]]:
    from audit.datasets.home import Home
    from audit.datasets.outputs import check_output
    from audit.disclosures import Stated, hash_shards

    stated = Stated(
        url=_clean(options["url"]),
        creator=_clean(options["creator"]),
        created=options["created"],
        published=options["published"],
        description=_clean(options["description"]),
    )
    opened = Home(options["home"]).open(options["dataset"])
    if out is not None:
        check_output(out, opened)
    review = _reviewed(talk, opened, options["workers"])
    hashes: dict[int, str] = {}
    if hash_files:
        with talk.progress() as show:
            hashes = hash_shards(
                opened,
                lambda done, total: show(
                    f"hashed {done:,} of {total:,} bytes", done / total if total else None
                ),
            )
    return opened, review, stated, hashes


def _clean(text: str | None) -> str | None:
    """Text of the shell without bytes that are none; nothing for an empty one."""
    if text is None:
        return None
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip() or None


def _reviewed(talk: Talk, opened: Dataset, workers: int | None) -> LicenseReview:
    from audit.licenses.mapping import kept_map
    from audit.reviews import review_licenses

    with talk.progress() as show:
        return review_licenses(
            opened,
            own_map=kept_map(opened.folder),
            workers=workers,
            on_progress=_samples(show, "licenses"),
        )


def _samples(show: Callable[[str, float | None], None], what: str) -> Callable[[int, int], None]:
    return lambda done, total: show(
        f"{what} of {done:,} of {total:,} samples", done / total if total else None
    )


def _check_out(out: str | None) -> None:
    if out is not None:
        refuse(["output"], "is of standard output: with --out the name of the file says the format")
    if out is not None and Path(out).suffix.lower() not in (".md", ".json"):
        raise click.UsageError(f"--out {out}: end its name in .md or .json.")


def _write_form(talk: Talk, form: FilledForm, out: str | None, output: str) -> None:
    from audit.reports import disclosure_table  # also registers the table
    from audit.reports.formats import write_answer

    if out is None:
        write_answer(form, output)
        return
    from audit.datasets.files import written_whole

    with written_whole(Path(out)) as stream:
        if out.lower().endswith(".md"):
            stream.write(disclosure_table.as_markdown(form).encode())
        else:
            write_answer(form, "json", stream)
    talk.say(f"Written: {out}")


def _write_json(talk: Talk, described: dict[str, Any], out: str | None) -> None:
    text = json.dumps(described, ensure_ascii=False, indent=1, allow_nan=False)
    written = text.encode("utf-8", errors="backslashreplace") + b"\n"
    if out is None:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
        return
    from audit.datasets.files import written_whole

    with written_whole(Path(out)) as stream:
        stream.write(written)
    talk.say(f"Written: {out}")
