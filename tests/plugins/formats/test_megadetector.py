"""MegaDetector's results: the best box per photo, joined to an inventory without loss."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.cli.exit_codes import run_command
from ctc.cli.main import ctc
from ctc.errors import InputError, UsageError
from ctc.plugin import InputFormat, LeftOut, Observation
from ctc.plugin.manager import plugins

CATEGORIES = {"1": "animal", "2": "person", "3": "vehicle"}
INFO = {"format_version": "1.6", "detector": "MDV5A"}
ROWS = [
    {"event_id": "e1", "images": ["creek/a.jpg", "creek/b.jpg"], "species": "fox", "site": "creek"},
    {"event_id": "e1", "images": ["creek/a.jpg", "creek/b.jpg"], "species": None, "site": "creek"},
    {"event_id": "e2", "images": ["hill/c.jpg"], "species": "empty", "site": None},
]


def box(conf: float, category: Any = "1", bbox: Any = (0.1, 0.2, 0.3, 0.4)) -> dict[str, Any]:
    return {"category": category, "conf": conf, "bbox": list(bbox)}


def file(name: str, *detections: Any, **fields: Any) -> dict[str, Any]:
    return {"file": name, "detections": list(detections), **fields}


def results(*images: Any, **members: Any) -> dict[str, Any]:
    return {"images": list(images), "detection_categories": CATEGORIES, "info": INFO, **members}


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Two events of three photos below `photos`, and something left out."""
    path = tmp_path / "inventory.parquet"
    Inventory(pa.Table.from_pylist(ROWS), ("species",), tmp_path / "photos", {"no label": 2}).write(
        path
    )
    return path


Read = Callable[..., list[Observation | LeftOut]]


@pytest.fixture
def read(inventory: Path) -> Read:
    """A function that reads results with this inventory."""

    def read_results(data: Any, **options: Any) -> list[Observation | LeftOut]:
        path = inventory.with_name("boxes.json")
        path.write_text(json.dumps(data))
        chosen = {
            "inventory": inventory,
            "detected_in": None,
            "min_confidence": 0.1,
            "duplicates": "fail",
            **options,
        }
        return list(plugins().get(InputFormat, "megadetector").read(path, chosen))

    return read_results


def first(found: list[Observation | LeftOut], column: str) -> Any:
    return next(entry for entry in found if isinstance(entry, Observation)).meta[column]


def left_out(found: list[Observation | LeftOut]) -> list[tuple[str, str]]:
    return [(entry.where, entry.reason) for entry in found if isinstance(entry, LeftOut)]


def test_read_adds_box_per_photo_and_keeps_inventory(read: Read, inventory: Path) -> None:
    found = read(
        results(file("creek/b.jpg", box(0.9)), file("creek/a.jpg"), file("hill/c.jpg", box(0.5)))
    )
    boxes = {
        "box_x": (None, 0.1),
        "box_y": (None, 0.2),
        "box_w": (None, pytest.approx(0.3)),
        "box_h": (None, pytest.approx(0.4)),
        "box_conf": (None, 0.9),
        "detections": (
            None,
            '[{"bbox": [0.1, 0.2, 0.3, 0.4], "category": "animal", "conf": 0.9}]',
        ),
    }
    assert found[:2] == [
        Observation(
            "e1", ("creek/a.jpg", "creek/b.jpg"), {"species": species}, {"site": "creek", **boxes}
        )
        for species in ("fox", None)
    ]
    assert found[3:] == [LeftOut(f"'{inventory}'", "no label")] * 2


@pytest.mark.parametrize(
    ("detections", "confidence"),
    [
        ([box(0.3), box(0.8), box(0.5)], 0.8),
        ([box(0.3), box(0.9, "2"), box(0.95, "3")], 0.3),
        ([box(0.05), box(0.6, "2"), box(0.7, "3")], 0.7),
        ([box(0.05)], None),
        ([box(0.9, bbox=(0.5, 0.5, 0, 0.2)), box(0.2)], 0.2),
        ([box(0.4, 1), box(0.6, 1)], 0.6),
    ],
    ids=[
        "surest",
        "animal before others",
        "any other",
        "below the minimum",
        "without area",
        "integer category",
    ],
)
def test_best_box_is_most_confident_animal_or_box(
    read: Read, detections: Any, confidence: float
) -> None:
    assert first(read(results(file("creek/a.jpg", *detections))), "box_conf") == (confidence, None)


