"""Contract check of output formats: `check_output_format`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import chdir, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ctc._version import __version__
from ctc.errors import CtcError, UsageError
from ctc.plugin.records import OutputContext, OutputFormat
from ctc.testing.expect import check_record, expect, expect_clean_run, expect_equal
from ctc.testing.options import OptionValues, check_options, resolve_options
from ctc.testing.tiny_predictions import (
    FAILURES,
    LABELS,
    OTHER_LABELS,
    PredictionEntry,
    many_events,
    other_label_events,
    output_cases,
    write_photos,
)

_EVENTS_PER_LOOK = 100


class _StoppedError(Exception):
    """Error of the host in the middle of the entries, which a format can't expect."""


def check_output_format(
    output_format: OutputFormat,
    options: Mapping[str, Any] | None = None,
    *,
    failures: bool = False,
    events: int | None = 20_000,
) -> None:
    """Raise AssertionError if `output_format` breaks the contract of `ctc.plugin.OutputFormat`.

    `options`: values, by key, for options that should not have their default. `failures`: the
    format stores failures. `events`: before this many events are consumed, the first ones must be
    on the disk, so buffers, compression and row groups are fine; None for a format that can't write
    anything before it has all, which then must not be used for millions of events. Takes about a
    second, in a temporary folder.
    """
    check_record(output_format, OutputFormat)
    check_options(output_format)
    for suffix in output_format.suffixes:
        expect(
            suffix.startswith(".") and suffix == suffix.lower(),
            f"the suffix {suffix!r} doesn't start with a dot, or isn't in lower case",
        )
    with TemporaryDirectory() as folder:
        writing = _WriterUnderTest(
            output_format, Path(folder).resolve(), resolve_options(output_format.options, options)
        )
        for what, entries in output_cases(writing.photos).items():
            writing.check(what, entries)
        _check_other_labels(writing, has_options=bool(options))
        _check_failures(writing, failures)
        if events is not None:
            _check_streaming(writing, events)
        _check_error_propagates(writing)


class _WriterUnderTest:
    """The format in its own folder, with the photos that the entries name."""

    def __init__(self, output_format: OutputFormat, folder: Path, options: OptionValues) -> None:
        self.format, self.options = output_format, options
        self.photos, self._made, self._elsewhere = (
            folder / name for name in ("photos", "made", "elsewhere")
        )
        for place in (self.photos, self._made, self._elsewhere):
            place.mkdir()
        write_photos(self.photos)
        self._count = 0

    def new_path(self) -> Path:
        """Return a path in a new folder, so that other files written there are found."""
        self._count += 1
        folder = self._made / str(self._count)
        folder.mkdir()
        return folder / f"predictions{self.format.suffixes[0] if self.format.suffixes else ''}"

    def write(
        self,
        what: str,
        entries: Iterator[PredictionEntry],
        path: Path,
        *allowed: type[BaseException],
        labels: Mapping[str, tuple[str, ...]] = LABELS,
    ) -> None:
        context = OutputContext(
            "model.onnx",
            labels,
            datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC),
            self.photos,
            self.options,
            aggregation="mean",
            version=__version__,
            provenance={"backbone": "small_cnn"},
            input_size=(224, 224),
        )
        what = f"write() of {what}"
        with (
            chdir(self._elsewhere),
            self.options.expect_declared(what),
            expect_clean_run(what, *allowed),
        ):
            self.format.write(entries, path, context)

    def check(self, what: str, entries: list[PredictionEntry]) -> None:
        """Check that all entries are consumed and only the path is written, the same each time."""
        before, made = _file_contents(self.photos), []
        for path in (self.new_path(), self.new_path()):
            left = iter(entries)
            self.write(what, left, path)
            expect(not list(left), f"write() of {what} did not consume all entries")
            kind = "folder" if self.format.folder else "file"
            expect(
                path.is_dir() if self.format.folder else path.is_file(),
                f"write() of {what} did not write a {kind} to its path",
            )
            others = sorted(
                other.name
                for other in (*path.parent.iterdir(), *self._elsewhere.iterdir())
                if other != path
            )
            expect(not others, f"write() of {what} wrote outside its path: {', '.join(others)}")
            made.append(_file_contents(path))
        expect_equal(
            _file_contents(self.photos), before, f"the photos' folder after write() of {what}"
        )
        expect(
            made[0] == made[1],
            f"write() of {what} wrote different bytes the second time, so a resumed run would "
            "differ",
        )


def _check_failures(writing: _WriterUnderTest, listed: bool) -> None:
    path = writing.new_path()
    writing.write("two failures", iter(FAILURES), path)
    held = b"\n".join(_file_contents(path).values())
    for failure in (failure for failure in FAILURES if listed and not failure.of_event):
        expect(
            failure.path.encode() in held and failure.reason.encode() in held,
            f"the failure of '{failure.path}' is not in the output with its path and reason, "
            "as failures=True requires",
        )


def _check_other_labels(writing: _WriterUnderTest, *, has_options: bool) -> None:
    """Check the events of a model with another label.

    With options, one of which may name a label of the first model, a UsageError is right.
    """
    refused = (UsageError,) if has_options else ()
    what = f"events whose only label is '{next(iter(OTHER_LABELS))}'"
    entries, path = iter(other_label_events(writing.photos)), writing.new_path()
    with suppress(*refused):
        writing.write(what, entries, path, *refused, labels=OTHER_LABELS)


def _check_streaming(writing: _WriterUnderTest, events: int) -> None:
    """Check that the output grows before `events` are consumed; it ends when it has grown."""
    path = writing.new_path()
    has_grown = False

    def watched() -> Iterator[PredictionEntry]:
        nonlocal has_grown
        first = None
        for number, event in enumerate(many_events(writing.photos, events)):
            yield event
            if number % _EVENTS_PER_LOOK == 0:
                size = _total_size(path)
                first = size if first is None else first
                if size > first:
                    has_grown = True
                    return

    writing.write(f"up to {events:,} events", watched(), path)
    expect(
        has_grown,
        f"nothing was written while {events:,} events arrived: write them one by one, and don't "
        "collect them (events=N if more are buffered, None if all must be)",
    )


def _check_error_propagates(writing: _WriterUnderTest) -> None:
    def stopped() -> Iterator[PredictionEntry]:
        yield from many_events(writing.photos, 1)
        raise _StoppedError

    try:
        writing.write(
            "entries that end with an error", stopped(), writing.new_path(), _StoppedError, CtcError
        )
    except _StoppedError:
        return
    raise AssertionError(
        "write() continued after the entries raised an error: pass it on, or an incomplete output "
        "looks complete"
    )


def _file_contents(path: Path) -> dict[str, bytes]:
    """Return relative path → bytes of a file or of all files in a folder; of links, the target."""
    parts = sorted(path.rglob("*")) if path.is_dir() else [path]
    return {
        part.relative_to(path).as_posix(): os.fsencode(part.readlink())
        if part.is_symlink()
        else part.read_bytes()
        for part in parts
        if part.is_symlink() or part.is_file()
    }


def _total_size(path: Path) -> int:
    """Return the size in bytes; each file, folder or link in a folder adds one."""
    parts = [path, *path.rglob("*")] if path.is_dir() else [path]
    return sum(part.lstat().st_size + 1 for part in parts if part.exists() or part.is_symlink())
