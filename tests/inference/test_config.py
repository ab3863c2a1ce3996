from __future__ import annotations

from pathlib import Path

import pytest

from ctc.errors import UsageError
from ctc.inference.config import ShardSpec


@pytest.mark.parametrize("text", ["3", "0/2", "3/2", "a/2", "1/2/3", "-1/2", "1/"])
def test_shard_spec_refuses_invalid_text(text: str) -> None:
    with pytest.raises(
        UsageError,
        match=f"--shard '{text}' is not valid: write '3/16' for the third of 16 shards",
    ):
        ShardSpec.parse(text)


def test_shard_spec_part_paths_sort_by_name() -> None:
    assert ShardSpec.parse("3/16").part_path(Path("p.csv")) == Path("p.csv.part-03-of-16")
