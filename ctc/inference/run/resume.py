"""How a run begins: anew, or where its journal says that it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ctc.errors import OutputExistsError, UsageError
from ctc.inference.config import PredictConfig
from ctc.inference.events.sources import EventCollection
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.journal import journal_path, read_header
from ctc.inference.postprocess import Postprocessor
from ctc.inference.run.chunks import chunks_folder
from ctc.inference.run.output_checks import check_overwrite, common_image_root
from ctc.plugin import OutputContext, OutputFormat
from ctc.runtime.batch_size import ResolvedRuntime
from ctc.storage.paths import parse_path


def check_output_path(config: PredictConfig, target: Path, output_format: OutputFormat) -> None:
    """Raises UsageError when the output, or the shard's part of it, must not be written."""
    begun, other = journal_path(target), chunks_folder(target)
    if config.engine:
        begun, other = other, begun
    if other.exists() and not config.overwrite:
        how = "without" if config.engine else "with"
        raise UsageError(
            f"'{other}' is of an unfinished run {how} --engine: finish that first, or remove it"
        )
    if config.resume and not config.overwrite and target.exists() and not begun.exists():
        raise OutputExistsError(target, "it is complete, there is nothing to resume")
    if config.shard is None:
        check_overwrite(target, output_format, (config.model, *config.sources), config.overwrite)
    elif config.format_options:
        raise UsageError(
            "with --shard there is only a part file: give the options of the output format to `ctc merge`"
        )
    elif target.exists() and not config.overwrite:
        raise OutputExistsError(target)


def matching_header(
    journal: Path, identity: Mapping[str, str], overwrite: bool
) -> RunHeader | None:
    """The heading of the unfinished run that this one continues; None when there is none, or
    `overwrite` gives up another run's.

    Raises UsageError for the journal of a run with another identity.
    """
    kept = read_header(journal)
    difference = kept.describe_mismatch(identity) if kept else None
    if difference and not overwrite:
        raise UsageError(
            f"'{journal}' is of an unfinished run with {difference}: repeat that command to finish it, or begin anew with --overwrite"
        )
    return None if difference else kept


def new_header(
    config: PredictConfig,
    identity: Mapping[str, str],
    runtime: ResolvedRuntime,
    postprocessor: Postprocessor,
    events: EventCollection,
) -> RunHeader:
    """That of a run which begins now."""
    shard = config.shard
    return RunHeader(
        identity=identity,
        shard=(shard.number - 1, shard.count) if shard else (0, 1),
        created=datetime.now(UTC),
        provider=runtime.provider,
        precision=runtime.precision,
        batch_size=runtime.batch_size,
        model=config.model.name,
        labels=postprocessor.labels,
        thresholds=postprocessor.thresholds,
        notes=postprocessor.notes,
        image_root=str(common_image_root(config.sources, events)),
        multi_label=postprocessor.multi_label,
    )


def output_context(header: RunHeader, options: Mapping[str, Any]) -> OutputContext:
    """What an output format is told of a run."""
    return OutputContext(
        header.model,
        header.labels,
        header.created,
        parse_path(header.image_root),
        options,
        header.notes,
    )
