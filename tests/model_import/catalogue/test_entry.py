"""Entries of a list: what they say, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ctc.errors import InputError
from ctc.model_import.catalogue.entry import ModelEntry, parse_entry

LEAST = {"name": "a", "kind": "classifier", "url": "https://example.org/models/net.onnx?v=2"}
DIGEST = "0123456789abcdef" * 4


def parse(**changes: Any) -> ModelEntry:
    return parse_entry({**LEAST, **changes}, "the list 'x'")


def test_parse_entry_of_the_least_that_is_needed() -> None:
    entry = parse()
    assert (entry.name, entry.kind, entry.network.name) == ("a", "classifier", "net.onnx")
    assert (entry.licence, entry.commercial_use, entry.class_count) == (None, None, None)
    assert not entry.is_checked


def test_parse_entry_reads_every_field() -> None:
    entry = parse(
        summary=" Foxes ",
        size=10,
        sha256=DIGEST.upper(),
        file="model.onnx",
        beside=[{"url": "https://example.org/c.txt", "name": "classes.txt", "size": 3}],
        licence="CC-BY-NC-SA-4.0",
        classes=["fox", "wolf"],
        region="Europe",
        training_data="photos",
        input_size=[480, 640],
        page="https://example.org",
        **{"import": {"classes": "classes.txt", "mean": [0, 0.5, 1], "input-name": "x"}},
    )
    assert entry.summary == "Foxes"
    assert (entry.network.name, entry.network.size, entry.network.sha256) == (
        "model.onnx",
        10,
        DIGEST,
    )
    assert (entry.total_bytes, entry.is_checked) == (13, False)
    assert (entry.commercial_use, entry.class_count, entry.input_size) == (False, 2, (480, 640))
    assert entry.import_options == {
        "classes": "classes.txt",
        "mean": (0.0, 0.5, 1.0),
        "input-name": "x",
    }


@pytest.mark.parametrize(
    ("licence", "said", "allowed"),
    [
        ("MIT", None, True),
        ("MIT", False, False),
        ("CC-BY-NC-4.0", None, False),
        ("PolyForm-Noncommercial-1.0.0", None, False),
        ("LicenseRef-park", None, None),
        ("LicenseRef-park", True, True),
        ("AGPL-3.0-only", None, True),
        (None, None, None),
    ],
)
def test_parse_entry_knows_what_a_licence_allows(
    licence: str | None, said: bool | None, allowed: bool | None
) -> None:
    assert parse(licence=licence, commercial_use=said).commercial_use is allowed


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "../../etc/passwd"}, "has a name that is not"),
        ({"name": "a\nb"}, "'name' is 'a\\\\nb', not a text of one line"),
        ({"name": None}, "has no 'name'"),
        ({"name": 7}, "'name' is 7, not a text"),
        ({"kind": "clasifier"}, "the kind 'clasifier': did you mean 'classifier'"),
        ({"url": None}, "has no 'url'"),
        ({"url": "https://example.org/"}, "'' can't be the name of a file"),
        ({"file": "../model.onnx"}, "can't be the name of a file"),
        ({"file": "a/b.onnx"}, "can't be the name of a file"),
        ({"file": "a\\b.onnx"}, "can't be the name of a file"),
        ({"file": "C:b.onnx"}, "can't be the name of a file"),
        ({"file": "nul.onnx"}, "can't be the name of a file"),
        ({"file": ".bashrc"}, "can't be the name of a file"),
        ({"size": 0}, "'size' is 0, not a whole number from 1"),
        ({"size": -5}, "not a whole number"),
        ({"size": True}, "not a whole number"),
        ({"size": 1.5}, "not a whole number"),
        ({"size": 1e400}, "'size' is inf, not a whole number"),
        ({"size": 2**31}, "from 1 to 2,147,483,647"),
        ({"sha256": "abc"}, "not a SHA-256 of 64 hexadecimal digits"),
        ({"sha256": "g" * 64}, "not a SHA-256"),
        ({"licence": "do what you want"}, "is not an SPDX expression"),
        ({"licence": "CC-BY-NC-4.0", "commercial_use": True}, "the licence .* forbids it"),
        ({"commercial_use": "yes"}, "'commercial_use' is 'yes', not true, false or null"),
        ({"classes": 0}, "not a whole number"),
        ({"classes": []}, "not a list of 1 to 100,000 texts"),
        ({"classes": ["fox", 3]}, "not a list of 1 to 100,000 texts"),
        ({"classes": ["fox", "fox"]}, "the class 'fox' more than once"),
        ({"classes": ["fox", "wolf\x1b[2J"]}, "not a text of one line"),
        ({"classes": 100_001}, "from 1 to 100,000"),
        ({"input_size": [480]}, "a list of height and width"),
        ({"input_size": [480, 10**9]}, "1 to 8,192 pixels"),
        ({"summary": "x" * 1001}, "more than 1,000 characters"),
        ({"summary": "a\x1b[2J"}, "not a text of one line"),
        ({"license": "MIT"}, "the field 'license': did you mean 'licence'"),
        ({"beside": "classes.txt"}, "not a list of at most 20 files"),
        ({"beside": [{"url": "https://example.org/net.onnx"}]}, "two files called 'net.onnx'"),
        ({"beside": [{"url": "b/NET.onnx"}]}, "two files called 'net.onnx'"),
        ({"beside": [{"name": "c.txt"}]}, "a file in 'beside' has no 'url'"),
        ({"import": []}, "not an object with options"),
        ({"import": {"output": "x"}}, "'import' has the field 'output'"),
        ({"import": {"resiz": "stretch"}}, "did you mean 'resize'"),
        ({"import": {"resize": "crop"}}, "'resize' is 'crop'"),
        ({"import": {"classes": "/etc/passwd"}}, "not among the files in 'beside'"),
        ({"import": {"std": [1, 1, 0]}}, "'std' is \\[1, 1, 0\\], not three numbers"),
        ({"import": {"mean": [1, 1]}}, "not three numbers"),
        ({"import": {"mean": [1, 1, 1e300]}}, "not three numbers"),
        ({"import": {"mean": [1, 1, 10**400]}}, "not three numbers"),
        ({"import": {"scale": float("nan")}}, "not a positive number"),
        ({"import": {"scale": [255]}}, "not a positive number"),
        ({"import": {"iou": 0.5}}, "'iou' is for detectors: leave it out"),
        ({"import": {"category": {"2": "human"}}}, "'category' is for detectors"),
        ({"kind": "detector", "import": {"label": "x"}}, "'label' is for classifiers"),
        ({"kind": "detector", "import": {"iou": 1.5}}, "'iou' is 1.5, not a number from 0 to 1"),
        (
            {"kind": "detector", "import": {"category": {"2": "person"}}},
            "one of animal, human, veh",
        ),
        ({"kind": "detector", "import": {"category": ["2=human"]}}, "an object with one of animal"),
        ({"kind": "detector", "import": {"other-categories": "x"}}, "'other-categories' is 'x'"),
    ],
    ids=json.dumps,
)
def test_parse_entry_refuses(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        parse(**changes)
    assert str(caught.value).startswith("the list 'x': ")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("value", ["a", None, [], 3])
def test_parse_entry_refuses_what_is_no_object(value: object) -> None:
    with pytest.raises(InputError, match=r"the list 'x': a model is .*, not an object"):
        parse_entry(value, "the list 'x'")
