"""Read a network of Keras: a `.keras` file, or an `.h5` or `.hdf5` file of a whole network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctc.errors import CtcError, require_extra
from ctc.model_import.description import Description
from ctc.model_import.network import ForeignNetwork
from ctc.model_import.version2 import FORMAT as VERSION_2
from ctc.model_import.version2 import describe_version2, is_version2
from ctc.training.distributed.backend import start_backend

from .archive import open_archive
from .build import FEATURES, BuiltNetwork, build_network
from .convert import runner, to_onnx
from .graph import Graph, parse_graph
from .hdf5 import NumberFile, open_numbers
from .known_networks import find_network
from .pixels import find_pixels
from .weights import load_weights


@dataclass(frozen=True)
class LoadedNetwork:
    """A network with its numbers. `keras_version`: 1, 2 or 3, that wrote the file."""

    graph: Graph
    built: BuiltNetwork
    keras_version: int


def read_keras(path: Path, local: Path, size: tuple[int, int] | None) -> ForeignNetwork:
    """Read a network for photos of `size` (height, width), or of the size that the file says.

    `local`: a copy of the file `path`. Raises InputError, naming the file and the layer, for a file
    that is damaged, holds code, or whose numbers don't fit its layers; MissingExtraError without
    Keras.
    """
    require_extra("the import of a Keras file", "train", ("tensorflow", "keras", "h5py", "tf2onnx"))
    start_backend()
    try:
        loaded = load_keras(local, size)
        model = to_onnx(loaded.built)
    except CtcError as error:
        raise type(error)(f"network '{path}' can't be imported: {error}") from None
    run = runner(loaded.built)
    if not is_version2(loaded.built.outputs):
        return ForeignNetwork(model, f"Keras {loaded.keras_version}", tuple(_describe(loaded)), run)
    labels, descriptions = describe_version2(path, loaded.built.outputs)
    return ForeignNetwork(model, VERSION_2, descriptions, run, labels)


def load_keras(path: Path, size: tuple[int, int] | None) -> LoadedNetwork:
    """Build the network of a file and set its numbers; raises InputError without the path."""
    with _open(path) as (description, version, numbers):
        graph = (
            find_network(path, numbers, size) if description is None else parse_graph(description)
        )
        total = sum(_count(shape) for shape in numbers.shapes.values())
        built = build_network(graph, size, version, total)
        load_weights(graph, built.layers, numbers)
        return LoadedNetwork(graph, built, version)


@contextmanager
def _open(path: Path) -> Iterator[tuple[Mapping[str, Any] | None, int, NumberFile]]:
    with path.open("rb") as file:
        is_zip = file.read(4) == b"PK\x03\x04"
    if is_zip:
        with open_archive(path) as opened:
            yield opened
    else:
        with open_numbers(path) as numbers:
            yield numbers.description(), numbers.version(), numbers


def _count(shape: tuple[int, ...]) -> int:
    total = 1
    for length in shape:
        total *= length
    return total


def _describe(loaded: LoadedNetwork) -> Iterator[Description]:
    height, width = loaded.built.model.inputs[0].shape[1:3]
    built = loaded.built
    yield Description(
        "the Keras file",
        size=(height, width),
        layout="nhwc",
        features=None if built.outputs else FEATURES,
        activation="none" if built.is_binary else None,
    )
    pixels = find_pixels(loaded.graph)
    if pixels is not None:
        yield Description(
            pixels.network,
            scale=pixels.scale,
            mean=pixels.mean,
            std=pixels.std,
            channels=pixels.channels,
        )
