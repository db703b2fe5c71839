"""Writing a folder of generated images, so that a run can be stopped anywhere and go on."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit._version import __version__
from audit.datasets.files import remove_unfinished, storage_errors, written_whole
from audit.errors import SourceError, StorageError, UsageError
from audit.generation.manifest import (
    LINES,
    MANIFEST,
    SCHEMA,
    GeneratedImage,
    GenerationSettings,
    read_lines,
    read_manifest,
    settings_in,
)
from audit.generation.plan import FOLDER, Prompt

if TYPE_CHECKING:
    from PIL.Image import Image


class GenerationStore:
    """A folder that images are generated into; open it holding its lock.

    A PNG is written beside its place and moved there, and then its line is appended and flushed
    to the disk. What a killed run left half done is mended on opening: an image counts if it has
    its line and, unless it was flagged, its file.

    Raises
    ------
    SourceError
        If the folder's files are damaged.
    StorageError
        If it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lines = folder / LINES
        self._record = read_manifest(folder)
        images, cut_off = read_lines(self._lines)
        if self._record is None and images:
            raise SourceError(
                f"{folder / MANIFEST}: is gone, and there are images.",
                hint="Bring it back, or generate into another folder.",
            )
        there = [image for image in images if self._is_there(image)]
        self._images = {image.key: image for image in there}
        with about_out(self._lines):
            for place in (folder, *folder.glob(f"{FOLDER}/*/*")):
                remove_unfinished(place)
            if cut_off or len(there) < len(images):
                with written_whole(self._lines) as stream:
                    stream.write("".join(image.to_line() for image in there).encode())

    def _is_there(self, image: GeneratedImage) -> bool:
        return image.path is None or (self.folder / image.path).is_file()

    @property
    def settings(self) -> GenerationSettings | None:
        """Those of the images that are there; None without any, so that all may be chosen anew."""
        if self._record is None or not self._images:
            return None
        return settings_in(self._record, self.folder)

    @property
    def asked(self) -> dict[str, Any] | None:
        """The options that the settings came of."""
        return None if self._record is None else self._record.get("asked")

    @property
    def too_long(self) -> list[str]:
        """Prompts that the model did not read to their end."""
        return list(self._record.get("too_long", ())) if self._record else []

    def image(self, prompt: Prompt, number: int) -> GeneratedImage | None:
        """What there is of an image; None if it is still to make."""
        return self._images.get((prompt.concept, prompt.template, number))

    def check_same(self, wanted: dict[str, Any]) -> None:
        """Refuse settings that the images there were not made with.

        Raises
        ------
        UsageError
            If some of ``wanted``, settings by their name, are others.
        """
        settings = self.settings
        differences = settings.differences(wanted) if settings else []
        if differences:
            raise UsageError(
                f"{self.folder}: holds images of {'; '.join(differences)}.",
                hint="Generate into another folder, or with the settings of that one: they are in "
                f"{MANIFEST}.",
            )

    def begin(
        self,
        settings: GenerationSettings,
        asked: dict[str, Any],
        device: str,
        versions: dict[str, str],
        too_long: list[str],
    ) -> None:
        """Record a run before its first image."""
        before = self._record if self._record is not None and self.settings else {}
        run = {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "device": device,
            "versions": {"audit": __version__, **versions},
        }
        self._record = {
            "schema": SCHEMA,
            "settings": settings.to_dict(),
            "asked": before.get("asked", asked),
            "too_long": list(dict.fromkeys([*before.get("too_long", ()), *too_long])),
            "runs": [*before.get("runs", ()), run],
        }
        path = self.folder / MANIFEST
        with about_out(path), written_whole(path) as stream:
            stream.write(json.dumps(self._record, ensure_ascii=False, indent=1).encode())

    def add(
        self, prompt: Prompt, number: int, seed: int, picture: Image, flagged: str | None
    ) -> None:
        """Keep an image; of a flagged one, only that there was one."""
        path, digest = None, None
        if flagged is None:
            path = prompt.path(number)
            png = io.BytesIO()
            picture.save(png, "PNG")
            digest = hashlib.sha256(png.getvalue()).hexdigest()
            place = self.folder / path
            with about_out(place), written_whole(place) as stream:
                stream.write(png.getvalue())
        image = GeneratedImage(
            path=path,
            concept=prompt.concept,
            domain=prompt.domain,
            template=prompt.template,
            prompt=prompt.text,
            number=number,
            seed=seed,
            width=picture.width,
            height=picture.height,
            sha256=digest,
            flagged=flagged,
        )
        with about_out(self._lines), storage_errors(self._lines), open(self._lines, "ab") as lines:
            lines.write(image.to_line().encode())
            lines.flush()
            os.fsync(lines.fileno())
        self._images[image.key] = image


@contextlib.contextmanager
def about_out(path: Path) -> Iterator[None]:
    """What to do where nothing can be written, in the words of this command."""
    try:
        with storage_errors(path):
            yield
    except StorageError as error:
        raise StorageError(
            error.message,
            hint="Free some space, or choose a folder that you may write with --out. The images "
            "that are finished are kept: the same command goes on from there.",
        ) from error
