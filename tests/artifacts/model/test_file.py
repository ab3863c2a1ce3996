"""Metadata of model files that others wrote: refused in one line, never a traceback."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import InputError

GOOD = ModelInfo({"species": ("fox", "wolf")}, Preprocessing(8, 12)).to_metadata()
VALUES: tuple[Any, ...] = (
    *(None, True, 1, -1, 1e999, "x", "", [], {}, [1], [["a"]], {"a": 1}, {"species": None}),
    *({"species": []}, {"species": "ab"}, {"species": ["\ud800"]}, {"species": [None, {}]}),
    *({"species": {"fox": 1e999}}, {"species": {"fox": "x"}}, {"species": 3}),
)
TEXTS = [
    *map(json.dumps, VALUES),
    *("", "nope", "1" * 5_000, "[" * 100_000, '{"a":' * 100_000),
    *(
        json.dumps({**json.loads(GOOD["preprocessing"]), field: value})
        for field in ("height", "resize", "image_choice", "crop_margin")
        for value in VALUES
    ),
]


def parsed(metadata: dict[str, str]) -> ModelInfo | str:
    """Return the metadata, or why they are refused."""
    try:
        return ModelInfo.from_metadata(metadata)
    except InputError as error:
        return str(error)


@pytest.mark.parametrize("key", list(GOOD))
def test_model_info_of_hostile_metadata_is_whole_or_refused_in_one_line(key: str) -> None:
    for text in TEXTS:
        info = parsed({**GOOD, key: text})
        if isinstance(info, str):
            assert "\n" not in info
            assert len(info) < 400
            continue
        assert all(label.encode() for label in info.labels)
        assert len(info.schema.thresholds) <= len(info.labels)
        json.dumps(info.to_metadata())


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("labels", {"species": ["fox", "fox"]}, "has the class 'fox' more than once"),
        ("labels", {"species": ["\ud800"]}, r"the name '\\ud800' is not text"),
        ("labels", {"species": "fox"}, "the classes of 'species' are not a list"),
        ("calibration", [], "'calibration' of its metadata is a list, not an object"),
        ("calibration", {"species": 1}, "'species' of its metadata is a number, not an object"),
        ("thresholds", [], "'thresholds' of its metadata is a list, not an object"),
        ("provenance", "x", "'provenance' of its metadata is a string, not an object"),
        ("preprocessing", {"height": 1e999}, "its metadata is damaged|is not valid"),
    ],
)
def test_model_info_says_what_is_wrong(key: str, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ModelInfo.from_metadata({**GOOD, key: json.dumps(value)})


def test_taxonomy_is_kept_and_checked() -> None:
    ranks = {"species": {"fox": {"class": "mammalia", "genus": "vulpes"}, "blank": {}}}
    info = ModelInfo({"species": ("fox", "blank")}, Preprocessing(8, 8), taxonomy=ranks)
    assert ModelInfo.from_metadata(info.to_metadata()).taxonomy == ranks
    for wrong in (
        {"count": {}},
        {"species": {"fox": {"tribe": "vulpini"}}},
        {"species": {"fox": {"genus": 1}}},
        {"species": {"fox": ["vulpes"]}},
        {"species": ["fox"]},
    ):
        metadata = info.to_metadata() | {"taxonomy": json.dumps(wrong)}
        with pytest.raises(InputError, match="its taxonomy does not name ranks of its classes"):
            ModelInfo.from_metadata(metadata)
