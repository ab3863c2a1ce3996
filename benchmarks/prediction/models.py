"""The networks that benchmarks/prediction/speed.py measures, as model files and as Keras files:
python benchmarks/prediction/models.py FOLDER

The weights are random: they decide neither the time that a network takes nor, at 224 px, its size.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import onnx

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.export.convert import to_onnx
from ctc.images import decode, read_photo, to_model_input
from ctc.plugin import Backbone
from ctc.plugin.manager import plugins

SIDE, CLASSES, LABEL = 224, 50, "species"
TINY, TINY_SIDE = "tiny", 32
SPARROW_ID = "network"
SPARROW_MANIFEST = f"""[model]
id = "{SPARROW_ID}"
format = "onnx"
file = "model.onnx"
[preprocessing]
method = "resize"
input_size = [{SIDE}, {SIDE}]
layout = "nchw"
normalization = "unit"
[inference]
strategy = "single"
[postprocessing]
method = "softmax"
[labels]
file = "labels.txt"
format = "one_per_line"
"""


def resnet18(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """Features of standardised pixels."""
    return plugins().get(Backbone, "resnet18").build((SIDE, SIDE, 3))(pixels)


def mobilenet_v3_large(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """Features of standardised pixels."""
    shape = (SIDE, SIDE, 3)
    network = keras.applications.MobileNetV3Large(
        input_shape=shape,
        include_top=False,
        weights=None,
        include_preprocessing=False,
        pooling="avg",
    )
    return network(pixels)


NETWORKS = {"resnet18": resnet18, "mobilenet_v3_large": mobilenet_v3_large}


def build(folder: Path, photos: Sequence[Path]) -> None:
    """Write NAME.keras, NAME.onnx, NAME.int8.onnx and NAME.sparrow/ for every network, and a tiny
    one."""
    for name, features in NETWORKS.items():
        keras.utils.set_random_seed(0)
        pixels = keras.Input((SIDE, SIDE, 3), dtype="uint8")
        scaled = keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)
        answer = keras.layers.Dense(CLASSES, activation="softmax", name=LABEL)(features(scaled))
        network = keras.Model(pixels, {LABEL: answer})
        network.save(folder / f"{name}.keras")
        model = simplified(to_onnx(network, {LABEL: CLASSES}, SIDE, SIDE))
        save(model, folder / f"{name}.onnx", SIDE)
        in_eight_bits(model, photos, folder / f"{name}.int8.onnx")
        for_sparrow(model, folder / f"{name}.sparrow" / SPARROW_ID)
    pixels = keras.Input((TINY_SIDE, TINY_SIDE, 3), dtype="uint8")
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(pixels))
    tiny = keras.Model(pixels, {LABEL: keras.layers.Dense(CLASSES, activation="softmax")(mean)})
    save(to_onnx(tiny, {LABEL: CLASSES}, TINY_SIDE, TINY_SIDE), folder / f"{TINY}.onnx", TINY_SIDE)


def simplified(model: onnx.ModelProto) -> onnx.ModelProto:
    """As `ctc export` writes it."""
    from ctc.export.simplify import simplify

    return simplify(model)


def in_eight_bits(model: onnx.ModelProto, photos: Sequence[Path], path: Path) -> None:
    """The model with all its layers quantised, calibrated on `photos`."""
    from ctc.export.quantize import quantized_candidates

    size = Preprocessing(SIDE, SIDE)
    batch = np.stack(
        [to_model_input(decode(read_photo(photo), (SIDE, SIDE)), size) for photo in photos]
    )
    save(next(quantized_candidates(model, [batch])).model, path, SIDE)


def for_sparrow(model: onnx.ModelProto, folder: Path) -> None:
    """The network as Sparrow Engine takes it: floats from 0 to 1, channels first."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph, kind = changed.graph, onnx.TensorProto
    pixels = graph.input[0].name
    before = [
        onnx.helper.make_node("Mul", ["unit", "white"], ["scaled"]),
        onnx.helper.make_node("Transpose", ["scaled"], ["channels_last"], perm=[0, 2, 3, 1]),
        onnx.helper.make_node("Cast", ["channels_last"], [pixels], to=kind.UINT8),
    ]
    graph.initializer.append(onnx.helper.make_tensor("white", kind.FLOAT, [], [255.0]))
    nodes = [*before, *graph.node]
    del graph.node[:], graph.input[:]
    graph.node.extend(nodes)
    shape = [None, 3, SIDE, SIDE]
    graph.input.append(onnx.helper.make_tensor_value_info("unit", kind.FLOAT, shape))
    folder.mkdir(parents=True)
    onnx.save_model(changed, folder / "model.onnx")
    (folder / "labels.txt").write_text("".join(f"species {number}\n" for number in range(CLASSES)))
    (folder / "manifest.toml").write_text(SPARROW_MANIFEST)


def save(model: onnx.ModelProto, path: Path, side: int) -> None:
    """With the metadata that make it a model file."""
    info = ModelInfo(
        {LABEL: tuple(f"species {number}" for number in range(CLASSES))}, Preprocessing(side, side)
    )
    onnx.helper.set_model_props(model, info.to_metadata())
    onnx.save_model(model, path)


if __name__ == "__main__":
    build(Path(sys.argv[1]), [Path(photo) for photo in sys.argv[2:]])