def test_min_confidence_option(read: Read) -> None:
    assert first(
        read(results(file("creek/a.jpg", box(0.05))), min_confidence=0.01), "box_conf"
    ) == (0.05, None)


def test_box_slightly_beyond_photo_is_clipped(read: Read) -> None:
    found = read(results(file("creek/a.jpg", box(0.9, bbox=(-0.001, 0.5, 0.4, 0.505)))))
    assert first(found, "box_x")[0] == 0
    assert first(found, "box_w")[0] == pytest.approx(0.399)
    assert first(found, "box_h")[0] == pytest.approx(0.5)


@pytest.mark.parametrize("form", ["creek\\a.jpg", "./creek//a.jpg", "{root}/creek/a.jpg"])
def test_files_match_in_any_notation(read: Read, tmp_path: Path, form: str) -> None:
    found = read(results(file(form.format(root=tmp_path / "photos"), box(0.9))))
    assert first(found, "box_conf") == (0.9, None)


@pytest.mark.parametrize(
    ("name", "folder"),
    [("a.jpg", "photos/creek"), ("photos/creek/a.jpg", "."), ("../creek/a.jpg", "photos/hill")],
)
def test_detected_in_option(read: Read, tmp_path: Path, name: str, folder: str) -> None:
    found = read(results(file(name, box(0.9))), detected_in=tmp_path / folder)
    assert first(found, "box_conf") == (0.9, None)


def test_photos_in_one_file_only_are_left_out(read: Read) -> None:
    found = read(results(file("creek/a.jpg", box(0.9)), file("creek/x.jpg", box(0.9))))
    assert left_out(found)[2:] == [
        ("creek/b.jpg", "MegaDetector's results don't have it: kept without a box"),
        ("hill/c.jpg", "MegaDetector's results don't have it: kept without a box"),
        ("creek/x.jpg", "not in the inventory"),
    ]


def test_photos_that_failed_in_megadetector_are_kept(read: Read) -> None:
    failed = {"file": "creek/b.jpg", "failure": "Failure image access", "detections": None}
    found = read(results(file("creek/a.jpg", box(0.9)), failed, file("hill/c.jpg")))
    assert first(found, "box_conf") == (0.9, None)
    assert left_out(found)[2:] == [
        ("creek/b.jpg", "MegaDetector failed (Failure image access): kept without a box")
    ]


def test_boxes_of_earlier_run_are_replaced(read: Read, inventory: Path) -> None:
    rows = [
        {**row, "box_conf": [0.3] * len(row["images"]), "sharpness": [1.5] * len(row["images"])}
        for row in ROWS
    ]
    Inventory(pa.Table.from_pylist(rows), ("species",), inventory.parent / "photos").write(
        inventory
    )
    found = read(results(file("creek/a.jpg", box(0.9))))
    assert (first(found, "box_conf"), first(found, "sharpness")) == ((0.9, None), (1.5, 1.5))


def test_read_rejects_results_without_common_photo(read: Read) -> None:
    with pytest.raises(
        InputError,
        match=r"no photo in common: the first has 'a\.jpg', "
        r"the second 'creek/a\.jpg'.*--detected-in",
    ):
        read(results(file("a.jpg", box(0.9))))


def test_duplicate_file_is_counted_or_error(read: Read) -> None:
    twice = results(file("creek/a.jpg", box(0.9)), file("creek\\a.jpg", box(0.9)))
    assert left_out(read(twice))[0][1] == "the same file again"
    other = results(file("creek/a.jpg", box(0.9)), file("creek/a.jpg", box(0.8)))
    with pytest.raises(
        InputError, match=r"images\[1\] has the id of an earlier file.*--duplicates first"
    ):
        read(other)
    assert first(read(other, duplicates="first"), "box_conf") == (0.9, None)


