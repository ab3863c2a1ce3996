"""Progress of an epoch: loss and data wait beside the bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from ctc.reporting import Reporter
from ctc.training.metrics.metrics import MetricSums


@contextmanager
def batch_progress(
    reporter: Reporter, description: str, images: int, label_weights: Mapping[str, float]
) -> Iterator[Callable[[int, MetricSums], None]]:
    """A bar for a pass over `images`; the function takes the images of each step and the totals so
    far, whose loss it shows beside the share of time spent waiting for data. `label_weights`: label
    → factor of its loss."""
    with reporter.progress(description, images) as bar:

        def count(done: int, totals: MetricSums) -> None:
            bar.advance(done)
            bar.note(
                f"loss {totals.loss(label_weights):.3f}, waiting {totals.waited / totals.seconds:.0%}"
            )

        yield count
