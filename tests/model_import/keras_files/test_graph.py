from __future__ import annotations

import pytest

from ctc.errors import InputError
from ctc.model_import.keras_files.graph import MAX_DEPTH, Call, TensorRef, parse_graph

INPUT = {
    "class_name": "InputLayer",
    "name": "photos",
    "config": {"name": "photos", "batch_shape": [None, 8, 8, 3]},
    "inbound_nodes": [],
}


def dense(call: object) -> dict[str, object]:
    return {
        "class_name": "Dense",
        "name": "dense",
        "config": {"name": "dense", "units": 2},
        "inbound_nodes": [call],
    }


def functional(*layers: object, output: object = ("dense", 0, 0)) -> dict[str, object]:
    config = {
        "name": "network",
        "layers": [INPUT, *layers],
        "input_layers": [["photos", 0, 0]],
        "output_layers": [list(output)] if isinstance(output, tuple) else output,
    }
    return {"class_name": "Functional", "config": config}


def tensor(layer: str) -> dict[str, object]:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [layer, 0, 0]}}


@pytest.mark.parametrize(
    "call",
    [
        [["photos", 0, 0, {}]],
        {"args": [tensor("photos")], "kwargs": {"training": False, "mask": None}},
    ],
    ids=["Keras 2", "Keras 3"],
)
def test_parse_graph_reads_both_forms(call: object) -> None:
    graph = parse_graph(functional(dense(call)))
    assert graph.inputs == (TensorRef("photos"),)
    assert graph.outputs == {"dense": TensorRef("dense")}
    assert graph.layers[1].calls == (Call((TensorRef("photos"),)),)
    assert graph.layers[1].options == {"name": "dense", "units": 2}


@pytest.mark.parametrize(
    ("output", "names"),
    [
        (["dense", 0, 0], ["dense"]),
        ({"species": ["dense", 0, 0]}, ["species"]),
        ([["dense", 0, 0], ["dense", 0, 0]], ["dense", "dense_1"]),
    ],
)
def test_parse_graph_names_outputs(output: object, names: list[str]) -> None:
    graph = parse_graph(functional(dense([["photos", 0, 0, {}]]), output=output))
    assert list(graph.outputs) == names


def test_parse_graph_chains_a_sequential_without_an_input_layer() -> None:
    layer = {"class_name": "Dense", "config": {"name": "dense", "batch_input_shape": [None, 4]}}
    graph = parse_graph({"class_name": "Sequential", "config": [layer]})
    assert [one.kind for one in graph.layers] == ["InputLayer", "Dense"]
    assert graph.layers[0].options == {"batch_shape": [None, 4]}
    assert graph.layers[1].calls == (Call((TensorRef(graph.layers[0].name),)),)


def nested(depth: int) -> dict[str, object]:
    inner = functional(dense([["photos", 0, 0, {}]]))
    for _ in range(depth):
        layer = {**inner, "name": "dense", "inbound_nodes": [[["photos", 0, 0, {}]]]}
        inner = functional(layer)
    return inner


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"class_name": "MyModel", "config": {}}, "a 'MyModel', a class whose code is not in the"),
        ({"class_name": "Functional", "config": {"name": "x"}}, "damaged: it has no 'layers'"),
        ({"config": {}}, "damaged: it has no 'class_name'"),
        (functional(dense(7)), "damaged: it has a value of the wrong type"),
        (
            functional(dense({"args": [{"class_name": "__lambda__", "value": "x"}]})),
            "damaged: an argument is a '__lambda__'",
        ),
        (nested(MAX_DEPTH + 1), "nested more than 8 deep"),
    ],
)
def test_parse_graph_refuses(description: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_graph(description)
