"""The header of a run: that of the unfinished run which it resumes, or a new one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ctc.errors import UsageError
from ctc.inference.config import RunConfig
from ctc.inference.events.sources import EventCollection
from ctc.inference.events.table import EventTable
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.reader import read_header
from ctc.inference.task import HeaderFacts
from ctc.runtime.config import RuntimeConfig
from ctc.storage.paths import is_remote


def matching_header(
    journal: Path, identity: Mapping[str, str], overwrite: bool
) -> RunHeader | None:
    """Return the header of the unfinished run in `journal`.

    None when there is no such run, or when it is another run and `overwrite` gives it up. Raises
    UsageError for another run.
    """
    kept = read_header(journal)
    difference = kept.describe_mismatch(identity) if kept else None
    if difference and not overwrite:
        raise UsageError(
            f"'{journal}' is of an unfinished run with {difference}:"
            " run that command again to finish it, or add --overwrite to start over"
        )
    return None if difference else kept


def new_header(
    config: RunConfig,
    identity: Mapping[str, str],
    runtime: RuntimeConfig,
    facts: HeaderFacts,
    events: EventCollection,
) -> RunHeader:
    """Return the header of a run that starts now."""
    shard = config.shard
    return RunHeader(
        identity=identity,
        shard=(shard.number - 1, shard.count) if shard else (0, 1),
        created=datetime.now(UTC),
        runtime=replace(runtime, threads=1),
        model=config.model.name,
        schema=facts.schema,
        notes=facts.notes,
        image_root=str(common_image_root(config.sources, events)),
        input_size=facts.input_size,
        provenance=facts.provenance,
        settings=facts.settings,
        folder="" if config.update is None else str(Path.cwd()),
    )


def common_image_root(sources: Sequence[Path], events: EventCollection) -> Path:
    """Return the folder that contains all sources.

    A folder counts as itself, a photo as the folder that it is in, and a table as the folder at
    which its relative paths start.
    """
    roots = {part.path: part.root for part in events.sources if isinstance(part, EventTable)}
    starts = [roots.get(source, source if source.is_dir() else source.parent) for source in sources]
    first, *others = (
        start if is_remote(start) else Path(os.path.normpath(start.absolute())) for start in starts
    )
    common = (
        folder
        for folder in (first, *first.parents)
        if all(folder in (other, *other.parents) for other in others)
    )
    return next(common, first)  # different drives have no folder in common
