"""Images of concepts out of a model: what is missing in a folder is made, and nothing twice."""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from audit.concepts import Concept, gather_concepts
from audit.concepts.concept import check_domain
from audit.datasets.files import locked
from audit.encoders.encoder import check_device
from audit.errors import UsageError, did_you_mean
from audit.generation.models import model_name
from audit.generation.options import DTYPES, GenerationOptions
from audit.generation.pipeline import TextToImage, load_pipeline
from audit.generation.plan import Prompt, plan_prompts
from audit.generation.prompts import check_text
from audit.generation.results import GenerateProgress, GenerateReport, PromptImages
from audit.generation.store import GenerationStore, about_out

#: Images a prompt, as in the paper.
IMAGES = 200

#: Images at a time: few, so that a small GPU has room for them.
BATCH = 4


@dataclass(frozen=True)
class GenerateListener:
    """Called while a run goes on.

    Attributes
    ----------
    on_planned:
        With the images asked for, and those of them that are missing.
    on_loaded:
        With the pipeline.
    on_progress:
        After every batch.
    """

    on_planned: Callable[[int, int], None] = lambda total, missing: None
    on_loaded: Callable[[TextToImage], None] = lambda pipeline: None
    on_progress: Callable[[GenerateProgress], None] = lambda progress: None


