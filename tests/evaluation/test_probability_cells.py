"""JSON cells, many at once, mean what `json` makes of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ctc.evaluation.answers.json_probabilities import parse_uniform_cells

ALIKE = [
    json.dumps({"red fox": 0.25, "a: b": 1.0, 'quo"te': 1e-05}),
    json.dumps({"red fox": 0, "a: b": 0.5, 'quo"te': 0.125}),
]


def test_cells_that_are_written_alike_are_read_together() -> None:
    classes, values = parse_uniform_cells(ALIKE)
    assert classes == ("red fox", "a: b", 'quo"te')
    assert values.dtype == np.float32
    assert values == pytest.approx(
        np.array([list(json.loads(cell).values()) for cell in ALIKE], np.float32)
    )


def test_one_class_and_names_outside_ascii_are_fine() -> None:
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
def test_a_cell_that_is_otherwise_is_left_to_json(odd: str) -> None:
    assert parse_uniform_cells(['{"a": 0.5, "b": 0.5}', odd]) is None
    assert odd == '{"a": 0.5}' or parse_uniform_cells([odd, '{"a": 0.5, "b": 0.5}']) is None


def test_names_that_look_like_separators_are_names() -> None:
    names = ('a, "b', "c: 1", '"}', "x, y")
    found = parse_uniform_cells([json.dumps(dict.fromkeys(names, 0.25))] * 2)
    assert found is not None
    assert found[0] == names
