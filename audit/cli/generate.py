"""``audit generate``"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import click

from audit.cli.options import common_options, concept_list_options, output_option
from audit.cli.talk import STOPPED, Talk, duration

if TYPE_CHECKING:
    from audit.concepts import ConceptList
    from audit.generation.pipeline import TextToImage
    from audit.generation.results import GenerateProgress, GenerateReport

_SHOWN_PROMPTS = 3


def _pixels(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,6})[xX×](\d{1,6})", value, re.ASCII)
    if found is None:
        raise click.BadParameter(f"{value!r} is no size. Say width x height: 512x768.")
    return int(found[1]), int(found[2])


@click.command()
@click.option(
    "--model",
    required=True,
    metavar="NAME_OR_PATH",
    help="Text-to-image pipeline of diffusers: a folder, or a name on the Hugging Face Hub, which "
    "is downloaded once.",
)
@click.option(
    "--concept",
    "-c",
    "concepts",
    multiple=True,
    metavar="NAME",
    help="Concept to generate images of. Repeatable.",
)
@concept_list_options
@click.option(
    "--domain",
    metavar="DOMAIN",
    help="Of concepts that name none. It chooses the published prompts: face or art-style; others "
    "need --prompt.",
)
@click.option(
    "--prompt",
    "prompts",
    multiple=True,
    metavar="TEMPLATE",
    help="Prompt of your own, {} for the name, instead of the published ones. Repeatable.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Folder of the images. What it lacks is made; what it has is kept.",
)
@click.option(
    "--images",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    metavar="N",
    help="Images a prompt; the paper took 200.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Each image's own seed is made of this one, its prompt and its number.",
)
@click.option(
    "--batch",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    metavar="N",
    help="Images at a time. It changes no seed.",
)
@click.option(
    "--steps",
    type=click.IntRange(1),
    metavar="N",
    help="Denoising steps.  [default: the pipeline's]",
)
@click.option(
    "--guidance",
    type=float,
    metavar="SCALE",
    help="Classifier-free guidance scale.  [default: the pipeline's]",
)
@click.option(
    "--size", callback=_pixels, metavar="WxH", help="Pixels: 512x768.  [default: the pipeline's]"
)
@click.option("--negative-prompt", metavar="TEXT", help="What images should not show.")
@click.option(
    "--scheduler",
    metavar="CLASS",
    help="Scheduler of diffusers, such as DPMSolverMultistepScheduler.  [default: the pipeline's]",
)
@click.option(
    "--revision",
    metavar="REV",
    help="Branch, tag or commit of a model on the Hub.  [default: main]",
)
@click.option(
    "--dtype",
    type=click.Choice(["auto", "float32", "float16", "bfloat16"]),
    default="auto",
    show_default=True,
    help="Type of the model's numbers; auto is float16 on a GPU and float32 on the CPU.",
)
@click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="DEVICE",
    help="Where the model runs: cpu, cuda, cuda:1 …; auto takes a GPU where there is one.",
)
@output_option
@common_options
@click.pass_obj
def generate(
    talk: Talk,
    /,
    model: str,
    concepts: tuple[str, ...],
    concept_list: ConceptList | None,
    out: str,
    output: str,
    home: str | None,
    **options: Any,
) -> int:
    """Generate images of concepts with a text-to-image model.

    By the prompts of "Finding the Imitation Threshold": five for a face, five for an art style.
    Every image has a seed of its own that depends on no batch and no device. Run the same command
    again to go on, with more --images or more concepts to add to what is there.

    Images that the model's safety checker blackened are recorded and left out.

    Models of usual size need a GPU. What is tested is a tiny one on the CPU: nothing is known yet
    of how fast others are here, nor how much memory they take.
    """
    if not concepts and concept_list is None:
        raise click.UsageError('Name a concept: --concept "Van Gogh", or a list: --concepts FILE.')
    from audit.concepts import gather_concepts
    from audit.generation import GenerateListener
    from audit.generation import generate as generate_images
    from audit.reports import generate_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer

    if talk.quiet:
        # Read by the Hub's client when it is imported.
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    asked = gather_concepts(concepts, concept_list=concept_list)
    try:
        with talk.progress() as show:
            listener = GenerateListener(
                on_planned=lambda total, missing: talk.say(_planned(total, missing)),
                on_loaded=lambda pipeline: _loaded(talk, pipeline),
                on_progress=lambda progress: show(_line(progress), progress.share),
            )
            report = generate_images(model, asked, out, listener=listener, **options)
    except KeyboardInterrupt:
        talk.error("Interrupted.", "Finished images are kept; the same command goes on from there.")
        return STOPPED
    write_answer(report, output)
    return _exit_code(talk, report)


def _planned(total: int, missing: int) -> str:
    there = total - missing
    told = f", {'all' if not missing else f'{there:,}'} of them there already" if there else ""
    return f"{total:,} image{'' if total == 1 else 's'}{told}."


def _loaded(talk: Talk, pipeline: TextToImage) -> None:
    settings = pipeline.settings
    talk.say(f"{settings.model}, {settings.revision}, on {pipeline.device} in {settings.dtype}.")
    if pipeline.device == "cpu":
        talk.warn("There is no GPU in use. A model of usual size takes minutes an image here.")


def _line(progress: GenerateProgress) -> str:
    left = progress.seconds_left
    done = progress.before + progress.made
    return (
        f"{done:,} of {progress.total:,} images  {progress.rate}  "
        f"{'' if left is None else duration(left) + ' left'}"
    )


def _exit_code(talk: Talk, report: GenerateReport) -> int:
    for text in report.too_long[:_SHOWN_PROMPTS]:
        talk.warn(f"The model does not read this prompt to its end: {text}")
    if len(report.too_long) > _SHOWN_PROMPTS:
        talk.warn(f"… nor {len(report.too_long) - _SHOWN_PROMPTS:,} more.")
    if not report.images:
        talk.error("Not one image is a generation.", report.what_to_do)
        return 1
    if report.what_to_do:
        talk.warn(report.what_to_do)
    return 0
