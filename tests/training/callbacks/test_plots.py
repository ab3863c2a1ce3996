from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.figure import Figure
from PIL import Image

from ctc.training.run_training import train

pytestmark = pytest.mark.tensorflow


def test_plots_writes_curves_png(config, plugins_with_arrays, reporter):
    run = train(replace(config, epochs=2), plugins_with_arrays, reporter).run
    with Image.open(run.curves) as picture:
        assert picture.format == "PNG"
        assert picture.width > 800


def test_plots_draw_training_as_a_line_and_validation_dashed(
    config, plugins_with_arrays, reporter, monkeypatch
):
    drawn = []
    savefig = Figure.savefig

    def save(figure, *arguments, **options):
        drawn.extend(figure.axes[0].get_lines())
        savefig(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", save)
    train(replace(config, epochs=1), plugins_with_arrays, reporter)
    assert [(line.get_label(), line.get_linestyle()) for line in drawn] == [
        ("training", "-"),
        ("validation", "--"),
    ]
