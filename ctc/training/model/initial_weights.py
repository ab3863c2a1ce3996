"""Initial weights of the backbone: random, pretrained (`--weights`), or of a run (`--from`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from ctc.artifacts.run import Run, reject_untrusted_checkpoint
from ctc.errors import UsageError
from ctc.plugin import Backbone
from ctc.plugin.manager import Plugins
from ctc.training.config import TrainingConfig
from ctc.training.model.network import get_backbone, load_network
from ctc.training.model.pretrained import Channels, load_pretrained

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class InitialWeights:
    """A source of initial weights.

    name                  for messages
    build                 `build(shape)` returns the backbone with the weights
    channel_statistics    mean and standard deviation per channel, 0–1, that the weights were
                          trained with; None if unknown
    is_local              whether they are on this disk, not to be downloaded
    """

    name: str
    build: Callable[[Shape], keras.Model]
    channel_statistics: tuple[Channels, Channels] | None
    is_local: bool = True


def resolve_initial_weights(
    config: TrainingConfig, backbone: Backbone, plugins: Plugins
) -> InitialWeights | None:
    """Return what `--weights` or `--from` names; None for random weights.

    Raises CtcError if it does not exist or does not fit the backbone.
    """
    if config.start_from is not None and config.weights is not None:
        raise UsageError("--from and --weights both name initial weights: leave one out")
    if config.start_from is not None:
        return _from_run(Path(config.start_from), backbone, plugins)
    if config.transfer is not None:
        raise UsageError("--transfer continues from another run: name it with --from")
    return None if config.weights is None else _from_pretrained(config.weights, backbone)


def _from_run(folder: Path, backbone: Backbone, plugins: Plugins) -> InitialWeights:
    reject_untrusted_checkpoint(folder)
    run = Run(folder)
    info = run.read()
    if info.backbone != backbone.name:
        raise UsageError(
            f"'{folder}' holds a '{info.backbone}': its weights don't fit a '{backbone.name}', "
            f"add --backbone {info.backbone}"
        )

    def build(_: Shape) -> keras.Model:
        return get_backbone(load_network(run, plugins))

    return InitialWeights(f"'{folder}'", build, (info.channel_mean, info.channel_std))


def _from_pretrained(weights: str, backbone: Backbone) -> InitialWeights:
    loaded = load_pretrained(backbone, weights)
    statistics = None if loaded.mean is None or loaded.std is None else (loaded.mean, loaded.std)
    named = any(weights == known.name for known in backbone.pretrained)
    return InitialWeights(f"'{weights}'", loaded.backbone.build, statistics, is_local=not named)
