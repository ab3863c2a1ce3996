"""The loader of a training: the one that `--loader` names, or the fastest that runs here."""

from __future__ import annotations

from collections.abc import Mapping

from ctc.errors import CtcError
from ctc.hardware import nvidia_gpus
from ctc.plugin import Loader
from ctc.plugin.manager import Plugins

PREFERRED_LOADERS = ("dali", "turbo", "tfdata")


def choose_loader(
    name: str, installed: Mapping[str, Loader], plugins: Plugins
) -> tuple[Loader, str]:
    """Return the loader called `name`, and why it was chosen ('' if there is nothing to explain).

    `auto` is the first of `PREFERRED_LOADERS` that is available; dali only with an NVIDIA GPU.
    Raises CtcError if the loader is not installed or can't run here.
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


def _first_available(installed: Mapping[str, Loader]) -> tuple[Loader, str]:
    problems: list[str] = []
    for name in (preferred for preferred in PREFERRED_LOADERS if preferred in installed):
        needs_gpu = name == "dali" and not nvidia_gpus()
        problem = "no NVIDIA GPU here" if needs_gpu else installed[name].available()
        if problem is None:
            return installed[name], "; ".join(problems)
        problems.append(f"'{name}': {problem}")
    raise CtcError(
        f"no loader can run here: {'; '.join(problems) or 'none is installed'}; see `ctc plugins`"
    )
