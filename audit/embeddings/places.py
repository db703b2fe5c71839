"""Where a dataset keeps the embeddings of an encoder, and what is made of them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from audit.datasets.dataset import Dataset

_LONGEST = 80
_DIGEST = 8


def slug(encoder_id: str) -> str:
    """A file name for an encoder; what it cannot hold becomes a dash.

    >>> slug("open_clip:ViT-B-32/laion2b_s34b_b79k")
    'open_clip-ViT-B-32-laion2b_s34b_b79k'

    Names that are cut are told apart by a digest. Two encoders may still share a name: whoever
    writes into the folder checks the encoder that its manifest names.
    """
    name = re.sub(r"[^A-Za-z0-9._]+", "-", encoder_id).strip("-.")
    if not name or len(name) > _LONGEST:
        digest = hashlib.sha256(encoder_id.encode()).hexdigest()[:_DIGEST]
        name = f"{name[: _LONGEST - _DIGEST - 1]}-{digest}".lstrip("-")
    return name


def embeddings_folder(dataset: Dataset, encoder_id: str) -> Path:
    """Where ``audit embed`` puts the embeddings of a dataset's images, there or not."""
    return dataset.folder / "embeddings" / slug(encoder_id)


def embeddings_folders(dataset: Dataset) -> list[Path]:
    """The folders of embeddings that the dataset has."""
    place = dataset.folder / "embeddings"
    return sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []
