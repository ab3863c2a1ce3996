"""Parity: comparison of the exported model with the trained network on real photos."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.model.file import FEATURES_OUTPUT, INPUT_NAME
from ctc.artifacts.predictions import PRESENCE_THRESHOLD
from ctc.errors import InputError
from ctc.export.session import open_session
from ctc.reporting import counted

PredictFn = Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]
"""From uint8 images (N, height, width, 3) to probabilities (N, classes) per label, and to
`features` (N, size) if the network has them."""


@dataclass(frozen=True)
class LabelledPredictions:
    """Per label the predicted probabilities (photos, classes) and the true classes.

    `targets` as in `ctc.plugin.Batch`: class numbers (photos,), or for a multi-label label (photos,
    classes); −1 = missing. `features` (photos, size): None if the network has no such output.
    """

    probabilities: Mapping[str, NDArray[np.float32]]
    targets: Mapping[str, NDArray[np.int32]]
    features: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class FeatureParity:
    """Parity of the features.

    `size`: how many per photo. `largest_difference`: of any of them, as a share of the largest
    absolute feature. `lowest_similarity`, `mean_similarity`: cosine similarity of a photo's
    features before and after. All are NaN when a model returns NaN.
    """

    size: int
    largest_difference: float
    lowest_similarity: float
    mean_similarity: float


@dataclass(frozen=True)
class LabelParity:
    """Parity of one label.

    `agreement`: the share of photos with the same top class, for a multi-label label with the same
    classes of at least PRESENCE_THRESHOLD. The accuracies, the share of photos whose top class is a
    true one, are over the `labelled` photos, whose class is known; None when there is none.
    """

    agreement: float
    labelled: int
    accuracy_trained: float | None
    accuracy_exported: float | None


@dataclass(frozen=True)
class Parity:
    """Parity of a model.

    `largest_difference`: of any probability, NaN when a model returns NaN. `features`: None if the
    model has none.
    """

    split: str
    photos: int
    largest_difference: float
    labels: Mapping[str, LabelParity]
    features: FeatureParity | None = None

    @property
    def agreement(self) -> float:
        """The lowest agreement of any label."""
        return min(label.agreement for label in self.labels.values())

    def to_json(self) -> dict[str, Any]:
        """Return the parity as a JSON object."""
        values = asdict(self)
        if self.features is None:
            del values["features"]
        return values

    def lines(self) -> Iterator[str]:
        """Yield a summary: a line on all labels, and one per label."""
        photos = f"{counted(self.photos, 'photo')} of '{self.split}'"
        yield f"parity on {photos}: max abs difference {self.largest_difference:.1g}"
        for name, label in self.labels.items():
            before, after = label.accuracy_trained, label.accuracy_exported
            accuracy = (
                ""
                if before is None or after is None
                else f"; accuracy {before:.3f} before, {after:.3f} after"
            )
            yield f"  {name}: same class for {label.agreement:.1%}{accuracy}"
        if self.features:
            yield (
                f"  {FEATURES_OUTPUT}, {self.features.size:,} numbers per photo: cosine similarity "
                f"{self.features.mean_similarity:.4f} on average, at least "
                f"{self.features.lowest_similarity:.4f}"
            )


def run_model(
    predict: PredictFn, batches: Iterable[tuple[NDArray[np.uint8], Mapping[str, NDArray[np.int32]]]]
) -> LabelledPredictions:
    """Return the predictions for labelled batches; raises InputError when there is no photo."""
    predicted, true = defaultdict[str, list[Any]](list), defaultdict[str, list[Any]](list)
    features: list[NDArray[np.float32]] = []
    for images, labels in batches:
        for label, values in predict(images).items():
            if label == FEATURES_OUTPUT:
                features.append(values)
                continue
            predicted[label].append(values)
            true[label].append(labels[label])
    if not predicted:
        raise InputError(
            "there is no photo to compare the exported model with the trained network on: "
            "choose another --dataset"
        )
    return LabelledPredictions(
        {label: np.concatenate(values) for label, values in predicted.items()},
        {label: np.concatenate(values) for label, values in true.items()},
        np.concatenate(features) if features else None,
    )


def compare(trained: LabelledPredictions, exported: LabelledPredictions, split: str) -> Parity:
    """Compare the predictions of two models for the same photos of `split`."""
    differences = [
        np.abs(values - exported.probabilities[label]).max()
        for label, values in trained.probabilities.items()
    ]
    labels = {
        label: _compare_label(values, exported.probabilities[label], trained.targets[label])
        for label, values in trained.probabilities.items()
    }
    photos = min(map(len, trained.probabilities.values()))
    features = (
        None
        if trained.features is None or exported.features is None
        else _compare_features(trained.features, exported.features)
    )
    return Parity(split, photos, float(np.max(differences)), labels, features)  # NaN stays NaN


def onnx_predict_fn(model: onnx.ModelProto) -> PredictFn:
    """Return a function that runs the model on the CPU; raises MissingExtraError."""
    session = open_session(model)
    names = [output.name for output in session.get_outputs()]

    def predict(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        return dict(zip(names, session.run(names, {INPUT_NAME: images}), strict=True))

    return predict


def _compare_features(trained: NDArray[np.float32], exported: NDArray[np.float32]) -> FeatureParity:
    before, after = trained.astype(np.float64), exported.astype(np.float64)
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    products = (before * after).sum(axis=1)
    # two photos without any feature are alike
    similarity = np.divide(products, lengths, out=np.ones_like(products), where=lengths != 0)
    largest = max(float(np.abs(before).max()), float(np.finfo(np.float32).tiny))
    difference = float(np.abs(before - after).max()) / largest
    return FeatureParity(
        trained.shape[1], difference, float(similarity.min()), float(similarity.mean())
    )


def _compare_label(
    trained: NDArray[np.float32], exported: NDArray[np.float32], targets: NDArray[np.int32]
) -> LabelParity:
    multi_label = targets.ndim == 2
    before, after = trained.argmax(axis=1), exported.argmax(axis=1)
    same = (
        ((trained >= PRESENCE_THRESHOLD) == (exported >= PRESENCE_THRESHOLD)).all(axis=1)
        if multi_label
        else before == after
    )
    known = (targets[:, 0] if multi_label else targets) != MISSING
    labelled = int(known.sum())
    if not labelled:
        return LabelParity(float(same.mean()), 0, None, None)
    right = [
        targets[np.arange(len(targets)), top] == 1 if multi_label else top == targets
        for top in (before, after)
    ]
    return LabelParity(float(same.mean()), labelled, *(float(one[known].mean()) for one in right))
