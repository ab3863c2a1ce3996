"""The layers of a network and their connections, as Keras describes them in JSON.

Both forms of description are read: Keras 3's (`config.json` of a `.keras` file), and the one of
Keras 1 and 2 (the attribute `model_config` of an HDF5 file), whose calls of a layer are lists
`[name, call, output, options]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ctc.errors import InputError, describe_damage, shorten

MAX_DEPTH = 8
"""Networks nested in each other."""
MAX_LAYERS = 20_000
_NETWORKS = ("Functional", "Model", "Sequential")
_TENSOR = "__keras_tensor__"
_DAMAGED = (KeyError, IndexError, TypeError, AttributeError, ValueError)


@dataclass(frozen=True)
class TensorRef:
    """Output number `output` of call number `call` of a layer."""

    layer: str
    call: int = 0
    output: int = 0


@dataclass(frozen=True)
class Call:
    """A call of a layer: arguments are TensorRef, numbers, or lists of them."""

    arguments: tuple[Any, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Layer:
    """A layer: its class, its options as JSON, its calls, and its layers if it is a network."""

    name: str
    kind: str
    options: Mapping[str, Any]
    calls: tuple[Call, ...]
    network: Graph | None = None


@dataclass(frozen=True)
class Graph:
    """A network: `layers` in the file's order, the tensors that it takes and returns.

    `outputs`: name → tensor; the name is the last layer's, or the key of a dict of outputs.
    """

    name: str
    kind: str
    layers: tuple[Layer, ...]
    inputs: tuple[TensorRef, ...]
    outputs: Mapping[str, TensorRef]

    def all_layers(self) -> Iterator[Layer]:
        """Yield every layer, also those of nested networks."""
        for layer in self.layers:
            yield layer
            if layer.network is not None:
                yield from layer.network.all_layers()


def parse_graph(description: Mapping[str, Any]) -> Graph:
    """Parse the description of a network.

    Raises InputError, naming the layer, for a description that is damaged, or of a network that is
    neither Functional nor Sequential: such a network is code, which a file doesn't hold.
    """
    try:
        graph = _parse(description, 0)
    except _DAMAGED as error:
        raise InputError(
            f"its description of the layers is damaged: {shorten(describe_damage(error))}"
        ) from None
    if sum(1 for _ in graph.all_layers()) > MAX_LAYERS:
        raise InputError(f"it has more than {MAX_LAYERS:,} layers")
    return graph


def _parse(description: Mapping[str, Any], depth: int) -> Graph:
    kind, config = str(description["class_name"]), description["config"]
    if depth > MAX_DEPTH:
        raise InputError(f"its networks are nested more than {MAX_DEPTH} deep")
    if kind not in _NETWORKS:
        raise InputError(
            f"its network is a '{shorten(kind)}', a class whose code is not in the file: "
            "rebuild it as a Functional or Sequential network, or export it as ONNX"
        )
    if isinstance(config, list):  # a Sequential of Keras 1
        config = {"layers": config, "name": "sequential"}
    name = str(config.get("name", "network"))
    if kind == "Sequential":
        return _parse_sequential(name, config, depth)
    layers = tuple(_parse_layer(one, depth) for one in config["layers"])
    inputs = tuple(ref for _, ref in _refs(config["input_layers"]))
    outputs: dict[str, TensorRef] = {}
    for key, ref in _refs(config["output_layers"]):
        label = key or ref.layer
        outputs[f"{label}_{len(outputs)}" if label in outputs else label] = ref
    return Graph(name, kind, layers, inputs, outputs)


def _parse_sequential(name: str, config: Mapping[str, Any], depth: int) -> Graph:
    """Chain the layers; an input layer is added where the file has none."""
    given = [_parse_layer(one, depth, chained=True) for one in config["layers"]]
    if not given or given[0].kind != "InputLayer":
        shape = config.get("build_input_shape") or (
            given[0].options.get("batch_input_shape") if given else None
        )
        options = {"batch_shape": shape} if shape else {}
        given.insert(0, Layer(f"{name}_input", "InputLayer", options, ()))
    layers, last = [given[0]], given[0].name
    for layer in given[1:]:
        call = Call((TensorRef(last),))
        layers.append(Layer(layer.name, layer.kind, layer.options, (call,), layer.network))
        last = layer.name
    return Graph(
        name, "Sequential", tuple(layers), (TensorRef(layers[0].name),), {last: TensorRef(last)}
    )


def _parse_layer(given: Mapping[str, Any], depth: int, chained: bool = False) -> Layer:
    kind, options = str(given["class_name"]), given["config"]
    is_network = kind in _NETWORKS
    if not isinstance(options, dict) and not is_network:
        raise TypeError
    inner = _parse(given, depth + 1) if is_network else None
    own_name = inner.name if inner else options.get("name", "")
    name = str(given.get("name") or own_name)
    calls = () if chained else tuple(_parse_call(one) for one in given.get("inbound_nodes", ()))
    return Layer(name, kind, options if inner is None else {}, calls, inner)


def _parse_call(given: Any) -> Call:
    if isinstance(given, dict):
        arguments = tuple(_argument(one) for one in given["args"])
        options = {
            str(key): _argument(value)
            for key, value in given.get("kwargs", {}).items()
            if key not in ("mask", "training")
        }
        return Call(arguments, options)
    tensors = [TensorRef(str(one[0]), int(one[1]), int(one[2])) for one in given]
    options = dict(given[0][3]) if given and len(given[0]) > 3 else {}
    options = {str(key): value for key, value in options.items() if key not in ("mask", "training")}
    return Call((tensors[0] if len(tensors) == 1 else tensors,), options)


def _argument(value: Any) -> Any:
    """Return a tensor, a number, a list or a text of Keras 3's description of a call."""
    if isinstance(value, dict):
        if value.get("class_name") != _TENSOR:
            raise ValueError(f"an argument is a '{value.get('class_name')}'")
        layer, call, output = value["config"]["keras_history"]
        return TensorRef(str(layer), int(call), int(output))
    if isinstance(value, list):
        return [_argument(one) for one in value]
    return value


def _refs(given: Any) -> Iterator[tuple[str, TensorRef]]:
    """Yield (key, tensor) of `["layer", 0, 0]`, a list of such lists, or a dict of them."""
    if isinstance(given, dict):
        for key, value in given.items():
            for _, ref in _refs(value):
                yield str(key), ref
    elif _is_ref(given):
        yield "", TensorRef(given[0], given[1], given[2])
    else:
        for value in given:
            yield from _refs(value)


def _is_ref(given: Any) -> bool:
    return (
        isinstance(given, Sequence)
        and len(given) == 3
        and isinstance(given[0], str)
        and all(isinstance(one, int) for one in given[1:])
    )
