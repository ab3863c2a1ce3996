"""Selection of events, and their assignment to splits."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.dataset.config import DatasetConfig
from ctc.dataset.splitting.select import InventoryEvents, select_events
from ctc.errors import InputError, UsageError

ALL_TRAIN = {"train": 1.0}


def test_select_events_cuts_splits_at_shares(inventory: Inventory) -> None:
    config = DatasetConfig(shares={"train": 0.8, "val": 0.1, "test": 0.1})
    splits = select_events(inventory, config).splits
    assert {name: len(events) for name, events in splits.items()} == {
        "train": 15,
        "val": 2,
        "test": 2,
    }
    assert len(set(np.concatenate(list(splits.values())))) == 19


def test_select_events_keeps_groups_together(inventory: Inventory) -> None:
    config = DatasetConfig(shares={"train": 0.6, "test": 0.4}, group_by="site")
    selection = select_events(inventory, config)
    sites = {
        name: {int(selection.events.rows_of(np.array([event]))[0]) % 5 for event in events}
        for name, events in selection.splits.items()
    }
    assert not sites["train"] & sites["test"]
    assert sites["train"] | sites["test"] == set(range(5))


def test_select_events_splits_by_column(inventory: Inventory) -> None:
    splits = select_events(inventory, DatasetConfig(split_by="site")).splits
    sizes = {name: len(events) for name, events in splits.items()}
    assert sizes == {"s0": 3, "s1": 4, "s2": 4, "s3": 4, "s4": 4}


def test_rarest_class_represents_event_of_several_observations(tmp_path: Path) -> None:
    observations = [
        ("a", "fox"),
        ("a", "lynx"),
        ("b", None),
        ("b", "lynx"),
        *((name, "fox") for name in "cdefg"),
        ("h", None),
    ]
    rows = [
        {"event_id": name, "images": [f"{name}.jpg"], "species": species}
        for name, species in observations
    ]
    inventory = Inventory(pa.Table.from_pylist(rows), ("species",), tmp_path)
    events = InventoryEvents.from_inventory(inventory)
    assert events.column_codes("species").tolist() == [0, -1, 0, 0, 0, 0, 0, -1]
    assert events.rarest_class("species").tolist() == [1, 1, 0, 0, 0, 0, 0, -1]
    config = DatasetConfig(shares=ALL_TRAIN, balance="species", keep_multi_observation=True)
    balanced = select_events(inventory, config).splits["train"]
    assert Counter(events.rarest_class("species")[balanced]) == {0: 2, 1: 2}


def test_select_events_balances_classes_to_rarest(inventory: Inventory) -> None:
    selection = select_events(inventory, DatasetConfig(shares=ALL_TRAIN, balance="species"))
    species = inventory.table["species"].to_pylist()
    rows = [selection.events.rows_of(np.array([event]))[0] for event in selection.splits["train"]]
    assert Counter(species[row] for row in rows) == {"fox": 2, "hare": 2, "lynx": 2}


def test_select_events_keeps_and_removes_classes(inventory: Inventory) -> None:
    keep = (("species", "lynx"), ("species", "hare"))
    kept = select_events(inventory, DatasetConfig(shares=ALL_TRAIN, keep=keep))
    remove = (("species", "fox"),)
    removed = select_events(inventory, DatasetConfig(shares=ALL_TRAIN, remove=remove))
    assert len(kept.splits["train"]) == len(removed.splits["train"]) == 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": (("specis", "fox"),)}, "no label called 'specis': did you mean 'species'"),
        ({"keep": (("species", "fx"),)}, "no class called 'fx': did you mean 'fox'"),
        ({"group_by": "sit"}, "no meta column called 'sit': did you mean 'site'"),
        ({"shares": {"train": 0.5}}, "add up to 0.5"),
    ],
)
def test_select_events_names_unknown_labels_classes_and_columns(
    inventory: Inventory, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        select_events(inventory, DatasetConfig(**options))  # type: ignore[arg-type]


def test_select_events_takes_longest_label_before_equals_sign() -> None:
    table = pa.table(
        {
            "event_id": ["1", "2", "3"],
            "images": [["a.jpg"]] * 3,
            "sp": ["x=fox", "fox", None],
            "sp=x": ["fox", "a=b", "hare"],
        }
    )
    inventory = Inventory(table, ("sp", "sp=x"), Path("photos"))

    def kept(*pair: str) -> list[int]:
        config = DatasetConfig(shares=ALL_TRAIN, keep=((pair[0], pair[1]),))
        return sorted(select_events(inventory, config).splits["train"].tolist())

    assert kept("sp", "x=fox") == [0]
    assert kept("sp", "x=a=b") == [1]
    assert kept("sp", "fox") == [1]


@pytest.mark.parametrize(
    ("chosen", "remedy"),
    [
        ({"keep": (("species", "fox"),), "remove": (("species", "fox"),)}, "--keep and --remove$"),
        ({}, "add --keep-multi-observation, .* or select .* --where COLUMN=VALUE`$"),
    ],
)
def test_select_events_names_options_that_left_everything_out(chosen: Any, remedy: str) -> None:
    species = ["fox", "hare", "fox", "hare"] if not chosen else ["fox", "fox", "hare", "hare"]
    table = pa.table(
        {"event_id": ["1", "1", "2", "2"], "images": [["a.jpg"]] * 4, "species": species}
    )
    inventory = Inventory(table, ("species",), Path("photos"))
    with pytest.raises(InputError, match=remedy):
        select_events(inventory, DatasetConfig(shares=ALL_TRAIN, **chosen))
