"""Metadata of a model.onnx, in its `metadata_props`; every value is JSON.

ctc_format_version   1
labels               {"species": ["deer", "fox", …], …}, the classes in the order of the
                     output of that name
multi_label          ["species"], the labels that may have several classes at once; [] or
                     absent for none
preprocessing        {"height", "width", "resize", "image_choice", "crop_margin"}
calibration          {label: …} or {}
thresholds           {label: {class: probability, or null if no probability is high enough}}
                     or {}
promises             {"thresholds": […], "blanks": […], "ranks": […], "sets": […], …}, each entry
                     with the label, and `made_for`, how predictions are made that it holds for;
                     {} or absent for none
provenance           how it was made: dataset fingerprint, backbone, parity with the trained
                     network, …
features             {"size": 1280}, of the output `features`; {} or absent for none. A file
                     with features may have no labels
strangers            {"threshold", "false_alarm_rate", …} of the output `strangeness`; {} or
                     absent for none
licence              "Apache-2.0", of the weights; null or absent if it is not known
source               {"name", "format", "sha256", "url", …} of an imported network; {} or
                     absent for one that ctc trained
taxonomy             {"species": {"red fox": {"class": "mammalia", "order": "carnivora", …}, …}},
                     the ranks, common names and ids of classes, and of other taxa, see
                     `ctc/artifacts/taxonomy.py`; {} or absent if they are not known
ctc_version          "3.0.0"

Outputs: one per label, float32 (N, classes); `features`, float32 (N, size), pooled, before the
heads; `strangeness`, float32 (N, 1), the distance of a photo's features from all that was learnt;
`attention`, float32 (N, 1), how much a photo counts in its event, where `promises` has `pooling`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ctc._version import __version__
from ctc.artifacts.label_schema import LabelSchema, check_classes
from ctc.artifacts.model.pooling import ATTENTION, Pooling
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.predictions import PRESENCE_THRESHOLD
from ctc.artifacts.taxonomy import ENTRY_KEYS, Taxonomy
from ctc.errors import InputError, shorten
from ctc.storage.json_file import json_type

FORMAT_VERSION = 1
INPUT_NAME = "images"
FEATURES_OUTPUT = "features"
STRANGENESS_OUTPUT = "strangeness"
ATTENTION_OUTPUT = ATTENTION
RESERVED_NAMES = (INPUT_NAME, FEATURES_OUTPUT, STRANGENESS_OUTPUT, ATTENTION_OUTPUT)
"""Names that no label may have: those of the model's input and of its other outputs."""

_DAMAGED = (ValueError, AttributeError, TypeError, OverflowError, RecursionError)


