"""Where a model is, on this machine or on the Hugging Face Hub, and which one it is."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from audit.errors import SourceError, UsageError

#: The file that makes a folder a pipeline of diffusers.
INDEX = "model_index.json"

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = 16


@dataclass(frozen=True)
class FoundModel:
    """A pipeline on this machine.

    Attributes
    ----------
    name:
        As on the Hub, or the absolute path.
    revision:
        The commit on the Hub, or ``sha256:`` with a digest of the files.
    """

    name: str
    folder: Path
    revision: str


def model_name(name: str, revision: str | None = None) -> str:
    """What :attr:`FoundModel.name` will be, without looking into the model.

    Raises
    ------
    UsageError
        If ``name`` is neither a folder of a pipeline nor can be a name on the Hub.
    """
    path = Path(name).expanduser()
    if not path.is_dir():
        if path.exists():
            raise UsageError(
                f"{path}: is a file. A pipeline is a folder with a {INDEX}.",
                hint="Load a single checkpoint with from_single_file of diffusers, and save it "
                "with save_pretrained.",
            )
        if not _HUB_NAME.fullmatch(name) or name.endswith((".safetensors", ".ckpt")):
            raise UsageError(
                f"There is no folder {path}.",
                hint="Name a folder that a pipeline was saved in, or a model on the Hugging Face "
                "Hub: organisation/model.",
            )
        return name
    if revision is not None:
        raise UsageError(
            f"{path}: a folder has no --revision.",
            hint="Leave it out; revisions are those of models on the Hub.",
        )
    if not (path / INDEX).is_file():
        raise UsageError(
            f"{path}: holds no pipeline of diffusers ({INDEX} is not there).",
            hint="Name the folder that save_pretrained wrote.",
        )
    return str(path.absolute())


def find_model(name: str, revision: str | None = None) -> FoundModel:
    """The pipeline of a folder; or of the Hub, downloaded unless it was before.

    Raises
    ------
    UsageError
        If there is no such folder, and no model can be called so; or a folder has a ``revision``.
    SourceError
        If the model cannot be downloaded, or read.
    """
    full_name = model_name(name, revision)
    path = Path(name).expanduser()
    if path.is_dir():
        return FoundModel(full_name, path, f"sha256:{files_digest(path)}")
    folder = _downloaded(name, revision)
    # The Hub's client keeps a snapshot in a folder that is called like its commit.
    commit = folder.name if _COMMIT.fullmatch(folder.name) else None
    return FoundModel(full_name, folder, commit or f"sha256:{files_digest(folder)}")


def files_digest(folder: Path) -> str:
    """16 hex digits of the names and contents of the files of a pipeline's components.

    Raises
    ------
    SourceError
        If one of them cannot be read.
    """
    try:
        index = json.loads((folder / INDEX).read_bytes())
        components = [
            folder / name
            for name, value in index.items()
            if isinstance(value, list) and value and value[0] is not None
        ]
        files = [folder / INDEX]
        for component in components:
            files += (path for path in component.rglob("*") if path.is_file())
        digest = hashlib.sha256()
        for path in sorted(files):
            with open(path, "rb") as stream:
                content = hashlib.file_digest(stream, "sha256").hexdigest()
            digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    except (OSError, ValueError, AttributeError) as error:
        raise SourceError(
            f"{folder}: cannot be read ({type(error).__name__}: {error}).",
            hint="Save or download the pipeline again.",
        ) from error
    return digest.hexdigest()[:_DIGEST]


def _downloaded(name: str, revision: str | None) -> Path:
    from diffusers import DiffusionPipeline

    try:
        return Path(DiffusionPipeline.download(name, revision=revision))
    except Exception as error:  # whatever the Hub's client raises
        # Of a Hub that cannot be reached, diffusers says only that nothing is cached.
        cause = error.__cause__ if type(error) is OSError else None
        told = first_line(cause or error)
        raise SourceError(
            f"{name!r} is no folder here, and cannot be had from the Hugging Face Hub ({told}).",
            hint="Check the name and the network; some models want you to accept their terms and "
            "to log in (hf auth login). Or name a folder on this machine.",
        ) from error


def first_line(error: BaseException) -> str:
    """What an error of others says first, at a length that fits a message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2])[:300] or type(error).__name__
