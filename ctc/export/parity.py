"""How far the exported model is from the trained network, on real photos."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.model_file import INPUT_NAME
from ctc.artifacts.predictions import PRESENCE_THRESHOLD
from ctc.errors import InputError
from ctc.export.session import open_session

PredictFn = Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]
"""From uint8 images (N, height, width, 3) to probabilities (N, classes) per label."""


@dataclass(frozen=True)
class LabelledPredictions:
    """Per label the probabilities (photos, classes) that were given, and the truth as in
    `ctc.plugin.Batch`: class numbers (photos,), or of a multi-label label (photos, classes); −1 =
    missing."""

    probabilities: Mapping[str, NDArray[np.float32]]
    targets: Mapping[str, NDArray[np.int32]]


@dataclass(frozen=True)
class LabelParity:
    """`agreement`: the share of photos that both give the same top class, of a multi-label label
    the same classes from a probability of PRESENT on. The accuracies, how often the top class is
    right or among the right ones, are over the `labelled` photos, whose truth is known; None when
    there is none."""

    agreement: float
    labelled: int
    accuracy_trained: float | None
    accuracy_exported: float | None


@dataclass(frozen=True)
class Parity:
    """On how many photos of which split; `largest_difference` of any probability, NaN when a model
    gives NaN."""

    split: str
    photos: int
    largest_difference: float
    labels: Mapping[str, LabelParity]

    @property
    def agreement(self) -> float:
        """That of the label that agrees least."""
        return min(label.agreement for label in self.labels.values())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """What to tell of it: a line, and one per label."""
        photos = f"{self.photos} photos of '{self.split}'"
        yield f"compared with the trained network on {photos}: at most {self.largest_difference:.1g} apart"
        for name, label in self.labels.items():
            before, after = label.accuracy_trained, label.accuracy_exported
            known = (
                ""
                if before is None or after is None
                else f"; accuracy {before:.3f} before, {after:.3f} after"
            )
            yield f"  {name}: the same class for {label.agreement:.1%}{known}"


def run_model(
    predict: PredictFn, batches: Iterable[tuple[NDArray[np.uint8], Mapping[str, NDArray[np.int32]]]]
) -> LabelledPredictions:
    """What a model gives for labelled batches. Raises InputError when there is no photo."""
    given, true = defaultdict[str, list[Any]](list), defaultdict[str, list[Any]](list)
    for images, labels in batches:
        for label, values in predict(images).items():
            given[label].append(values)
            true[label].append(labels[label])
    if not given:
        raise InputError(
            "there is no photo to compare the exported model with the trained network on: give --dataset"
        )
    return LabelledPredictions(
        {label: np.concatenate(values) for label, values in given.items()},
        {label: np.concatenate(values) for label, values in true.items()},
    )


def compare(trained: LabelledPredictions, exported: LabelledPredictions, split: str) -> Parity:
    """Two models' answers for the same photos, of `split`."""
    differences = [
        np.abs(values - exported.probabilities[label]).max()
        for label, values in trained.probabilities.items()
    ]
    labels = {
        label: _compare_label(values, exported.probabilities[label], trained.targets[label])
        for label, values in trained.probabilities.items()
    }
    photos = min(map(len, trained.probabilities.values()))
    return Parity(split, photos, float(np.max(differences)), labels)  # NaN stays NaN


def onnx_predict_fn(model: onnx.ModelProto) -> PredictFn:
    """The model as onnxruntime runs it on the CPU. Raises MissingExtraError without onnxruntime."""
    session = open_session(model)
    names = [output.name for output in session.get_outputs()]

    def answer(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        return dict(zip(names, session.run(names, {INPUT_NAME: images}), strict=True))

    return answer


def _compare_label(
    trained: NDArray[np.float32], exported: NDArray[np.float32], targets: NDArray[np.int32]
) -> LabelParity:
    several = targets.ndim == 2
    before, after = trained.argmax(axis=1), exported.argmax(axis=1)
    same = (
        ((trained >= PRESENCE_THRESHOLD) == (exported >= PRESENCE_THRESHOLD)).all(axis=1)
        if several
        else before == after
    )
    known = (targets[:, 0] if several else targets) != MISSING
    labelled = int(known.sum())
    if not labelled:
        return LabelParity(float(same.mean()), 0, None, None)
    right = [
        targets[np.arange(len(targets)), top] == 1 if several else top == targets
        for top in (before, after)
    ]
    return LabelParity(float(same.mean()), labelled, *(float(one[known].mean()) for one in right))