@dataclass(frozen=True)
class ModelInfo:
    """The metadata of a model file.

    `labels`: per label its classes, in the order of the output; empty for a feature network.
    `multi_label`: the labels that may have several classes at once, whose probabilities don't sum
    to 1. `feature_size`: numbers per photo in the output `features`, None if there is none.
    `strangers`: what the output `strangeness` was fitted to, empty if there is none. `licence`: of
    the weights, such as an SPDX name. `source`: where an imported network is from. `taxonomy`: per
    label, see `Taxonomy`. `promises`: what was proven on validation data, by kind.
    """

    labels: Mapping[str, tuple[str, ...]]
    preprocessing: Preprocessing
    calibration: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    ctc_version: str = __version__
    multi_label: tuple[str, ...] = ()
    feature_size: int | None = None
    strangers: Mapping[str, Any] = field(default_factory=dict)
    licence: str | None = None
    source: Mapping[str, Any] = field(default_factory=dict)
    taxonomy: Mapping[str, Taxonomy] = field(default_factory=dict)
    promises: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outputs(self) -> Mapping[str, int]:
        """The outputs of the network, and the numbers that each has per photo."""
        sizes = {label: len(classes) for label, classes in self.labels.items()}
        if self.feature_size is not None:
            sizes[FEATURES_OUTPUT] = self.feature_size
        if self.strangers:
            sizes[STRANGENESS_OUTPUT] = 1
        if self.pooling:
            sizes[ATTENTION_OUTPUT] = 1
        return sizes

    @property
    def pooling(self) -> Pooling | None:
        """The learnt pooling of an event's photos, None if there is none."""
        return Pooling.of(self.promises)

    @property
    def stranger_threshold(self) -> float | None:
        """The strangeness above which an event is unlike anything learnt; None if it can't tell."""
        return None if not self.strangers else float(self.strangers["threshold"])

    @property
    def schema(self) -> LabelSchema:
        """The labels with a threshold per class where the file has thresholds for the label.

        A class that the file has no threshold for gets PRESENCE_THRESHOLD where its label is
        multi-label, else 0.
        """
        thresholds = {
            label: tuple(
                own.get(name, PRESENCE_THRESHOLD if label in self.multi_label else 0.0)
                for name in classes
            )
            for label, classes in self.labels.items()
            if (own := self.thresholds.get(label))
        }
        return LabelSchema(self.labels, thresholds, self.multi_label)

    def to_metadata(self) -> dict[str, str]:
        """Return the entries for `metadata_props`."""
        values = {
            "ctc_format_version": FORMAT_VERSION,
            "labels": {label: list(classes) for label, classes in self.labels.items()},
            "multi_label": list(self.multi_label),
            "preprocessing": self.preprocessing.to_json(),
            "calibration": dict(self.calibration),
            "thresholds": {label: dict(values) for label, values in self.thresholds.items()},
            "provenance": dict(self.provenance),
            "features": {} if self.feature_size is None else {"size": self.feature_size},
            "strangers": dict(self.strangers),
            "licence": self.licence,
            "source": dict(self.source),
            "taxonomy": dict(self.taxonomy),
            "promises": dict(self.promises),
            "ctc_version": self.ctc_version,
        }
        return {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> ModelInfo:
        """Parse `metadata_props`.

        Raises InputError, with what is missing, for a file that ctc did not export, or one of a
        newer ctc.
        """
        if "detector" in metadata or metadata.get("task") == "detect":
            raise InputError("it is a detector: give it to `ctc detect`")
        missing = [
            key for key in ("ctc_format_version", "labels", "preprocessing") if key not in metadata
        ]
        if missing:
            raise InputError(
                f"it is not a model file of ctc, its metadata has no '{missing[0]}': make one of a "
                "network of another program with `ctc import`"
            )
        try:
            values = {key: json.loads(text) for key, text in metadata.items() if key in cls._KEYS}
            version = values["ctc_format_version"]
            if not isinstance(version, int) or version > FORMAT_VERSION:
                raise InputError(
                    f"it has format version {version!r}, this ctc reads up to {FORMAT_VERSION}: "
                    "update ctc"
                )
            feature_size = _parse_feature_size(_parse_object(values, "features"))
            labels = _parse_labels(values["labels"], may_be_empty=feature_size is not None)
            multi_label = tuple(map(str, values.get("multi_label", ())))
            if not set(multi_label) <= set(labels):
                raise InputError("its metadata has an unknown label in 'multi_label'")
            return cls(
                labels,
                Preprocessing.from_json(values["preprocessing"]),
                {
                    str(label): _parse_object(_parse_object(values, "calibration"), label)
                    for label in _parse_object(values, "calibration")
                },
                _check_thresholds(_parse_object(values, "thresholds"), labels),
                _parse_object(values, "provenance"),
                ctc_version=str(values.get("ctc_version", "unknown")),
                multi_label=multi_label,
                feature_size=feature_size,
                strangers=_parse_strangers(_parse_object(values, "strangers")),
                licence=None if values.get("licence") is None else str(values["licence"]),
                source=_parse_object(values, "source"),
                taxonomy=_check_taxonomy(_parse_object(values, "taxonomy"), labels),
                promises=_check_promises(_parse_object(values, "promises")),
            )
        except _DAMAGED as error:
            raise InputError(f"its metadata is damaged: {shorten(str(error))}") from None

    _KEYS: ClassVar[tuple[str, ...]] = (
        "ctc_format_version",
        "labels",
        "multi_label",
        "preprocessing",
        "calibration",
        "thresholds",
        "provenance",
        "features",
        "strangers",
        "licence",
        "source",
        "taxonomy",
        "promises",
        "ctc_version",
    )


def _parse_labels(given: Mapping[str, Any], may_be_empty: bool) -> dict[str, tuple[str, ...]]:
    """Return the classes of each label; raises InputError for what no answer can be told by."""
    labels = {label: check_classes(label, classes) for label, classes in given.items()}
    if not (labels or may_be_empty) or not all(labels.values()):
        raise InputError("its metadata has no label, or a label without classes")
    return labels


def _parse_feature_size(features: Mapping[str, Any]) -> int | None:
    """Return the size of the output `features`, None if there is none; raises InputError."""
    size = features.get("size") if features else None
    if features and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
        raise InputError(f"'features' of its metadata has the size {size!r}")
    return size


def _parse_strangers(strangers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the output `strangeness` was fitted to; raises InputError without a threshold."""
    threshold = strangers.get("threshold")
    if strangers and (
        not isinstance(threshold, int | float)
        or isinstance(threshold, bool)
        or not math.isfinite(threshold)
    ):
        raise InputError(f"'strangers' of its metadata has the threshold {threshold!r}")
    return strangers


def _check_promises(promises: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the promises; raises ValueError for a pooling that can't be read."""
    Pooling.of(promises)
    return promises


def _parse_object(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = values.get(key, {})
    if not isinstance(value, dict):
        raise InputError(f"'{key}' of its metadata is {json_type(value)}, not an object")
    return value


def _check_thresholds(
    thresholds: Mapping[str, Any], labels: Mapping[str, tuple[str, ...]]
) -> Mapping[str, Any]:
    """Return the thresholds; raises InputError unless they are probabilities of known classes."""
    try:
        sound = all(
            label in labels
            and set(values) <= set(labels[label])
            and all(one is None or 0 <= one <= 1 for one in values.values())
            for label, values in thresholds.items()
        )
    except (TypeError, AttributeError):
        sound = False
    if not sound:
        raise InputError("its thresholds are not probabilities of its classes: export it again")
    return thresholds


def _check_taxonomy(
    taxonomy: Mapping[str, Any], labels: Mapping[str, tuple[str, ...]]
) -> Mapping[str, Any]:
    """Return the taxonomy; raises InputError unless it names ranks for known labels."""
    try:
        sound = all(
            label in labels
            and all(
                key in ENTRY_KEYS and isinstance(text, str)
                for entry in classes.values()
                for key, text in entry.items()
            )
            for label, classes in taxonomy.items()
        )
    except (TypeError, AttributeError):
        sound = False
    if not sound:
        raise InputError("its taxonomy does not name ranks of its classes: import it again")
    return taxonomy
