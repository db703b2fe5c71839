"""A text-to-image pipeline of diffusers: loaded, identified, and asked for images."""

from __future__ import annotations

import hashlib
import inspect
import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from audit.encoders.networks import choose_device
from audit.encoders.torchvision_repair import import_torchvision
from audit.errors import (
    AuditError,
    MissingPackageError,
    SourceError,
    UsageError,
    did_you_mean,
)
from audit.generation.manifest import ALL_BLACK, SAFETY_CHECKER, GenerationSettings
from audit.generation.models import find_model, first_line
from audit.generation.options import GenerationOptions

if TYPE_CHECKING:
    from PIL.Image import Image


class TextToImage:
    """A pipeline on its device, with the settings that every image is made with."""

    def __init__(
        self, pipeline: Any, settings: GenerationSettings, device: str, versions: dict[str, str]
    ) -> None:
        self._pipeline, self.settings, self.device = pipeline, settings, device
        self.versions = versions
        self._arguments: dict[str, Any] = {}
        if settings.size is not None:
            self._arguments |= {"width": settings.size[0], "height": settings.size[1]}
        if settings.steps is not None:
            self._arguments["num_inference_steps"] = settings.steps
        if settings.guidance is not None:
            self._arguments["guidance_scale"] = settings.guidance

    def images(self, prompt: str, seeds: Sequence[int]) -> list[tuple[Image, str | None]]:
        """An image for each seed, and why it is none, or None.

        Each has a random generator of its own, on the CPU whatever the device: its noise depends
        on its seed, and on the size and the type of the numbers, and on nothing else.

        Raises
        ------
        UsageError
            If the pipeline refuses the settings, or makes no pictures.
        AuditError
            If it fails.
        """
        import torch

        arguments = dict(self._arguments)
        if self.settings.negative_prompt is not None:
            arguments["negative_prompt"] = [self.settings.negative_prompt] * len(seeds)
        generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        with self._explained(len(seeds)), quiet(), torch.no_grad():
            output = self._pipeline(prompt=[prompt] * len(seeds), generator=generators, **arguments)
            pictures = output.images
            if len(pictures) != len(seeds):
                raise ValueError(f"{len(pictures)} images came of {len(seeds)} prompts")
            blackened = _blackened(output) or [False] * len(seeds)
            return [
                (picture, SAFETY_CHECKER if black else ALL_BLACK if _is_black(picture) else None)
                for picture, black in zip(pictures, blackened, strict=True)
            ]

    def too_long(self, prompts: Sequence[str]) -> list[str]:
        """The prompts of which no text encoder reads the end."""
        tokenizers = [
            tokenizer
            for name in ("tokenizer", "tokenizer_2", "tokenizer_3", "tokenizer_4")
            if (tokenizer := getattr(self._pipeline, name, None)) is not None
            and hasattr(tokenizer, "model_max_length")
        ]
        if not tokenizers:
            return []
        with quiet():
            return [
                prompt
                for prompt in prompts
                if all(
                    len(tokenizer(prompt).input_ids) > tokenizer.model_max_length
                    for tokenizer in tokenizers
                )
            ]

    @contextmanager
    def _explained(self, batch: int) -> Iterator[None]:
        """Turns what a pipeline raises, which can be anything, into what to do."""
        import torch

        name = self.settings.pipeline
        try:
            yield
        except torch.OutOfMemoryError as error:
            raise AuditError(
                f"{self.device} has not enough memory for a batch of {batch}.",
                hint="Take a smaller --batch, a smaller --size or --dtype float16. Seeds do not "
                "depend on the batch: the images that are there fit the others.",
            ) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise UsageError(
                f"{name} does not do this: {first_line(error)}",
                hint="It must make pictures of prompts alone. Check --size, --steps, --guidance.",
            ) from error
        except Exception as error:
            raise AuditError(
                f"{name} failed on {self.device}: {first_line(error)}",
                hint="Try --dtype float32; --verbose tells where it comes from.",
            ) from error


def load_pipeline(options: GenerationOptions, device: str = "auto") -> TextToImage:
    """The pipeline that ``options`` names, ready on ``device``.

    A model that is named as on the Hub is downloaded, unless it was before. Pipelines that bring
    code of their own are refused.

    Raises
    ------
    UsageError
        If there is no such folder, device or scheduler; or the pipeline does not make images of
        prompts, or does not take one of the options.
    MissingPackageError
        If the packages of the extra "generate" are not installed.
    SourceError
        If the model cannot be downloaded or loaded.
    """
    diffusers, torch, transformers = _packages()
    where = choose_device(device)
    dtype = options.dtype
    if dtype == "auto":
        dtype = "float16" if where.type == "cuda" else "float32"
    model = find_model(options.model, options.revision)
    with quiet():
        with _loading(options.model):
            pipeline = diffusers.DiffusionPipeline.from_pretrained(
                str(model.folder), torch_dtype=getattr(torch, dtype)
            )
        scheduler = _chosen_scheduler(pipeline, options.scheduler)
        settings = _settings(pipeline, scheduler, options, model.name, model.revision, dtype)
        try:
            pipeline.to(where)
        except torch.OutOfMemoryError as error:
            raise AuditError(
                f"{options.model}: does not fit into the memory of {where} in {dtype}.",
                hint="Take --dtype float16 or bfloat16, or another --device.",
            ) from error
        pipeline.set_progress_bar_config(disable=True)
    versions = {module.__name__: module.__version__ for module in (diffusers, torch, transformers)}
    told = f"{where} ({torch.cuda.get_device_name(where)})" if where.type == "cuda" else str(where)
    return TextToImage(pipeline, settings, told, versions)


