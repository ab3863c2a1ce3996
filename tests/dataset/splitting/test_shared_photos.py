"""Events that share photos are in one split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.dataset.config import DatasetConfig
from ctc.dataset.splitting.select import Selection, select_events
from ctc.dataset.splitting.shared_photos import first_sharing
from ctc.errors import InputError


def select(events: Sequence[Sequence[str]], config: DatasetConfig, **meta: list[str]) -> Selection:
    ids = [str(number) for number in range(len(events))]
    table = pa.table({"event_id": ids, "images": events, "species": ["fox"] * len(ids), **meta})
    return select_events(Inventory(table, ("species",), Path()), config)


def split_of_events(selection: Selection) -> dict[int, str]:
    return {event: name for name, events in selection.splits.items() for event in events.tolist()}


def test_first_sharing_follows_chains() -> None:
    images = [["a"], ["x", "b"], ["c"], ["b", "c"], ["a", "d"], ["e", "e"], []]
    found = first_sharing(pa.chunked_array([pa.array(images, pa.list_(pa.string()))]))
    assert found.tolist() == [0, 1, 1, 1, 0, 5, 6]


@pytest.mark.parametrize("seed", range(5))
def test_select_events_keeps_sharing_events_in_one_split(seed: int) -> None:
    events = [[f"{number // 2}.jpg", f"own {number}.jpg"] for number in range(40)]
    config = DatasetConfig(shares={"train": 0.5, "test": 0.5}, seed=seed)
    split = split_of_events(select(events, config))
    assert len(split) == 40
    assert all(split[event] == split[event + 1] for event in range(0, 40, 2))
    assert set(split.values()) == {"train", "test"}


def test_select_events_refuses_to_empty_a_split() -> None:
    config = DatasetConfig(shares={"train": 0.5, "test": 0.5})
    with pytest.raises(InputError, match=r"the split '\w+' is empty, since events that share"):
        select([["a.jpg"], ["a.jpg"]], config)


def test_select_events_warns_of_photos_in_two_splits_of_a_column(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = [["a.jpg"], ["a.jpg", "b.jpg"], ["c.jpg"]]
    selection = select(events, DatasetConfig(split_by="part"), part=["train", "test", "test"])
    assert split_of_events(selection) == {0: "train", 1: "test", 2: "test"}
    assert "1 event shares photos with an event of another split" in caplog.text
