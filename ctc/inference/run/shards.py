"""A run split over many machines: each takes every n-th event and leaves a part file; merged, they
are the run as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ctc.errors import InputError, UsageError
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.journal import read_header, read_part
from ctc.inference.pipeline.pipeline import EventResult


@dataclass(frozen=True)
class ShardSpec:
    """The `number`-th of `count`, from 1."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> ShardSpec:
        """'3/16'; raises UsageError for anything else."""
        number, slash, count = text.partition("/")
        if not (
            slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)
        ):
            raise UsageError(f"--shard '{text}' is not understood: '3/16' is the third of sixteen")
        return cls(int(number), int(count))

    def part_path(self, output: Path) -> Path:
        """Where the part file goes: 'p.csv.part-03-of-16'."""
        number = str(self.number).zfill(len(str(self.count)))
        return output.with_name(f"{output.name}.part-{number}-of-{self.count}")


@dataclass(frozen=True)
class ShardOutputs:
    """The parts of one run, all there, in order."""

    paths: tuple[Path, ...]
    headers: tuple[RunHeader, ...]

    @classmethod
    def load(cls, paths: tuple[Path, ...]) -> ShardOutputs:
        """Raises CtcError when a file is no part, a part is missing or there twice, or they are of
        different runs."""
        found: dict[int, tuple[Path, RunHeader]] = {}
        first: tuple[Path, RunHeader] | None = None
        for path in paths:
            heading = _require_header(path)
            first = first or (path, heading)
            _check_same_run(first, (path, heading))
            number = heading.shard[0]
            if number in found:
                raise UsageError(
                    f"part {number + 1} of {heading.shard[1]} is there twice: '{found[number][0]}' and '{path}'"
                )
            found[number] = path, heading
        if first is None:
            raise UsageError(
                "nothing to merge: give the part files that `ctc predict --shard` left"
            )
        _check_none_missing(set(found), first[1].shard[1])
        ordered = [found[number] for number in sorted(found)]
        return cls(tuple(path for path, _ in ordered), tuple(heading for _, heading in ordered))

    @property
    def header(self) -> RunHeader:
        """What holds for the whole run; it began when its first part did."""
        return min(self.headers, key=lambda heading: heading.created)

    def read_results(self) -> Iterator[EventResult]:
        """Those of all parts, in the order of the events. Raises InputError when a part is not
        complete."""
        streams = [
            read_part(path, heading) for path, heading in zip(self.paths, self.headers, strict=True)
        ]
        while True:
            for number, stream in enumerate(streams):
                outcome = next(stream, None)
                if outcome is None:
                    self._check_exhausted(streams, number)
                    return
                yield outcome

    def _check_exhausted(self, streams: list[Iterator[EventResult]], first: int) -> None:
        """Every n-th event: the parts after the first that ends have none left either, nor have
        those before it."""
        for path, stream in zip(self.paths, streams, strict=True):
            if next(stream, None) is not None:
                raise InputError(
                    f"'{path}' holds more events than '{self.paths[first]}' allows: predict these parts again"
                )


def _require_header(path: Path) -> RunHeader:
    if not path.is_file():
        raise UsageError(f"part '{path}' is not there: make it with `ctc predict --shard`")
    heading = read_header(path)
    if heading is None:
        raise InputError(f"part '{path}' is not complete: repeat the command that made it")
    return heading


def _check_same_run(first: tuple[Path, RunHeader], other: tuple[Path, RunHeader]) -> None:
    difference = other[1].describe_mismatch(first[1].identity)
    if difference:
        raise UsageError(
            f"'{other[0]}' was made with {difference}, unlike '{first[0]}': merge the parts of one run"
        )
    if other[1].shard[1] != first[1].shard[1]:
        counts = first[1].shard[1], other[1].shard[1]
        raise UsageError(
            f"'{first[0]}' is one of {counts[0]} parts, '{other[0]}' one of {counts[1]}: merge the parts of one run"
        )


def _check_none_missing(found: set[int], count: int) -> None:
    missing = [str(number + 1) for number in range(count) if number not in found]
    if missing:
        listed = ", ".join(missing[:10]) + (", …" if len(missing) > 10 else "")
        raise UsageError(f"of {count} parts {len(missing)} are missing: {listed}")
