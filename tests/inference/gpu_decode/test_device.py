from __future__ import annotations

import sys

import pytest

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import MissingExtraError, UsageError
from ctc.inference.gpu_decode import device as device_module
from ctc.inference.gpu_decode.device import DaliDevice, decoder_device, require_gpu_decoding


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "nvidia_gpus", lambda: 1)


@pytest.fixture
def dali(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(device_module, "require_extra", lambda *_: None)


def test_gpu_decoding_needs_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(UsageError, match="Linux only"):
        require_gpu_decoding()


@pytest.mark.usefixtures("gpus")
def test_gpu_decoding_needs_dali(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("ctc.errors.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"--decode gpu .*camera-trap-classifier\[dali\]"):
        require_gpu_decoding()


@pytest.mark.usefixtures("dali")
def test_gpu_decoding_needs_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "nvidia_gpus", lambda: 0)
    with pytest.raises(UsageError, match="the driver shows none: check nvidia-smi"):
        require_gpu_decoding()


@pytest.mark.usefixtures("dali", "gpus")
def test_decoder_device_is_the_gpu_that_predicts() -> None:
    assert decoder_device("cuda", Preprocessing(8, 8)) == DaliDevice(gpu=0)
    with pytest.raises(UsageError, match="runs on 'openvino': add --provider cuda"):
        decoder_device("openvino", Preprocessing(8, 8))


@pytest.mark.usefixtures("dali", "gpus")
def test_gpu_decoding_does_not_stack_photos() -> None:
    stacked = Preprocessing(8, 8, image_choice="grayscale_stacking")
    with pytest.raises(UsageError, match="stacks the photos of an event: leave --decode gpu out"):
        decoder_device("cuda", stacked)
