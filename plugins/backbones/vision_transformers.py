"""Vision transformers of KerasHub (https://keras.io/keras_hub), which `[backbones]` installs.

The features are those of the class token behind the last normalisation. Weights are never
downloaded: `--weights FOLDER` reads a folder that KerasHub's `save_to_preset` wrote.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctc.errors import InputError, UsageError, describe_damage, require_extra
from ctc.plugin import Backbone, Pretrained, hookimpl
from ctc.plugin.weights_file import load_weights_file
from ctc.storage.json_file import read_object

from .imagenet import IMAGENET_STATS, SYMMETRIC, Normalization

if TYPE_CHECKING:
    import keras

Shape = tuple[int, int, int]

CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.weights.h5"
CONVERTER_FILE = "image_converter.json"
_DAMAGED = (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError)


@dataclass(frozen=True)
class Transformer:
    """One architecture. `kind`: its class in `keras_hub.models`; `options`: those of the class.

    `patch`: the side of a patch in pixels. `position_side`: the side of the photos that its table
    of positions is for, from which others are interpolated; None if it is for photos of one size.
    """

    kind: str
    summary: str
    patch: int
    options: Mapping[str, Any]
    normalization: Normalization
    position_side: int | None = None


def _vit(layers: int, heads: int, width: int, kind: str = "ViTBackbone") -> dict[str, Any]:
    """Return the options of a transformer: blocks, heads, numbers per token."""
    hidden = "mlp_dim" if kind == "ViTBackbone" else "intermediate_dim"
    return {"num_layers": layers, "num_heads": heads, "hidden_dim": width, hidden: 4 * width}


def _dinov2(size: str, layers: int, heads: int, width: int, registers: int) -> Transformer:
    """https://arxiv.org/abs/2304.07193; registers: https://arxiv.org/abs/2309.16588."""
    options = _vit(layers, heads, width, "DINOV2Backbone") | {
        "num_register_tokens": registers,
        "antialias_in_interpolation": registers > 0,
    }
    summary = f"{size} vision transformer for the features of DINOv2"
    summary += ", with registers" if registers else ""
    return Transformer("DINOV2Backbone", summary, 14, options, IMAGENET_STATS, 518)


TRANSFORMERS = {
    # https://arxiv.org/abs/2010.11929, table 1
    "vit_base": Transformer(
        "ViTBackbone", "vision transformer of 12 blocks", 16, _vit(12, 12, 768), SYMMETRIC
    ),
    "vit_large": Transformer(
        "ViTBackbone", "vision transformer of 24 blocks", 16, _vit(24, 16, 1024), SYMMETRIC
    ),
    # https://arxiv.org/abs/2012.12877, table 1
    "deit_tiny": Transformer(
        "DeiTBackbone",
        "the smallest vision transformer",
        16,
        _vit(12, 3, 192, "DeiTBackbone"),
        IMAGENET_STATS,
    ),
    "deit_small": Transformer(
        "DeiTBackbone",
        "a small vision transformer",
        16,
        _vit(12, 6, 384, "DeiTBackbone"),
        IMAGENET_STATS,
    ),
    "dinov2_small": _dinov2("small", 12, 6, 384, 0),
    "dinov2_base": _dinov2("medium", 12, 12, 768, 0),
    "dinov2_large": _dinov2("large", 24, 16, 1024, 0),
    "dinov2_registers_small": _dinov2("small", 12, 6, 384, 4),
    "dinov2_registers_base": _dinov2("medium", 12, 12, 768, 4),
}
SIDE = 224
"""Pixels that the transformers take by default."""


@dataclass(frozen=True)
class Weights:
    """A file of weights, and the shape of the photos that its network is for."""

    path: Path
    shape: Shape


def build(
    name: str, transformer: Transformer, weights: Weights | None, shape: Shape
) -> keras.Model:
    """Build the network from standardised images of `shape` to features (N, numbers per token).

    `weights`: None for random ones. Raises UsageError when `shape` can't be cut into patches or the
    weights are for another, InputError when they don't fit, MissingExtraError without KerasHub.
    """
    require_extra(f"the backbone '{name}'", "backbones", ("keras_hub",))
    _check_shape(name, transformer, shape)
    import keras

    network = _build(transformer, shape)
    if weights is not None:
        _load(name, transformer, network, weights, shape)
    return keras.Model(network.inputs[0], network.output[:, 0], name=name)


def _build(transformer: Transformer, shape: Shape) -> keras.Model:
    import keras_hub

    options = {"patch_size": transformer.patch, "image_shape": shape, **transformer.options}
    if transformer.position_side is not None:
        options["position_embedding_shape"] = (transformer.position_side,) * 2
    return getattr(keras_hub.models, transformer.kind)(**options)


