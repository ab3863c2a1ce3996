"""All hooks of the plugin API.

A plugin is a module (or object) in the entry-point group `ctc` with some of these functions. A
complete plugin, an aggregation that takes the median of the photos' probabilities:

    import numpy as np
    from ctc.plugin import Aggregation, hookimpl

    @hookimpl
    def ctc_aggregations():
        return [Aggregation("median", "median of the photos", lambda p: np.median(p, axis=0))]

and in its package's pyproject.toml:

    [project.entry-points.ctc]
    median = "my_package.median"

Hooks take no arguments and return lists of frozen records (`ctc.plugin.records`). They are called
once, when a command needs plugins. Import heavy packages inside the callables of the records, never
at the top of the module.
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from ctc.plugin.detection import Detector
from ctc.plugin.loading import Loader
from ctc.plugin.records import Aggregation, Backbone, Engine, InputFormat, OutputFormat

ENTRY_POINT_GROUP = "ctc"
API_VERSION = 1
"""Version of hooks and records.

It grows by one when hooks, records or fields are added. New fields have defaults and are passed by
name, so plugins for an older version keep working; a hook that this version doesn't know is
ignored.
"""

hookspec = pluggy.HookspecMarker("ctc")
hookimpl = pluggy.HookimplMarker("ctc")


@hookspec
def ctc_input_formats() -> Iterable[InputFormat]:  # type: ignore[empty-body]
    """Return readers of labelled photos, used by `ctc inventory NAME`."""


@hookspec
def ctc_loaders() -> Iterable[Loader]:  # type: ignore[empty-body]
    """Return data loaders (dataset to batches), used by `ctc train --loader NAME`."""


@hookspec
def ctc_backbones() -> Iterable[Backbone]:  # type: ignore[empty-body]
    """Return networks without a head, used by `ctc train --backbone NAME`."""


@hookspec
def ctc_detectors() -> Iterable[Detector]:  # type: ignore[empty-body]
    """Return layouts of detection networks' outputs, used by `ctc detect`."""


@hookspec
def ctc_aggregations() -> Iterable[Aggregation]:  # type: ignore[empty-body]
    """Return aggregations of photos to events, used by `ctc predict --aggregation NAME`."""


@hookspec
def ctc_output_formats() -> Iterable[OutputFormat]:  # type: ignore[empty-body]
    """Return writers of prediction files, used by `ctc predict --format NAME`."""


@hookspec
def ctc_engines() -> Iterable[Engine]:  # type: ignore[empty-body]
    """Return engines that run a task on many workers, used by `ctc predict --engine NAME`."""