@pytest.mark.parametrize(
    "info", [{}, {"format_version": 1.6}, {"format_version": "1.0"}, {"format_version": 1}]
)
def test_info_versions_that_are_accepted(read: Read, info: Any) -> None:
    assert first(read(results(file("creek/a.jpg", box(0.9)), info=info)), "box_conf") == (0.9, None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "must hold a JSON object"),
        (results(info=[]), "'info' must be an object"),
        (
            results(info={"format_version": "2.0"}),
            r"has MegaDetector's format version '2.0', ctc reads 1.x",
        ),
        (results(info={"format_version": True}), "has MegaDetector's format version 'True'"),
        ({"images": []}, "has no 'detection_categories'"),
        (
            results(detection_categories=["animal"]),
            "'detection_categories' must be an object of names",
        ),
        (
            results(detection_categories={"1": 1}),
            "'detection_categories' must be an object of names",
        ),
        ({"detection_categories": CATEGORIES}, "has no 'images'"),
        (results(), "has no images"),
        (results({"detections": []}), r"images\[0\] has no 'file'"),
        (results(file(7.5)), r"images\[0\]: 'file' must be text"),
        (
            results({"file": "creek/a.jpg"}),
            r"images\[0\] has neither 'detections' nor 'failure'",
        ),
        (
            results({"file": "creek/a.jpg", "detections": 1}),
            r"images\[0\]: 'detections' must be a list of objects, unless there is a 'failure'",
        ),
    ],
)
def test_read_rejects_invalid_file(read: Read, data: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(data)


NO_FRACTIONS = (
    "its 'bbox' must be [x, y, width, height] in fractions of the photo's sides, 0–1, not"
)


@pytest.mark.parametrize(
    ("detection", "reason"),
    [
        (box(1.5), "its 'conf' must be a number from 0 to 1, not 1.5"),
        (
            {"category": "1", "bbox": [0, 0, 1, 1]},
            "its 'conf' must be a number from 0 to 1, not null",
        ),
        ({"category": "1", "conf": 0.9}, "its 'bbox' must be a list of 4 numbers, not null"),
        (box(0.9, None), "it has no 'category'"),
        (box(0.9, bbox=[1, 2, 3]), "its 'bbox' must be a list of 4 numbers, not [1, 2, 3]"),
        (
            box(0.9, bbox=[10, 20, 300, 400]),
            f"{NO_FRACTIONS} [10, 20, 300, 400]",
        ),
        (
            box(0.9, bbox=[0.5, 0.5, -0.2, 0.1]),
            f"{NO_FRACTIONS} [0.5, 0.5, -0.2, 0.1]",
        ),
        (1, "it has no 'category'"),
    ],
)
def test_read_leaves_out_detections_that_cannot_be_used(
    read: Read, inventory: Path, detection: Any, reason: str
) -> None:
    found = read(results(file("creek/a.jpg", detection, box(0.3)), file("creek/b.jpg", box(0.8))))
    where = f"'{inventory.with_name('boxes.json')}' images[0] detections[0]"
    assert left_out(found)[0] == (where, reason)
    assert first(found, "box_conf") == (0.3, 0.8)


@pytest.mark.parametrize(
    "bbox", [(0.9, 0.1, 0.15, 0.2), (-0.05, 0.1, 0.15, 0.2), (0.1, 0.95, 0.2, 0.1)]
)
def test_box_beyond_photo_is_clipped(read: Read, bbox: tuple[float, ...]) -> None:
    found = read(results(file("creek/a.jpg", box(0.9, bbox=bbox)), file("creek/b.jpg")))
    x, y, w, h = (first(found, f"box_{side}")[0] for side in "xywh")
    assert min(x, y) >= 0
    assert max(x + w, y + h) <= 1 + 1e-12
    assert min(w, h) > 0


def test_detection_below_min_confidence_is_not_checked(read: Read) -> None:
    odd = box(0.01, bbox=[10, 20, 30, 40])
    assert first(read(results(file("creek/a.jpg", odd, box(0.5)))), "box_conf") == (0.5, None)


def test_confidence_slightly_above_1_is_1(read: Read) -> None:
    assert first(read(results(file("creek/a.jpg", box(1.0000001)))), "box_conf") == (1.0, None)


def test_boxes_of_unlisted_category_are_left_out(read: Read) -> None:
    found = read(results(file("creek/a.jpg", box(0.9, "7"), box(0.3, "2"))))
    assert ("category '7'", "its boxes: not in 'detection_categories'") in left_out(found)
    assert first(found, "box_conf") == (0.3, None)


def test_read_leaves_out_files_that_cannot_be_used(read: Read, inventory: Path) -> None:
    found = read(
        results({"detections": []}, {"file": "creek/a.jpg"}, file("creek/b.jpg", box(0.8)))
    )
    where = f"'{inventory.with_name('boxes.json')}' images"
    assert left_out(found)[:2] == [
        (f"{where}[0]", "it has no 'file'"),
        (f"{where}[1]", "it has neither 'detections' nor 'failure'"),
    ]
    assert first(found, "box_conf") == (None, 0.8)


FAILED, DONE = file("creek/a.jpg", failure="timeout"), file("creek/a.jpg", box(0.7))


@pytest.mark.parametrize("tries", [(FAILED, DONE), (DONE, FAILED), (FAILED, FAILED, DONE)])
def test_success_counts_among_several_tries(read: Read, tries: tuple[Any, ...]) -> None:
    found = read(results(*tries, file("creek/b.jpg", box(0.2))))
    assert first(found, "box_conf") == (0.7, 0.2)
    reasons = [reason for _, reason in left_out(found)]
    assert "MegaDetector failed on it once, and not on another try, which counts" in reasons
    assert not any(reason.startswith("MegaDetector failed (") for reason in reasons)


def test_two_failures_are_one(read: Read) -> None:
    again = file("creek/a.jpg", failure="other words")
    found = read(results(FAILED, again, file("creek/b.jpg", box(0.2))))
    reasons = [reason for _, reason in left_out(found)]
    assert reasons.count("MegaDetector failed (timeout): kept without a box") == 1
    assert "the same file again: MegaDetector failed on it twice" in reasons


@pytest.mark.parametrize("folder", ["D:\\Photos 2024", "d:/photos 2024/", "\\\\server\\photos"])
def test_detected_in_takes_folder_of_windows(read: Read, folder: str) -> None:
    name = f"{folder.rstrip('/')}\\creek\\a.jpg".replace("d:/photos", "D:\\Photos")
    found = read(results(file(name, box(0.9))), detected_in=Path(folder))
    assert first(found, "box_conf") == (0.9, None)


def test_detected_in_takes_folder_of_another_computer(read: Read) -> None:
    found = read(
        results(file("/home/other/photos/creek/a.jpg", box(0.9))),
        detected_in=Path("/home/other/photos"),
    )
    assert first(found, "box_conf") == (0.9, None)


@pytest.mark.parametrize("least", [-0.1, 1.1, float("nan")])
def test_min_confidence_rejects_value_outside_0_to_1(read: Read, least: float) -> None:
    with pytest.raises(UsageError, match="--min-confidence must be from 0 to 1"):
        read(results(file("creek/a.jpg")), min_confidence=least)


def test_megadetector_results_to_inventory_with_boxes(
    inventory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inventory.parent / "photos").mkdir()
    boxes, output = inventory.with_name("boxes.json"), inventory.with_name("boxed.parquet")
    boxes.write_text(
        json.dumps(results(file("creek/a.jpg", box(0.9)), file("creek/b.jpg"), file("hill/c.jpg")))
    )
    arguments = ["inventory", "megadetector", boxes, "--inventory", inventory, "--output", output]
    assert (
        run_command(
            lambda: ctc.main([str(a) for a in arguments], prog_name="ctc", standalone_mode=False)
        )
        == 0
    )
    made = Inventory.read(output)
    assert made.table.select(["event_id", "images", "species", "site"]).to_pylist() == ROWS
    assert made.table["box_conf"].to_pylist() == [[0.9, None], [0.9, None], [None]]
    assert (made.labels, made.image_root) == (("species",), inventory.parent / "photos")
    assert made.left_out == {"no label": 2}


def test_missing_inventory_is_named(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    boxes = inventory.with_name("boxes.json")
    boxes.write_text(json.dumps(results()))
    arguments = [
        "inventory",
        "megadetector",
        boxes,
        "--inventory",
        "nowhere.parquet",
        "--output",
        "x.parquet",
    ]
    assert (
        run_command(
            lambda: ctc.main([str(a) for a in arguments], prog_name="ctc", standalone_mode=False)
        )
        == 2
    )
    assert "inventory 'nowhere.parquet' does not exist" in capsys.readouterr().err


def test_read_tells_of_a_box_without_an_area(read: Read) -> None:
    flat = {**box(0.9), "bbox": [0.1, 0.1, 0.0, 0.2]}
    found = read(results(file("creek/b.jpg", box(0.5), flat)))
    assert [why for _, why in left_out(found) if "bbox" in why] == [
        "its 'bbox' must be a box within the photo that has an area, not [0.1, 0.1, 0.0, 0.2]"
    ]
