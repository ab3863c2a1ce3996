"""The teacher of a distillation: a model file whose answers a smaller network learns.

Hinton et al. 2015, https://arxiv.org/abs/1503.02531. The teacher answers the very images that the
network learns from, augmented and mixed, as Beyer et al. 2022, https://arxiv.org/abs/2106.05237,
found best. Keras's `keras.distillation` wants a teacher that is a Keras model, and one mean over
all photos; a model file is not one, and photos here have weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Label
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import UsageError, did_you_mean, require_extra
from ctc.images.resize import resize
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import read_model
from ctc.runtime.session import open_model
from ctc.training.config import DEFAULT_TEACHER, TrainingConfig

if TYPE_CHECKING:
    from ctc.artifacts.model.file import ModelInfo
    from ctc.runtime.session import Model

CHUNK = 16
"""Images per run of the teacher on a CPU; always the same, so that the result is too."""
SMALLEST = 1e-7
"""Probabilities below are taken for this: float32 ends in 0, whose logarithm is infinite."""


@dataclass(frozen=True)
class Teacher:
    """An opened teacher.

    `columns`: label → the teacher's column of each class of the network's. `multi_label`: those
    labels that may have several classes at once.
    """

    model: Model
    digest: str
    columns: Mapping[str, tuple[int, ...]]
    multi_label: tuple[str, ...]
    threads: int

    @property
    def input_size(self) -> tuple[int, int]:
        """(height, width) of the teacher's input in pixels."""
        return self.model.info.preprocessing.height, self.model.info.preprocessing.width

    def logits(self, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Return label → the logits (N, classes) of uint8 images (N, height, width, 3).

        They are the logarithms of the probabilities of the network's classes, not normalised; for
        a multi-label label those of the odds. The images are resized to the teacher's input.
        """
        size = len(images) if self.model.is_on_device else CHUNK
        chunks = [images[start : start + size] for start in range(0, len(images), size)]
        with ThreadPoolExecutor(self.threads) as pool:
            answers = list(pool.map(self._answer, chunks))
        return {
            label: np.concatenate([answer[label] for answer in answers]) for label in self.columns
        }

    def _answer(self, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        inputs = np.stack([resize(image, *self.input_size) for image in images])
        probabilities = self.model.run(inputs, tuple(self.columns))
        return {
            label: _to_logits(probabilities[label][:, columns], label in self.multi_label)
            for label, columns in self.columns.items()
        }


def _to_logits(probabilities: NDArray[np.float32], multi_label: bool) -> NDArray[np.float32]:
    if not multi_label:
        return np.asarray(np.log(np.maximum(probabilities, SMALLEST)), np.float32)
    clipped = np.clip(probabilities, SMALLEST, 1 - SMALLEST)
    return np.asarray(np.log(clipped / (1 - clipped)), np.float32)


def open_teacher(
    config: TrainingConfig, labels: Sequence[Label], preprocessing: Preprocessing
) -> Teacher | None:
    """Open the model file of --teacher; None without one.

    Raises CtcError if it can't be opened, has none of the labels, lacks a class of one, or was
    trained on another kind of images.
    """
    if config.teacher is None:
        _check_no_options(config)
        return None
    require_extra("ctc train --teacher", "cpu", ["onnxruntime"])
    file = read_model(Path(config.teacher))
    model = open_model(file, RuntimeConfig())
    _check_images(file.path, model.info, preprocessing)
    columns = {
        label.name: _columns(file.path, model.info, label)
        for label in labels
        if label.name in model.info.labels
    }
    if not columns:
        known = did_you_mean(labels[0].name, model.info.labels)
        raise UsageError(
            f"the teacher '{file.path}' has no label '{labels[0].name}'{known}; a teacher has "
            "the labels and classes of the network by name"
        )
    for label in columns:
        _check_kind(file.path, label, config.multi_label, model.info.multi_label)
    return Teacher(model, file.digest, columns, config.multi_label, config.threads or 1)


def _check_no_options(config: TrainingConfig) -> None:
    for option, value in DEFAULT_TEACHER.items():
        if getattr(config, option) != value:
            raise UsageError(f"--{option.replace('_', '-')} has no effect without --teacher")


def _columns(path: Path, info: ModelInfo, label: Label) -> tuple[int, ...]:
    known = info.labels[label.name]
    missing = [name for name in label.classes if name not in known]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UsageError(
            f"the teacher '{path}' does not know '{label.name}={missing[0]}'{more}, which the "
            f"dataset has{did_you_mean(missing[0], known)}; rename the classes in the inventory, "
            "or choose another teacher"
        )
    return tuple(known.index(name) for name in label.classes)


def _check_kind(path: Path, label: str, own: Sequence[str], of_teacher: Sequence[str]) -> None:
    if (label in own) != (label in of_teacher):
        one, other = ("several", "one") if label in own else ("one", "several")
        raise UsageError(
            f"'{label}' may have {one} of its classes at once here, and {other} in the teacher "
            f"'{path}': {'leave out' if label in own else 'add'} --multi-label {label}"
        )


def _check_images(path: Path, info: ModelInfo, own: Preprocessing) -> None:
    if info.preprocessing.is_stacked != own.is_stacked:
        raise UsageError(
            f"the teacher '{path}' was trained with --image-choice "
            f"{info.preprocessing.image_choice}, this network with {own.image_choice}: "
            "they see different images"
        )
