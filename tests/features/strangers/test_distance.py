"""Tests of ctc/features/strangers/distance.py and graph.py."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from ctc.features.strangers.distance import MIN_PHOTOS, Distance, fit_distance
from ctc.features.strangers.graph import add_strangeness

SIZE = 30


def features(center: int, count: int, seed: int) -> np.ndarray:
    """Return photos of a class whose feature `center` is high."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, SIZE))
    values[:, center] += 6
    return values.astype(np.float32)


@pytest.fixture(scope="module")
def distance() -> Distance:
    photos = np.concatenate([features(one, 100, one) for one in range(3)])
    found = fit_distance(photos, np.repeat(np.arange(3), 100))
    assert found is not None
    return found


def test_photos_of_another_class_are_farther_than_those_of_known_ones(distance: Distance) -> None:
    known = np.concatenate([distance.of(features(one, 50, 10 + one)) for one in range(3)])
    strange = distance.of(features(20, 50, 20))
    assert np.quantile(strange, 0.1) > np.quantile(known, 0.99)


def test_what_is_unusual_but_no_sign_of_a_class_counts_less(distance: Distance) -> None:
    odd = features(0, 50, 30)
    odd[:, 25] += 3  # as far out as it may be by chance, in no class's direction
    plain = np.square((odd - distance.mean) / distance.std @ distance.within)
    assert distance.of(odd).mean() < plain.sum(axis=1).mean()


def test_few_photos_or_one_class_have_no_distance() -> None:
    photos = features(0, MIN_PHOTOS, 0)
    assert fit_distance(photos[1:], np.arange(MIN_PHOTOS - 1) % 2) is None
    assert fit_distance(photos, np.zeros(MIN_PHOTOS, np.int64)) is None
    assert fit_distance(photos, np.arange(MIN_PHOTOS) % 2) is not None


def test_constant_features_are_no_trouble() -> None:
    photos = features(0, 100, 0)
    photos[:, 5] = 7
    found = fit_distance(photos, np.arange(100) % 2)
    assert found is not None
    assert np.isfinite(found.of(photos)).all()


@pytest.mark.parametrize("opset", [13, 18])
@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.FLOAT16])
def test_graph_gives_the_same_numbers(distance: Distance, opset: int, kind: int) -> None:
    graph = helper.make_graph(
        [helper.make_node("Cast", ["given"], ["features"], to=kind)],
        "features",
        [helper.make_tensor_value_info("given", TensorProto.FLOAT, ["N", SIZE])],
        [helper.make_tensor_value_info("features", kind, ["N", SIZE])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    add_strangeness(model, distance)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = features(2, 8, 5)
    found, strangeness = session.run(["features", "strangeness"], {"given": given})
    assert strangeness.shape == (8, 1)
    np.testing.assert_allclose(
        strangeness[:, 0], distance.of(found.astype(np.float32)), atol=1e-3, rtol=1e-4
    )
