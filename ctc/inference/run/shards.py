"""A run split over many machines: each takes every n-th event and leaves a part file; merged, they are the run as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ctc.errors import InputError, UsageError
from ctc.inference.journal.header import Heading
from ctc.inference.journal.journal import read_heading, read_part
from ctc.inference.pipeline.pipeline import Outcome


@dataclass(frozen=True)
class Shard:
    """The `number`-th of `count`, from 1."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """'3/16'; raises UsageError for anything else."""
        number, slash, count = text.partition("/")
        if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            raise UsageError(f"--shard '{text}' is not understood: '3/16' is the third of sixteen")
        return cls(int(number), int(count))

    def part_of(self, output: Path) -> Path:
        """Where the part file goes: 'p.csv.part-03-of-16'."""
        number = str(self.number).zfill(len(str(self.count)))
        return output.with_name(f"{output.name}.part-{number}-of-{self.count}")


@dataclass(frozen=True)
class Parts:
    """The parts of one run, all there, in order."""

    paths: tuple[Path, ...]
    headings: tuple[Heading, ...]

    @classmethod
    def gather(cls, paths: tuple[Path, ...]) -> Parts:
        """Raises CtcError when a file is no part, a part is missing or there twice, or they are of different runs."""
        found: dict[int, tuple[Path, Heading]] = {}
        first: tuple[Path, Heading] | None = None
        for path in paths:
            heading = _heading(path)
            first = first or (path, heading)
            _check_same_run(first, (path, heading))
            number = heading.shard[0]
            if number in found:
                raise UsageError(
                    f"part {number + 1} of {heading.shard[1]} is there twice: '{found[number][0]}' and '{path}'"
                )
            found[number] = path, heading
        if first is None:
            raise UsageError("nothing to merge: give the part files that `ctc predict --shard` left")
        _check_all_there(set(found), first[1].shard[1])
        ordered = [found[number] for number in sorted(found)]
        return cls(tuple(path for path, _ in ordered), tuple(heading for _, heading in ordered))

    @property
    def heading(self) -> Heading:
        """What holds for the whole run; it began when its first part did."""
        return min(self.headings, key=lambda heading: heading.created)

    def outcomes(self) -> Iterator[Outcome]:
        """Those of all parts, in the order of the events. Raises InputError when a part is not complete."""
        streams = [read_part(path, heading) for path, heading in zip(self.paths, self.headings, strict=True)]
        while True:
            for number, stream in enumerate(streams):
                outcome = next(stream, None)
                if outcome is None:
                    self._check_all_at_end(streams, number)
                    return
                yield outcome

    def _check_all_at_end(self, streams: list[Iterator[Outcome]], first: int) -> None:
        """Every n-th event: the parts after the first that ends have none left either, nor have those before it."""
        for path, stream in zip(self.paths, streams, strict=True):
            if next(stream, None) is not None:
                raise InputError(
                    f"'{path}' holds more events than '{self.paths[first]}' allows: predict these parts again"
                )


def _heading(path: Path) -> Heading:
    if not path.is_file():
        raise UsageError(f"part '{path}' is not there: make it with `ctc predict --shard`")
    heading = read_heading(path)
    if heading is None:
        raise InputError(f"part '{path}' is not complete: repeat the command that made it")
    return heading


def _check_same_run(first: tuple[Path, Heading], other: tuple[Path, Heading]) -> None:
    difference = other[1].differs_in(first[1].identity)
    if difference:
        raise UsageError(f"'{other[0]}' was made with {difference}, unlike '{first[0]}': merge the parts of one run")
    if other[1].shard[1] != first[1].shard[1]:
        counts = first[1].shard[1], other[1].shard[1]
        raise UsageError(
            f"'{first[0]}' is one of {counts[0]} parts, '{other[0]}' one of {counts[1]}: merge the parts of one run"
        )


def _check_all_there(found: set[int], count: int) -> None:
    missing = [str(number + 1) for number in range(count) if number not in found]
    if missing:
        listed = ", ".join(missing[:10]) + (", …" if len(missing) > 10 else "")
        raise UsageError(f"of {count} parts {len(missing)} are missing: {listed}")