def _packages() -> tuple[Any, Any, Any]:
    """diffusers, torch and transformers."""
    try:
        with suppress(ImportError):
            import_torchvision()  # transformers imports it where it is installed
        import diffusers
        import torch
        import transformers

        diffusers.DiffusionPipeline  # noqa: B018  (only now most of it is imported)
    except ImportError as error:
        raise MissingPackageError.of("Generating images", "generate", error) from error
    except RuntimeError as error:
        raise AuditError(
            f"diffusers is installed and cannot be imported ({first_line(error)}).",
            hint="Its version does not fit those of other packages. Install them together: "
            "pip install -U 'concept-audit[generate]'.",
        ) from error
    return diffusers, torch, transformers


@contextmanager
def quiet() -> Iterator[None]:
    """diffusers and transformers say nothing but errors; what they do is reported otherwise."""
    import diffusers.utils.logging as of_diffusers
    import transformers.utils.logging as of_transformers

    loud = [
        (logging, logging.get_verbosity(), logging.is_progress_bar_enabled())
        for logging in (of_diffusers, of_transformers)
    ]
    for logging, _, _ in loud:
        logging.set_verbosity_error()
        logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logging, verbosity, bars in loud:
            logging.set_verbosity(verbosity)
            if bars:
                logging.enable_progress_bar()


def _settings(
    pipeline: Any,
    scheduler: Any,
    options: GenerationOptions,
    model: str,
    revision: str,
    dtype: str,
) -> GenerationSettings:
    takes = inspect.signature(type(pipeline).__call__).parameters
    name = type(pipeline).__name__
    needed = [
        parameter.name
        for parameter in list(takes.values())[1:]
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and parameter.name != "prompt"
    ]
    if not {"prompt", "generator"} <= set(takes) or needed:
        needs = f"it needs {', '.join(needed)}" if needed else "it takes no prompt"
        raise UsageError(
            f"{options.model}: {name} makes no images of prompts alone ({needs}).",
            hint="Name a text-to-image pipeline.",
        )
    checker = getattr(pipeline, "safety_checker", None)
    for option, parameter, value in (
        ("--size", "width", options.size),
        ("--negative-prompt", "negative_prompt", options.negative_prompt),
        ("--steps", "num_inference_steps", options.steps),
        ("--guidance", "guidance_scale", options.guidance),
    ):
        if value is not None and parameter not in takes:
            raise UsageError(f"{name} takes no {option}.", hint="Leave it out.")

    def usual(parameter: str) -> Any:
        return takes[parameter].default if parameter in takes else None

    steps = usual("num_inference_steps") if options.steps is None else options.steps
    guidance = usual("guidance_scale") if options.guidance is None else options.guidance
    return GenerationSettings(
        model=model,
        revision=revision,
        pipeline=name,
        scheduler=type(scheduler).__name__,
        scheduler_config=_config_digest(scheduler),
        safety_checker=None if checker is None else type(checker).__name__,
        dtype=dtype,
        size=options.size,
        steps=steps if isinstance(steps, int) else None,
        guidance=float(guidance) if isinstance(guidance, int | float) else None,
        negative_prompt=options.negative_prompt,
        seed=options.seed,
    )


def _chosen_scheduler(pipeline: Any, name: str | None) -> Any:
    """The pipeline's scheduler, which becomes the one that is asked for, if one is."""
    scheduler: Any = getattr(pipeline, "scheduler", None)
    if name is None or name == type(scheduler).__name__:
        return scheduler
    fitting = {kind.__name__: kind for kind in getattr(scheduler, "compatibles", ())}
    if name not in fitting:
        near = did_you_mean(name, fitting)
        raise UsageError(
            f"{type(pipeline).__name__} has no scheduler {name!r}.",
            hint=f"{near + ' ' if near else ''}It works with: "
            f"{', '.join(sorted(fitting)) or 'its own'}.",
        )
    pipeline.scheduler = fitting[name].from_config(scheduler.config)
    return pipeline.scheduler


def _config_digest(scheduler: Any) -> str:
    """16 hex digits of a scheduler's configuration, without what only tells where it is from."""
    config = dict(getattr(scheduler, "config", {}))
    told = {name: value for name, value in config.items() if not name.startswith("_")}
    text = json.dumps(told, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _blackened(output: Any) -> list[bool] | None:
    """Which images a safety checker blackened; None where it does not say."""
    for name in ("nsfw_content_detected", "nsfw_detected"):
        told = getattr(output, name, None)
        if told is not None:
            return [bool(one) for one in told]
    return None


def _is_black(picture: Image) -> bool:
    return all(high == 0 for _, high in picture.convert("RGB").getextrema())  # type: ignore[misc]


@contextmanager
def _loading(name: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingPackageError(
            f"{name} needs a package that other pipelines do not ({first_line(error)}).",
            hint="Install it with pip.",
        ) from error
    except Exception as error:
        raise SourceError(
            f"{name}: cannot be loaded ({first_line(error)}).",
            hint="It must be a whole pipeline of diffusers, in a version that the installed one "
            "reads, and bring no code of its own.",
        ) from error
