"""A folder of generated images: what made them, and which there are.

::

    generation.json     model and settings, which must agree when a run goes on; runs and versions
    images.jsonl        one line an image, appended when its PNG is in place
    images/…/*.png
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from audit.errors import SourceError, UsageError

SCHEMA = "audit.generated/1"
MANIFEST = "generation.json"
LINES = "images.jsonl"

#: Why an image is not a generation and was not kept.
SAFETY_CHECKER, ALL_BLACK = "safety checker", "all black"


@dataclass(frozen=True)
class GenerationSettings:
    """What decides how an image looks, besides its prompt and its own seed.

    Attributes
    ----------
    model:
        The name on the Hugging Face Hub, or the absolute path of a folder.
    revision:
        What tells these weights from others of the same name: the commit on the Hub, or
        ``sha256:`` with a digest of the folder's files.
    pipeline, scheduler, safety_checker:
        Classes of diffusers; no safety checker is None.
    scheduler_config:
        Digest of the scheduler's configuration.
    size:
        (width, height) in pixels; None for the pipeline's own.
    steps, guidance:
        None where the pipeline knows no such thing.
    seed:
        Of the run: the seed of each image follows from it.
    """

    model: str
    revision: str
    pipeline: str
    scheduler: str
    scheduler_config: str
    safety_checker: str | None
    dtype: str
    size: tuple[int, int] | None
    steps: int | None
    guidance: float | None
    negative_prompt: str | None
    seed: int

    def differences(self, wanted: dict[str, Any]) -> list[str]:
        """In what ``wanted``, some of these fields by name, is different: "steps 30, not 50".

        The first value is the one here. Weights are the same whatever their folder is called.
        """
        mine = asdict(self)
        differing = [name for name, value in wanted.items() if value != mine[name]]
        if "revision" in wanted and "revision" not in differing and "model" in differing:
            differing.remove("model")
        return [
            f"{name.replace('_', ' ')} {_told(name, mine[name])}, not {_told(name, wanted[name])}"
            for name in differing
        ]

    def to_dict(self) -> dict[str, Any]:
        """Every field by its name, ready for JSON."""
        return {**asdict(self), "size": None if self.size is None else list(self.size)}

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> GenerationSettings:
        values = {name: record[name] for name in cls.__dataclass_fields__}
        size = values["size"]
        return cls(**{**values, "size": None if size is None else (int(size[0]), int(size[1]))})


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """One image that was asked for, and what came of it.

    Attributes
    ----------
    path:
        Relative to the folder, with ``/``; None for an image that was flagged, and not kept.
    concept, domain:
        The concept's name, and the domain whose prompts were taken, or None.
    template, prompt:
        With ``{}`` where the name goes, and with the name.
    number:
        Of the image in its prompt, from 0.
    seed:
        Of the image's own random generator.
    width, height:
        Pixels.
    sha256:
        Of the PNG, in hexadecimal digits; None without one.
    flagged:
        Why this is no generation: the model's :data:`SAFETY_CHECKER` blackened it, or it came out
        :data:`ALL_BLACK` by itself, as it does when half precision overflows. None for the others.
    """

    path: str | None
    concept: str
    domain: str | None
    template: str
    prompt: str
    number: int
    seed: int
    width: int
    height: int
    sha256: str | None
    flagged: str | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells an image from the others of its folder."""
        return self.concept, self.template, self.number

    def to_line(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False) + "\n"

    @classmethod
    def from_record(cls, record: Any) -> GeneratedImage:
        """Raises KeyError, TypeError or ValueError if ``record`` is none."""
        image = cls(**{name: _once(record[name]) for name in cls.__dataclass_fields__})
        for name in ("concept", "template", "prompt"):
            if not isinstance(getattr(image, name), str):
                raise TypeError(f"{name} is no text")
        for name in ("number", "seed", "width", "height"):
            if type(getattr(image, name)) is not int:
                raise TypeError(f"{name} is no whole number")
        for name in ("path", "domain", "sha256", "flagged"):
            if not isinstance(getattr(image, name), str | None):
                raise TypeError(f"{name} is no text")
        if (image.path is None) != (image.flagged is not None):
            raise ValueError("an image has a path, or is flagged")
        if image.path is not None and not _is_inside(image.path):
            raise ValueError(f"{image.path!r} leads out of the folder")
        return image


