"""ONNX files that are written without the package onnx, read with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from ctc.doctor.synthetic_models import standard_network, tiny_network
from ctc.runtime.model_bytes import ModelFile
from ctc.runtime.session import Model, open_model


def opened(data: bytes) -> Model:
    return open_model(ModelFile(Path("network"), data))


def test_onnx_writer_writes_a_valid_file() -> None:
    onnx.checker.check_model(onnx.load_from_string(tiny_network()), full_check=True)


def test_tiny_network_is_a_ctc_model() -> None:
    model = opened(tiny_network())
    answers = model.predict(np.full((3, 32, 32, 3), 128, np.uint8))["species"]
    assert model.info.labels == {"species": ("one", "other")}
    assert answers.sum(axis=1) == pytest.approx([1, 1, 1])


def test_standard_network_is_as_large_as_resnet_50_without_head() -> None:
    data = standard_network()
    graph = onnx.load_from_string(data).graph
    weights = sum(
        int(np.prod(tensor.dims)) for tensor in graph.initializer if len(tensor.dims) == 4
    )
    assert weights == 23_454_912
    assert sum(node.op_type == "Conv" for node in graph.node) == 53
    answers = opened(data).predict(
        np.random.default_rng(0).integers(0, 255, (1, 224, 224, 3), dtype=np.uint8)
    )
    assert np.isfinite(answers["species"]).all()
