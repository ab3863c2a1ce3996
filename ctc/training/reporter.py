"""Progress bar of a pass over a split, with loss and data wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from ctc.reporting import Reporter
from ctc.training.metrics.metrics import MetricSums


@contextmanager
def batch_progress(
    reporter: Reporter, description: str, images: int, label_weights: Mapping[str, float]
) -> Iterator[Callable[[int, MetricSums], None]]:
    """Show a progress bar for a pass over `images` photos.

    The function that is yielded takes the number of photos of a step and the sums so far.
    `label_weights`: label → factor of its loss.
    """
    with reporter.progress(description, images) as bar:

        def update(done: int, totals: MetricSums) -> None:
            bar.advance(done)
            wait = totals.data_wait / totals.seconds
            bar.note(f"loss {totals.loss(label_weights):.3f}, data wait {wait:.0%}")

        yield update
