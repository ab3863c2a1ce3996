"""Vision transformers of KerasHub, in tiny versions with random numbers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctc.errors import CtcError, InputError, MissingExtraError, UsageError
from ctc.plugin import Backbone
from ctc.plugin.manager import plugins
from ctc_plugins.backbones import vision_transformers
from ctc_plugins.backbones.imagenet import IMAGENET_STATS
from ctc_plugins.backbones.vision_transformers import TRANSFORMERS, build, open_weights

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

SIDE = 28
WIDTH = 16
TINY = {
    "dinov2": replace(
        TRANSFORMERS["dinov2_registers_small"],
        options=TRANSFORMERS["dinov2_registers_small"].options
        | {"num_layers": 1, "num_heads": 2, "hidden_dim": WIDTH, "intermediate_dim": 32},
        position_side=42,
    ),
    "deit": replace(
        TRANSFORMERS["deit_tiny"],
        patch=14,
        options={"num_layers": 1, "num_heads": 2, "hidden_dim": WIDTH, "intermediate_dim": 32},
    ),
    "vit": replace(
        TRANSFORMERS["vit_base"],
        patch=14,
        options={"num_layers": 1, "num_heads": 2, "hidden_dim": WIDTH, "mlp_dim": 32},
    ),
}


@pytest.fixture(autouse=True)
def keras_hub() -> Any:
    return pytest.importorskip("keras_hub", reason="needs camera-trap-classifier[backbones]")


def draw(network: Any) -> np.ndarray:
    shape = (3, *network.input_shape[1:])
    return np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)


def stir(network: Any) -> None:
    rng = np.random.default_rng(1)
    for variable in network.weights:
        variable.assign(rng.normal(0, 0.3, variable.shape))


@pytest.mark.parametrize("kind", TINY)
def test_transformer_converts_to_onnx_with_same_features(kind: str) -> None:
    import keras
    import onnxruntime

    from ctc.export.convert import to_onnx

    network = build(kind, TINY[kind], None, (SIDE, SIDE, 3))
    stir(network)
    assert network.output.shape == (None, WIDTH)
    images = keras.Input((SIDE, SIDE, 3), dtype="uint8")
    whole = keras.Model(images, {"features": network(keras.layers.Rescaling(1 / 64, -2)(images))})
    model = to_onnx(whole, {}, SIDE, SIDE, WIDTH).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    photos = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE, 3), np.uint8)
    (found,) = session.run(["features"], {"images": photos})
    wanted = np.asarray(whole(photos, training=False)["features"])
    assert wanted.std(axis=0).max() > 0.01
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())


Preset = Callable[..., Path]


@pytest.fixture
def preset(tmp_path: Path, keras_hub: Any) -> Preset:
    """A function that writes a folder as KerasHub does."""

    def write(kind: str, side: int = SIDE) -> Path:
        given = TINY[kind]
        options = {"patch_size": given.patch, "image_shape": (side, side, 3), **given.options}
        if given.position_side is not None:
            options["position_embedding_shape"] = (given.position_side,) * 2
        network = getattr(keras_hub.models, given.kind)(**options)
        stir(network)
        network.save_to_preset(tmp_path / kind)
        return tmp_path / kind

    return write


@pytest.mark.parametrize("kind", TINY)
def test_weights_of_a_local_folder_give_its_features(
    kind: str, preset: Preset, keras_hub: Any
) -> None:
    folder = preset(kind)
    weights = open_weights(kind, TINY[kind], folder)
    theirs = getattr(keras_hub.models, TINY[kind].kind).from_preset(str(folder))
    network = weights.build((SIDE, SIDE, 3))
    photos = draw(network)
    given = {"images": photos} if isinstance(theirs.input, dict) else photos
    wanted = np.asarray(theirs(given, training=False))[:, 0]
    np.testing.assert_allclose(np.asarray(network(photos)), wanted, rtol=0, atol=1e-5)
    assert (weights.mean, weights.std) == (
        TINY[kind].normalization.mean,
        TINY[kind].normalization.std,
    )


def test_positions_of_dinov2_fit_photos_of_another_size(preset: Preset, keras_hub: Any) -> None:
    folder = preset("dinov2")
    weights = open_weights("dinov2", TINY["dinov2"], folder)
    theirs = keras_hub.models.DINOV2Backbone.from_preset(str(folder), image_shape=(56, 56, 3))
    network = weights.build((56, 56, 3))
    photos = draw(network)
    wanted = np.asarray(theirs({"images": photos}, training=False))[:, 0]
    np.testing.assert_allclose(np.asarray(network(photos)), wanted, rtol=0, atol=1e-5)


def test_positions_of_vit_fit_one_size_only(preset: Preset) -> None:
    weights = open_weights("vit", TINY["vit"], preset("vit"))
    with pytest.raises(UsageError, match="is for images of 28×28 px, not 42×28, and 'vit' can't"):
        weights.build((42, 28, 3))


@pytest.mark.parametrize(
    ("scale", "offset", "mean", "std"),
    [
        (1 / 127.5, -1.0, [0.5] * 3, [0.5] * 3),
        (
            [1 / (255 * std) for std in IMAGENET_STATS.std],
            [-m / s for m, s in zip(IMAGENET_STATS.mean, IMAGENET_STATS.std, strict=True)],
            IMAGENET_STATS.mean,
            IMAGENET_STATS.std,
        ),
        (1 / 255, None, [0] * 3, [1] * 3),
    ],
)
def test_standardisation_is_that_of_the_folder(
    scale: Any, offset: Any, mean: Any, std: Any, preset: Preset
) -> None:
    folder = preset("vit")
    config = {"class_name": "ViTImageConverter", "config": {"scale": scale, "offset": offset}}
    (folder / "image_converter.json").write_text(json.dumps(config))
    weights = open_weights("vit", TINY["vit"], folder)
    assert weights.mean == pytest.approx(mean)
    assert weights.std == pytest.approx(std)


def change_config(folder: Path, **options: Any) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["class_name"] = options.pop("class_name", config["class_name"])
    config["config"].update(options)
    path.write_text(json.dumps(config))


def remove(folder: Path, name: str) -> None:
    (folder / name).unlink()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (partial(change_config, num_heads=4), "whose 'num_heads' is 4, and that of 'vit' is 2"),
        (partial(change_config, patch_size=[16, 16]), r"'patch_size' is \[16, 16\], and that"),
        (partial(change_config, class_name="Lambda"), "holds a 'Lambda', and 'vit' is a 'ViTBack"),
        (partial(change_config, image_shape="x"), "is damaged: its 'image_shape' is 'x'"),
        (partial(remove, name="model.weights.h5"), "has no 'model.weights.h5': it is not a folder"),
        (partial(remove, name="config.json"), "does not exist: it should be the description of a"),
        (
            lambda folder: (folder / "image_converter.json").write_text('{"config": {"scale": 0}}'),
            "'.*image_converter.json' is damaged",
        ),
    ],
)
def test_folder_of_another_network_is_refused(
    change: Callable[[Path], object], message: str, preset: Preset
) -> None:
    folder = preset("vit")
    change(folder)
    with pytest.raises(CtcError, match=message):
        open_weights("vit", TINY["vit"], folder)


def test_weights_that_lead_to_another_file_are_refused(preset: Preset) -> None:
    import h5py

    folder = preset("vit")
    weights = folder / "model.weights.h5"
    with h5py.File(weights, "r+") as file:
        del file["layers"]
        file["layers"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(InputError, match="it has no array of shape"):
        open_weights("vit", TINY["vit"], folder).build((SIDE, SIDE, 3))


@pytest.mark.parametrize(
    ("kind", "shape", "message"),
    [
        ("vit", (28, 30, 3), "cuts images into patches of 14×14 px, and 28×30 px are no multiple"),
        ("dinov2", (28, 42, 3), "takes square images, not 28×42"),
    ],
)
def test_other_shapes_are_refused(kind: str, shape: tuple[int, int, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build(kind, TINY[kind], None, shape)


def test_missing_kerashub_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(feature: str, extra: str, modules: tuple[str, ...]) -> None:
        assert modules == ("keras_hub",)
        raise MissingExtraError(feature, extra)

    monkeypatch.setattr(vision_transformers, "require_extra", fail)
    with pytest.raises(MissingExtraError, match=r"'vit' needs .*classifier\[backbones\]"):
        build("vit", TINY["vit"], None, (SIDE, SIDE, 3))


def test_architectures_are_those_of_kerashub(keras_hub: Any) -> None:
    """The number of weights of a whole one is the one that KerasHub publishes."""
    network = plugins().get(Backbone, "deit_tiny").build((224, 224, 3))
    published = keras_hub.models.DeiTBackbone.presets["deit_tiny_distilled_patch16_224_imagenet"][
        "metadata"
    ]["params"]
    assert network.count_params() == published


def test_training_from_a_folder_and_export(
    preset: Preset, tmp_path: Path, tiny_dataset: Callable[..., Any]
) -> None:
    from ctc.export.config import ExportConfig
    from ctc.export.export import export_model
    from ctc.plugin.kinds import KINDS, LoadedRecord
    from ctc.plugin.manager import Owner, Plugins
    from ctc.reporting import NullReporter
    from ctc.runtime.session import load_model
    from ctc.training.config import TrainingConfig
    from ctc.training.model.network import load_network
    from ctc.training.run_training import train

    tiny = Backbone(
        "tiny_vit",
        "",
        (SIDE, SIDE),
        partial(build, "tiny_vit", TINY["vit"], None),
        open_weights=partial(open_weights, "tiny_vit", TINY["vit"]),
    )
    kind = next(kind for kind in KINDS if kind.record_type is Backbone)
    own = LoadedRecord(kind, tiny, Owner("tiny", "tests", "1"))
    installed = Plugins([*plugins().loaded, own])
    dataset = tiny_dataset()
    folder = preset("vit")
    config = TrainingConfig(
        dataset=str(dataset.folder),
        output=str(tmp_path / "run"),
        backbone="tiny_vit",
        labels=("species",),
        weights=str(folder),
        loader="turbo",
        epochs=1,
        batch_size=8,
    )
    run = train(config, installed, NullReporter()).run
    shutil.rmtree(folder)  # the run has its own weights
    info = run.read()
    assert (info.channel_mean, info.channel_std) == ((0.5,) * 3, (0.5,) * 3)
    network = load_network(run, installed)
    result = export_model(network, info, dataset, tmp_path / "m.onnx", ExportConfig(features=True))
    assert result.parity.largest_difference < 1e-5
    assert load_model(tmp_path / "m.onnx").info.feature_size == WIDTH
