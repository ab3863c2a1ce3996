"""Checks before a run: the format of its output, and whether the output may be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ctc.artifacts.failures import failure_path
from ctc.errors import AlreadyCompleteError, OutputExistsError, UsageError
from ctc.inference.config import PredictConfig
from ctc.inference.journal.journal import journal_path, read_seal
from ctc.inference.run.chunks import chunks_folder, seal_path
from ctc.inference.run.output_writer import is_own_output
from ctc.plugin import OutputFormat
from ctc.plugin.manager import Plugins
from ctc.storage.paths import is_remote


def choose_format(output: Path, name: str | None, plugins: Plugins) -> OutputFormat:
    """Return the output format called `name`, or the one with the suffix of the output's name.

    The longest suffix wins.
    """
    if name is not None:
        return plugins.get(OutputFormat, name)
    known = {
        suffix: record
        for record in plugins.all(OutputFormat).values()
        for suffix in record.suffixes
    }
    fitting = [suffix for suffix in known if output.name.lower().endswith(suffix)]
    if not fitting:
        listed = ", ".join(f"'{suffix}'" for suffix in sorted(known))
        raise UsageError(
            f"the format of '{output}' is not known: end its name with {listed}, or add --format"
        )
    return known[max(fitting, key=len)]


def check_output_path(
    config: PredictConfig, target: Path, output_format: OutputFormat, options: Mapping[str, Any]
) -> None:
    """Raise UsageError when `target`, the output or a shard's part of it, must not be written.

    `options`: of the format. The output of a run that was killed as it finished, whose journal is
    still there, may be written again. Raises AlreadyCompleteError with `--resume` for a complete output.
    """
    journal, other = journal_path(target), chunks_folder(target)
    if config.engine:
        journal, other = other, journal
    if other.exists() and not config.overwrite:
        how = "without" if config.engine else "with"
        raise UsageError(
            f"'{other}' is of an unfinished run {how} --engine: finish that first, or delete it"
        )
    if config.resume and not config.overwrite and target.exists() and not journal.exists():
        raise AlreadyCompleteError(target)
    if config.shard is None:
        sealed = read_seal(seal_path(journal) if config.engine else journal)
        own = is_own_output(sealed, target, output_format, options)
        inputs = (config.model, *config.sources)
        check_overwrite(target, output_format, inputs, config.overwrite, own)
    elif config.format_options:
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
    for source in inputs:
        if output.exists() and source.exists() and _is_same_path(output, source):
            raise UsageError(f"output '{output}' is an input as well: choose another --output")
        if (
            output_format.folder
            and source.is_dir()
            and source.resolve() in output.resolve().parents
        ):
            raise UsageError(
                f"output '{output}' is inside the input folder '{source}': choose another --output"
            )


def _is_same_path(one: Path, other: Path) -> bool:
    return str(one) == str(other) if is_remote(one) or is_remote(other) else one.samefile(other)
