"""What is looked for in a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from audit.captions.folding import fold
from audit.captions.phrases import ConceptPhrases, fold_concept
from audit.concepts import Concept
from audit.datasets.dataset import Dataset
from audit.datasets.parts import kept_columns
from audit.errors import UsageError, did_you_mean
from audit.removal.addresses import checked_url

#: Columns that hold hashes, and how many hexadecimal digits these have; None for any text.
HASH_COLUMNS = {"sha256": 64, "md5": 32, "phash": 16, "hash": None}

#: Bits in which perceptual hashes of two versions of a picture may differ; see
#: :data:`audit.counts.copies.NEAR_BITS`.
NEAR_BITS = 6

#: Values of a kind that a removal keeps; of more it keeps these, and how many there were.
_MOST_KEPT = 1000

By = Literal["url", "host", "caption", "whole caption", "concept", "hash", "image", "where", "file"]


@dataclass(frozen=True)
class Asked:
    """One thing that is looked for."""

    by: By
    value: str

    @property
    def label(self) -> str:
        return f"{self.by} {self.value!r}"

    def to_dict(self) -> dict[str, Any]:
        return {"by": self.by, "value": self.value}


@dataclass(frozen=True)
class Wanted:
    """What is looked for: samples that any of it finds, of those that meet ``where``.

    Attributes
    ----------
    urls:
        Whole addresses; other spellings of them are tried too, unless ``exactly``.
    hosts:
        Names of hosts; their subdomains belong to them.
    captions, whole_captions:
        Texts that captions contain as whole words, or that they are, both after folding.
    concepts:
        Samples that name one, as counting by caption has it.
    hashes:
        Values of hash columns, or ``column:value``.
    images:
        Image files.
    file:
        A table of samples: see :mod:`audit.removal.listed`.
    where:
        A DuckDB condition; alone, all that meets it is looked for.
    distance:
        Bits in which a perceptual hash may differ.
    similarity:
        From which cosine on an indexed image is taken for a near copy; None to look for none.

    Raises
    ------
    UsageError
        If nothing is looked for, or one of the values can be found nowhere.
    """

    urls: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    whole_captions: tuple[str, ...] = ()
    concepts: tuple[Concept, ...] = ()
    hashes: tuple[str, ...] = ()
    images: tuple[Path, ...] = ()
    file: Path | None = None
    where: str | None = None
    exactly: bool = False
    distance: int = NEAR_BITS
    similarity: float | None = None
    asked: tuple[Asked, ...] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("urls", "hosts", "captions", "whole_captions", "hashes"):
            texts = tuple(_as_read(text) for text in getattr(self, name))
            object.__setattr__(self, name, texts)
        object.__setattr__(self, "asked", tuple(self._asked()))
        if not self.asked:
            raise UsageError(
                "Nothing is looked for.", hint="Name a URL, a caption, a hash, an image or a host."
            )
        for url in self.urls:
            checked_url(url)
        for host in self.hosts:
            _check_host(host)
        for text in (*self.captions, *self.whole_captions):
            if fold(text) == " ":
                raise UsageError(
                    f"The caption {text!r} has no letter or digit: no caption can be found by it.",
                    hint="Give words of the caption.",
                )
        for concept in self.concepts:
            if not fold_concept(concept).phrases:
                raise UsageError(
                    f"No name of {concept.name!r} has a letter or digit: nothing can name it.",
                    hint="Give the concept a name or alias with letters or digits.",
                )
        if not 0 <= self.distance <= 32:
            raise UsageError(
                f"A distance of {self.distance} bits tells nothing.",
                hint="Hashes have 64 bits; of versions of one picture up to about 10 differ.",
            )
        if self.similarity is not None and not 0 < self.similarity <= 1:
            raise UsageError(
                f"{self.similarity} is no similarity.", hint="Cosines are up to 1: try 0.95."
            )

    def _asked(self) -> Iterable[Asked]:
        kinds: Mapping[By, Iterable[object]] = {
            "url": self.urls,
            "host": self.hosts,
            "caption": self.captions,
            "whole caption": self.whole_captions,
            "concept": [concept.name for concept in self.concepts],
            "hash": self.hashes,
            "image": self.images,
            "file": [self.file] if self.file is not None else [],
        }
        asked = [Asked(by, str(value)) for by, values in kinds.items() for value in values]
        if self.where is not None and not asked:
            asked = [Asked("where", self.where)]
        return asked

    def number(self, by: By, place: int = 0) -> int:
        """The place in :attr:`asked` of the first, or a later, thing of a kind."""
        return next(n for n, asked in enumerate(self.asked) if asked.by == by) + place

    def worded(self) -> list[tuple[int, ConceptPhrases]]:
        """What captions are searched for: places in :attr:`asked`, and folded phrases."""
        found: list[tuple[int, ConceptPhrases]] = []
        for by, texts in (("caption", self.captions), ("whole caption", self.whole_captions)):
            for place, text in enumerate(texts):
                number = self.number("caption" if by == "caption" else "whole caption", place)
                # The concept is only a name to go by: a caption may be longer than names are.
                found.append((number, ConceptPhrases(Concept(by), {fold(text): (text,)})))
        for place, concept in enumerate(self.concepts):
            found.append((self.number("concept", place), fold_concept(concept)))
        return found

    def hash_values(self, dataset: Dataset) -> list[HashValue]:
        """Where each hash is to be looked for, in a dataset.

        Raises
        ------
        UsageError
            If a value names a column that the dataset does not have.
        """
        return [
            HashValue.parse(text, dataset, self.number("hash", place))
            for place, text in enumerate(self.hashes)
        ]

    def to_dict(self) -> dict[str, Any]:
        """What was asked for, in plain values: what a removal keeps of it."""
        record: dict[str, Any] = {
            "urls": list(self.urls),
            "hosts": list(self.hosts),
            "captions": list(self.captions),
            "whole_captions": list(self.whole_captions),
            "concepts": [concept.to_dict() for concept in self.concepts],
            "hashes": list(self.hashes),
            "images": [str(path) for path in self.images],
            "file": str(self.file) if self.file is not None else None,
            "where": self.where,
        }
        record = {name: value for name, value in record.items() if value}
        for name, value in list(record.items()):
            if isinstance(value, list) and len(value) > _MOST_KEPT:
                record |= {name: value[:_MOST_KEPT], f"{name}_in_all": len(value)}
        if self.urls:
            record["exactly"] = self.exactly
        if self.images or self.hashes:
            record["distance"] = self.distance
        if self.images:
            record["similarity"] = self.similarity
        return record


@dataclass(frozen=True)
class HashValue:
    """A hash, and the columns of a dataset that may hold it.

    Attributes
    ----------
    asked:
        Its place in :attr:`Wanted.asked`.
    columns:
        Empty if the dataset has none that could.
    """

    asked: int
    value: str
    columns: tuple[str, ...]
    named: str | None = None  #: the column that was named

    @classmethod
    def parse(cls, text: str, dataset: Dataset, asked: int) -> HashValue:
        kept = set(kept_columns(dataset.manifest.mapping).values())
        searchable = [*(name for name in HASH_COLUMNS if name in dataset.columns), *sorted(kept)]
        column, separator, value = text.partition(":")
        if separator:
            if column in HASH_COLUMNS and column not in searchable:
                return cls(asked, _checked_hash(value, text), (), column)
            if column not in searchable:
                raise UsageError(
                    f"{dataset.name!r} has no hash column {column!r}.",
                    hint=did_you_mean(column, searchable)
                    or f"It has: {', '.join(searchable) or 'none'}.",
                )
            return cls(asked, _checked_hash(value, text), (column,), column)
        value = _checked_hash(text, text)
        fitting = tuple(
            name
            for name, digits in HASH_COLUMNS.items()
            if name in dataset.columns and (digits is None or is_hex(value, digits))
        )
        return cls(asked, value, fitting)


def _as_read(text: str) -> str:
    """Text in valid UTF-8, as datasets have it: what is not becomes U+FFFD."""
    try:
        data = text.encode("utf-8", "surrogateescape")  # bytes of the shell that are no text
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogatepass")
    return data.decode("utf-8", "replace")


def is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and all(c in "0123456789abcdefABCDEF" for c in text)


def _checked_hash(value: str, text: str) -> str:
    if not value.strip():
        raise UsageError(f"The hash {text!r} is empty.", hint="Give its value: md5:9e107d9d…")
    return value.strip()


def _check_host(host: str) -> None:
    name = host.strip(".")
    hint = "Write it as example.org, without https://; subdomains belong to it."
    if name.startswith("[") and name.endswith("]"):
        return  # an address of IPv6, as it stands in URLs
    if ":" in name:
        hint = "Write it without its port, and an address of IPv6 in brackets: [::1]."
    elif (
        ("." in name or name == "localhost")
        and not any(c in name for c in "/@?#*,")
        and not any(map(str.isspace, name))
    ):
        return
    raise UsageError(f"{host!r} is no name of a host.", hint=hint)
