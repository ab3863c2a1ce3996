"""The loader of a training: the one that `--loader` names, or the fastest that runs here."""

from __future__ import annotations

from collections.abc import Mapping

from ctc.errors import CtcError, UsageError
from ctc.hardware import nvidia_gpus
from ctc.plugin import Augmentation, Loader
from ctc.plugin.manager import Plugins
from ctc.training.distributed.backend import keras_gpus

PREFERRED_LOADERS = ("dali", "turbo", "tfdata")


def choose_loader(
    name: str, installed: Mapping[str, Loader], plugins: Plugins
) -> tuple[Loader, str]:
    """Return the loader called `name`, and why it was chosen ('' if there is nothing to explain).

    `auto` is the first of `PREFERRED_LOADERS` that is available; dali only with an NVIDIA GPU
    that Keras computes on. Raises CtcError if the loader is not installed or can't run here.
    """
    if name == "auto":
        return _first_available(installed)
    loader = plugins.get(Loader, name)
    problem = loader.available()
    if problem is not None:
        raise CtcError(
            f"the loader '{name}' can't run here: {problem}; choose another --loader, or 'auto'"
        )
    return loader, ""


def check_augmentation(loader: Loader, augmentation: Augmentation) -> None:
    """Raise UsageError if the loader lacks an augmentation that was asked for."""
    if augmentation.distorts and not loader.distorts:
        raise UsageError(
            f"the loader '{loader.name}' has neither --randaugment nor --random-erasing: "
            "leave them out, or choose another --loader"
        )


def _first_available(installed: Mapping[str, Loader]) -> tuple[Loader, str]:
    problems: list[str] = []
    for name in (preferred for preferred in PREFERRED_LOADERS if preferred in installed):
        problem = (_gpu_problem() if name == "dali" else None) or installed[name].available()
        if problem is None:
            return installed[name], "; ".join(problems)
        problems.append(f"'{name}': {problem}")
    raise CtcError(
        f"no loader can run here: {'; '.join(problems) or 'none is installed'}; see `ctc plugins`"
    )


def _gpu_problem() -> str | None:
    """Return why a loader could not hand over images on a GPU; None if it can."""
    if not nvidia_gpus():
        return "no NVIDIA GPU here"
    return None if keras_gpus() else "Keras can't use the NVIDIA GPU"
