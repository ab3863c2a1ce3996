"""From an inventory to records: selection, splits, shards, failures, resume."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.inventory import Inventory
from ctc.dataset.build import BUILD_STATE, build_dataset, prepare_folder
from ctc.dataset.config import DatasetConfig
from ctc.dataset.plan import DatasetPlan
from ctc.dataset.select import InventoryEvents, select_events
from ctc.errors import InputError, OutputExistsError, UsageError
from ctc.images import decode, encode_jpeg
from ctc.images.eval_samples import read_events, record_table

ALL = {"train": 1.0}


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    """20 events at 5 sites: 10 foxes, 8 hares, 2 lynxes; event 0 has two observations and a second
    photo."""
    rows = []
    for i in range(20):
        grey = np.full((90, 120 + i, 3), 10 * i, np.uint8)
        (tmp_path / f"{i}.jpg").write_bytes(encode_jpeg(grey, 95))
        species = "fox" if i < 10 else "hare" if i < 18 else "lynx"
        images = [f"{i}.jpg", "1.jpg"] if i == 0 else [f"{i}.jpg"]
        count = None if i % 4 == 3 else str(i % 11 + 1)
        rows.append(
            {
                "event_id": f"e{i}",
                "images": images,
                "species": species,
                "count": count,
                "site": f"s{i % 5}",
            }
        )
    rows.append({**rows[0], "species": "hare"})
    return Inventory(pa.Table.from_pylist(rows), ("species", "count"), tmp_path)


def built(inventory: Inventory, folder: Path, **options: object) -> Dataset:
    config = DatasetConfig(**{"smallest_side": 60, "shares": ALL, **options})  # type: ignore[arg-type]
    prepare_folder(folder, resume=False, overwrite=False)
    return build_dataset(
        DatasetPlan.make(inventory, config), folder, lambda done, failed: None
    ).dataset


def records(dataset: Dataset, split: str = "train") -> list[EventRecord]:
    return [event for _, event in read_events(dataset, split, record_table(dataset, split))]


def test_a_record_holds_the_event(inventory: Inventory, tmp_path: Path) -> None:
    dataset = built(inventory, tmp_path / "out", keep_multi_observation=True)
    event = next(record for record in records(dataset) if record.event_id == "e0")
    assert event.paths == ("0.jpg", "1.jpg")
    assert event.labels == {"species": (0, 1), "count": (0, 0)}
    assert event.meta == {"site": "s0"}
    assert event.sizes == ((60, 80), (60, 81))
    assert decode(event.jpegs[1]).shape == (60, 81, 3)


def test_classes_are_in_numerical_order_and_missing_labels_are_marked(
    inventory: Inventory, tmp_path: Path
) -> None:
    dataset = built(inventory, tmp_path / "out")
    assert dataset.label("count").classes == ("2", "3", "4", "5", "6", "7", "8", "9", "10", "11")
    assert sum(record.labels["count"] == (-1,) for record in records(dataset)) == 5


def test_the_manifest_counts_what_is_there(inventory: Inventory, tmp_path: Path) -> None:
    dataset = built(inventory, tmp_path / "out", events_per_shard=8)
    assert [shard.file for shard in dataset.shards("train")][2] == "train-00002-of-00003.tfrecord"
    assert dataset.event_count("train") == 19
    assert dataset.label("species").counts == {"train": (9, 8, 2)}
    assert dataset.manifest.left_out["events"] == {"more than one observation": 1}


def test_channel_statistics_are_those_of_the_stored_pixels(
    inventory: Inventory, tmp_path: Path
) -> None:
    dataset = built(inventory, tmp_path / "out")
    pixels = (
        np.concatenate([decode(jpeg).reshape(-1, 3) for r in records(dataset) for jpeg in r.jpegs])
        / 255
    )
    assert dataset.manifest.channel_mean == pytest.approx(pixels.mean(axis=0), abs=0.005)
    assert dataset.manifest.channel_std == pytest.approx(pixels.std(axis=0), abs=0.005)


def test_the_seed_decides_the_order_and_nothing_else_does(
    inventory: Inventory, tmp_path: Path
) -> None:
    one, same, other = (
        built(inventory, tmp_path / name, seed=seed, threads=threads)
        for name, seed, threads in (("a", 1, 1), ("b", 1, 4), ("c", 2, 1))
    )
    assert one.fingerprint() == same.fingerprint() != other.fingerprint()


def test_shares_cut_the_events(inventory: Inventory) -> None:
    splits = select_events(
        inventory, DatasetConfig(shares={"train": 0.8, "val": 0.1, "test": 0.1})
    ).splits
    assert {name: len(events) for name, events in splits.items()} == {
        "train": 15,
        "val": 2,
        "test": 2,
    }
    assert len(set(np.concatenate(list(splits.values())))) == 19


def test_groups_stay_together(inventory: Inventory) -> None:
    config = DatasetConfig(shares={"train": 0.6, "test": 0.4}, group_by="site")
    selection = select_events(inventory, config)
    sites = {
        name: {int(selection.events.rows_of(np.array([event]))[0]) % 5 for event in events}
        for name, events in selection.splits.items()
    }
    assert not sites["train"] & sites["test"]
    assert sites["train"] | sites["test"] == set(range(5))


def test_a_column_can_name_the_splits(inventory: Inventory) -> None:
    assert {n: len(e) for n, e in select_events(inventory, DatasetConfig(split_by="site")).splits.items()} == {
        "s0": 3, "s1": 4, "s2": 4, "s3": 4, "s4": 4,
    }  # fmt: skip


def test_an_event_of_several_observations_is_balanced_as_its_rarest_class(tmp_path: Path) -> None:
    seen = [
        ("a", "fox"),
        ("a", "lynx"),
        ("b", None),
        ("b", "lynx"),
        *((name, "fox") for name in "cdefg"),
        ("h", None),
    ]
    rows = [
        {"event_id": name, "images": [f"{name}.jpg"], "species": species} for name, species in seen
    ]
    events = InventoryEvents.from_inventory(
        Inventory(pa.Table.from_pylist(rows), ("species",), tmp_path)
    )
    assert events.column_codes("species").tolist() == [0, -1, 0, 0, 0, 0, 0, -1]
    assert events.rarest_class("species").tolist() == [1, 1, 0, 0, 0, 0, 0, -1]
    balanced = DatasetConfig(shares=ALL, balance="species", keep_multi_observation=True)
    assert Counter(
        events.rarest_class("species")[select_events(events.inventory, balanced).splits["train"]]
    ) == {
        0: 2,
        1: 2,
    }


def test_balance_samples_every_class_down_to_the_rarest(inventory: Inventory) -> None:
    selection = select_events(inventory, DatasetConfig(shares=ALL, balance="species"))
    species = inventory.table["species"].to_pylist()
    assert Counter(species[selection.events.rows_of(np.array([e]))[0]] for e in selection.splits["train"]) == {
        "fox": 2, "hare": 2, "lynx": 2,
    }  # fmt: skip


def test_keep_and_remove_choose_by_class(inventory: Inventory) -> None:
    kept = select_events(
        inventory, DatasetConfig(shares=ALL, keep=(("species", "lynx"), ("species", "hare")))
    )
    removed = select_events(inventory, DatasetConfig(shares=ALL, remove=(("species", "fox"),)))
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
def test_what_is_not_there_is_named(
    inventory: Inventory, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        select_events(inventory, DatasetConfig(**options))  # type: ignore[arg-type]


def test_an_event_survives_while_one_photo_is_left(inventory: Inventory, tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"not a photo")
    dataset = built(inventory, tmp_path / "out", keep_multi_observation=True)
    by_id = {record.event_id: record for record in records(dataset)}
    assert by_id["e0"].paths == ("0.jpg",)
    assert "e1" not in by_id
    assert dataset.manifest.left_out["events"] == {"no usable photo": 1}
    assert (dataset.folder / "left_out.csv").read_text().count(
        '1.jpg,"not an image of a known kind'
    ) == 2


def test_nothing_is_left_behind_when_no_photo_can_be_used(
    inventory: Inventory, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no photo could be used: no such file"):
        built(inventory, tmp_path / "out", image_root=tmp_path / "elsewhere")
    assert not (tmp_path / "out").exists()


def test_an_interrupted_build_goes_on_to_the_same_bytes(
    inventory: Inventory, tmp_path: Path
) -> None:
    whole = built(inventory, tmp_path / "whole", events_per_shard=4)
    plan = DatasetPlan.make(
        inventory, DatasetConfig(smallest_side=60, shares=ALL, events_per_shard=4)
    )
    seen = 0

    def stop_in_the_third_shard(done: int, failed: int) -> None:
        nonlocal seen
        seen += done
        if seen == 10:
            raise KeyboardInterrupt

    folder = tmp_path / "cut"
    with pytest.raises(KeyboardInterrupt):
        build_dataset(plan, folder, stop_in_the_third_shard)
    assert sorted(path.name for path in folder.glob("*.tfrecord")) == [
        "train-00000-of-00005.tfrecord",
        "train-00001-of-00005.tfrecord",
    ]
    prepare_folder(folder, resume=True, overwrite=False)
    resumed = build_dataset(plan, folder, lambda done, failed: None).dataset
    assert resumed.fingerprint() == whole.fingerprint()
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        path.name for path in whole.folder.iterdir()
    )


def test_resume_refuses_other_options(inventory: Inventory, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / BUILD_STATE).write_text('{"plan": "another"}')
    with pytest.raises(UsageError, match="begun with other options"):
        build_dataset(
            DatasetPlan.make(inventory, DatasetConfig(shares=ALL)),
            tmp_path / "out",
            lambda done, failed: None,
        )


def test_overwrite_replaces_a_dataset_and_nothing_else(
    inventory: Inventory, tmp_path: Path
) -> None:
    built(inventory, tmp_path / "out")
    with pytest.raises(OutputExistsError):
        prepare_folder(tmp_path / "out", resume=False, overwrite=False)
    prepare_folder(tmp_path / "out", resume=False, overwrite=True)
    assert not (tmp_path / "out").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.doc").touch()
    with pytest.raises(UsageError, match="not a dataset"):
        prepare_folder(tmp_path / "mine", resume=False, overwrite=True)