@dataclass(frozen=True)
class GeneratedImages:
    """What is in a folder that ``audit generate`` wrote.

    Attributes
    ----------
    images:
        Those that can be scored, in the order in which they were made.
    flagged:
        Those that were asked for and are no generations. They have no file.
    """

    folder: Path
    settings: GenerationSettings
    images: tuple[GeneratedImage, ...]
    flagged: tuple[GeneratedImage, ...] = ()

    def path_of(self, image: GeneratedImage) -> Path:
        """Where the PNG of one of ``images`` is."""
        if image.path is None:
            raise ValueError(f"{image.prompt!r}, image {image.number}, was flagged: it has no file")
        return self.folder / image.path


def read_generated(folder: str | os.PathLike[str]) -> GeneratedImages:
    """Read a folder of generated images, also one that is being written: what is finished counts.

    The PNGs are not opened.

    Raises
    ------
    UsageError
        If there is no such folder, or ``audit generate`` did not write it.
    SourceError
        If its files are damaged, or of another version.
    """
    path = Path(folder).expanduser()
    record = read_manifest(path)
    if record is None:
        raise UsageError(
            f"{path}: holds no generated images ({MANIFEST} is not there)."
            if path.is_dir()
            else f"{path}: there is no such folder.",
            hint="Name the --out of an `audit generate`.",
        )
    everything = read_lines(path / LINES)[0]
    return GeneratedImages(
        path,
        settings_in(record, path),
        tuple(image for image in everything if image.flagged is None),
        tuple(image for image in everything if image.flagged is not None),
    )


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The content of ``generation.json``; None if there is none.

    Raises
    ------
    SourceError
        If it is damaged or of another version.
    """
    path = folder / MANIFEST
    try:
        record = json.loads(path.read_bytes())
        schema = record["schema"]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, error) from error
    if schema != SCHEMA:
        raise SourceError(
            f"{path}: written in the format {schema!r}; this version reads {SCHEMA!r}.",
            hint="Use the version of audit that wrote it, or generate into another folder.",
        )
    return dict(record)


def settings_in(record: dict[str, Any], folder: Path) -> GenerationSettings:
    """The settings of a manifest that :func:`read_manifest` read."""
    try:
        return GenerationSettings.from_dict(record["settings"])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise _damaged(folder / MANIFEST, error) from error


def read_lines(path: Path) -> tuple[list[GeneratedImage], bool]:
    """The images of ``images.jsonl``, and whether its last line was cut off and left out.

    An image that has two lines is taken as the last one says.

    Raises
    ------
    SourceError
        If another line is damaged.
    """
    images: dict[tuple[str, str, int], GeneratedImage] = {}
    try:
        with open(path, "rb") as stream:
            for number, line in enumerate(stream, start=1):
                if not line.endswith(b"\n"):
                    return list(images.values()), True
                image = _parsed(line, path, number)
                images[image.key] = image
    except FileNotFoundError:
        pass
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read ({error.strerror}).", hint="Check its permissions."
        ) from error
    return list(images.values()), False


def _parsed(line: bytes, path: Path, number: int) -> GeneratedImage:
    try:
        return GeneratedImage.from_record(json.loads(line))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SourceError(
            f"{path}:{number}: is damaged ({type(error).__name__}: {error}).",
            hint="Remove that line: the same `audit generate` makes its image again.",
        ) from error


def _damaged(path: Path, error: Exception) -> SourceError:
    return SourceError(
        f"{path}: is damaged ({type(error).__name__}: {error}).",
        hint="Bring back a copy of it, or generate into another folder.",
    )


def _once(value: Any) -> Any:
    # A folder has hundreds of thousands of lines, and few names, templates and prompts.
    return sys.intern(value) if type(value) is str else value


def _is_inside(path: str) -> bool:
    """Whether a relative path stays in its folder, on Windows too."""
    posix = PurePosixPath(path)
    odd = any(c in path for c in "\\:\0")
    return not (odd or posix.is_absolute() or ".." in posix.parts or not posix.parts)


def _told(name: str, value: Any) -> str:
    if value is None:
        return "the pipeline's own" if name == "size" else "none"
    if name == "size":
        return "x".join(str(pixels) for pixels in value)
    return repr(value) if name in ("model", "negative_prompt") else str(value)
