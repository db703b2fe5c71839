"""``audit demo``"""

from __future__ import annotations

import importlib.util
import shlex

import click

from audit.cli.options import common_options
from audit.cli.talk import Talk

NAME = "sample"
PICTURES = "pictures"


@click.command()
@common_options
@click.pass_obj
def demo(talk: Talk, home: str | None) -> int:
    """A tour on real data that comes with the package."""
    from audit.datasets.home import Home
    from audit.sample import concepts_path, pictures_path, references_path, shard_paths

    folder = str(shard_paths()[0].parent)
    ask = ["count", "--dataset", NAME]
    tour = [
        ("Ingest the shards that come with the package.", ["ingest", folder, "--name", NAME]),
        (
            "How many samples name Van Gogh, and which? His museum does not count.",
            [*ask, "-c", "Van Gogh", "--exclude", "Van Gogh Museum", "--distinct",
             "--examples", "3"],
        ),
        (
            "A name that is frequent here; only images marked as in copyright.",
            [*ask, "-c", "Henry Moore", "--alias", "Henry Spencer Moore",
             "--where", "license = 'in-copyright'", "--distinct"],
        ),
        (
            "Many concepts in one pass, from a list.",
            [*ask, "--concepts", str(concepts_path()), "--distinct"],
        ),
        (
            "Is that enough for a model to imitate them? Against published thresholds.",
            ["flag", "--dataset", NAME, "--concepts", str(concepts_path()), "--model", "SD1.5"],
        ),
        (
            "And under which licenses? What cannot be proved is unknown.",
            ["license", "--dataset", NAME, "-c", "Henry Moore"],
        ),
    ]  # fmt: skip
    pictures = str(pictures_path())
    by_image = [
        (
            "Now images: small pictures that come with the package, and their captions.",
            ["ingest", pictures, "--name", PICTURES],
        ),
        (
            "Turn them into vectors, with an encoder that needs no weights.",
            ["embed", pictures, "--dataset", PICTURES, "--encoder", "hog"],
        ),
        ("Code the vectors for matching.", ["index", "--dataset", PICTURES]),
        (
            "How many show a star polygon like these ten, and does their caption say so?",
            ["count", "--dataset", PICTURES, "-c", "gramastar",
             "--references", str(references_path())],
        ),
    ]  # fmt: skip
    wanted = "report.html" if importlib.util.find_spec("vl_convert") else "report.md"
    report = str(Home(home).path / wanted)
    last = (
        "All of it for somebody else: a page with its evidence beside it.",
        ["report", "--dataset", NAME, "--concepts", str(concepts_path()), "--model", "SD1.5",
         "--file", report],
    )  # fmt: skip
    missing = [name for name in ("PIL", "numkong") if importlib.util.find_spec(name) is None]
    tour += [*([] if missing else by_image), last]
    for number, (purpose, arguments) in enumerate(tour, start=1):
        click.secho(f"\n{number}. {purpose}", bold=True)
        click.secho("$ audit " + " ".join(map(_quoted, arguments)) + "\n", dim=True)
        code = _run(talk, [*arguments, *(["--home", home] if home else [])])
        if code:
            return code
    if missing:
        click.echo("\nThere is more with images: pip install 'concept-audit[visual]'")
    click.echo(
        f"\nThe report is in {report}: open it.\n"
        "\nNow your own data:\n"
        "  audit ingest 'path/to/*.parquet' --name mine\n"
        '  audit count --dataset mine --concept "Van Gogh" --output json'
    )
    return 0


def _quoted(argument: str) -> str:
    return f'"{argument}"' if "'" in argument else shlex.quote(argument)


def _run(talk: Talk, arguments: list[str]) -> int:
    """Run a command of this same command line, errors left to whoever runs the demo."""
    root = click.get_current_context().find_root().command
    result = root.main(arguments, prog_name="audit", standalone_mode=False, obj=talk)
    return result if isinstance(result, int) else 0
