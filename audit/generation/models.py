"""Where a model is, on this machine or on the Hugging Face Hub, and which one it is."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        If the model cannot be downloaded or read, or brings code of its own.
    """
    full_name = model_name(name, revision)
    path = Path(name).expanduser()
    if path.is_dir():
        _check_no_code(path)
        return FoundModel(full_name, path, f"sha256:{files_digest(path)}")
    folder = _downloaded(name, revision)
    _check_no_code(folder)
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
    files = [folder / INDEX]
    for component in _components(folder):
        files += (path for path in component.rglob("*") if path.is_file())
    digest = hashlib.sha256()
    try:
        for path in sorted(files):
            with open(path, "rb") as stream:
                content = hashlib.file_digest(stream, "sha256").hexdigest()
            digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    except OSError as error:
        raise _unreadable(folder, error) from error
    return digest.hexdigest()[:_DIGEST]


def _check_no_code(folder: Path) -> None:
    """Refuse what some versions of diffusers would run without being asked to."""
    own = [path for component in _components(folder) for path in component.glob("*.py")]
    if not isinstance(_index(folder).get("_class_name"), str):
        own += folder.glob("*.py")
    if own:
        raise SourceError(
            f"{folder}: brings code of its own ({own[0].relative_to(folder)}), which is not run.",
            hint="Name a pipeline that diffusers has the class of.",
        )


def _components(folder: Path) -> list[Path]:
    """The folders that a pipeline is loaded from."""
    return [
        folder / name
        for name, value in _index(folder).items()
        if isinstance(value, list) and value and value[0] is not None and not name.startswith("_")
    ]


def _index(folder: Path) -> dict[str, Any]:
    try:
        index = json.loads((folder / INDEX).read_bytes())
        if not isinstance(index, dict):
            raise ValueError(f"{INDEX} is no object")
    except (OSError, ValueError) as error:
        raise _unreadable(folder, error) from error
    return index


def _unreadable(folder: Path, error: Exception) -> SourceError:
    return SourceError(
        f"{folder}: cannot be read ({type(error).__name__}: {error}).",
        hint="Save or download the pipeline again.",
    )


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
