"""Build the Keras network that a file describes, layer by layer, without its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from ctc.errors import InputError, shorten

from .graph import Graph, Layer, TensorRef
from .layers import build_layer
from .outputs import find_features, pool_output, with_both_classes

if TYPE_CHECKING:
    import keras

Tensor = Any
Results = dict[str, dict[int, Tensor]]
"""Name of a layer → number of its call → what it returned."""
MAX_VALUES = 1 << 28
"""Numbers per photo that one layer may put out, 1 GiB."""


@dataclass(frozen=True)
class BuiltNetwork:
    """A network without its numbers.

    `model`: photos, float32 (N, height, width, 3), → dict of name → output, and of `features`.
    `outputs`: name → number of classes, empty for a network of features alone. `feature_size`: of
    the input that the last layers share, None if they share none.
    `layers`: place of each layer in the file, the names of its networks and its own → the layer.
    `is_binary`: whether it gives the probability of the second of two classes, to which that of the
    first was added.
    """

    model: keras.Model
    outputs: Mapping[str, int]
    feature_size: int | None
    layers: Mapping[tuple[str, ...], keras.layers.Layer]
    is_binary: bool = False


FEATURES = "features"


def build_network(
    graph: Graph, size: tuple[int, int] | None, keras_version: int, max_weights: int
) -> BuiltNetwork:
    """Build the network for photos of `size` (height, width), or of the size in the file.

    `max_weights`: the numbers that the file holds; a layer that would need more is refused before
    it takes memory. Raises InputError, naming the layer, for what can't be built.
    """
    import keras

    if len(graph.inputs) != 1:
        raise InputError(f"it takes {len(graph.inputs)} inputs, not one photo")
    images = keras.Input((*input_size(graph, size), 3), dtype="float32")
    builder = _Builder(keras_version, max_weights)
    tensors = builder.run(graph, (), [images])
    if len(tensors) == 1 and (pooled := pool_output(next(iter(tensors.values())))) is not None:
        model, count = keras.Model(images, {FEATURES: pooled}), int(pooled.shape[1])
        return BuiltNetwork(model, {}, count, builder.built)
    if bad := [name for name, one in tensors.items() if one.ndim != 2]:
        raise InputError(
            f"its output '{shorten(bad[0])}' has the shape {tensors[bad[0]].shape[1:]} for a "
            "photo, not one number per class"
        )
    features = find_features(list(tensors.values()))
    outputs = {name: with_both_classes(one) for name, one in tensors.items()}
    named = outputs | ({} if features is None else {FEATURES: features})
    return BuiltNetwork(
        keras.Model(images, named),
        {name: int(one.shape[1]) for name, one in outputs.items()},
        None if features is None else int(features.shape[1]),
        builder.built,
        any(outputs[name] is not one for name, one in tensors.items()),
    )


def input_size(graph: Graph, size: tuple[int, int] | None) -> tuple[int, int]:
    """Return the height and width of photos in pixels.

    Raises InputError if neither the file nor `size` says them, or they contradict each other.
    """
    options = next(one.options for one in graph.layers if one.name == graph.inputs[0].layer)
    shape = options.get("batch_shape") or options.get("batch_input_shape") or [None] * 3 + [3]
    if not isinstance(shape, list) or len(shape) != 4 or shape[3] not in (3, None):
        raise InputError(f"it takes {shorten(repr(shape))}, not photos (N, height, width, 3)")
    height, width = (given or (size and size[axis]) for axis, given in enumerate(shape[1:3]))
    if height is None or width is None:
        raise InputError("it takes photos of any size: say which with --size HxW")
    if not all(isinstance(one, int) and 1 <= one <= 8192 for one in (height, width)):
        raise InputError(f"it takes photos of {shorten(height)} × {shorten(width)} px")
    if size is not None and (height, width) != size:
        raise InputError(
            f"it takes photos of {height} × {width} px, not {size[0]} × {size[1]}: leave out --size"
        )
    return int(height), int(width)


@dataclass
class _Builder:
    """Calls the layers of a graph in order; nested networks are built as part of the whole."""

    keras_version: int
    max_weights: int
    built: dict[tuple[str, ...], keras.layers.Layer] = field(default_factory=dict)
    functions: dict[tuple[str, ...], Callable[..., Tensor]] = field(default_factory=dict)

    def run(
        self, graph: Graph, place: tuple[str, ...], inputs: Sequence[Tensor]
    ) -> dict[str, Tensor]:
        """Return the outputs of a graph for its inputs."""
        results: Results = {
            ref.layer: {0: tensor} for ref, tensor in zip(graph.inputs, inputs, strict=True)
        }
        pending = [
            (layer, index)
            for layer in graph.layers
            if layer.name not in results
            for index in range(len(layer.calls))
        ]
        while pending:
            left = []
            for layer, index in pending:
                call = layer.calls[index]
                if all(_find(ref, results) is not None for ref in _references(call.arguments)):
                    arguments = _resolve(call.arguments, results)
                    value = self._call(layer, place, arguments, call.options)
                    results.setdefault(layer.name, {})[index] = value
                else:
                    left.append((layer, index))
            if len(left) == len(pending):
                raise InputError(
                    f"its layer '{shorten(left[0][0].name)}' takes the output of a layer that is "
                    "not there, or of itself"
                )
            pending = left
        return {name: _look_up(ref, results) for name, ref in graph.outputs.items()}

    def _call(
        self, layer: Layer, place: tuple[str, ...], arguments: Any, options: Mapping[str, Any]
    ) -> Tensor:
        here = (*place, layer.name)
        try:
            if layer.network is not None:
                taken = arguments[0] if isinstance(arguments[0], list) else [arguments[0]]
                values = list(self.run(layer.network, here, taken).values())
                if len(values) != 1:
                    raise InputError(f"a network with {len(values)} outputs inside another")
                return values[0]
            function = self.functions.get(here) or build_layer(layer, self.keras_version)
            self.functions[here] = function
            self._check_weights(layer, arguments)
            value = function(*arguments, **options)
        except InputError as error:
            prefix = f"its layer '{shorten(layer.name)}': "
            text = str(error)
            raise InputError(text if text.startswith("its layer") else prefix + text) from None
        except (ValueError, TypeError, IndexError, AttributeError, OverflowError) as error:
            why = shorten(" ".join(str(error).split()), 200)
            raise InputError(f"its layer '{shorten(layer.name)}' can't be built: {why}") from None
        if prod(length or 1 for length in value.shape[1:]) > MAX_VALUES:
            raise InputError(f"its layer '{shorten(layer.name)}' puts out {value.shape[1:]}")
        if getattr(function, "weights", None):
            self.built[here] = function
        return value

    def _check_weights(self, layer: Layer, arguments: Any) -> None:
        """Raise InputError if the layer needs more numbers than the file has."""
        channels = getattr(arguments[0], "shape", (1,))[-1] or 1
        options = layer.options
        kernel = options.get("kernel_size", 1)
        area = prod(kernel) if isinstance(kernel, list) else kernel * kernel
        filters = options.get("filters", options.get("units", options.get("depth_multiplier", 0)))
        needed = {
            "Conv2D": area * channels * filters // (options.get("groups") or 1),
            "DepthwiseConv2D": area * channels * filters,
            "SeparableConv2D": channels * filters,
            "Dense": channels * filters,
        }.get(layer.kind, 0)
        if needed > self.max_weights:
            raise InputError(f"it needs {needed:,} numbers, the file holds {self.max_weights:,}")


def _references(given: Any) -> list[TensorRef]:
    if isinstance(given, TensorRef):
        return [given]
    if isinstance(given, list | tuple):
        return [ref for one in given for ref in _references(one)]
    return []


def _resolve(given: Any, results: Results) -> Any:
    """Return arguments with tensors in the place of references."""
    if isinstance(given, TensorRef):
        return _look_up(given, results)
    if isinstance(given, list | tuple):
        return [_resolve(one, results) for one in given]
    return given


def _look_up(ref: TensorRef, results: Results) -> Tensor:
    found = _find(ref, results)
    if found is None:
        raise InputError(f"its layer '{shorten(ref.layer)}' has no output {ref.call}, {ref.output}")
    return found


def _find(ref: TensorRef, results: Results) -> Tensor | None:
    """Return the result of a call; Keras 2 counts the calls of a nested network from 1."""
    calls = results.get(ref.layer, {})
    if ref.output != 0:
        return None
    return calls.get(ref.call, calls.get(ref.call - 1) if len(calls) == 1 else None)
