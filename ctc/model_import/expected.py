"""The answers that the model file must give: those of the original network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.file import FEATURES_OUTPUT
from ctc.errors import InputError, UsageError, shorten
from ctc.model_import.activation import apply_activation, are_probabilities, sum_to_one
from ctc.model_import.graph.nodes import GraphPlan
from ctc.model_import.graph.pooling import DESCRIBED, Pooling, choose_pooling, pool
from ctc.model_import.original import Original
from ctc.model_import.plan import ImportPlan
from ctc.model_import.settings import LabelSettings


@dataclass(frozen=True)
class Expected:
    """The answers for some photos, and what they tell of the network.

    `answers`: per output of the model file its numbers (photos, size). `multi_label`: the labels
    that may have several classes at once.
    """

    answers: Mapping[str, NDArray[np.float32]]
    graph: GraphPlan
    multi_label: tuple[str, ...]


def ask_original(
    plan: ImportPlan, original: Original, photos: NDArray[np.uint8], path: Path
) -> Expected:
    """Run the original network on photos, uint8 (N, height, width, 3).

    Raises CtcError if it can't be run, gives another number of classes than there are names, or
    numbers that are no probabilities.
    """
    raw = original.run(photos)
    answers = {label.name: _probabilities(label, raw[label.output], path) for label in plan.labels}
    multi_label = tuple(one.name for one in plan.labels if _is_several(one, answers[one.name]))
    for name in multi_label:
        plan.settings.tell(
            f"several classes of '{name}' at once",
            "yes, as each has a probability of its own",
            "the network",
        )
    pooling: Pooling = "none"
    if plan.outputs.features is not None:
        values = raw[plan.outputs.features]
        pooling = choose_pooling(plan.outputs.features, values.shape)
        answers[FEATURES_OUTPUT] = pool(values, pooling)
        plan.settings.tell("pooling of features", DESCRIBED[pooling], f"the shape {_shape(values)}")
    sizes = {name: values.shape[1] for name, values in answers.items()}
    graph = GraphPlan(plan.inputs, plan.labels, plan.outputs.features, pooling, sizes)
    return Expected(answers, graph, multi_label)


def _is_several(label: LabelSettings, probabilities: NDArray[np.float32]) -> bool:
    """Return whether a label may have several classes at once."""
    return not sum_to_one(probabilities) if label.several is None else label.several


def _probabilities(
    label: LabelSettings, values: NDArray[np.float32], path: Path
) -> NDArray[np.float32]:
    """Return the probabilities (photos, classes) of the network's numbers; raises CtcError."""
    rows = values.reshape(len(values), -1)
    output = f"the output '{shorten(label.output)}' of network '{path}'"
    if rows.shape[1] != len(label.classes):
        raise InputError(
            f"{label.origin} names {len(label.classes):,} classes, but {output} has "
            f"{rows.shape[1]:,} numbers per photo: give the names of all, in this order, by "
            "--classes"
        )
    probabilities = apply_activation(rows, label.activation)
    if not np.isfinite(probabilities).all():
        raise InputError(
            f"{output} gives answers that are not numbers: check --scale, --mean and --std"
        )
    if not are_probabilities(probabilities):
        raise UsageError(
            f"{output} has numbers from {rows.min():.3g} to {rows.max():.3g}, which are no "
            "probabilities: choose --activation softmax or --activation sigmoid"
        )
    return probabilities


def _shape(values: NDArray[np.float32]) -> str:
    return "[" + ", ".join(["N", *map(str, values.shape[1:])]) + "]"
