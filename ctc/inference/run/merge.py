"""`ctc merge`: write the part files of a run that was split with `--shard` as one output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ctc.errors import InputError, UsageError
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.reader import read_header, read_part
from ctc.inference.run.detect_run import DetectKind
from ctc.inference.run.kind import RunKind
from ctc.inference.run.output_checks import check_overwrite
from ctc.inference.run.output_writer import ResultStream, output_context
from ctc.inference.run.photo_run import PhotoRun
from ctc.inference.run.predict_run import PredictKind
from ctc.inference.run.stats import RunStats
from ctc.inference.task import AnswerCodec, TaskResult
from ctc.inference.update.keeping import keep_answers
from ctc.plugin.manager import Plugins
from ctc.plugin.option_values import option_values


@dataclass(frozen=True)
class MergeConfig:
    """The options of `ctc merge`.

    `format_options`: the options of the output format that are given, by key.
    """

    parts: tuple[Path, ...]
    output: Path
    format: str | None = None
    format_options: Mapping[str, Any] = field(default_factory=dict)
    overwrite: bool = False


@dataclass(frozen=True)
class ShardOutputs:
    """A `ResultSource`: the part files of one run, complete and in order, for `output`."""

    output: Path
    paths: tuple[Path, ...]
    headers: tuple[RunHeader, ...]
    codec: AnswerCodec[Any, Any]

    @classmethod
    def load(cls, output: Path, paths: tuple[Path, ...], kind: RunKind[Any]) -> ShardOutputs:
        """Read the headers of part files of a `kind` of run.

        Raises CtcError when a file is not a part file, when a part is missing or given twice, or
        when the parts are not of one run.
        """
        found: dict[int, tuple[Path, RunHeader]] = {}
        first: tuple[Path, RunHeader] | None = None
        for path in paths:
            header = _require_header(path)
            first = first or (path, header)
            _check_same_run(first, (path, header))
            number = header.shard[0]
            if number in found:
                raise UsageError(
                    f"part {number + 1} of {header.shard[1]} is given twice:"
                    f" '{found[number][0]}' and '{path}'"
                )
            found[number] = path, header
        if first is None:
            raise UsageError("nothing to merge: give the part files of `ctc predict --shard`")
        _check_none_missing(set(found), first[1].shard[1])
        ordered = [found[number] for number in sorted(found)]
        headers = tuple(header for _, header in ordered)
        return cls(output, tuple(path for path, _ in ordered), headers, kind.codec(headers[0]))

    @property
    def header(self) -> RunHeader:
        """The header of the whole run, which began when its first part did."""
        return min(self.headers, key=lambda header: header.created)

    @contextmanager
    def open(self, stats: RunStats) -> Iterator[ResultStream]:  # noqa: ARG002
        """See `ResultSource.open`."""
        header, results = replace(self.header, shard=(0, 1)), self.read_results()
        with keep_answers(results, self.output, header, self.codec) as kept:
            yield ResultStream(kept, self._seal)

    def _seal(self, written: Mapping[str, Any]) -> None:
        """Mark nothing: the parts stay after the merge."""

    def read_results(self) -> Iterator[TaskResult[Any]]:
        """Yield the results of all parts, in the order of the events.

        Raises InputError when a part is not complete.
        """
        streams = [read_part(path, self.codec) for path in self.paths]
        while True:
            for number, stream in enumerate(streams):
                result = next(stream, None)
                if result is None:
                    self._check_exhausted(streams, number)
                    return
                yield result

    def _check_exhausted(self, streams: list[Iterator[TaskResult[Any]]], first: int) -> None:
        """Raise InputError unless all parts have ended, now that part `first` has.

        The parts take turns, so those before it have just given their last result.
        """
        for path, stream in zip(self.paths, streams, strict=True):
            if next(stream, None) is not None:
                raise InputError(
                    f"'{path}' has more events than '{self.paths[first]}' allows:"
                    " predict these parts again"
                )


def prepare_merge(
    config: MergeConfig,
    plugins: Plugins,
    kinds: Sequence[RunKind[Any]] = (PredictKind(), DetectKind()),
) -> PhotoRun:
    """Return the run that merges part files, which are of one of the `kinds`.

    Raises CtcError, see `ShardOutputs.load`.
    """
    kind = _kind_of(config.parts, kinds)
    output_format = kind.choose_format(config.output, config.format, plugins)
    options = option_values(output_format, config.format_options)
    check_overwrite(config.output, output_format, config.parts, config.overwrite)
    parts = ShardOutputs.load(config.output, config.parts, kind)
    header = parts.header
    context = output_context(header, options)
    return PhotoRun(
        parts,
        header,
        header.runtime,
        output_format,
        context,
        config.output,
        config.output,
        done=kind.done,
    )


def _kind_of(parts: Sequence[Path], kinds: Sequence[RunKind[Any]]) -> RunKind[Any]:
    """Return the kind of run that the parts are of, by the first of them."""
    command = _require_header(parts[0]).command if parts else kinds[0].command
    found = next((kind for kind in kinds if kind.command == command), None)
    if found is None:
        raise InputError(
            f"part '{parts[0]}' is of `ctc {command}`, which this ctc doesn't know: update ctc"
        )
    return found


def _require_header(path: Path) -> RunHeader:
    if not path.is_file():
        raise UsageError(f"part '{path}' is not there: make it with `ctc predict --shard`")
    header = read_header(path)
    if header is None:
        raise InputError(f"part '{path}' is not complete: run the command that makes it again")
    return header


def _check_same_run(first: tuple[Path, RunHeader], other: tuple[Path, RunHeader]) -> None:
    difference = other[1].describe_mismatch(first[1].identity)
    if difference:
        raise UsageError(
            f"'{other[0]}' was made with {difference}, unlike '{first[0]}':"
            " merge the parts of one run"
        )
    if other[1].shard[1] != first[1].shard[1]:
        counts = first[1].shard[1], other[1].shard[1]
        raise UsageError(
            f"'{first[0]}' is one of {counts[0]} parts, '{other[0]}' one of {counts[1]}:"
            " merge the parts of one run"
        )


def _check_none_missing(found: set[int], count: int) -> None:
    missing = [str(number + 1) for number in range(count) if number not in found]
    if missing:
        listed = ", ".join(missing[:10]) + (", …" if len(missing) > 10 else "")
        raise UsageError(f"{len(missing)} of {count} parts are missing: {listed}")
