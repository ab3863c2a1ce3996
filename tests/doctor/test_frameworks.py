"""Start of TensorFlow."""

from __future__ import annotations

import pytest

from ctc.doctor.frameworks import start_tensorflow

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def test_start_tensorflow_returns_versions() -> None:
    found = start_tensorflow()
    assert (found["version"].split(".")[0], found["backend"]) == ("2", "tensorflow")
