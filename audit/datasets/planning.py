"""What an ingest has to do: which shards are new, changed, unchanged, or gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audit._version import __version__
from audit.captions.folding import FOLDING_VERSION
from audit.datasets.files import remove_unfinished
from audit.datasets.manifest import Manifest, ShardRecord
from audit.datasets.parts import check_columns, part_schema
from audit.datasets.presets import ColumnMapping, detect_columns
from audit.datasets.reading import open_shard
from audit.datasets.shard_job import ShardJob, finished_part
from audit.datasets.sources import SourceFile, absolute, exists, expand
from audit.datasets.tombstones import count_removals
from audit.errors import DatasetExistsError, SourceError


@dataclass
class IngestPlan:
    """The work of an ingest, before it starts."""

    manifest: Manifest
    folder: Path
    to_read: list[ShardJob] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    retried: int = 0
    unchanged: int = 0
    gone: list[str] = field(default_factory=list)
    #: Gone too, and nothing of them was ingested: they are no part of the dataset any more.
    dropped: list[str] = field(default_factory=list)

    @property
    def mapping(self) -> ColumnMapping:
        return self.manifest.mapping

    @property
    def bytes_to_read(self) -> int:
        return sum(job.shard.size or 0 for job in self.to_read)

    def to_dict(self) -> dict[str, Any]:
        return {
            "dataset": self.manifest.name,
            "mapping": self.mapping.to_dict(),
            "new": self.new,
            "changed": self.changed,
            "retried": self.retried,
            "unchanged": self.unchanged,
            "gone": self.gone,
            "dropped": self.dropped,
        }


def plan_ingest(
    folder: Path,
    name: str,
    specs: Sequence[str],
    *,
    columns: Mapping[str, str] | None = None,
    keep: Sequence[str] = (),
    add: bool = False,
) -> IngestPlan:
    """Compare the sources with what is already there. Call it holding the dataset's lock.

    Parameters
    ----------
    folder:
        The dataset's folder, which may not exist yet.
    specs:
        Paths, globs, folders, URIs; see :func:`audit.datasets.sources.expand`.
    columns, keep:
        Columns named by the user; see :func:`audit.datasets.presets.detect_columns`.
    add:
        Let the dataset grow by sources that it has nothing in common with.

    Raises
    ------
    SourceError
        If a spec names nothing, or no shard can be opened.
    DatasetExistsError
        If the name belongs to a dataset of other sources, or of other columns.
    """
    files = expand(specs)
    try:
        manifest = Manifest.read(folder)
    except FileNotFoundError:
        manifest = None
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if manifest is None:
        mapping = _decide_columns(files, columns, keep)
        manifest = Manifest(name, [], mapping, now, now, __version__)
    else:
        _refuse_other_sources(manifest, files, add, folder)
        _refuse_other_columns(manifest, columns or {}, keep, folder)
    for spec in map(absolute, specs):
        if spec not in manifest.sources:
            manifest.sources.append(spec)
    manifest.updated, manifest.tool_version = now, __version__
    manifest.folding_version = FOLDING_VERSION
    plan = IngestPlan(manifest, folder)
    for place in (folder, folder / "samples", folder / "results"):
        remove_unfinished(place)
    _sort_out(plan, files)
    return plan


def _refuse_other_sources(
    manifest: Manifest, files: Sequence[SourceFile], add: bool, folder: Path
) -> None:
    known = {shard.uri for shard in manifest.shards}
    if add or not known or known & {file.uri for file in files}:
        return
    raise DatasetExistsError(
        f"{manifest.name!r} is a dataset of other sources: {', '.join(manifest.sources)}.",
        hint="Use another --name; or say --add to let it grow by these shards, or where they were "
        f"moved; or `audit remove {manifest.name}` first{_what_goes_with_it(manifest, folder)}.",
    )


def _what_goes_with_it(manifest: Manifest, folder: Path) -> str:
    """What deleting a dataset would delete that nobody can ingest again."""
    if not count_removals(folder):
        return ""
    return (
        ", which also deletes what was removed of it on request (to write that out before: "
        f"`audit removals export FILE --dataset {manifest.name}`)"
    )


def _refuse_other_columns(
    manifest: Manifest, columns: Mapping[str, str], keep: Sequence[str], folder: Path
) -> None:
    """What the user did not say this time stays as it was decided the first time."""
    mapping = manifest.mapping
    changes = [
        f"{role} was {mapping.columns.get(role, 'none')!r}, now {column!r}"
        for role, column in columns.items()
        if column.lower() != mapping.columns.get(role, "").lower()
    ]
    known = {name.lower() for name in mapping.kept}
    changes += [f"{name!r} was not kept" for name in keep if name.lower() not in known]
    if changes:
        raise DatasetExistsError(
            f"{manifest.name!r} was ingested with other columns: {'; '.join(changes)}.",
            hint=f"Use another --name, or `audit remove {manifest.name}` first"
            f"{_what_goes_with_it(manifest, folder)}.",
        )


def _decide_columns(
    files: Sequence[SourceFile], columns: Mapping[str, str] | None, keep: Sequence[str]
) -> ColumnMapping:
    first_error: SourceError | None = None
    for file in files:
        try:
            with open_shard(file) as reader:
                if not reader.columns:
                    raise SourceError(
                        f"{file.uri}: is empty.", hint="Leave it out, or fetch it again."
                    )
                mapping = detect_columns(reader.columns, columns, keep, where=file.uri)
                if reader.layout:
                    mapping = ColumnMapping(reader.layout, mapping.columns, mapping.kept)
                check_columns(mapping, reader.columns, file.uri)
                part_schema(mapping)  # refuses columns that cannot be kept
                return mapping
        except SourceError as error:
            first_error = first_error or error
            if type(error) is not SourceError:
                raise  # a question of columns is for the user, not for the next shard
    assert first_error is not None
    if len(files) > 1:
        raise SourceError(
            f"None of the {len(files):,} shards can be read. The first: {first_error.message}",
            hint=first_error.hint,
        ) from first_error
    raise first_error


def _sort_out(plan: IngestPlan, files: Sequence[SourceFile]) -> None:
    """Bring the manifest's shards up to date with the files, and list what must be read."""
    shards = {shard.uri: shard for shard in plan.manifest.shards}
    for file in files:
        shard = shards.get(file.uri)
        if shard is None:
            shard = ShardRecord(len(plan.manifest.shards), file.uri, file.size, file.fingerprint)
            plan.manifest.shards.append(shard)
            fate = "new"
        elif shard.state == "dropped":
            fate = "new"
        elif (shard.size, shard.fingerprint) != (file.size, file.fingerprint):
            fate = "changed"
        else:
            fate = "retried" if shard.state == "failed" else "new"
        shard.size, shard.fingerprint, shard.gone = file.size, file.fingerprint, False
        job = ShardJob(shard, plan.mapping, plan.folder / "samples" / shard.part_name)
        finished = finished_part(job)
        if finished is not None:
            plan.manifest.shards[shard.ordinal] = finished
            plan.unchanged += 1
            continue
        shard.state, shard.error = "pending", None
        plan.to_read.append(job)
        setattr(plan, fate, getattr(plan, fate) + 1)
    listed = {file.uri for file in files}
    for shard in plan.manifest.members:
        if shard.uri not in listed:
            shard.gone = not exists(shard.uri)
            if shard.gone and shard.state == "done":
                plan.gone.append(shard.uri)
            elif shard.gone:
                # Nobody will ever know what was in it, and every count would be unbounded for good.
                shard.state, shard.error, shard.rows, shard.stats = "dropped", None, None, None
                plan.dropped.append(shard.uri)
