from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ctc.errors import MissingExtraError
from ctc.training.run_training import train

pytestmark = pytest.mark.tensorflow


def test_mlflow_logger_without_mlflow_names_the_extra(
    config, plugins_with_arrays, reporter, monkeypatch
):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'camera-trap-classifier\[mlflow\]'"):
        train(replace(config, mlflow=True), plugins_with_arrays, reporter)
    assert not Path(config.output).exists()
