"""An image against the images of a dataset that were fetched, embedded or indexed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from audit.datasets.dataset import Dataset
from audit.datasets.duckdb_paths import parquet_sql
from audit.datasets.sample_keys import shard_and_row
from audit.encoders.encoder import Encoder, load_encoder
from audit.errors import AuditError, SourceError, UsageError
from audit.images.decoding import DEFAULT_LIMITS, BadImageError, decode
from audit.images.phash import perceptual_hash
from audit.removal.found import NotSearched, Searched, matches
from audit.removal.hashes import near_hashes
from audit.vectors.images import PartImages
from audit.vectors.index import VectorIndex
from audit.vectors.places import index_encoders
from audit.vectors.searching import VectorSearch


@dataclass(frozen=True)
class Picture:
    """What an image file is known by.

    Attributes
    ----------
    asked:
        Its place in :attr:`audit.removal.wanted.Wanted.asked`; of a hash, that of the hash.
    phash:
        None for a picture of one colour, which has none.
    path:
        The file; None if only hashes are known.
    """

    asked: int
    sha256: str | None
    md5: str | None
    phash: int | None
    path: Path | None = None

    @classmethod
    def of(cls, path: Path, asked: int) -> Picture:
        """Read a file.

        Raises
        ------
        SourceError
            If it cannot be read, or is no image.
        MissingPackageError
            If Pillow is not installed.
        """
        try:
            data = path.read_bytes() if path.stat().st_size <= DEFAULT_LIMITS.bytes else None
        except OSError as error:
            raise SourceError(
                f"{path}: cannot be read ({error.strerror or error}).", hint="Check the path."
            ) from error
        if data is None:
            raise SourceError(
                f"{path}: is larger than {DEFAULT_LIMITS.bytes >> 20} MB.",
                hint="Give the image as it was published.",
            )
        try:
            phash = perceptual_hash(decode(data))
        except BadImageError as error:
            raise SourceError(
                f"{path}: is no image that can be looked at ({error.reason}: {error.message}).",
                hint="Give a JPEG, PNG, WebP, GIF, TIFF or AVIF file.",
            ) from error
        sha256 = hashlib.sha256(data).hexdigest()
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        return cls(asked, sha256, md5, phash, path)


class IndexedPictures:
    """Pictures against the images of the dataset's indexes and fetches.

    Attributes
    ----------
    searched, not_searched:
        Where was looked and could not be, after :meth:`found`.
    """

    def __init__(
        self, dataset: Dataset, pictures: Sequence[Picture], distance: int, similarity: float | None
    ) -> None:
        self._dataset, self._pictures = dataset, pictures
        self._distance, self._similarity = distance, similarity
        self.searched: list[Searched] = []
        self.not_searched: list[NotSearched] = []

    def found(self) -> Iterator[pl.DataFrame]:
        """Matches, the surest first."""
        yield from self._fetched()
        encoders = index_encoders(self._dataset)
        if not encoders:
            self.not_searched.append(
                NotSearched("indexed images", "none are indexed: `audit embed`, `audit index`")
            )
        for encoder_id, folder in encoders.items():
            try:
                # Links to removed samples too: what was removed is told to be there.
                index = VectorIndex(folder)
            except (SourceError, UsageError) as error:
                self.not_searched.append(
                    NotSearched(f"images indexed by {encoder_id}", error.message)
                )
                continue
            yield from self._fingerprints(index)
            if self._similarity is not None and any(one.path for one in self._pictures):
                yield from self._alike(index)

    def _fetched(self) -> Iterator[pl.DataFrame]:
        """The files that were fetched, by the digest of their bytes."""
        wanted = {one.sha256: one.asked for one in self._pictures if one.sha256}
        files = sorted((self._dataset.folder / "images").glob("*/*.parquet"))
        if not wanted:
            return
        if not files:
            self.not_searched.append(
                NotSearched("files of fetched images", "none were fetched: `audit fetch`")
            )
            return
        with duckdb.connect(config={"memory_limit": "400MB"}) as engine:
            engine.execute("CREATE TEMP TABLE wanted (sha256 VARCHAR, asked INTEGER)")
            engine.executemany("INSERT INTO wanted VALUES (?, ?)", list(wanted.items()))
            source = parquet_sql(files, by_name=True)
            try:
                ((there, of),) = engine.execute(
                    f"SELECT count(sha256), count(*) FROM {source}"
                ).fetchall()
                hits = engine.sql(
                    f"SELECT DISTINCT audit_shard, audit_row, asked FROM {source} "
                    "JOIN wanted USING (sha256) WHERE audit_row IS NOT NULL ORDER BY ALL"
                ).pl()
            except duckdb.Error as error:
                reason = " ".join(str(error).split())[:200]
                self.not_searched.append(NotSearched("files of fetched images", reason))
                return
        self.searched.append(
            Searched("sha256 of fetched images", there, of, "images", "files, byte for byte")
        )
        yield matches(
            hits["audit_shard"], hits["audit_row"], hits["asked"], "fetched file", same=True
        )

    def _fingerprints(self, index: VectorIndex) -> Iterator[pl.DataFrame]:
        """Digests and perceptual hashes of the images that were embedded."""
        files = {one.sha256: one.asked for one in self._pictures if one.sha256}
        hashes = [(one.asked, one.phash) for one in self._pictures if one.phash is not None]
        digests = hashed = total = 0
        for part in index.parts:
            images = PartImages.of(part)
            total += len(images)
            if part.embeddings.images_path is None:
                continue
            table = part.embeddings.images(["sha256", "phash"])
            digest = pl.Series(table["sha256"]).str.to_lowercase()
            phash = table["phash"]
            digests += len(digest) - digest.null_count()
            hashed += len(phash) - phash.null_count
            for value, asked in files.items():
                image = np.flatnonzero((digest == value).fill_null(False).to_numpy())
                yield from self._samples(images, image, asked, "indexed file", same=True)
            numbers = phash.fill_null(0).to_numpy()
            for asked, wanted in hashes:
                near, bits = near_hashes(numbers, wanted, self._distance)
                known = numbers[near] != 0
                near, bits = near[known], bits[known]
                yield from self._samples(images, near, asked, "perceptual hash", score=bits)
        name = f"images indexed by {index.info.id}"
        if total and not digests and not hashed:
            reason = "their files were never seen here: others made the embeddings"
            self.not_searched.append(NotSearched(f"files and hashes of {name}", reason))
            return
        if files:
            self.searched.append(Searched(f"sha256 of {name}", digests, total, "images"))
        if hashes:
            remark = f"up to {self._distance} of 64 bits differ"
            self.searched.append(
                Searched(f"perceptual hash of {name}", hashed, total, "images", remark)
            )

    def _alike(self, index: VectorIndex) -> Iterator[pl.DataFrame]:
        """Near copies by the vectors of an index."""
        place = f"vectors of {index.info.id}"
        assert self._similarity is not None
        try:
            encoder = load_encoder(index.info.id)
            vectors, asked = self._embedded(encoder)
            if not len(vectors):
                self.not_searched.append(NotSearched(place, "it finds nothing in the image"))
                return
            search = VectorSearch(index)
            found, _ = search(vectors, self._similarity)
        except AuditError as error:
            self.not_searched.append(NotSearched(place, error.message))
            return
        examined = 0
        for number, part in enumerate(index.parts):
            images = PartImages.of(part)
            examined += int(images.examined.sum())
            here = np.flatnonzero(found.part == number)
            for query in np.unique(found.query[here]).tolist():
                mine = here[found.query[here] == query]
                order = mine[np.argsort(-found.score[mine], kind="stable")]
                yield from self._samples(
                    images,
                    images.of_vector[found.row[order]],
                    asked[query],
                    "similar image",
                    score=found.score[order],
                )
        remark = f"similarity from {self._similarity:g}; evidence, no proof"
        self.searched.append(Searched(place, examined, examined, "images", remark))

    def _embedded(self, encoder: Encoder) -> tuple[np.ndarray, list[int]]:
        vectors, asked = [np.empty((0, encoder.info.dimension), np.float32)], []
        for one in self._pictures:
            if one.path is not None:
                picture = decode(one.path.read_bytes())
                (some,) = encoder.encode([encoder.prepare(picture)])
                vectors.append(some)
                asked += [one.asked] * len(some)
        return np.concatenate(vectors), asked

    def _samples(
        self,
        images: PartImages,
        image: np.ndarray,
        asked: int,
        how: str,
        *,
        score: np.ndarray | None = None,
        same: bool | None = None,
    ) -> Iterator[pl.DataFrame]:
        """The samples that images belong to."""
        if not len(image):
            return
        place, keys = images.samples_of(image)
        shard, row = shard_and_row(keys)
        scores = None if score is None else score[place]
        yield matches(shard, row, asked, how, score=scores, same=same)
