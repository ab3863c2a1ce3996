"""Tests of every built-in backbone, but those of KerasHub."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from ctc.errors import UsageError
from ctc.plugin import Backbone
from ctc.plugin.manager import plugins
from ctc_plugins.backbones.vision_transformers import TRANSFORMERS

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

GREY, PHONE = ((0.5,) * 3, (0.5,) * 3), ((128 / 255,) * 3, (128 / 255,) * 3)
CHANNELS = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Known:
    """Expected properties of a backbone.

    `size` and `smallest` are the default and minimum side in pixels, `channels` those of the
    features. `weights` is their number without a head, moving statistics included. `imagenet` is
    the mean and the standard deviation that belong to the ImageNet weights.
    """

    size: int
    smallest: int
    channels: int
    weights: int
    imagenet: tuple[tuple[float, ...], tuple[float, ...]] | None = None


# Weights: those published at https://keras.io/api/applications/ less the head of 1,000 classes,
# (channels + 1) · 1,000, such as 25,613,800 − 2,049,000 for ResNet50V2; for mobilenet_v3_* the head
# has a hidden layer, of 1,024 and 1,280. convnext_tiny has the 28,589,128 of
# https://docs.pytorch.org/vision/stable/models.html with its head. resnet18 and resnet34: see the
# test below.
KNOWN = {
    "small_cnn": Known(50, 1, 128, 241_888),
    "resnet18": Known(224, 1, 512, 11_182_528),
    "resnet34": Known(224, 1, 512, 21_298_112),
    "resnet50": Known(224, 32, 2048, 23_564_800, GREY),
    "resnet101": Known(224, 32, 2048, 42_626_560, GREY),
    "resnet152": Known(224, 32, 2048, 58_331_648, GREY),
    "inception_resnet_v2": Known(299, 75, 1536, 54_336_736, GREY),
    "xception": Known(299, 71, 2048, 20_861_480, GREY),
    "mobilenet_v3_small": Known(224, 32, 576, 939_120, GREY),
    "mobilenet_v3_large": Known(224, 32, 960, 2_996_352, GREY),
    "efficientnet_v2_b0": Known(224, 32, 1280, 5_919_312, CHANNELS),
    "efficientnet_v2_b3": Known(300, 32, 1536, 12_930_622, CHANNELS),
    "efficientnet_v2_s": Known(384, 32, 1280, 20_331_360, PHONE),
    "convnext_tiny": Known(224, 64, 768, 27_820_128, CHANNELS),
}


CONVERTED = [
    name
    for name in KNOWN
    if name
    not in (
        "resnet34",
        "resnet101",
        "resnet152",
        "mobilenet_v3_small",
        "efficientnet_v2_b3",
        "efficientnet_v2_s",
    )
]
"""One network of each kind: the others have the same layers, more often or wider."""


def backbone(name: str) -> Backbone:
    return plugins().get(Backbone, name)


def test_backbones_are_listed_without_importing_keras() -> None:
    code = (
        "import sys; from ctc.plugin import Backbone; from ctc.plugin.manager import plugins;"
        "print(*plugins().all(Backbone));"
        "assert not {'keras', 'tensorflow', 'jax'} & set(sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(found.stdout.split()) == sorted({*KNOWN, *TRANSFORMERS})


@pytest.mark.parametrize("name", KNOWN)
def test_backbone_record_has_input_size_and_normalization(name) -> None:
    found = backbone(name)
    assert found.input_size == (KNOWN[name].size, KNOWN[name].size)
    imagenet = {weights.name: (weights.mean, weights.std) for weights in found.pretrained}
    assert imagenet == ({"imagenet": KNOWN[name].imagenet} if KNOWN[name].imagenet else {})


@pytest.mark.parametrize("name", [name for name in KNOWN if KNOWN[name].smallest > 1])
def test_backbone_build_rejects_small_images(name) -> None:
    smallest = KNOWN[name].smallest
    message = (
        f"'{name}' needs images of at least {smallest}×{smallest} px, "
        f"not {smallest + 40}×{smallest - 1}: raise"
    )
    with pytest.raises(UsageError, match=re.escape(message)):
        backbone(name).build((smallest + 40, smallest - 1, 3))


@pytest.mark.parametrize("size", [(1, 1), (33, 50), (64, 47)])
@pytest.mark.parametrize("name", ["small_cnn", "resnet18"])
def test_backbone_build_accepts_any_size(name, size) -> None:
    assert backbone(name).build((*size, 3)).output.shape == (None, KNOWN[name].channels)


@pytest.mark.parametrize(
    ("name", "published"), {"resnet18": 11_689_512, "resnet34": 21_797_672}.items()
)
def test_resnet_has_published_number_of_weights(name, published) -> None:
    """`published` is from https://docs.pytorch.org/vision/stable/models.html.

    Those networks normalise after each convolution, not before: subtract their head and two numbers
    for each normalised channel.
    """
    normalised = 64 + sum(
        2 * blocks * 64 * 2**i
        for i, blocks in enumerate({"resnet18": [2] * 4}.get(name, [3, 4, 6, 3]))
    )
    normalised += 128 + 256 + 512  # of the projections
    kernels = [weight for weight in backbone(name).build((64, 64, 3)).weights if weight.ndim == 4]
    assert (
        sum(int(np.prod(kernel.shape)) for kernel in kernels)
        == published - 513_000 - 2 * normalised
    )


@pytest.mark.parametrize("name", KNOWN)
def test_backbone_has_published_number_of_weights_and_channels(name) -> None:
    known = KNOWN[name]
    side = max(known.smallest, 32)
    network = backbone(name).build((side, side, 3))
    assert (network.output.shape, network.count_params()) == ((None, known.channels), known.weights)


@pytest.mark.parametrize("name", CONVERTED)
def test_backbone_converts_to_onnx_with_same_features(name, stir) -> None:
    """The smallest images are enough: the size costs time and doesn't change the network."""
    import keras
    import onnxruntime

    from ctc.export.convert import to_onnx

    known = KNOWN[name]
    height, width = (40, 51) if known.smallest == 1 else (known.smallest, known.smallest + 11)
    keras.utils.set_random_seed(0)
    network = backbone(name).build((height, width, 3))
    photos = np.random.default_rng(0).integers(0, 256, (16, height, width, 3), np.uint8)
    stir(network, photos / 127.5 - 1)

    images = keras.Input((height, width, 3), dtype="uint8")
    whole = keras.Model(
        images, {"features": network(keras.layers.Rescaling(1 / 127.5, -1)(images))}
    )
    model = to_onnx(whole, {}, height, width, known.channels).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (found,) = session.run(["features"], {"images": photos})
    wanted = np.asarray(whole(photos, training=False)["features"])
    assert found.shape == (16, known.channels)
    assert 0.01 < wanted.std() < 100
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4 * np.abs(wanted).max())
