from __future__ import annotations

from dataclasses import replace

import pytest

from ctc.errors import CtcError, UsageError
from ctc.plugin import Augmentation, Loader
from ctc.plugin.manager import Plugins
from ctc.training import loader_choice
from ctc.training.loader_choice import check_augmentation, choose_loader


@pytest.mark.parametrize("option", [{"randaugment": 2}, {"random_erasing": 0.1}])
def test_check_augmentation_refuses_what_the_loader_lacks(option):
    wanted = Augmentation(**option)
    with pytest.raises(UsageError, match="'plain' has neither --randaugment nor"):
        check_augmentation(_loader("plain"), wanted)
    check_augmentation(replace(_loader("able"), distorts=True), wanted)
    check_augmentation(_loader("plain"), Augmentation())


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


@pytest.mark.parametrize(
    ("driver_gpus", "usable", "wanted"),
    [
        (0, [], ("turbo", "'dali': no NVIDIA GPU here")),
        (1, [], ("turbo", "'dali': Keras can't use the NVIDIA GPU")),
        (1, ["gpu:0"], ("dali", "")),
    ],
)
def test_choose_loader_auto_takes_dali_where_keras_computes(
    monkeypatch, driver_gpus, usable, wanted
):
    monkeypatch.setattr(loader_choice, "nvidia_gpus", lambda: driver_gpus)
    monkeypatch.setattr(loader_choice, "keras_gpus", lambda: usable)
    loaders = {name: _loader(name) for name in ("dali", "turbo")}
    loader, reason = choose_loader("auto", loaders, Plugins([], []))
    assert (loader.name, reason) == wanted


def test_choose_loader_auto_names_why_nothing_runs():
    with pytest.raises(CtcError, match="no loader can run here: 'turbo': no compiler"):
        choose_loader("auto", {"turbo": _loader("turbo", "no compiler")}, Plugins([], []))
