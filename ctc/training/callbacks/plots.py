"""curves.png: loss and metrics of each label per epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ctc.artifacts.run import Run
from ctc.storage.atomic import atomic_write
from ctc.training.metrics.history import Epoch
from ctc.training.metrics.metrics import SplitMetrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANELS = (("accuracy", "accuracy"), ("macro_f1", "macro F1"))


class TrainingPlots:
    """Draws the plots once, at the end of the training."""

    def __init__(self, run: Run) -> None:
        self._path = run.curves
        self._epochs: Sequence[Epoch] = ()

    def on_epoch_end(self, epochs: Sequence[Epoch]) -> None:
        self._epochs = epochs

    def on_train_end(self, _: SplitMetrics | None) -> None:
        from matplotlib.figure import Figure  # without pyplot, which needs a display

        figure = Figure(figsize=(12, 4), layout="constrained")
        loss, *others = figure.subplots(1, 1 + len(_PANELS))
        _plot(loss, "loss", [_series("", "loss", self._epochs)])
        for axes, (name, title) in zip(others, _PANELS, strict=True):
            _plot(
                axes,
                title,
                [_series(label, name, self._epochs) for label in self._epochs[0].training.labels],
            )
        with atomic_write(self._path) as partial:
            figure.savefig(partial, format="png")


def _series(label: str, name: str, epochs: Sequence[Epoch]) -> tuple[str, list[float], list[float]]:
    """Return label, training values and validation values of a metric.

    With the label '' the values are those of all labels together.
    """

    def value(metrics: SplitMetrics) -> float:
        metric: float = getattr(metrics.labels[label] if label else metrics, name)
        return metric

    return (
        label,
        [value(epoch.training) for epoch in epochs],
        [value(e.validation) for e in epochs if e.validation],
    )


def _plot(axes: Axes, title: str, lines: Sequence[tuple[str, list[float], list[float]]]) -> None:
    """Draw training as a line and validation dashed, as the report of `ctc evaluate` does."""
    for index, (label, training, validation) in enumerate(lines):
        for values, style, split in ((training, "-", "training"), (validation, "--", "validation")):
            if values:
                epochs = range(1, len(values) + 1)
                axes.plot(
                    epochs,
                    values,
                    style,
                    color=f"C{index}",
                    marker=".",
                    label=f"{label} {split}".strip(),
                )
    axes.set(title=title, xlabel="epoch")
    axes.legend()