def generate(
    model: str | os.PathLike[str],
    concepts: str | Concept | Sequence[str | Concept],
    out: str | os.PathLike[str],
    *,
    domain: str | None = None,
    prompts: Sequence[str] = (),
    images: int = IMAGES,
    seed: int = 0,
    batch: int = BATCH,
    steps: int | None = None,
    guidance: float | None = None,
    size: tuple[int, int] | None = None,
    negative_prompt: str | None = None,
    scheduler: str | None = None,
    revision: str | None = None,
    dtype: str = "auto",
    device: str = "auto",
    listener: GenerateListener | None = None,
) -> GenerateReport:
    """Generate images of concepts with a text-to-image model; the same call again goes on.

    Parameters
    ----------
    model:
        A folder that a pipeline of diffusers was saved in; or a name on the Hugging Face Hub,
        which is downloaded unless it was before.
    concepts:
        Names, or concepts with their domain.
    out:
        Folder of the images. One that holds images of the same settings gets those it lacks.
    domain:
        Of the concepts that name none: it says which published prompts are taken.
    prompts:
        Templates with ``{}`` where the name goes, instead of the published ones.
    images:
        A prompt.
    seed:
        Every image has a seed made of this one, of its concept, its template and its number.
    batch:
        Images at a time, of one prompt. Seeds do not depend on it.
    steps, guidance, size, negative_prompt, scheduler:
        Instead of what the pipeline does by itself; ``size`` is (width, height) in pixels.
    revision:
        Branch, tag or commit of a model on the Hub.
    dtype:
        ``float32``, ``float16``, ``bfloat16``; or ``auto``: that of the images that are there,
        else float16 on a GPU and float32 on the CPU.
    device:
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` …

    Raises
    ------
    ConceptError
        If there is no concept, or there are no prompts for one.
    UsageError
        If an option cannot be; if the folder holds images of other settings, which are named; or
        if the model is no text-to-image pipeline.
    MissingPackageError
        If the packages of the extra "generate" are not installed.
    SourceError
        If the model cannot be downloaded or loaded, or the folder is damaged.
    StorageError
        If another process generates into the folder, or it cannot be written.
    AuditError
        If the pipeline fails, or has not enough memory.
    """
    options = GenerationOptions(
        model=model_name(os.fspath(model), revision),
        revision=revision,
        scheduler=scheduler,
        dtype=dtype,
        size=size,
        steps=steps,
        guidance=guidance,
        negative_prompt=negative_prompt,
        seed=seed,
    )
    _check(options, domain, images, batch, device)
    several = [concepts] if isinstance(concepts, str | Concept) else list(concepts)
    planned = plan_prompts(gather_concepts(several), domain, prompts)
    folder = Path(out).expanduser().absolute()
    lock = folder / ".lock"
    with about_out(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock.touch()
    with locked(lock, f"{folder}: another process is generating into this folder."):
        store = GenerationStore(folder)
        run = _Run(store, planned, images, options, device, listener or GenerateListener())
        run.make(batch)
        return run.report()


class _Run:
    """One run in a folder."""

    def __init__(
        self,
        store: GenerationStore,
        prompts: Sequence[Prompt],
        images: int,
        options: GenerationOptions,
        device: str,
        listener: GenerateListener,
    ) -> None:
        self._store, self._prompts, self._images = store, prompts, images
        self._options, self._device, self._listener = options, device, listener
        self._used_device: str | None = None
        self._made, self._seconds = 0, 0.0

    def make(self, batch: int) -> None:
        self._store.check_same(self._options.known())
        total = len(self._prompts) * self._images
        missing = sum(len(numbers) for _, numbers in self._missing())
        self._listener.on_planned(total, missing)
        if not missing and self._store.asked == self._options.asked():
            return
        pipeline = self._load()
        started = time.monotonic()
        for prompt, numbers in self._missing():
            for start in range(0, len(numbers), batch):
                self._make_batch(pipeline, prompt, numbers[start : start + batch])
                self._seconds = time.monotonic() - started
                self._listener.on_progress(
                    GenerateProgress(self._made, total - missing, total, self._seconds)
                )

    def _missing(self) -> Iterator[tuple[Prompt, list[int]]]:
        for prompt in self._prompts:
            numbers = [n for n in range(self._images) if self._store.image(prompt, n) is None]
            if numbers:
                yield prompt, numbers

    def _load(self) -> TextToImage:
        pipeline = load_pipeline(self._options.continuing(self._store.settings), self._device)
        self._store.check_same(asdict(pipeline.settings))
        self._listener.on_loaded(pipeline)
        missing = [prompt.text for prompt, _ in self._missing()]
        if missing:
            self._used_device = pipeline.device
            self._store.begin(
                pipeline.settings,
                self._options.asked(),
                pipeline.device,
                pipeline.versions,
                pipeline.too_long(missing),
            )
        return pipeline

    def _make_batch(self, pipeline: TextToImage, prompt: Prompt, numbers: Sequence[int]) -> None:
        seeds = [prompt.seed(self._options.seed, number) for number in numbers]
        pictures = pipeline.images(prompt.text, seeds)
        for number, seed, (picture, flagged) in zip(numbers, seeds, pictures, strict=True):
            self._store.add(prompt, number, seed, picture, flagged)
            self._made += 1

    def report(self) -> GenerateReport:
        settings = self._store.settings
        assert settings is not None, "images were asked for and are there"
        texts = {prompt.text for prompt in self._prompts}
        return GenerateReport(
            folder=self._store.folder,
            settings=settings,
            images_per_prompt=self._images,
            prompts=tuple(self._counted(prompt) for prompt in self._prompts),
            made_now=self._made,
            seconds=self._seconds,
            device=self._used_device,
            too_long=tuple(text for text in self._store.too_long if text in texts),
        )

    def _counted(self, prompt: Prompt) -> PromptImages:
        there = [self._store.image(prompt, number) for number in range(self._images)]
        flagged = Counter(image.flagged for image in there if image and image.flagged)
        return PromptImages(
            prompt.concept,
            prompt.domain,
            prompt.template,
            len(there) - flagged.total(),
            dict(flagged.most_common()),
        )


def _check(
    options: GenerationOptions, domain: str | None, images: int, batch: int, device: str
) -> None:
    """Refuse numbers and names that cannot be, before anything is loaded."""
    check_device(device)
    if domain is not None:
        check_domain(domain)
    if options.dtype not in DTYPES:
        near = did_you_mean(options.dtype, DTYPES)
        raise UsageError(
            f"No type of numbers {options.dtype!r}.",
            hint=f"{near + ' ' if near else ''}Types: {', '.join(DTYPES)}.",
        )
    if options.negative_prompt is not None:
        check_text(options.negative_prompt, "negative prompt")
    if options.guidance is not None and not math.isfinite(options.guidance):
        raise UsageError(f"guidance cannot be {options.guidance}.", hint="Say a number.")
    numbers = {"images": images, "batch": batch}
    if options.steps is not None:
        numbers["steps"] = options.steps
    if options.size is not None:
        numbers["size"] = min(options.size)
    for what, number in numbers.items():
        if number < 1:
            raise UsageError(
                f"{what} cannot be {number}.", hint="Say a whole number that is 1 or more."
            )
