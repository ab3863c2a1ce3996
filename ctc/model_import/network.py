"""A foreign network, as the readers of the file kinds return it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray
from onnx import ModelProto

from ctc.model_import.description import Description

RunNetwork = Callable[[NDArray[Any]], Mapping[str, NDArray[Any]]]
"""From a batch as the network takes it to its outputs by name."""


@dataclass(frozen=True)
class NamedOutput:
    """An output of a network whose file itself says what it is.

    `tensor`: its name in the graph. `classes`: in its order; `origin`: the file that names them.
    """

    tensor: str
    classes: tuple[str, ...]
    origin: str


@dataclass(frozen=True)
class ForeignNetwork:
    """A network to import.

    `model`: its ONNX graph, whose input is a batch of photos in floating point (or uint8 if the
    graph standardises them itself). `format`: of its file, such as "ONNX". `descriptions`: what the
    file says of itself, the most trusted first. `labels`: its outputs by label, where the file says
    which there are; else they are chosen by `graph.choose_outputs`, and there is one. `run`: the
    original network itself; None to run `model`, for a file that is ONNX already.
    """

    model: ModelProto
    format: str
    descriptions: tuple[Description, ...] = ()
    run: RunNetwork | None = None
    labels: Mapping[str, NamedOutput] = field(default_factory=dict)
