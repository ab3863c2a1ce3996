"""NVIDIA GPUs."""

from __future__ import annotations

import pytest

from ctc.doctor.gpu import check_gpu


@pytest.mark.skipif(check_gpu(0).values["listed"], reason="there is an NVIDIA GPU here")
def test_check_gpu_gives_the_reason_when_there_is_none() -> None:
    found = check_gpu(0)
    assert (found.status, found.text.startswith("no NVIDIA GPU: ")) == ("absent", True)
