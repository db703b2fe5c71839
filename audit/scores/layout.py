"""Which concept and prompt an image belongs to: told by columns, by a list, or by its folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from audit.concepts.concept import clean_name
from audit.errors import ConceptError, UsageError
from audit.generation.manifest import MANIFEST, GeneratedImages, read_generated
from audit.scores.vectors import NO_PROMPT

#: Concept and prompt.
Label = tuple[str, str]


@dataclass(frozen=True)
class FolderLayout:
    """A folder for each concept, and in it one for each prompt if there are several.

    ::

        root/Vincent van Gogh/a.png
        root/Vincent van Gogh/a painting in the style of {}/0.png
    """

    root: PurePosixPath

    @classmethod
    def of(cls, root: Path) -> FolderLayout:
        return cls(PurePosixPath(root.as_posix()))

    @classmethod
    def above(cls, folders: Iterable[str]) -> FolderLayout:
        """The layout of images whose ``folders`` are known, and not where these begin.

        It is where their paths part; a single folder is named for its concept.

        Raises
        ------
        UsageError
            If some begin at the root of the file system and others do not.
        """
        paths = sorted(set(folders))
        try:
            common = os.path.commonpath(paths) if paths else ""
        except ValueError as error:
            raise UsageError(
                "Some paths of images are absolute, and others are not.",
                hint="Add a column `concept` to the metadata.",
            ) from error
        root = PurePosixPath(common)
        return cls(root.parent if common in paths else root)

    def label(self, folder: str) -> Label | None:
        """Concept and prompt of the images in a folder; None of what lies in no concept's."""
        try:
            inside = PurePosixPath(folder).relative_to(self.root).parts
        except ValueError:
            return None
        return (inside[0], "/".join(inside[1:]) or NO_PROMPT) if inside else None


def checked(label: Label | None, where: Path) -> Label | None:
    """The same with the concept's name made clean.

    Raises
    ------
    ConceptError
        If that is no name.
    """
    if label is None:
        return None
    try:
        return clean_name(label[0], "concept"), label[1]
    except ConceptError as error:
        raise ConceptError(f"{where}: {error.message}", hint=error.hint) from error


def generated_above(folder: Path) -> GeneratedImages | None:
    """What `audit generate` wrote into ``folder`` or one above it; None if it wrote neither."""
    for place in (folder, *folder.parents):
        if (place / MANIFEST).is_file():
            return read_generated(place)
    return None


def labels_of(generated: GeneratedImages) -> Mapping[str, Label]:
    """Absolute path of an image -> concept and template of its prompt."""
    return {
        str(generated.path_of(image).absolute()): (image.concept, image.template)
        for image in generated.images
    }
