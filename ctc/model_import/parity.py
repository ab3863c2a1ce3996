"""Comparison of a written model file with the original network."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto

from ctc.artifacts.model.file import FEATURES_OUTPUT
from ctc.artifacts.predictions import PRESENCE_THRESHOLD
from ctc.errors import CtcError
from ctc.export.config import ExportPrecision
from ctc.reporting import counted

TOLERANCE = 1e-5
"""Largest difference of a float32 file from the original network: of a probability, or of a feature
as a share of the largest feature (of 1, if all are smaller)."""

TOLERANCE_FLOAT16 = 5e-3
"""The same for a network that was exported in half precision. It is rounded to 11 bits in more or
fewer places, depending on what onnxruntime puts together: 16.0 and 16.01 are the same logit."""

Answers = Mapping[str, NDArray[np.float32]]
"""Per output its numbers (photos, size)."""


@dataclass(frozen=True)
class OutputParity:
    """Parity of one output.

    `largest_difference`: see TOLERANCE; NaN when an answer is. `agreement`: the share of photos
    with the same top class, for several classes at once with the same classes; None for features.
    """

    largest_difference: float
    agreement: float | None


@dataclass(frozen=True)
class ImportParity:
    """Parity of a file with the original network on some photos; `compared_on` says which.

    `tolerance`: the largest difference that was allowed, None where the classes alone counted.
    """

    compared_on: str
    photos: int
    outputs: Mapping[str, OutputParity]
    tolerance: float | None = TOLERANCE

    @property
    def largest_difference(self) -> float:
        """The largest difference of any output; NaN stays NaN."""
        return float(np.max([one.largest_difference for one in self.outputs.values()]))

    @property
    def agreement(self) -> float:
        """The lowest agreement of any label, 1 if there is none."""
        found = [one.agreement for one in self.outputs.values() if one.agreement is not None]
        return min(found, default=1.0)

    def to_json(self) -> dict[str, Any]:
        """Return the parity as a JSON object."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Yield a line per output."""
        where = f"{counted(self.photos, 'photo')} ({self.compared_on})"
        allowed = "" if self.tolerance is None else f" ({self.tolerance:g} is allowed)"
        for name, one in self.outputs.items():
            same = "" if one.agreement is None else f"; same class for {one.agreement:.1%}"
            relative = ", relative to the largest" if name == FEATURES_OUTPUT else ""
            yield (
                f"'{name}' compared with the original network on {where}: max difference "
                f"{one.largest_difference:.1g}{relative}{allowed}{same}"
            )


def own_tolerance(network: ModelProto) -> float:
    """Return the tolerance for a file with the precision of `network`."""
    kinds = {tensor.data_type for tensor in network.graph.initializer}
    kinds |= {value.type.tensor_type.elem_type for value in network.graph.input}
    return TOLERANCE_FLOAT16 if TensorProto.FLOAT16 in kinds else TOLERANCE


def compare_answers(
    expected: Answers,
    found: Answers,
    multi_label: Collection[str],
    compared_on: str,
    tolerance: float | None,
) -> ImportParity:
    """Compare the answers of the original network and of the file for the same photos."""
    outputs = {
        name: _compare_features(values, found[name])
        if name == FEATURES_OUTPUT
        else _compare_classes(values, found[name], name in multi_label)
        for name, values in expected.items()
    }
    return ImportParity(compared_on, min(map(len, expected.values())), outputs, tolerance)


def _compare_classes(
    expected: NDArray[np.float32], found: NDArray[np.float32], multi_label: bool
) -> OutputParity:
    if multi_label:
        same = ((expected >= PRESENCE_THRESHOLD) == (found >= PRESENCE_THRESHOLD)).all(axis=1)
    else:
        same = expected.argmax(axis=1) == found.argmax(axis=1)
    return OutputParity(float(np.abs(expected - found).max()), float(same.mean()))


def _compare_features(expected: NDArray[np.float32], found: NDArray[np.float32]) -> OutputParity:
    largest = max(1.0, float(np.abs(expected).max()))
    return OutputParity(float(np.abs(expected - found).max()) / largest, None)


def check_parity(parity: ImportParity, precision: ExportPrecision, required: float) -> None:
    """Raise CtcError if the file is not good enough.

    By the largest difference if there is a tolerance, and by the share of photos that keep their
    class, `required`.
    """
    where = f"on {counted(parity.photos, 'photo')} ({parity.compared_on})"
    if not np.isfinite(parity.largest_difference):
        raise CtcError(f"the answers of the network are not numbers {where}")
    if parity.tolerance is not None and parity.largest_difference > parity.tolerance:
        raise CtcError(
            f"its answers differ from the original network's by {parity.largest_difference:.2g} "
            f"{where}, more than {parity.tolerance:g}"
        )
    if parity.agreement < required:
        raise CtcError(
            f"in {precision} it gives the original network's class for {parity.agreement:.1%} "
            f"{where}, less than {required:.1%}: lower --min-agreement, or choose another "
            "--precision"
        )
