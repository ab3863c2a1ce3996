"""Where the weights of a backbone come from when they are not random: learnt by others, or by an
own run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from ctc.artifacts.run import Run
from ctc.errors import UsageError
from ctc.plugin import Backbone
from ctc.plugin.manager import Plugins
from ctc.training.config import TrainingConfig, reject_untrusted_checkpoint
from ctc.training.model.network import get_backbone, load_network
from ctc.training.model.pretrained import load_pretrained

Channels = tuple[float, float, float]
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class InitialWeights:
    """`build(shape)` gives the backbone with the weights to begin with; `channel_statistics`: mean
    and deviation per channel, 0–1, that it learnt with, None where they aren't known. `name` is for
    messages."""

    name: str
    build: Callable[[Shape], keras.Model]
    channel_statistics: tuple[Channels, Channels] | None


def resolve_initial_weights(
    config: TrainingConfig, backbone: Backbone, plugins: Plugins
) -> InitialWeights | None:
    """What `--weights` or `--from` names; None for random weights. Raises CtcError when there is no
    such thing."""
    if config.start_from is not None and config.weights is not None:
        raise UsageError("--from and --weights both say what to begin with: leave one out")
    if config.start_from is not None:
        return _from_run(Path(config.start_from), backbone, plugins)
    if config.transfer is not None:
        raise UsageError("--transfer says how to go on from another run: name it with --from")
    return None if config.weights is None else _from_pretrained(config.weights, backbone)


def _from_run(folder: Path, backbone: Backbone, plugins: Plugins) -> InitialWeights:
    reject_untrusted_checkpoint(folder)
    run = Run(folder)
    info = run.read()
    if info.backbone != backbone.name:
        raise UsageError(
            f"'{folder}' holds a '{info.backbone}': its weights are of no use for a '{backbone.name}'"
        )

    def build(_: Shape) -> keras.Model:
        return get_backbone(load_network(run, plugins))

    return InitialWeights(f"'{folder}'", build, (info.channel_mean, info.channel_std))


def _from_pretrained(weights: str, backbone: Backbone) -> InitialWeights:
    start = load_pretrained(backbone, weights)
    known = None if start.mean is None or start.std is None else (start.mean, start.std)
    return InitialWeights(f"'{weights}'", start.backbone.build, known)
