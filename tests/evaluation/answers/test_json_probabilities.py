"""Vectorised parsing of JSON cells, compared with `json`."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ctc.evaluation.answers.json_probabilities import parse_uniform_cells

ALIKE = [
    json.dumps({"red fox": 0.25, "a: b": 1.0, 'quo"te': 1e-05}),
    json.dumps({"red fox": 0, "a: b": 0.5, 'quo"te': 0.125}),
]


def test_parse_uniform_cells_equals_json() -> None:
    classes, values = parse_uniform_cells(ALIKE)
    assert classes == ("red fox", "a: b", 'quo"te')
    assert values.dtype == np.float32
    assert values == pytest.approx(
        np.array([list(json.loads(cell).values()) for cell in ALIKE], np.float32)
    )


def test_parse_uniform_cells_with_one_class_and_non_ascii_name() -> None:
    cells = ['{"Wölfin 🦊": 1.0}', '{"Wölfin 🦊": 0.75}']
    classes, values = parse_uniform_cells(cells)
    assert (classes, values.tolist()) == (("Wölfin 🦊",), [[1.0], [0.75]])


@pytest.mark.parametrize(
    "odd",
    [
        '{"a": 0.5}',
        '{"b": 0.5, "a": 0.5}',
        '{"a": 0.5, "b": 0.5, "c": 0}',
        '{"a": 0.5,"b": 0.5}',
        '{"a": "0.5", "b": 0.5}',
        '{"a": 0.5, "b": true}',
        '{"a": 0.5, "b": 0.5',
        '[0.5, "b": 0.5]',
        "",
    ],
)
def test_parse_uniform_cells_returns_none_for_other_cells(odd: str) -> None:
    assert parse_uniform_cells(['{"a": 0.5, "b": 0.5}', odd]) is None
    assert odd == '{"a": 0.5}' or parse_uniform_cells([odd, '{"a": 0.5, "b": 0.5}']) is None


def test_parse_uniform_cells_keeps_names_with_separators() -> None:
    names = ('a, "b', "c: 1", '"}', "x, y")
    found = parse_uniform_cells([json.dumps(dict.fromkeys(names, 0.25))] * 2)
    assert found is not None
    assert found[0] == names
