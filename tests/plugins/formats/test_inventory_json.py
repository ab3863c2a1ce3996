"""JSON inventories of version 2.x: real, invalid, with duplicate ids, and generated ones."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ctc.errors import CtcError, InputError, UsageError
from ctc.plugin import InputFormat, LeftOut, Observation
from ctc.plugin.manager import plugins

FOX = {"labels": [{"species": "fox"}], "images": ["a.jpg"]}


def read(source: Path, duplicates: str = "fail") -> list[Observation | LeftOut]:
    return list(plugins().get(InputFormat, "json").read(source, {"duplicates": duplicates}))


def inventory(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "inventory.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def labels_of(tmp_path: Path, *seen: object) -> list[Any]:
    entries = read(inventory(tmp_path, {"1": {"labels": seen, "images": ["a.jpg"]}}))
    return [entry.labels if isinstance(entry, Observation) else entry for entry in entries]


def pairs(*records: tuple[str, object]) -> str:
    return (
        "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in records) + "}"
    )


def test_observations_have_all_labels_and_meta_of_file(tmp_path: Path) -> None:
    records = {
        "1": {
            "labels": [{"species": "fox"}, {"species": "hare", "count": "2"}],
            "images": ["./S 1\\a.jpg", "C:\\b.jpg", " "],
            "meta_data": {"site": "A", "night": True, "height": 1.5},
        },
        "2": {
            "labels": [{"count": "1"}],
            "images": ["../狐.jpg"],
            "meta_data": {"tags": ["x", 1], "site": None},
        },
    }
    images, meta = (
        ("S 1/a.jpg", "C:/b.jpg"),
        {"site": "A", "night": "true", "height": 1.5, "tags": None},
    )
    assert read(inventory(tmp_path, records)) == [
        Observation("1", images, {"species": "fox", "count": None}, meta),
        Observation("1", images, {"species": "hare", "count": "2"}, meta),
        Observation(
            "2",
            ("../狐.jpg",),
            {"species": None, "count": "1"},
            {"site": None, "night": None, "height": None, "tags": '["x", 1]'},
        ),
    ]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (12, "12"),
        (7.0, "7"),
        (0.5, "0.5"),
        (["cat"], "cat"),
        ([3], "3"),
        (" cat ", "cat"),
        ('fox, "red"\n🦊', 'fox, "red"\n🦊'),
        (None, None),
        ("", None),
        (" ", None),
        ("-1", None),
        (-1, None),
        (float("nan"), None),
        ([None], None),
    ],
)
def test_class_is_text_or_missing(tmp_path: Path, written: object, name: str | None) -> None:
    assert labels_of(tmp_path, {"species": written, "count": "1"}) == [
        {"species": name, "count": "1"}
    ]


def test_records_without_label_or_image_are_left_out(tmp_path: Path) -> None:
    records = {
        "a": {**FOX, "images": [""]},
        "b": {**FOX, "images": None},
        "c": {**FOX, "labels": []},
        "d": {**FOX, "labels": [{"species": "-1"}, {"species": "hare"}]},
        " ": FOX,
        "e": {**FOX, "meta_data": "A"},
    }
    assert read(inventory(tmp_path, records)) == [
        LeftOut("a", "no image"),
        LeftOut("b", "no image"),
        LeftOut("c", "no label"),
        LeftOut("d", "no label"),
        Observation("d", ("a.jpg",), {"species": "hare"}),
        LeftOut(" ", "no event id"),
        LeftOut("e", "'meta_data' is not an object"),
    ]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"images": ["a.jpg"]}, "'b' has no 'labels'"),
        ({"labels": []}, "'b' has no 'images'"),
        (["a.jpg"], "'b' must be an object with 'labels' and 'images'"),
        ({**FOX, "images": "a.jpg"}, "'b': 'images' must be a list of paths, not \"a.jpg\""),
        ({**FOX, "images": ["a.jpg", 7]}, "'b': 'images' must be a list of paths, not a list"),
        (
            {**FOX, "labels": {"species": "fox"}},
            "'b': 'labels' must be a list of objects, not an object",
        ),
        ({**FOX, "labels": ["fox"]}, "'b': 'labels' must be a list of objects, not a list"),
        (
            {**FOX, "labels": [{}, {"species": ["fox", "hare"]}]},
            r"'b' labels\[1\]: 'species' must be text .*, not a list",
        ),
        (
            {**FOX, "labels": [{"species": {"fox": 1}}]},
            r"'b' labels\[0\]: 'species' must be text .*, not an object",
        ),
        (
            {**FOX, "labels": [{"species": True}]},
            r"'b' labels\[0\]: 'species' must be text .*, not true",
        ),
    ],
)
def test_read_rejects_invalid_record_with_id(tmp_path: Path, record: object, message: str) -> None:
    with pytest.raises(InputError, match=rf"inventory\.json' {message}"):
        read(inventory(tmp_path, {"a": FOX, "b": record}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must hold a JSON object"),
        ("[]", "must hold a JSON object"),
        ('{"a": ' + json.dumps(FOX), "is truncated or not JSON"),
        (
            '{"a": {"labels": [{"species": "fox", "species": "hare"}], "images": ["a.jpg"]}}',
            "'species' twice",
        ),
        ('{"\\ud83e": ' + json.dumps(FOX) + "}", r"'\\ud83e' contains half of a surrogate pair"),
        (
            '{"a": {"labels": [], "images": ["\\udd8a.jpg"]}}',
            "'a' contains half of a surrogate pair",
        ),
    ],
)
def test_read_rejects_invalid_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=rf"inventory\.json' .*{message}"):
        read(inventory(tmp_path, text))


@pytest.mark.parametrize(
    ("other", "differing"),
    [
        ({**FOX, "labels": [{"species": "hare"}]}, "'labels'"),
        ({**FOX, "images": ["b.jpg"], "meta_data": {"site": "A"}}, "'images', 'meta_data'"),
    ],
)
def test_duplicate_id_error_names_difference(tmp_path: Path, other: object, differing: str) -> None:
    with pytest.raises(
        InputError,
        match=rf"'a' \(other {differing}\) has the id of an earlier .* --duplicates first",
    ):
        read(inventory(tmp_path, pairs(("a", FOX), ("a", other))))


def test_duplicate_id_keeps_first_with_option(tmp_path: Path) -> None:
    source = inventory(tmp_path, pairs(("a", FOX), ("a", {**FOX, "labels": [{"species": "hare"}]})))
    left_out, kept = read(source, duplicates="first")
    assert left_out == LeftOut(
        f"'{source}' 'a' (other 'labels')", "another record with this id came first"
    )
    assert kept == Observation("a", ("a.jpg",), {"species": "fox"})


def test_duplicate_record_with_same_content_is_counted(tmp_path: Path) -> None:
    source = inventory(
        tmp_path, pairs(("a", FOX), ("a", {**FOX, "labels": [{"species": ["fox"]}]}))
    )
    assert read(source) == [
        LeftOut(f"'{source}' 'a'", "the same record again"),
        Observation("a", ("a.jpg",), {"species": "fox"}),
    ]


def test_duplicates_option_rejects_unknown_choice(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--duplicates must be 'fail' or 'first', not 'last'"):
        read(inventory(tmp_path, {}), duplicates="last")


def test_recognizes_inventory_json(tmp_path: Path) -> None:
    recognizes = plugins().get(InputFormat, "json").recognizes
    assert recognizes(inventory(tmp_path, {"a": FOX}))
    assert not recognizes(inventory(tmp_path, {"images": [{"file_name": "a.jpg"}]}))


def test_read_version_2_example(shared: Path) -> None:
    entries = read(shared / "data/cats-and-dogs-labels/json_data_file.json")
    seen = [entry for entry in entries if isinstance(entry, Observation)]
    assert [entry for entry in entries if isinstance(entry, LeftOut)] == [
        LeftOut("empty_images_list", "no image"),
        LeftOut("meta_data_invalid", "'meta_data' is not an object"),
        LeftOut("only_empty_images_string", "no image"),
    ]
    assert len(seen) == 15
    assert seen[-1] == Observation(
        "missing_counts_label",
        ("/images/4715/all/dog/10300788_0.jpeg",),
        {"class": "cat", "color_brown": "1", "color_white": "0", "counts": None},
        {"meta_1": None, "meta_2": None},
    )
    assert [entry.labels["counts"] for entry in seen if entry.event_id == "non_string_label"] == [
        "12"
    ]


@pytest.mark.parametrize(
    ("name", "label", "classes"),
    [
        ("cat_dog_dinv_test.json", "species", {"cat": 63, "dog": 56}),
        ("dummy.json", "class", {"Cats": 63, "Dogs": 55}),
    ],
)
def test_read_version_2_inventories(
    shared: Path, name: str, label: str, classes: dict[str, int]
) -> None:
    entries = read(shared / "data/cats-and-dogs-labels" / name)
    seen = [entry for entry in entries if isinstance(entry, Observation)]
    assert Counter(entry.labels[label] for entry in seen) == classes
    assert all(entry.images[0].startswith("test/test_images/") for entry in seen)


fuzz = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CLASS = TEXT.map(str.strip).filter(lambda name: name not in ("", "-1"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
RECORD = st.fixed_dictionaries(
    {"labels": st.lists(st.dictionaries(TEXT, JSON)) | JSON, "images": st.lists(TEXT) | JSON}
)


@fuzz
@given(
    st.dictionaries(TEXT.filter(str.strip), st.lists(CLASS, min_size=1), max_size=5), st.booleans()
)
def test_read_returns_any_written_inventory(
    tmp_path: Path, classes: dict[str, list[str]], escaped: bool
) -> None:
    records = {
        key: {"labels": [{"x": name} for name in names], "images": ["a"]}
        for key, names in classes.items()
    }
    source = inventory(tmp_path, json.dumps(records, ensure_ascii=escaped))
    assert read(source) == [
        Observation(event_id, ("a",), {"x": name})
        for event_id, names in classes.items()
        for name in names
    ]


@fuzz
@given(st.dictionaries(TEXT, RECORD | JSON, max_size=3))
def test_read_of_any_json_gives_inventory_or_ctc_error(tmp_path: Path, content: object) -> None:
    path = inventory(tmp_path, content)
    try:
        entries = read(path)
    except CtcError:
        return
    assert all(isinstance(entry, Observation | LeftOut) for entry in entries)


@fuzz
@given(st.binary() | st.text('{}[]":,\\ud8a1e.-\n', max_size=40).map(str.encode))
@example(b'{"a": ' * 990)
@example(b'{"a": {"labels": [{"x": 1e999}], "images": ["a"]}}')
@example(
    b'{"a": {"labels": [], "images": [], "meta_data": {"x": ' + b"[" * 960 + b"]" * 960 + b"}}}"
)
def test_read_of_any_bytes_gives_inventory_or_ctc_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "inventory.json").write_bytes(content)
    try:
        entries = read(tmp_path / "inventory.json")
    except CtcError:
        return
    assert all(isinstance(entry, Observation | LeftOut) for entry in entries)
