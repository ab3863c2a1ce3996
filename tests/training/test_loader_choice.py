from __future__ import annotations

import pytest

from ctc.errors import CtcError
from ctc.hardware import nvidia_gpus
from ctc.plugin import Loader
from ctc.plugin.manager import Plugins
from ctc.training.loader_choice import choose_loader


def _loader(name: str, reason: str | None = None) -> Loader:
    return Loader(name, "", lambda: reason, lambda dataset, split, config: None)


def test_choose_loader_auto_takes_first_available():
    loaders = {name: _loader(name) for name in ("arrays", "tfdata", "turbo")}
    assert choose_loader("auto", loaders, Plugins([], [])) == (loaders["turbo"], "")


def test_choose_loader_auto_skips_unavailable():
    loaders = {"turbo": _loader("turbo", "no compiler"), "tfdata": _loader("tfdata")}
    assert choose_loader("auto", loaders, Plugins([], [])) == (
        loaders["tfdata"],
        "'turbo': no compiler",
    )


def test_choose_loader_auto_takes_dali_only_with_gpu():
    loaders = {name: _loader(name) for name in ("dali", "turbo")}
    wanted = ("dali", "") if nvidia_gpus() else ("turbo", "'dali': no NVIDIA GPU here")
    loader, reason = choose_loader("auto", loaders, Plugins([], []))
    assert (loader.name, reason) == wanted


def test_choose_loader_auto_names_why_nothing_runs():
    with pytest.raises(CtcError, match="no loader can run here: 'turbo': no compiler"):
        choose_loader("auto", {"turbo": _loader("turbo", "no compiler")}, Plugins([], []))
