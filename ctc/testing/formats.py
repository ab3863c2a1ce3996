"""Contract check of input formats: `check_input_format`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ctc.errors import CtcError
from ctc.plugin.records import InputFormat, LeftOut, Observation
from ctc.testing.expect import block_heavy_imports, check_record, expect, expect_clean_run
from ctc.testing.observations import check_entry
from ctc.testing.options import OptionValues, check_options, resolve_options

IMAGE_ROOT = "image_root"
"""The key of the option that `ctc inventory` passes to every format."""
Entries = list[Observation | LeftOut]


def check_input_format(
    input_format: InputFormat, source: Path, options: Mapping[str, Any] | None = None
) -> None:
    """Raise AssertionError if `input_format` breaks the contract of `ctc.plugin.InputFormat`.

    `source`: a small source of the format; it is read three times and must stay unchanged.
    `options`: values, by key, for options that should not have their default.
    """
    check_record(input_format, InputFormat)
    check_options(input_format)
    values = OptionValues({**resolve_options(input_format.options, options), IMAGE_ROOT: None})
    source = source.absolute()
    with TemporaryDirectory() as folder:
        _check_recognizes(input_format, source, Path(folder))
        before = _file_stats(source)
        entries = _read(input_format, source, values)
        for entry in entries:
            check_entry(entry)
        _check_observations(entries)
        _check_repeatable(input_format, source, values, entries)
        expect(
            _file_stats(source) == before,
            "read() changed the folder of its source, which must stay unchanged",
        )
        _check_unusable(input_format, source, values, Path(folder))


def _check_recognizes(input_format: InputFormat, source: Path, folder: Path) -> None:
    places = {"its source": source, **_unusable_sources(source, folder)}
    for what, path in places.items():
        with expect_clean_run(f"recognizes() of {what}"), block_heavy_imports():
            answer = input_format.recognizes(path)
        expect(
            isinstance(answer, bool),
            f"recognizes() of {what} returned {answer!r}, not True or False",
        )
        expect(answer or path != source, "recognizes() of its source returned False")


def _unusable_sources(source: Path, folder: Path) -> dict[str, Path]:
    """Return paths that are not of any format, with the suffix of the source."""
    empty, binary, nothing = (
        folder / f"{name}{source.suffix}" for name in ("empty", "binary", "a-folder")
    )
    empty.touch()
    binary.write_bytes(bytes(range(256)) * 4)
    nothing.mkdir(exist_ok=True)
    missing = folder / f"missing{source.suffix}"
    return {
        "an empty file": empty,
        "a binary file": binary,
        "an empty folder": nothing,
        "a missing path": missing,
    }


def _read(input_format: InputFormat, source: Path, values: OptionValues) -> Entries:
    with values.expect_declared("default_image_root()"), expect_clean_run("default_image_root()"):
        root = input_format.default_image_root(source, values)
    expect(isinstance(root, Path), f"default_image_root() returned {root!r}, not a Path")
    expect(not root.is_file(), f"default_image_root() returned the file '{root}', not a folder")
    with values.expect_declared("read()"), expect_clean_run("read()"):
        return list(input_format.read(source, values))


def _check_observations(entries: Entries) -> None:
    observations = [entry for entry in entries if isinstance(entry, Observation)]
    expect(bool(observations), "read() yielded no observation")
    labels = {label for entry in observations for label in entry.labels}
    expect(bool(labels), "read() yielded observations without any label")
    for entry in observations:
        missing = sorted(labels - entry.labels.keys())
        expect(
            not missing,
            f"event '{entry.event_id}' has no label '{''.join(missing[:1])}', which another one "
            "has: give every observation each label, None where it is missing",
        )
    both = sorted(labels & {name for entry in observations for name in entry.meta})
    expect(not both, f"'{''.join(both[:1])}' is a label of one event and a meta column of another")


def _check_repeatable(
    input_format: InputFormat, source: Path, values: OptionValues, entries: Entries
) -> None:
    expect(
        _read(input_format, source, values) == entries,
        "read() gave a different result the second time",
    )
    with chdir(source.parent):
        relative = _read(input_format, Path(source.name), values)
    expect(
        relative == entries,
        "read() gave a different result for a path relative to the working directory",
    )


def _check_unusable(
    input_format: InputFormat, source: Path, values: OptionValues, folder: Path
) -> None:
    """Check that unusable sources raise CtcError or give a LeftOut, instead of a traceback."""
    for what, path in _unusable_sources(source, folder).items():
        try:
            with expect_clean_run(f"read() of {what}", CtcError):
                list(input_format.read(path, values))
        except CtcError:
            continue
        expect(what != "a missing path", "read() of a missing path raised no CtcError")


def _file_stats(source: Path) -> dict[str, tuple[int, int]]:
    """Return path → (size, modification time) of all files in the source's folder."""
    top = source if source.is_dir() else source.parent
    found = (Path(folder) / name for folder, _, names in os.walk(top) for name in names)
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in found}