def _load(
    name: str, transformer: Transformer, network: keras.Model, weights: Weights, shape: Shape
) -> None:
    """Load weights; KerasHub interpolates the table of positions of DINOv2 for another shape."""
    if weights.shape == shape:
        load_weights_file(network, weights.path)
        return
    if transformer.position_side is None:
        height, width, _ = weights.shape
        raise UsageError(
            f"'{weights.path.parent}' is for images of {height}×{width} px, not {shape[0]}×"
            f"{shape[1]}, and '{name}' can't change that: add --height {height} --width {width}"
        )
    theirs = _build(transformer, weights.shape)
    load_weights_file(theirs, weights.path)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / WEIGHTS_FILE
        theirs.save_weights(path)
        network.load_weights(path)


def _check_shape(name: str, transformer: Transformer, shape: Shape) -> None:
    height, width, _ = shape
    patch = transformer.patch
    if height % patch or width % patch:
        raise UsageError(
            f"'{name}' cuts images into patches of {patch}×{patch} px, and {height}×{width} px are "
            f"no multiple of that: choose --height and --width such as {patch * (SIDE // patch)}"
        )
    if height != width and transformer.position_side is not None:
        raise UsageError(
            f"'{name}' takes square images, not {height}×{width}: choose the same --height and "
            "--width"
        )


def open_weights(name: str, transformer: Transformer, folder: Path) -> Pretrained:
    """Return the weights in a folder that `save_to_preset` wrote, without executing anything.

    Raises InputError for another folder, UsageError for weights of another network.
    """
    weights = folder / WEIGHTS_FILE
    if not weights.is_file():
        raise InputError(
            f"'{folder}' has no '{WEIGHTS_FILE}': it is not a folder that `save_to_preset` of "
            "KerasHub wrote"
        )
    given = read_object(folder / CONFIG_FILE, "the description of a network of KerasHub")
    shape = _check_config(name, transformer, folder, given)
    own = _read_normalization(folder / CONVERTER_FILE) or transformer.normalization
    made = partial(build, name, transformer, Weights(weights, shape))
    return Pretrained(str(folder), own.mean, own.std, made)


def _check_config(
    name: str, transformer: Transformer, folder: Path, given: Mapping[str, Any]
) -> Shape:
    """Return the shape of photos; raises UsageError if the description is of another network."""
    kind, config = given.get("class_name"), given.get("config")
    if kind != transformer.kind or not isinstance(config, dict):
        raise UsageError(
            f"'{folder}' holds a '{kind}', and '{name}' is a '{transformer.kind}': choose another "
            "--backbone"
        )
    wanted = {"patch_size": transformer.patch, **transformer.options}
    if transformer.position_side is not None:
        wanted["position_embedding_shape"] = transformer.position_side
    for option, value in wanted.items():
        found = config.get(option, value)
        if found not in (value, [value, value], [value, value, 3]):
            raise UsageError(
                f"'{folder}' holds a network whose '{option}' is {found}, and that of '{name}' is "
                f"{value}: choose another --backbone"
            )
    shape = config.get("image_shape")
    if not isinstance(shape, list) or len(shape) != 3 or not all(isinstance(n, int) for n in shape):
        raise InputError(f"'{folder / CONFIG_FILE}' is damaged: its 'image_shape' is {shape!r}")
    return shape[0], shape[1], shape[2]


def _read_normalization(path: Path) -> Normalization | None:
    """Return how KerasHub standardises photos: pixels of 0–255, times `scale`, plus `offset`."""
    if not path.is_file():
        return None
    try:
        config = read_object(path, "the image converter of KerasHub")["config"]
        scales, offsets = (_triple(config.get(key)) for key in ("scale", "offset"))
        if scales is None:
            return None
        std = [1 / (255 * scale) for scale in scales]
        pairs = zip(offsets or (0.0, 0.0, 0.0), std, strict=True)
        red, green, blue = (-offset * one for offset, one in pairs)
        return Normalization((red, green, blue), (std[0], std[1], std[2]))
    except _DAMAGED as error:
        raise InputError(f"'{path}' is damaged: {describe_damage(error)}") from None


def _triple(given: Any) -> tuple[float, float, float] | None:
    """Return three numbers, of one number or a list of three."""
    if given is None:
        return None
    red, green, blue = given if isinstance(given, list) else (given,) * 3
    return float(red), float(green), float(blue)


@hookimpl
def ctc_backbones() -> Iterable[Backbone]:
    for name, transformer in TRANSFORMERS.items():
        yield Backbone(
            name,
            transformer.summary,
            (SIDE, SIDE),
            partial(build, name, transformer, None),
            open_weights=partial(open_weights, name, transformer),
        )
