"""COCO Camera Traps: sequences, several animals, both kinds of ids, and invalid files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctc.artifacts.boxes import Box, LabelledBox, detections_from_json
from ctc.artifacts.inventory import Inventory
from ctc.cli.exit_codes import run_command
from ctc.cli.main import ctc
from ctc.errors import CtcError, InputError, UsageError
from ctc.images import encode_jpeg
from ctc.plugin import InputFormat, LeftOut, Observation
from ctc.plugin.manager import plugins

NO_META = {"datetime": None, "location": None}
CATEGORIES = [{"id": 0, "name": "empty"}, {"id": 1, "name": "fox"}, {"id": 2, "name": "hare"}]


def document(
    images: list[Any], annotations: list[Any], categories: list[Any] | None = None
) -> dict[str, Any]:
    return {
        "info": {},
        "images": images,
        "annotations": annotations,
        "categories": categories or CATEGORIES,
    }


def image(image_id: Any, **fields: Any) -> dict[str, Any]:
    return {"id": image_id, "file_name": f"{image_id}.jpg", **fields}


def saw(image_id: Any, category: Any = 1, **fields: Any) -> dict[str, Any]:
    return {"image_id": image_id, "category_id": category, **fields}


def read(tmp_path: Path, data: Any, **options: Any) -> list[Observation | LeftOut]:
    path = tmp_path / "labels.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    chosen = {"duplicates": "fail", "category_0": None, **options}
    return list(plugins().get(InputFormat, "coco").read(path, chosen))


def seen(entries: list[Observation | LeftOut]) -> list[tuple[str, Mapping[str, str | None]]]:
    return [(entry.event_id, entry.labels) for entry in entries if isinstance(entry, Observation)]


def reasons(entries: list[Observation | LeftOut]) -> list[str]:
    return [entry.reason for entry in entries if isinstance(entry, LeftOut)]


def test_sequence_is_event_with_images_in_frame_order(tmp_path: Path) -> None:
    images = [
        image("b", seq_id="s", frame_num=2, location="creek"),
        image("a", seq_id="s", frame_num=1, location="creek", datetime="2020-05-01 10:00:00"),
    ]
    assert read(tmp_path, document(images, [saw("a"), saw("b")])) == [
        Observation(
            "s",
            ("a.jpg", "b.jpg"),
            {"species": "fox"},
            {"datetime": "2020-05-01 10:00:00", "location": "creek"},
        )
    ]


def test_sequence_without_frame_numbers_is_ordered_by_time(tmp_path: Path) -> None:
    images = [
        image("late", seq_id=5, datetime="2020-05-01 10:00:02"),
        image("early", seq_id="5", datetime="2020-05-01 10:00:01"),
    ]
    (event,) = read(tmp_path, document(images, [saw("early")]))
    assert isinstance(event, Observation)
    assert (event.event_id, event.images) == ("5", ("early.jpg", "late.jpg"))


def test_image_without_sequence_is_event_even_if_a_sequence_has_its_id(
    tmp_path: Path,
) -> None:
    images = [image(7), image(8, seq_id=7), image(9)]
    found = seen(read(tmp_path, document(images, [saw(7), saw(8, 2), saw(9)])))
    assert [event for event, _ in found] == ["image 7", "7", "9"]


def test_ids_match_as_text_and_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, document([image("7"), image(8)], [saw(7, "1"), saw("8", 2.0)]))
    assert seen(found) == [("7", {"species": "fox"}), ("8", {"species": "hare"})]


def test_boxes_give_one_observation_per_category(tmp_path: Path) -> None:
    boxes = [saw(1, 1, bbox=[0, 0, 5, 5]), saw(1, 1, bbox=[9, 9, 5, 5]), saw(1, 2)]
    assert seen(read(tmp_path, document([image(1)], boxes))) == [
        ("1", {"species": "fox"}),
        ("1", {"species": "hare"}),
    ]


def test_count_is_largest_given_or_missing(tmp_path: Path) -> None:
    images = [image(1, seq_id="s"), image(2, seq_id="s")]
    annotations = [saw(1, 1, count=9), saw(2, 1, count="11-50"), saw(1, 2)]
    assert seen(read(tmp_path, document(images, annotations))) == [
        ("s", {"species": "fox", "count": "11-50"}),
        ("s", {"species": "hare", "count": None}),
    ]


def test_empty_is_dropped_when_another_image_shows_animal(tmp_path: Path) -> None:
    images = [image(1, seq_id="s"), image(2, seq_id="s"), image(3)]
    assert seen(read(tmp_path, document(images, [saw(1, 0), saw(2, 1), saw(3, 0)]))) == [
        ("s", {"species": "fox"}),
        ("3", {"species": "empty"}),
    ]


@pytest.mark.parametrize("category", [{"id": 0, "name": "Blank"}, {"id": 30, "name": "Empty"}])
def test_category_zero_and_category_named_empty_are_empty(
    tmp_path: Path, category: dict[str, Any]
) -> None:
    found = read(tmp_path, document([image(1)], [saw(1, category["id"])], [category]))
    assert seen(found) == [("1", {"species": "empty"})]


def test_category_zero_with_other_name_needs_option(tmp_path: Path) -> None:
    data = document([image(1)], [saw(1, 0)], [{"id": 0, "name": "Deer"}])
    with pytest.raises(
        InputError,
        match=r"category 0 of '.*' is called 'Deer'.*--category-0 empty or --category-0 'Deer'",
    ):
        read(tmp_path, data)
    assert seen(read(tmp_path, data, category_0="Deer")) == [("1", {"species": "Deer"})]


def test_corrupt_images_and_their_annotations_are_left_out(tmp_path: Path) -> None:
    images = [image(1, seq_id="s", corrupt=True), image(2, seq_id="s", corrupt=False)]
    found = read(tmp_path, document(images, [saw(1, 1), saw(2, 2)]))
    assert reasons(found) == ["marked as corrupt"]
    assert found[1] == Observation("s", ("2.jpg",), {"species": "hare"}, NO_META)


def test_images_without_annotation_are_left_out(tmp_path: Path) -> None:
    images = [
        image(1, seq_id="s"),
        image(2, seq_id="s"),
        image(3, seq_id="t"),
        image(4, seq_id="t"),
    ]
    found = read(tmp_path, document(images, [saw(4)]))
    assert found[:2] == [LeftOut("1.jpg", "no annotation"), LeftOut("2.jpg", "no annotation")]
    assert found[2] == Observation("t", ("3.jpg", "4.jpg"), {"species": "fox"}, NO_META)


def test_annotations_with_unknown_ids_are_left_out_with_position(tmp_path: Path) -> None:
    found = read(tmp_path, document([image(1)], [saw(1), saw(99), saw(1, 99)]))
    path = tmp_path / "labels.json"
    assert found[:2] == [
        LeftOut(f"'{path}' annotations[1]", "its image_id is not there"),
        LeftOut(f"'{path}' annotations[2]", "its category_id is not there"),
    ]
    assert seen(found) == [("1", {"species": "fox"})]


def test_order_of_lists_does_not_matter(tmp_path: Path) -> None:
    data = document([image(1)], [saw(1, 2)])
    turned = dict(reversed(data.items()))
    assert list(turned) != list(data)
    assert read(tmp_path, turned) == read(tmp_path, data)


REPEATED = [
    ("images", document([image(1), image(1, file_name="other.jpg")], [saw(1)])),
    ("categories", document([image(1)], [saw(1)], [*CATEGORIES, {"id": "1", "name": "wolf"}])),
    ("annotations", document([image(1)], [saw(1, 1, id=5), saw(1, 2, id="5")])),
]


@pytest.mark.parametrize(("key", "data"), REPEATED)
def test_duplicate_id_with_other_content_is_error(
    tmp_path: Path, key: str, data: dict[str, Any]
) -> None:
    with pytest.raises(
        InputError, match=rf"{key}\[\d\] has the id of an earlier .*--duplicates first"
    ):
        read(tmp_path, data)


@pytest.mark.parametrize(("key", "data"), REPEATED)
def test_duplicate_id_keeps_first_with_option(
    tmp_path: Path, key: str, data: dict[str, Any]
) -> None:
    found = read(tmp_path, data, duplicates="first")
    assert [reason.endswith("with this id came first") for reason in reasons(found)] == [True]
    assert found[1] == Observation("1", ("1.jpg",), {"species": "fox"}, NO_META)


def test_duplicate_with_same_content_is_counted(tmp_path: Path) -> None:
    data = document(
        [image(1), image(1)], [saw(1, id=1), saw(1, id=1)], [CATEGORIES[1], CATEGORIES[1]]
    )
    found = read(tmp_path, data)
    assert reasons(found) == [
        "the same image again",
        "the same annotation again",
        "the same category again",
    ]
    assert seen(found) == [("1", {"species": "fox"})]


def test_duplicates_option_rejects_unknown_choice(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--duplicates must be 'fail' or 'first', not 'last'"):
        read(tmp_path, document([image(1)], [saw(1)]), duplicates="last")


SOUND = document([image(9)], [saw(9)])


@pytest.mark.parametrize(
    ("key", "entry", "reason"),
    [
        ("images", {"id": 1}, "it has no 'file_name'"),
        ("images", {"file_name": "x.jpg"}, "it has no 'id'"),
        ("images", image(None), "it has no 'id'"),
        ("images", image(1, id=True), "its 'id' must be text or a whole number, not true"),
        ("images", image(1, frame_num="two"), "its 'frame_num' must be a number, not \"two\""),
        ("images", image(1, corrupt="perhaps"), "its 'corrupt' must be true or false, not"),
        ("images", image(1, seq_id=["a"]), "its 'seq_id' must be text or a whole number, not a"),
        ("images", image(1, file_name="\ud800.jpg"), "its 'file_name' must be text that can be"),
        ("images", 3, "it has no 'id'"),
        ("annotations", {"category_id": 1}, "it has no 'image_id'"),
        ("annotations", {"image_id": 1}, "it has no 'category_id'"),
        ("annotations", saw(9, count=2.5), "its 'count' must be text or a whole number"),
        ("categories", {"id": 1, "name": " "}, "it has no 'name'"),
    ],
)
def test_read_leaves_out_entries_that_cannot_be_used(
    tmp_path: Path, key: str, entry: Any, reason: str
) -> None:
    data = {**SOUND, key: [entry, *SOUND[key]]}
    left_out, *found = read(tmp_path, data)
    assert isinstance(left_out, LeftOut)
    assert left_out.where.endswith(f"{key}[0]")
    assert left_out.reason.startswith(reason)
    assert [one.labels["species"] for one in found if isinstance(one, Observation)] == ["fox"]


def test_read_names_positions_behind_an_unusable_annotation(tmp_path: Path) -> None:
    annotations = [{"category_id": 1}, saw(9), saw(8)]
    found = read(tmp_path, document([image(9)], annotations))
    assert [one.where[-14:] for one in found if isinstance(one, LeftOut)] == [
        "annotations[0]",
        "annotations[2]",
    ]


def test_read_takes_numbers_and_flags_in_quotes(tmp_path: Path) -> None:
    images = [
        image(1, seq_id="s", frame_num="10", corrupt="no", location=12.5),
        image(2, seq_id="s", frame_num="9", corrupt=0),
        image(3, seq_id="s", frame_num=11, corrupt="yes"),
    ]
    found = read(tmp_path, document(images, [saw(1)]))
    (event,) = [one for one in found if isinstance(one, Observation)]
    assert event.images == (images[1]["file_name"], images[0]["file_name"])
    assert event.meta["location"] is None  # that of the first photo
    assert LeftOut(images[2]["file_name"], "marked as corrupt") in found


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"images": [], "categories": []}, "has no 'annotations'"),
        ({"images": {}, "annotations": [], "categories": []}, "'images' must be a list"),
    ],
)
def test_read_rejects_invalid_file(tmp_path: Path, data: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, data)


def test_nan_and_infinity_are_missing(tmp_path: Path) -> None:
    text = """{"images": [{"id": 1.0, "file_name": "a\\\\b.jpg", "seq_id": NaN, "frame_num": NaN,
                           "location": NaN}],
               "annotations": [{"image_id": 1, "category_id": 1, "count": NaN}],
               "categories": [{"id": 1, "name": "fox"}]}"""
    assert read(tmp_path, text) == [Observation("1", ("a/b.jpg",), {"species": "fox"}, NO_META)]


KEYS = (
    "id",
    "image_id",
    "category_id",
    "name",
    "file_name",
    "seq_id",
    "frame_num",
    "corrupt",
    "count",
    "location",
)
keys = st.sampled_from(KEYS)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-1, 3)
    | st.floats()
    | st.text(max_size=3)
    | st.just("\ud800")
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4)
)
rows = st.lists(st.dictionaries(keys, scalars, max_size=6) | anything, max_size=4)
tables = st.fixed_dictionaries({"images": rows, "annotations": rows, "categories": rows})


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=anything | tables,
    cut=st.sampled_from([0, 0, 0, 1, 9]),
    choice=st.sampled_from(["fail", "first"]),
)
def test_read_of_any_json_gives_observations_or_ctc_error(
    tmp_path: Path, data: Any, cut: int, choice: str
) -> None:
    text = json.dumps(data)
    found: list[Observation | LeftOut] = []
    with suppress(CtcError):
        found = read(tmp_path, text[: len(text) - cut], duplicates=choice)
    assert all(isinstance(entry, Observation | LeftOut) for entry in found)


def test_coco_file_to_inventory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_bytes(encode_jpeg(np.zeros((40, 50, 3), np.uint8), 90))
    (tmp_path / "labels.json").write_text(
        json.dumps(document([image(1), image(2)], [saw(1, count=2)]))
    )
    arguments = ["inventory", "coco", tmp_path / "labels.json", "--image-root", tmp_path / "photos"]
    arguments += ["--output", tmp_path / "inventory.parquet"]
    assert (
        run_command(
            lambda: ctc.main([str(a) for a in arguments], prog_name="ctc", standalone_mode=False)
        )
        == 0
    )
    inventory = Inventory.read(tmp_path / "inventory.parquet")
    assert (inventory.labels, inventory.meta) == (("species", "count"), ("datetime", "location"))
    assert inventory.table.to_pylist() == [
        {"event_id": "1", "images": ["1.jpg"], "species": "fox", "count": "2", **NO_META}
    ]
    assert "no annotation (first: 2.jpg)" in capsys.readouterr().err


def test_boxes_are_kept_with_their_class(tmp_path: Path) -> None:
    sized = {"seq_id": "s", "width": 200, "height": 100}
    images = [image("a", frame_num=1, **sized), image("b", frame_num=2, seq_id="s")]
    annotations = [
        saw("a", bbox=[20, 10, 40, 50]),
        saw("a", 2, bbox=[150, 10, 80, 50]),
        saw("b", bbox=[1, 1, 5, 5]),
        saw("b", 2),
    ]
    found = read(tmp_path, document(images, annotations))
    assert [reason for reason in reasons(found) if "box" in reason] == [
        "its box: outside its image, or the image has no width and height"
    ]
    events = [one for one in found if isinstance(one, Observation)]
    assert [one.labels["species"] for one in events] == ["fox", "hare"]
    first, second = events[0].meta["detections"]
    assert second is None
    assert detections_from_json(first) == (
        LabelledBox(Box(0.1, 0.1, 0.2, 0.5), "fox", {"species": "fox"}),
        LabelledBox(Box(0.75, 0.1, 0.25, 0.5), "hare", {"species": "hare"}),
    )
