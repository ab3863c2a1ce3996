"""Where the weights of a backbone come from when they are not random: learnt by others, or by an own run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from ctc.artifacts.run import Run
from ctc.errors import UsageError
from ctc.plugin import Backbone
from ctc.plugin.manager import Plugins
from ctc.training.config import TrainingConfig, reject_foreign
from ctc.training.model.network import backbone_of, load_network
from ctc.training.model.pretrained import start_from

Channels = tuple[float, float, float]
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Origin:
    """`build(shape)` gives the backbone with the weights to begin with; `statistics`: mean and deviation per channel, 0–1, that it learnt
    with, None where they aren't known. `name` is for messages."""

    name: str
    build: Callable[[Shape], keras.Model]
    statistics: tuple[Channels, Channels] | None


def find_origin(config: TrainingConfig, backbone: Backbone, plugins: Plugins) -> Origin | None:
    """What `--weights` or `--from` names; None for random weights. Raises CtcError when there is no such thing."""
    if config.start_from is not None and config.weights is not None:
        raise UsageError("--from and --weights both say what to begin with: leave one out")
    if config.start_from is not None:
        return _own_run(Path(config.start_from), backbone, plugins)
    if config.transfer is not None:
        raise UsageError("--transfer says how to go on from another run: name it with --from")
    return None if config.weights is None else _learnt_elsewhere(config.weights, backbone)


def _own_run(folder: Path, backbone: Backbone, plugins: Plugins) -> Origin:
    reject_foreign(folder)
    run = Run(folder)
    info = run.read()
    if info.backbone != backbone.name:
        raise UsageError(f"'{folder}' holds a '{info.backbone}': its weights are of no use for a '{backbone.name}'")

    def build(_: Shape) -> keras.Model:
        return backbone_of(load_network(run, plugins))

    return Origin(f"'{folder}'", build, (info.channel_mean, info.channel_std))


def _learnt_elsewhere(weights: str, backbone: Backbone) -> Origin:
    start = start_from(backbone, weights)
    known = None if start.mean is None or start.std is None else (start.mean, start.std)
    return Origin(f"'{weights}'", start.backbone.build, known)
