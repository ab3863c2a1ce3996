"""How a run begins: anew, or where its journal says that it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ctc.errors import OutputExistsError, UsageError
from ctc.inference.config import PredictConfig
from ctc.inference.events.sources import Events
from ctc.inference.journal.header import Heading
from ctc.inference.journal.journal import journal_path, read_heading
from ctc.inference.postprocess import Reading
from ctc.inference.run.chunks import parts_folder
from ctc.inference.run.output_checks import check_output, image_root
from ctc.plugin import OutputContext, OutputFormat
from ctc.runtime.batch_size import Settings
from ctc.storage.paths import place


def check_target(config: PredictConfig, target: Path, output_format: OutputFormat) -> None:
    """Raises UsageError when the output, or the shard's part of it, must not be written."""
    begun, other = journal_path(target), parts_folder(target)
    if config.engine:
        begun, other = other, begun
    if other.exists() and not config.overwrite:
        how = "without" if config.engine else "with"
        raise UsageError(f"'{other}' is of an unfinished run {how} --engine: finish that first, or remove it")
    if config.resume and not config.overwrite and target.exists() and not begun.exists():
        raise OutputExistsError(target, "it is complete, there is nothing to resume")
    if config.shard is None:
        check_output(target, output_format, (config.model, *config.sources), config.overwrite)
    elif config.format_options:
        raise UsageError("with --shard there is only a part file: give the options of the output format to `ctc merge`")
    elif target.exists() and not config.overwrite:
        raise OutputExistsError(target)


def kept_heading(journal: Path, identity: Mapping[str, str], overwrite: bool) -> Heading | None:
    """The heading of the unfinished run that this one continues; None when there is none, or `overwrite` gives up another run's.

    Raises UsageError for the journal of a run with another identity.
    """
    kept = read_heading(journal)
    difference = kept.differs_in(identity) if kept else None
    if difference and not overwrite:
        raise UsageError(
            f"'{journal}' is of an unfinished run with {difference}: repeat that command to finish it, or begin anew with --overwrite"
        )
    return None if difference else kept


def new_heading(
    config: PredictConfig, identity: Mapping[str, str], settings: Settings, reading: Reading, events: Events
) -> Heading:
    """That of a run which begins now."""
    shard = config.shard
    return Heading(
        identity=identity,
        shard=(shard.number - 1, shard.count) if shard else (0, 1),
        created=datetime.now(UTC),
        provider=settings.provider,
        precision=settings.precision,
        batch_size=settings.batch_size,
        model=config.model.name,
        labels=reading.labels,
        thresholds=reading.thresholds,
        notes=reading.notes,
        image_root=str(image_root(config.sources, events)),
        multi_label=reading.multi_label,
    )


def output_context(heading: Heading, options: Mapping[str, Any]) -> OutputContext:
    """What an output format is told of a run."""
    return OutputContext(
        heading.model, heading.labels, heading.created, place(heading.image_root), options, heading.notes
    )
