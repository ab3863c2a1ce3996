"""Entries are written as they come and not kept: a file grows while they are read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

EVENTS = 20_000


@pytest.mark.parametrize(
    ("name", "growing"),
    [
        ("csv", ""),
        ("json", ""),
        ("megadetector", ""),
        ("camtrap-dp", "media.csv"),
        ("folders", "_failed.csv"),
    ],
)
def test_output_file_grows_while_entries_come(
    write, predictions, failure, tmp_path: Path, name, growing
) -> None:
    sizes = []

    def entries():
        for number in range(EVENTS):
            yield failure if name == "folders" else replace(predictions[0], id=str(number))
            sizes.append((tmp_path / f"written.{name}" / growing).stat().st_size)

    written = write(name, entries())
    assert len(sizes) == EVENTS
    assert len(set(sizes)) > 30
    assert (written / growing).read_bytes().count(b"\n") >= EVENTS
