"""``audit lookup``"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from audit.cli.options import common_options, dataset_option, given, output_option
from audit.cli.talk import Talk

if TYPE_CHECKING:
    from audit.removal.wanted import Wanted

F = TypeVar("F", bound=Callable[..., Any])

#: ``audit.removal.wanted.NEAR_BITS`` and ``audit.removal.finding.SHOWN``, which are not imported
#: to keep --help fast.
NEAR_BITS, SHOWN = 6, 20


def sample_options(similarity: str) -> Callable[[F], F]:
    """What samples are found by: the same for finding and for removing them.

    Parameters
    ----------
    similarity:
        The help of --similarity.
    """

    def decorate(command: F) -> F:
        for option in (
            click.option(
                "--limit", "shown", type=click.IntRange(0), default=SHOWN, show_default=True,
                metavar="N", help="Samples to show, 0: all; all that are found count.",
            ),
            click.option(
                "--similarity", type=click.FloatRange(0, 1, min_open=True), metavar="COSINE",
                help=similarity,
            ),
            click.option(
                "--distance", type=click.IntRange(0, 32), default=NEAR_BITS, show_default=True,
                metavar="BITS", help="Bits of 64 in which perceptual hashes may differ.",
            ),
            click.option(
                "--exactly", is_flag=True,
                help="URLs as they are given only: not with the other scheme, with or without "
                "www, or a slash at the end.",
            ),
            click.option(
                "--image", "images", multiple=True, type=click.Path(dir_okay=False),
                metavar="FILE",
                help="An image: by the digest of its file, by perceptual hash, and by its likeness "
                "to indexed images. Repeatable.",
            ),
            click.option(
                "--hash", "hashes", multiple=True, metavar="[COLUMN:]VALUE",
                help="Value of a hash: sha256, md5, phash, hash, or of a column that was kept "
                "(uid:139e4a9b…). Repeatable.",
            ),
            click.option(
                "--whole-caption", "whole_captions", multiple=True, metavar="TEXT",
                help="The caption is this, whatever its case, accents and punctuation. "
                "Repeatable.",
            ),
            click.option(
                "--caption", "captions", multiple=True, metavar="TEXT",
                help="The caption has these words in it, one after the other. Repeatable.",
            ),
            click.option(
                "--host", "hosts", multiple=True, metavar="NAME",
                help="All URLs of a host and its subdomains. Repeatable.",
            ),
            click.option(
                "--urls", "url_file", type=click.Path(dir_okay=False), metavar="FILE",
                help="A file of URLs, one a line.",
            ),
            click.option(
                "--url", "urls", multiple=True, metavar="URL",
                help="A URL, as a whole; `-` reads them from standard input, one a line. "
                "Repeatable.",
            ),
        ):  # fmt: skip
            command = option(command)
        return command

    return decorate


def wanted_of(
    options: dict[str, Any],
    *,
    similarity: float | None = None,
    **further: Any,
) -> Wanted:
    """What the options of :func:`sample_options` ask for.

    Parameters
    ----------
    similarity:
        Where nobody says one.
    further:
        Of :class:`audit.removal.wanted.Wanted`.
    """
    from audit.removal.wanted import Wanted

    urls = [url for given in options["urls"] for url in ([given] if given != "-" else _input())]
    if options["url_file"] is not None:
        urls += _lines(_text_of(Path(options["url_file"])))
    return Wanted(
        urls=tuple(dict.fromkeys(urls)),
        hosts=options["hosts"],
        captions=options["captions"],
        whole_captions=options["whole_captions"],
        hashes=options["hashes"],
        images=tuple(Path(image).expanduser() for image in options["images"]),
        exactly=options["exactly"],
        distance=options["distance"],
        similarity=similarity if options["similarity"] is None else options["similarity"],
        **further,
    )


def _input() -> list[str]:
    return _lines(sys.stdin.buffer.read().decode("utf-8", "replace"))


def _text_of(path: Path) -> str:
    from audit.errors import SourceError

    try:
        return path.expanduser().read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read ({error.strerror}).", hint="Check the path of the URLs."
        ) from error


def _lines(text: str) -> list[str]:
    stripped: Iterable[str] = (line.strip() for line in text.splitlines())
    return [line for line in stripped if line]


@click.command()
@sample_options(
    "From which cosine on an indexed image is shown as a near copy of --image.  [default: 0.9]"
)
@dataset_option
@click.option(
    "--fail-if-found", is_flag=True,
    help="Exit with 3 if a sample is found that counts, or not all of it could be searched.",
)  # fmt: skip
@output_option
@common_options
@click.pass_obj
def lookup(
    talk: Talk,
    /,
    dataset: str | None,
    fail_if_found: bool,
    output: str,
    home: str | None,
    **options: Any,
) -> int:
    """Find samples: is my work in it?

    By URL, host, caption, hash or image, one or several. The answer says how each sample was
    found, where was looked, and where could not be: that a work is not found says nothing of what
    was not searched. Samples that were removed on request are found too, and told as such. The
    network is not used.

    The answer as CSV or Parquet has all samples, unless --limit says otherwise, and can be given
    to `audit remove-samples --from`.
    """
    from audit.cli.gates import TRIPPED
    from audit.datasets.home import Home
    from audit.removal.finding import find_samples
    from audit.reports import lookup_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer

    wanted = wanted_of(options, similarity=0.9 if options["images"] else None)
    opened = Home(home).open(dataset)
    shown = options["shown"] or None
    if output in ("csv", "parquet") and not given("shown"):
        shown = None  # a file is read on, and nothing in it would tell what is left out
    with talk.progress() as show:
        found = find_samples(opened, wanted, shown=shown, on_progress=show)
    write_answer(found, output)
    if output != "table":
        for one in found.not_searched:
            talk.warn(f"not searched: {one.place}: {one.reason}.")
    if not fail_if_found:
        return 0
    if not found.samples and not found.is_whole_search:
        # What was not looked at does not pass.
        talk.warn("not found, but not all that could hold it was searched (--fail-if-found).")
    return TRIPPED if found.samples or not found.is_whole_search else 0
