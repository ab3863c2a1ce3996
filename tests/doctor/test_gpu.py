"""NVIDIA GPUs."""

from __future__ import annotations

import pytest

from ctc.doctor import gpu
from ctc.doctor.gpu import NO_DECODER, check_gpu

LISTED = [["NVIDIA H200", "570.1", "143771"]]


@pytest.fixture
def list_gpus(monkeypatch: pytest.MonkeyPatch):
    """A function that sets what `nvidia-smi` says."""

    def use(rows: list[list[str]], problem: str) -> None:
        monkeypatch.setattr(gpu, "_list_gpus", lambda: (rows, problem))

    return use


def test_check_gpu_gives_the_reason_when_there_is_none(list_gpus) -> None:
    list_gpus([], "nvidia-smi was not found")
    found = check_gpu(0, False)
    assert (found.status, found.text) == ("absent", "no NVIDIA GPU: nvidia-smi was not found")


def test_check_gpu_names_missing_hardware_decoder(list_gpus) -> None:
    list_gpus(LISTED, "")
    found = check_gpu(1, False)
    assert found.status == "ok"
    assert found.text == f"NVIDIA H200, 143771 MB, driver 570.1; {NO_DECODER}"
    assert found.values["hardware_jpeg_decoder"] is False


def test_check_gpu_with_hardware_decoder(list_gpus) -> None:
    list_gpus(LISTED, "")
    found = check_gpu(1, True)
    assert (found.status, found.text) == ("ok", "NVIDIA H200, 143771 MB, driver 570.1")


def test_check_gpu_fails_if_cuda_can_use_none(list_gpus) -> None:
    list_gpus(LISTED, "")
    assert check_gpu(0, True).status == "failed"
