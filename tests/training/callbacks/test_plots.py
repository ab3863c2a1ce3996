from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from ctc.training.run_training import train

pytestmark = pytest.mark.tensorflow


def test_plots_writes_curves_png(config, plugins_with_arrays, reporter):
    run = train(replace(config, epochs=2), plugins_with_arrays, reporter).run
    with Image.open(run.curves) as picture:
        assert picture.format == "PNG"
        assert picture.width > 800
