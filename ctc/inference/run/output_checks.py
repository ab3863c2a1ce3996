"""Checks before a run: the format of its output, and whether the output may be written."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ctc.artifacts.failures import failure_path
from ctc.errors import AlreadyCompleteError, OutputExistsError, UsageError
from ctc.inference.config import RunConfig
from ctc.inference.journal.journal import journal_path
from ctc.inference.journal.reader import read_seal
from ctc.inference.run.chunks import chunks_folder, seal_path
from ctc.inference.run.output_writer import is_own_output
from ctc.inference.update.plan import updates_itself
from ctc.plugin import OutputFormat
from ctc.plugin.manager import LoadedRecord, Plugins
from ctc.plugin.option_values import explicit_options
from ctc.storage.paths import check_not_input

log = logging.getLogger(__name__)


def choose_format(output: Path, name: str | None, plugins: Plugins) -> OutputFormat:
    """Return the output format called `name`, or the one with the suffix of the output's name.

    The longest suffix wins; of two formats with the same suffix the built-in one, with a note.
    Raises UsageError when no format fits, or two of plugins do.
    """
    if name is not None:
        return plugins.get(OutputFormat, name)
    found = [
        (suffix, entry)
        for entry in plugins.loaded
        if isinstance(entry.record, OutputFormat)
        for suffix in entry.record.suffixes
        if suffix.startswith(".")
    ]
    longest = max(
        (suffix for suffix, _ in found if output.name.lower().endswith(suffix)),
        key=len,
        default=None,
    )
    if longest is None:
        listed = ", ".join(f"'{suffix}'" for suffix in sorted({suffix for suffix, _ in found}))
        raise UsageError(
            f"the format of '{output}' is not known: end its name with {listed}, or add --format"
        )
    return _resolve_suffix(longest, [entry for suffix, entry in found if suffix == longest])


def _resolve_suffix(suffix: str, fitting: Sequence[LoadedRecord]) -> OutputFormat:
    """Return the format with this suffix: the only one, or the built-in one."""
    built_in = [entry for entry in fitting if entry.owner.is_built_in]
    names = [f"'{one.record.name}' of plugin {one.owner}" for one in fitting if one not in built_in]
    if len(built_in or fitting) > 1:
        raise UsageError(
            f"several output formats have the suffix '{suffix}', {' and '.join(names)}:"
            " choose one with --format"
        )
    if built_in and names:
        log.info(
            "the output format %s has the suffix '%s' as well: it is used with --format",
            names[0],
            suffix,
        )
    record = (built_in or fitting)[0].record
    assert isinstance(record, OutputFormat)
    return record


def check_output_path(
    config: RunConfig, target: Path, output_format: OutputFormat, options: Mapping[str, Any]
) -> None:
    """Raise UsageError when `target`, the output or a shard's part of it, must not be written.

    `options`: of the format. The output of a run that was killed as it finished, whose journal is
    still there, may be written again. Raises AlreadyCompleteError with `--resume` for a complete
    output.
    """
    journal, other = journal_path(target), chunks_folder(target)
    if config.engine:
        journal, other = other, journal
    if other.exists() and not config.overwrite:
        how = "without" if config.engine else "with"
        raise UsageError(
            f"'{other}' is of an unfinished run {how} --engine: finish that first, or delete it"
        )
    is_replaced = config.overwrite or updates_itself(config)
    if config.resume and not is_replaced and target.exists() and not journal.exists():
        raise AlreadyCompleteError(target)
    if config.shard is None:
        sealed = read_seal(seal_path(journal) if config.engine else journal)
        own = is_own_output(sealed, target, output_format, options)
        inputs = config.inputs
        check_overwrite(target, output_format, inputs, is_replaced, own)
    elif explicit_options(config.format_options):
        raise UsageError(
            "--shard writes only a part file: give the options of the output format to `ctc merge`"
        )
    elif target.exists() and not config.overwrite:
        raise OutputExistsError(target)


def check_overwrite(
    output: Path,
    output_format: OutputFormat,
    inputs: Sequence[Path],
    overwrite: bool,
    is_own: bool = False,
) -> None:
    """Raise UsageError when the output, or its list of failures, must not be written.

    A folder is never replaced, unless it `is_own`, see `is_own_output`, and none is made inside an
    input folder.
    """
    if output_format.folder and output.is_dir() and not is_own:
        raise UsageError(
            f"output folder '{output}' exists already:"
            " choose another --output, or delete it yourself"
        )
    for path in (output, failure_path(output)):
        if path.is_dir() and not (is_own and output_format.folder):
            raise UsageError(f"output '{path}' is a folder: give the name of a file")
        if path.exists() and not overwrite and not is_own:
            raise OutputExistsError(path)
    check_not_input(output, inputs)
    for source in inputs:
        if (
            output_format.folder
            and source.is_dir()
            and source.resolve() in output.resolve().parents
        ):
            raise UsageError(
                f"output '{output}' is inside the input folder '{source}': choose another --output"
            )
