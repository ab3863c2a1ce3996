from __future__ import annotations

import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest

from ctc.errors import InputError, MissingExtraError, UsageError
from ctc.runtime.config import Precision, RuntimeConfig
from ctc.runtime.providers import PROVIDERS, ProviderError, create_session
from ctc.runtime.session import load_model


def random_photos(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (count, 8, 12, 3), dtype=np.uint8)


def test_auto_provider_is_installed_and_reported(model) -> None:
    installed = onnxruntime.get_available_providers()
    opened = load_model(model, RuntimeConfig("auto"))
    assert PROVIDERS[opened.runtime.provider].name in installed
    assert opened.session.get_providers()[0] == PROVIDERS[opened.runtime.provider].name


@pytest.mark.parametrize(
    ("provider", "extra"),
    [
        ("cuda", "gpu"),
        ("openvino", "openvino"),
        ("directml", "directml"),
        ("coreml", "cpu"),
    ],
)
def test_provider_that_is_not_installed_names_its_extra(model, provider: str, extra: str) -> None:
    if PROVIDERS[provider].name in onnxruntime.get_available_providers():
        pytest.skip(f"provider '{provider}' is installed on this platform")
    with pytest.raises(MissingExtraError, match=rf"provider '{provider}' needs .*\[{extra}\]"):
        load_model(model, RuntimeConfig(provider))


@pytest.mark.parametrize(
    ("provider", "precision"), [("cpu", "bfloat16"), ("cuda", "bfloat16"), ("cpu", "tf32")]
)
def test_provider_refuses_precision_and_names_others(model, provider: str, precision: str) -> None:
    with pytest.raises(
        UsageError, match=f"provider '{provider}' can't compute in {precision}: '.*' can"
    ):
        load_model(model, RuntimeConfig(provider, precision))


def test_auto_provider_refuses_precision_of_no_installed_provider(model) -> None:
    with pytest.raises(UsageError, match="no installed provider computes in tf32: 'cuda' can"):
        load_model(model, RuntimeConfig("auto", "tf32"))


@pytest.mark.parametrize(("precision", "use_tf32"), [("float32", "0"), ("tf32", "1")])
def test_create_session_computes_in_tf32_on_cuda_on_request_only(
    monkeypatch: pytest.MonkeyPatch, precision: Precision, use_tf32: str
) -> None:
    name, given = PROVIDERS["cuda"].name, dict[str, str]()
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [name])

    def open_session(provider: str, options: Mapping[str, str]) -> Any:
        given.update(options, provider=provider)
        return SimpleNamespace(get_providers=lambda: [provider])

    runtime, _ = create_session(RuntimeConfig("auto", precision), open_session)
    assert (runtime.provider, runtime.precision) == ("cuda", precision)
    assert (given["provider"], given["use_tf32"]) == (name, use_tf32)


def test_create_session_does_not_fall_back_from_named_provider() -> None:
    def broken(provider: str, options: object) -> onnxruntime.InferenceSession:
        raise RuntimeError("[ONNXRuntimeError] : 1 : FAIL : no kernel image\n is available")

    with pytest.raises(ProviderError, match="provider 'cpu' does not start: no kernel image"):
        create_session(RuntimeConfig("cpu"), broken)


def test_model_halves_batch_that_does_not_fit_into_memory(build_model, caplog) -> None:
    small, large = (
        load_model(build_model("small.onnx", fits=2)),
        load_model(build_model("large.onnx")),
    )
    photos = random_photos(7)
    with caplog.at_level(logging.WARNING, "ctc"):
        answers = small.predict(photos)
    assert answers["species"] == pytest.approx(large.predict(photos)["species"], abs=1e-6)
    assert [record.getMessage() for record in caplog.records] == [
        "out of memory with batch size 7: using batch size 4 instead",
        "out of memory with batch size 4: using batch size 2 instead",
    ]


def test_model_keeps_the_halved_batch_size(build_model, caplog) -> None:
    small = load_model(build_model(fits=2))
    small.predict(random_photos(4))
    caplog.clear()
    small.predict(random_photos(8))
    assert not caplog.records


def test_model_refuses_single_photo_that_does_not_fit(build_model) -> None:
    with pytest.raises(InputError, match=r"model '.*' can't be run: .*"):
        load_model(build_model(fits=0))
