"""All boxes of an inventory as samples of their own: `ctc dataset --crops all`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ctc.artifacts.boxes import Box, LabelledBox, detections_from_json, detections_to_json
from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.inventory import Inventory
from ctc.dataset.build import build_dataset
from ctc.dataset.config import DatasetConfig
from ctc.dataset.crops import NO_BOX, OTHER_KIND, SEVERAL, crops_of
from ctc.dataset.folder import prepare_folder
from ctc.dataset.plan import DatasetPlan
from ctc.errors import InputError, UsageError
from ctc.images import decode, encode_jpeg
from ctc.storage.tfrecord import read_index, read_record

LEFT, RIGHT = Box(0.1, 0.2, 0.3, 0.4, confidence=0.9), Box(0.6, 0.2, 0.3, 0.4, confidence=0.5)


def row(event: str, images: list[str], boxes: list[Any], species: str | None, **more: Any):
    texts = [detections_to_json(one) for one in boxes]
    return {
        "event_id": event,
        "images": images,
        "species": species,
        "count": None,
        "site": "creek",
        "taken": [f"{n}:00" for n in range(len(images))],
        "detections": texts,
        **more,
    }


def inventory_of(rows: list[dict[str, Any]], root: Path = Path("/photos")) -> Inventory:
    schema = pa.schema(
        [
            *((name, pa.string()) for name in ("event_id", "species", "count", "site")),
            *((name, pa.list_(pa.string())) for name in ("images", "taken", "detections")),
        ]
    )
    return Inventory(pa.Table.from_pylist(rows, schema), ("species", "count"), root)


def samples(inventory: Inventory) -> list[tuple[str, str, str | None]]:
    rows = inventory.table.to_pylist()
    return [(row["event_id"], row["images"][0], row["species"]) for row in rows]


def read_events(dataset: Dataset, split: str) -> list[EventRecord]:
    records = []
    for shard in dataset.shards(split):
        path = dataset.folder / shard.file
        with path.open("rb") as handle:
            for offset, size in read_index(dataset.folder / shard.index_file):
                records.append(EventRecord.decode(read_record(handle, path, offset, size)))
    return records


def animal(box: Box, **labels: str) -> LabelledBox:
    return LabelledBox(box, "animal", labels)


def test_event_of_one_species_lends_its_label_to_all_its_animals() -> None:
    boxes = [[animal(LEFT), animal(RIGHT), LabelledBox(RIGHT, "person")], []]
    crops = crops_of(inventory_of([row("e", ["a.jpg", "b.jpg"], boxes, "fox")]))
    assert samples(crops) == [("e#1/1", "a.jpg", "fox"), ("e#1/2", "a.jpg", "fox")]
    first, second = crops.table.to_pylist()
    assert (first["box_x"], second["box_x"]) == ([0.1], [0.6])
    assert first["box_conf"] == [0.9]
    assert (first["source_event"], first["site"], first["taken"]) == ("e", "creek", ["0:00"])
    assert crops.left_out == {OTHER_KIND: 1, NO_BOX: 1}


def test_boxes_with_labels_of_their_own_have_those() -> None:
    boxes = [[animal(LEFT, species="hare", count="1"), animal(RIGHT)]]
    rows = [row("e", ["a.jpg"], boxes, name) for name in ("fox", "hare")]
    crops = crops_of(inventory_of(rows))
    assert samples(crops) == [("e/1", "a.jpg", "hare")]
    assert crops.table["count"].to_pylist() == ["1"]
    assert crops.left_out == {SEVERAL: 1}


def test_people_keep_boxes_of_people() -> None:
    boxes = [[LabelledBox(LEFT, "person"), animal(RIGHT)]]
    crops = crops_of(inventory_of([row("e", ["a.jpg"], boxes, "human")]))
    assert samples(crops) == [("e/1", "a.jpg", "human")]


@pytest.mark.parametrize(
    ("without_box", "expected"),
    [
        ("whole", [("e", "a.jpg", "fox"), ("f/1", "b.jpg", "hare")]),
        ("blank", [("e", "a.jpg", "blank"), ("f/1", "b.jpg", "hare")]),
        ("leave-out", [("f/1", "b.jpg", "hare")]),
    ],
)
def test_photos_without_a_box_are_what_is_asked(without_box, expected) -> None:
    rows = [row("e", ["a.jpg"], [[]], "fox"), row("f", ["b.jpg"], [[animal(LEFT)]], "hare")]
    crops = crops_of(inventory_of(rows), without_box)
    assert samples(crops) == expected
    assert crops.left_out == ({NO_BOX: 1} if without_box == "leave-out" else {})


def test_inventory_without_boxes_is_refused() -> None:
    rows = [row("e", ["a.jpg"], [[]], "fox")]
    with pytest.raises(InputError, match=rf"no crop is left .*1 × {NO_BOX}"):
        crops_of(inventory_of(rows))
    plain = inventory_of(rows)
    table = plain.table.drop_columns(["detections"])
    with pytest.raises(UsageError, match="needs an inventory with a column 'detections'"):
        crops_of(Inventory(table, plain.labels, plain.image_root))


def test_column_of_another_program_is_refused() -> None:
    rows = [row("e", ["a.jpg"], [[]], "fox", detections=["[1, 2]"])]
    with pytest.raises(InputError, match=r"the column 'detections' holds .*, not boxes"):
        crops_of(inventory_of(rows))


def test_boxes_survive_their_json() -> None:
    boxes = [LabelledBox(LEFT, "animal", {"species": "Füchse"}), LabelledBox(RIGHT)]
    assert detections_from_json(detections_to_json(boxes)) == tuple(boxes)
    assert detections_to_json([]) is None
    assert detections_from_json(None) == ()


def test_crops_of_an_event_stay_in_one_split_and_show_their_boxes(tmp_path) -> None:
    rows = []
    for number in range(12):
        photo = np.zeros((100, 200, 3), np.uint8)
        photo[:, :100], photo[:, 100:] = (200, 20, 20), (20, 20, 200)
        (tmp_path / f"{number}.jpg").write_bytes(encode_jpeg(photo, 95))
        boxes = [[animal(Box(0.1, 0.2, 0.2, 0.4)), animal(Box(0.7, 0.2, 0.2, 0.4))]]
        rows.append(row(f"e{number}", [f"{number}.jpg"], boxes, "fox" if number % 2 else "hare"))
    config = DatasetConfig(
        {"train": 0.5, "val": 0.5}, crop_box=0.0, crops="all", smallest_side=16, threads=1
    )
    plan = DatasetPlan.make(inventory_of(rows, tmp_path), config)
    prepare_folder(tmp_path / "dataset", resume=False, overwrite=False)
    dataset = build_dataset(plan, tmp_path / "dataset", lambda done, failed: None).dataset
    events = {split: set[str]() for split in ("train", "val")}
    for split in events:
        for record in read_events(dataset, split):
            events[split].add(str(record.meta["source_event"]))
            red = record.event_id.endswith("/1")
            pixels = decode(record.jpegs[0], (16, 16))
            assert (pixels[..., 0].mean() > pixels[..., 2].mean()) == red
    assert events["train"]
    assert events["val"]
    assert not events["train"] & events["val"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crops": "all"}, "--crops all cuts out boxes: add --crop-box"),
        ({"without_box": "whole", "crop_box": 0.1}, "--without-box is for --crops all"),
    ],
)
def test_config_refuses_what_does_not_fit(options, message) -> None:
    with pytest.raises(UsageError, match=message):
        DatasetConfig(**options)
