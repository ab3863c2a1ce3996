"""The loaders that keep one contract. A loader joins by adding its module's name to LOADERS."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import pytest

from ctc.artifacts.dataset import Dataset
from ctc.plugin import BatchStream, LoaderConfig

LOADERS = ("tfdata", "turbo")
OpenSplit = Callable[[Dataset, str, LoaderConfig], BatchStream]


@pytest.fixture(params=LOADERS)
def loader(request) -> OpenSplit:
    """How each loader opens a split."""
    module = importlib.import_module(f"ctc_plugins.loaders.{request.param}")
    if module.available() is not None:
        pytest.skip(module.available())
    return module.open_split
