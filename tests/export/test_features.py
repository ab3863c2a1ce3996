"""The output `features` of exported files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.run import RunInfo
from ctc.errors import CtcError, InputError
from ctc.export.config import ExportConfig, ExportPrecision
from ctc.export.convert import to_onnx, with_features
from ctc.export.export import ExportResult, export_model
from ctc.export.graph import head_nodes
from ctc.export.parity import LabelledPredictions, compare
from ctc.export.simplify import simplify
from ctc.runtime.session import load_model
from ctc.testing import TINY_SPLITS, build_dataset

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    ),
]

SIDE = 50


@pytest.fixture(scope="module")
def export(trained_network, tmp_path_factory) -> Callable[..., ExportResult]:
    """Return a function that exports the trained network with features, each way once."""
    folder = tmp_path_factory.mktemp("features")
    dataset = build_dataset(folder / "dataset", TINY_SPLITS, 2, 60)
    origin = {"path": str(dataset.folder), "fingerprint": dataset.fingerprint()}
    labels = {"species": ("boar", "deer", "fox"), "count": ("1", "2+")}
    info = RunInfo(
        config={},
        backbone="small_cnn",
        labels=labels,
        preprocessing=Preprocessing(SIDE, SIDE),
        channel_mean=(0.4, 0.4, 0.4),
        channel_std=(0.2, 0.2, 0.2),
        dataset=origin,
        seed=3,
        versions={},
    )

    @cache
    def made(precision: ExportPrecision, features: bool) -> ExportResult:
        output = folder / f"{precision}-{features}.onnx"
        config = ExportConfig(precision, features=features)
        return export_model(trained_network, info, dataset, output, config)

    def run(precision: ExportPrecision = "float32", features: bool = True) -> ExportResult:
        return made(precision, features)

    return run


@pytest.fixture
def photos() -> np.ndarray:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (6, 5, 5, 3), np.uint8)
    return small.repeat(10, axis=1).repeat(10, axis=2)


def pooled(network, photos: np.ndarray) -> np.ndarray:
    """Return what the heads of a Keras network take."""
    return np.asarray(with_features(network)(photos)["features"])


def test_features_are_what_the_heads_take(export, trained_network, photos) -> None:
    result = export()
    model = load_model(result.output, needs="features")
    found = model.run(photos, ("features", "species"))
    wanted = pooled(trained_network, photos)
    assert model.info.feature_size == wanted.shape[1] == found["features"].shape[1]
    assert wanted.std() > 0.01
    np.testing.assert_allclose(found["features"], wanted, atol=1e-4 * np.abs(wanted).max())
    assert result.parity.features.lowest_similarity == pytest.approx(1, abs=1e-6)
    assert "features, 128 numbers per photo: cosine similarity 1.0000" in "\n".join(result.lines())


@pytest.mark.parametrize(("precision", "lowest"), [("float16", 0.9999), ("int8", 0.98)])
def test_features_of_lower_precisions(export, trained_network, photos, precision, lowest) -> None:
    result = export(precision)
    found = load_model(result.output, needs="features").run(photos, ("features",))["features"]
    wanted = pooled(trained_network, photos)
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
    assert found.dtype == np.float32
    assert ((found * wanted).sum(axis=1) / lengths).min() > lowest
    assert lowest < result.parity.features.lowest_similarity < 1


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_features_change_no_probability(export, photos, precision) -> None:
    with_them, without = export(precision), export(precision, features=False)
    assert load_model(without.output).info.feature_size is None
    found, expected = (load_model(one.output).predict(photos) for one in (with_them, without))
    np.testing.assert_allclose(found["species"], expected["species"], atol=1e-6)
    assert with_them.quantization == without.quantization
    assert with_them.size_bytes < 1.02 * without.size_bytes


def test_file_without_features_is_refused_where_they_are_needed(export) -> None:
    with pytest.raises(InputError, match=r"no features: write it again with `ctc export --feat"):
        load_model(export(features=False).output, needs="features")


def test_parity_has_features_only_where_the_model_has_them(export) -> None:
    assert "features" not in export(features=False).parity.to_json()
    assert export().parity.to_json()["features"]["size"] == 128


def test_head_nodes_end_at_the_features(trained_network) -> None:
    sizes = {"species": 3, "count": 2}
    plain = simplify(to_onnx(trained_network, sizes, SIDE, SIDE)).graph
    network = with_features(trained_network)
    more = simplify(to_onnx(network, sizes, SIDE, SIDE, 128)).graph
    count = [node.op_type for node in head_nodes(plain)]
    assert sorted(node.op_type for node in head_nodes(more)) == sorted(count)


def predictions(features: np.ndarray) -> LabelledPredictions:
    return LabelledPredictions(
        {"species": np.full((len(features), 2), 0.5, np.float32)},
        {"species": np.zeros(len(features), np.int32)},
        features,
    )


def test_compare_measures_features() -> None:
    trained = predictions(np.array([[3, 4], [0, 0]], np.float32))
    exported = predictions(np.array([[4, 3], [0, 0]], np.float32))
    found = compare(trained, exported, "test").features
    assert (found.size, found.largest_difference) == (2, 0.25)
    assert (found.lowest_similarity, found.mean_similarity) == (pytest.approx(0.96), 0.98)


def test_features_beyond_the_tolerance_are_refused(
    trained_network, tiny_dataset, run_info, tmp_path, monkeypatch
) -> None:
    dataset = tiny_dataset()
    info = run_info(dataset, preprocessing=Preprocessing(SIDE, SIDE))
    output: Path = tmp_path / "model.onnx"

    def compare_too_different(*arguments: object) -> object:
        parity = compare(*arguments)
        return replace(parity, features=replace(parity.features, largest_difference=0.001))

    monkeypatch.setattr("ctc.export.export.compare", compare_too_different)
    with pytest.raises(CtcError, match=r"features of the converted network differ .* by 0\.001"):
        export_model(trained_network, info, dataset, output, ExportConfig(features=True))
    assert not output.exists()
