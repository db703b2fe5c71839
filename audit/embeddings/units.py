"""What a folder of embeddings knows of each unit of images, and which part is made of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.embeddings.files import MADE, part_paths, read_record
from audit.embeddings.folder import read_manifest
from audit.encoders.encoder import EncoderInfo
from audit.errors import EncoderMismatchError, SourceError
from audit.images.collections import ImageUnit


@dataclass
class UnitState:
    """What the manifest says of a part: ``state`` is pending, failed, incomplete or done."""

    ordinal: int
    label: str
    fingerprint: str
    state: str = "pending"
    images: int = 0
    vectors: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    #: Why the unit cannot be read, or not to its end; and what to do about it.
    error: str | None = None
    hint: str | None = None

    @property
    def is_made(self) -> bool:
        return self.state in MADE

    def take(self, record: dict[str, Any]) -> None:
        """A part was made."""
        self.state, self.error, self.hint = "done", None, None
        self.fingerprint = record["fingerprint"]
        self.images, self.vectors = record["images"], record["vectors"]
        self.statuses = record["statuses"]
        damage = record.get("damage")
        if damage is not None:
            self.state = "incomplete"
            self._explain(damage["message"], damage["hint"], record["uri"])

    def fail(self, error: SourceError, unit: ImageUnit) -> None:
        """No part could be made."""
        self.state = "failed"
        self.images, self.vectors, self.statuses = 0, 0, {}
        self._explain(error.message, error.hint, unit.uri)

    def _explain(self, message: str, hint: str | None, uri: str) -> None:
        # Whoever shows it names the unit.
        self.error, self.hint = message.removeprefix(f"{uri}: "), hint


def known_units(folder: Path, info: EncoderInfo) -> list[UnitState]:
    """What the manifest of ``folder`` says; nothing if there is none.

    Raises
    ------
    EncoderMismatchError
        If the embeddings are of another encoder than ``info``.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return []
    theirs = EncoderInfo.from_dict(manifest["encoder"])
    if theirs != info:
        raise EncoderMismatchError(
            f"{folder}: holds embeddings of {theirs.describe_against(info)}.",
            hint="Embeddings of different encoders cannot be mixed. Use another folder (--out), or "
            "the encoder that is there.",
        )
    return [UnitState(**unit) for unit in manifest["units"]]


def planned_units(known: Sequence[UnitState], units: Sequence[ImageUnit]) -> list[UnitState]:
    """Known units keep their ordinals; new ones come after them.

    A unit that no part was made of and that is gone is forgotten: nothing would ever be known of
    it, and it would be missed for good.
    """
    given = {unit.label for unit in units}
    kept = [one for one in known if one.is_made or one.label in given or _is_there(one)]
    labels = {state.label for state in kept}
    new = [unit for unit in units if unit.label not in labels]
    first = max((state.ordinal for state in known), default=-1) + 1
    return kept + [UnitState(first + i, unit.label, unit.fingerprint) for i, unit in enumerate(new)]


def _is_there(state: UnitState) -> bool:
    return os.path.exists(state.label.removesuffix("…"))


def finished_part(folder: Path, ordinal: int, unit: ImageUnit) -> dict[str, Any] | None:
    """The record of the part that was made of ``unit`` as it is now; None if it must be made."""
    vectors, metadata, images = part_paths(folder, ordinal)
    if not (vectors.exists() and metadata.exists()):
        return None
    record = read_record(images)
    if record is None or record["fingerprint"] != unit.fingerprint:
        return None
    damage = record.get("damage")
    return None if damage is not None and damage["may_pass"] else record
