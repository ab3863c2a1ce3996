"""The options of a training that `ctc tune` may search, and the values that it tries.

None of them changes what the validation loss measures, or trials could not be compared by it:
`--loss`, `--label-smoothing`, `--class-weights` and the like are not searched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ctc.training.config import DEFAULT_LEARNING_RATE, DEFAULT_WEIGHT_DECAY, TrainingConfig

BATCH_SIZES = (8, 16, 32, 64, 128, 256)
MIN_STEPS = 10
"""The fewest steps of an epoch: larger batches than that allows are not tried."""


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`; with `log`, all orders of magnitude are as likely."""

    low: float
    high: float
    log: bool = False

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{', by orders of magnitude' if self.log else ''}"


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[int | float | str, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


SearchSpace = Mapping[str, Range | Choice]
"""Field of TrainingConfig → what is tried."""

DESCRIPTIONS: Mapping[str, str] = {
    "learning_rate": "a tenth to ten times the optimizer's default; a thirtieth to three times "
    "with --weights or --from",
    "weight_decay": "a hundredth to ten times the optimizer's default",
    "batch_size": f"{BATCH_SIZES[0]} to {BATCH_SIZES[-1]}, doubling, with {MIN_STEPS} steps an "
    "epoch or more",
    "color": "none, little, full_randomized",
    "crop": "0 to 0.3",
    "zoom": "0 to 0.3",
    "rotate": "0 to 20 degrees",
    "mixup": "0 to 0.5",
}
"""What is searched, for help and documentation; the names are the options'."""


def search_space(config: TrainingConfig, names: Sequence[str], photos: int) -> SearchSpace:
    """Return what is tried for the options called `names`.

    `config`: the others. `photos`: of the train split.
    """
    rate = DEFAULT_LEARNING_RATE[config.optimizer]
    if config.weights is not None or config.start_from is not None:
        rate *= 0.3
    decay = DEFAULT_WEIGHT_DECAY[config.optimizer]
    sizes = tuple(size for size in BATCH_SIZES if size * MIN_STEPS <= photos)
    known: SearchSpace = {
        "learning_rate": Range(rate / 10, rate * 10, log=True),
        "weight_decay": Range(decay / 100, decay * 10, log=True),
        "batch_size": Choice(sizes or BATCH_SIZES[:1]),
        "color": Choice(("none", "little", "full_randomized")),
        "crop": Range(0.0, 0.3),
        "zoom": Range(0.0, 0.3),
        "rotate": Range(0.0, 20.0),
        "mixup": Range(0.0, 0.5),
    }
    return {name: known[name] for name in names}
