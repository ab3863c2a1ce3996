"""All hooks, on one page. A plugin is a module (or object) in the entry-point group `ctc` with some
of these functions.

A whole plugin — an aggregation that takes the middle of the photos' probabilities:

    import numpy as np
    from ctc.plugin import Aggregation, hookimpl

    @hookimpl
    def ctc_aggregations():
        return [Aggregation("median", "the middle of the photos' probabilities", lambda p: np.median(p, axis=0))]

and in its package's pyproject.toml:

    [project.entry-points.ctc]
    median = "my_package.median"

Hooks take no arguments and return lists of frozen records (`ctc.plugin.records`). They are called
once, when a command needs plugins; import heavy packages inside the records' callables, never at
the top of the module."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from ctc.plugin.records import Aggregation, Backbone, Engine, InputFormat, Loader, OutputFormat

ENTRY_POINT_GROUP = "ctc"

hookspec = pluggy.HookspecMarker("ctc")
hookimpl = pluggy.HookimplMarker("ctc")


@hookspec
def ctc_input_formats() -> Iterable[InputFormat]:  # type: ignore[empty-body]
    """Ways to find labelled photos: `ctc inventory NAME`."""


@hookspec
def ctc_loaders() -> Iterable[Loader]:  # type: ignore[empty-body]
    """Ways from dataset to batches: `ctc train --loader NAME`."""


@hookspec
def ctc_backbones() -> Iterable[Backbone]:  # type: ignore[empty-body]
    """Networks: `ctc train --backbone NAME`."""


@hookspec
def ctc_aggregations() -> Iterable[Aggregation]:  # type: ignore[empty-body]
    """From photos to events: `ctc predict --aggregation NAME`."""


@hookspec
def ctc_output_formats() -> Iterable[OutputFormat]:  # type: ignore[empty-body]
    """Kinds of prediction files: `ctc predict --format NAME`."""


@hookspec
def ctc_engines() -> Iterable[Engine]:  # type: ignore[empty-body]
    """Where the work is done: `ctc predict --engine NAME`."""
