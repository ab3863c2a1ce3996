"""The settings of an import: what options, files and the graph say, in this order, as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from onnx import TensorProto

from ctc.artifacts.model.file import RESERVED_NAMES
from ctc.artifacts.model.preprocessing import ImageChoice, Preprocessing, ResizeMode
from ctc.errors import InputError, UsageError, shorten
from ctc.model_import.config import DEFAULT_SCALE, Activation, Channels, Layout, Triple
from ctc.model_import.description import Description, first_said
from ctc.model_import.graph.ends import Tensor, is_float

_ZERO, _ONE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
_MAX_SIDE = 8192
_DEFAULT = "the default"
_GRAPH = "the network"


@dataclass(frozen=True)
class InputSettings:
    """How the input of the network is made of a photo of uint8 pixels (height, width, 3), RGB.

    It is put in the order of `channels`; pixels / `scale`, minus `mean`, divided by `std`; in the
    order of axes `layout`. With `standardises` the network does the arithmetic itself.
    """

    tensor: Tensor
    size: tuple[int, int]
    resize: ResizeMode
    image_choice: ImageChoice
    layout: Layout
    channels: Channels
    scale: float
    mean: Triple
    std: Triple

    @property
    def standardises(self) -> bool:
        """Whether the network takes uint8 pixels."""
        return bool(self.tensor.dtype == TensorProto.UINT8)

    @property
    def preprocessing(self) -> Preprocessing:
        return Preprocessing(*self.size, self.resize, self.image_choice)


@dataclass(frozen=True)
class Found:
    """A value and the place that says it."""

    value: Any
    origin: str


class Settings:
    """Values by name, each from the first description that has it; `lines` tells them all."""

    def __init__(self, descriptions: Sequence[Description]) -> None:
        self._descriptions = descriptions
        self._lines: list[str] = []

    def get(self, name: str, default: Any = None, shown: str = "") -> Found:
        """Return a value; `shown` is how it is told, after the name."""
        said = self.said(name)
        found = Found(default, _DEFAULT) if said is None else Found(*said)
        if found.value is not None:
            self.tell(name.replace("_", " "), shown or _format(found.value), found.origin)
        return found

    def said(self, name: str) -> tuple[Any, str] | None:
        """Return a value and its place without telling it; None if nothing says it."""
        return first_said(self._descriptions, name)

    def tell(self, name: str, value: object, origin: str) -> None:
        """Add a line on a value that was found otherwise."""
        place = origin if origin == _DEFAULT else f"from {origin}"
        self._lines.append(f"{name}: {value}, {place}")

    def lines(self) -> Iterator[str]:
        """Yield a line per value: what it is and where it comes from; then the notes."""
        yield from self._lines
        for one in self._descriptions:
            yield from one.notes


def _format(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else shorten(value)


def input_settings(settings: Settings, tensor: Tensor, path: object) -> InputSettings:
    """Return how the input is made.

    Raises UsageError where neither the graph nor a file tells size or layout, InputError where they
    contradict the graph, and for inputs that are no photos.
    """
    if not is_float(tensor.dtype) and tensor.dtype != TensorProto.UINT8:
        kind = TensorProto.DataType.Name(tensor.dtype).lower() if tensor.dtype else "no tensor"
        raise InputError(
            f"network '{path}': its input {tensor} is {kind}; photos are float or uint8 numbers"
        )
    shape = tensor.shape or (None,) * 4
    if len(shape) != 4:
        raise InputError(
            f"network '{path}': its input {tensor} has {len(shape)} dimensions, and a batch of "
            "photos has 4"
        )
    layout = _layout(settings, shape, path, tensor)
    size = _size(settings, shape[2:] if layout == "nchw" else shape[1:3], path, tensor)
    resize: ResizeMode = settings.get("resize", "stretch").value
    said = settings.said("image_choice")
    image_choice: ImageChoice = "random" if said is None else said[0]
    channels: Channels = settings.get("channels", "rgb").value
    scale, mean, std = _standardisation(settings, tensor)
    return InputSettings(tensor, size, resize, image_choice, layout, channels, scale, mean, std)


def _layout(
    settings: Settings, shape: Sequence[int | None], path: object, tensor: Tensor
) -> Layout:
    possible = [layout for layout, axis in (("nchw", 1), ("nhwc", 3)) if shape[axis] in (3, None)]
    seen = [layout for layout, axis in (("nchw", 1), ("nhwc", 3)) if shape[axis] == 3]
    if not possible:
        raise InputError(
            f"network '{path}': its input {tensor} has no axis of 3 channels: ctc gives a network "
            "photos in colour"
        )
    found = settings.get("layout")
    if found.value is None:
        if len(seen) != 1:
            raise UsageError(
                f"the order of the axes of {tensor} can't be told: give it by --layout nchw or "
                "--layout nhwc"
            )
        settings.tell("layout", seen[0], _GRAPH)
        return "nchw" if seen[0] == "nchw" else "nhwc"
    if found.value not in possible:
        raise InputError(
            f"{found.origin} says that the layout is {found.value}, but the input {tensor} of "
            f"network '{path}' is {possible[0]}"
        )
    layout: Layout = found.value
    return layout


def _size(
    settings: Settings, shape: Sequence[int | None], path: object, tensor: Tensor
) -> tuple[int, int]:
    found = settings.said("size")
    if found is None:
        if None in shape:
            raise UsageError(
                f"the input {tensor} takes photos of any size: give the one that the network was "
                "trained for by --size HEIGHTxWIDTH"
            )
        size = int(shape[0] or 0), int(shape[1] or 0)
        settings.tell("size", f"{size[0]}×{size[1]} pixels", _GRAPH)
    else:
        size, origin = found
        settings.tell("size", f"{size[0]}×{size[1]} pixels", origin)
        fits = all(own in (None, side) for own, side in zip(shape, size, strict=True))
        if not fits:
            raise InputError(
                f"{origin} says {size[0]}×{size[1]} pixels (height × width), but the input "
                f"{tensor} of network '{path}' is for {shape[0]}×{shape[1]}"
            )
    if not all(1 <= side <= _MAX_SIDE for side in size):
        raise InputError(
            f"network '{path}' is for {size[0]}×{size[1]} pixels; up to {_MAX_SIDE} can be given"
        )
    return size


def _standardisation(settings: Settings, tensor: Tensor) -> tuple[float, Triple, Triple]:
    if tensor.dtype == TensorProto.UINT8:
        for name in ("scale", "mean", "std"):
            found = settings.get(name)
            if found.origin.startswith("--"):
                raise UsageError(
                    f"{found.origin}: the input {tensor} takes whole pixels from 0 to 255, and the "
                    "network standardises them itself: leave the option out"
                )
        return 1.0, _ZERO, _ONE
    scale = settings.get("scale", DEFAULT_SCALE)
    mean, std = settings.get("mean", _ZERO), settings.get("std", _ONE)
    if not 0 < float(scale.value) < float("inf"):
        raise InputError(f"{scale.origin} says that the scale is {scale.value:g}; it is above 0")
    if not all(0 < one < float("inf") for one in std.value):
        raise InputError(f"{std.origin} says that the standard deviations are {_format(std.value)}")
    if not all(abs(one) < float("inf") for one in mean.value):
        raise InputError(f"{mean.origin} says that the means are {_format(mean.value)}")
    return float(scale.value), mean.value, std.value


@dataclass(frozen=True)
class LabelSettings:
    """A label: its name, its classes in the order of the output, and how they are computed.

    `origin`: the place that names the classes. `output`: the tensor with a number per class;
    `activation` makes probabilities of them. `several`: whether several classes may be there at
    once; None if only the answers can tell.
    """

    name: str
    classes: tuple[str, ...]
    origin: str
    output: str
    activation: Activation
    several: bool | None


def check_label(label: str) -> None:
    """Raise UsageError for a name that no label can have."""
    if label in RESERVED_NAMES or not label.strip():
        raise UsageError(
            f"a label can't be called '{label}', the name of another input or output of a model "
            "file: choose another --label"
        )
