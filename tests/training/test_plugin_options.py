"""Options of backbones and loaders: they reach the plugin, are kept in run.json, and resume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ctc.errors import UsageError
from ctc.plugin import Backbone, Loader, LoaderConfig, Option
from ctc.plugin.kinds import KINDS, LoadedRecord
from ctc.plugin.manager import Owner, Plugins, plugins
from ctc.plugin.option_values import GivenOptions
from ctc.training.config import TrainingConfig
from ctc.training.model.network import get_backbone, load_network
from ctc.training.run_folder import read_config
from ctc.training.run_training import resume, train

pytestmark = pytest.mark.tensorflow

FILTERS = Option("filters", "Number of filters.", "integer", default=4, minimum=1)
DARKER = Option("darker", "How much darker.", "number", default=0.0, maximum=1)
FILES = Option("noise-file", "Photos to add.", "path", multiple=True)


def build(shape: tuple[int, int, int], options: Mapping[str, Any]) -> Any:
    import keras

    images = keras.Input(shape)
    features = keras.layers.Conv2D(options["filters"], 3)(images)
    return keras.Model(images, keras.layers.GlobalAveragePooling2D()(features))


@pytest.fixture
def opened() -> list[LoaderConfig]:
    """The configurations that the loader was opened with."""
    return []


@pytest.fixture
def installed(array_loader, opened) -> Plugins:
    """All plugins, a backbone and a loader with options."""

    def open_split(dataset, split, config):
        opened.append(config)
        return array_loader.open(dataset, split, config)

    records = {
        Backbone: Backbone("wide", "a backbone", (16, 16), build, options=(FILTERS,)),
        Loader: Loader("dark", "a loader", lambda: None, open_split, options=(DARKER, FILES)),
    }
    own = [
        LoadedRecord(kind, records[kind.record_type], Owner("mine", "tests", "1"))
        for kind in KINDS
        if kind.record_type in records
    ]
    return Plugins([*plugins().loaded, *own])


@pytest.fixture
def optioned(config: TrainingConfig) -> TrainingConfig:
    return replace(
        config,
        epochs=1,
        backbone="wide",
        backbone_options={"filters": 6},
        loader="dark",
        loader_options={"noise_file": (Path("a.jpg"), Path("b.jpg"))},
    )


def test_options_reach_the_plugins_and_run_json(optioned, installed, opened, reporter) -> None:
    run = train(optioned, installed, reporter).run
    assert get_backbone(load_network(run, installed)).output.shape == (None, 6)
    expected = {"darker": 0.0, "noise_file": (Path("a.jpg"), Path("b.jpg"))}
    assert [config.options for config in opened] == [expected] * len(opened)
    kept = run.read().config
    assert kept["backbone_options"] == {"filters": 6}
    assert kept["loader_options"] == {"darker": 0.0, "noise_file": ["a.jpg", "b.jpg"]}


def test_run_resumes_with_its_options(optioned, installed, opened, reporter) -> None:
    run = train(optioned, installed, reporter).run
    config, _ = read_config(run.folder)
    opened.clear()
    resume(replace(config, epochs=2), installed, reporter)
    assert opened[0].options == {"darker": 0.0, "noise_file": (Path("a.jpg"), Path("b.jpg"))}


def test_run_does_not_resume_with_another_backbone_option(optioned, installed, reporter) -> None:
    train(optioned, installed, reporter)
    with pytest.raises(UsageError, match=r"was started with .* as 'backbone_options'"):
        resume(replace(optioned, backbone_options={"filters": 8}), installed, reporter)


def test_run_without_options_of_plugins_has_none_in_run_json(one_epoch) -> None:
    assert not {"backbone_options", "loader_options"} & one_epoch.run.read().config.keys()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backbone": "small_cnn"}, "backbone 'small_cnn' has no option --filters: it has none"),
        ({"backbone_options": {"filters": 0}}, "is '0', which is less than 1"),
        ({"loader_options": {"lighter": 1}}, "has no option --lighter: it has --darker, --noise"),
    ],
)
def test_option_that_does_not_fit_is_a_usage_error(
    optioned, installed, reporter, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        train(replace(optioned, **changes), installed, reporter)


def test_setting_for_another_backbone_is_ignored(optioned, installed, reporter) -> None:
    given = GivenOptions.create({"filters": 6, "depth": 3}, frozenset({"depth"}))
    run = train(replace(optioned, backbone_options=given), installed, reporter).run
    assert run.read().config["backbone_options"] == {"filters": 6}
