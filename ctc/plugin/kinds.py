"""The kinds of plugins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ctc.plugin.detection import Detector
from ctc.plugin.entry_points import Owner
from ctc.plugin.loading import Loader
from ctc.plugin.records import (
    Aggregation,
    Backbone,
    Engine,
    InputFormat,
    OutputFormat,
    PluginRecord,
)


@dataclass(frozen=True)
class RecordKind:
    """A kind of plugin: its hook, the record type of that hook, and its name in messages."""

    hook: str
    record_type: type[Any]
    title: str


KINDS = (
    RecordKind("ctc_input_formats", InputFormat, "input format"),
    RecordKind("ctc_loaders", Loader, "loader"),
    RecordKind("ctc_backbones", Backbone, "backbone"),
    RecordKind("ctc_detectors", Detector, "detector"),
    RecordKind("ctc_aggregations", Aggregation, "aggregation"),
    RecordKind("ctc_output_formats", OutputFormat, "output format"),
    RecordKind("ctc_engines", Engine, "engine"),
)
_KIND_BY_RECORD_TYPE = {kind.record_type: kind for kind in KINDS}


def kind_of(record_type: type[Any]) -> RecordKind:
    """Return the kind of plugin with this type of record."""
    return _KIND_BY_RECORD_TYPE[record_type]


@dataclass(frozen=True)
class LoadedRecord:
    """A record with its kind and owner."""

    kind: RecordKind
    record: PluginRecord
    owner: Owner
