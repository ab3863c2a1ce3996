"""Names of outputs, and of the files beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ctc.artifacts.failures import failure_path
from ctc.errors import UsageError
from ctc.inference.journal.journal import journal_path
from ctc.inference.run.chunks import chunks_folder
from ctc.inventory.build import check_output_name
from ctc.inventory.left_out import left_out_path
from ctc.storage.atomic import temp_path
from ctc.storage.paths import path_beside


def test_path_beside_an_output() -> None:
    assert path_beside(Path("a/b.csv"), "c.csv") == Path("a/c.csv")


@pytest.mark.parametrize("output", [Path(), Path("/")])
@pytest.mark.parametrize(
    "path_of",
    [chunks_folder, failure_path, journal_path, left_out_path, temp_path, check_output_name],
)
def test_nothing_is_beside_an_output_without_a_name(
    path_of: Callable[[Path], object], output: Path
) -> None:
    with pytest.raises(UsageError, match=f"'{output}' can't be "):
        path_of(output)
