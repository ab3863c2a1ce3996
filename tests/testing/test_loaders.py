"""`check_loader` reports every violation of the contract."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ctc.errors import InputError
from ctc.plugin import NO_AUGMENTATION, Batch, BatchStream, Loader, LoaderConfig, Option
from ctc.testing import build_dataset, check_loader
from ctc_plugins.loaders.turbo.loader import ctc_loaders

pytestmark = pytest.mark.slow

(VALID,) = ctc_loaders()


class FaultyStream:
    """Stream of a valid loader with replaced parts; each subclass is a fault."""

    def __init__(self, stream: BatchStream, config: LoaderConfig) -> None:
        self._stream, self._config = stream, config

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        for batch in self._stream.epoch(index, start_step):
            yield self.change_batch(batch)

    def change_batch(self, batch: Batch) -> Batch:
        return batch


class FloatImages(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        return Batch(batch.images.astype(np.float32), batch.labels)


class LongLabels(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        return Batch(
            batch.images, {name: classes.astype(np.int64) for name, classes in batch.labels.items()}
        )


class WrongLabels(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        return Batch(batch.images, {name: classes[::-1] for name, classes in batch.labels.items()})


def trains(stream: FaultyStream) -> bool:
    """Whether the stream is augmented, so that its pixels are not compared."""
    return stream._config.augmentation not in (None, NO_AUGMENTATION)


class FloatImagesInTraining(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        return replace(batch, images=batch.images / np.float32(255)) if trains(self) else batch


class FloatLabelsInTraining(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        labels = {name: classes.astype(np.float32) for name, classes in batch.labels.items()}
        return replace(batch, labels=labels) if trains(self) else batch


class OneHotLabelsInTraining(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        labels = {name: np.eye(3, dtype=np.int32)[row] for name, row in batch.labels.items()}
        return replace(batch, labels=labels) if trains(self) else batch


class ShufflesImagesInTraining(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        if not trains(self):
            return batch
        return replace(batch, images=batch.images[::-1].copy(), event_ids=())


class WrongEventIdsInTraining(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        ids = tuple(f"train-{number}" for number in range(len(batch.images)))
        return replace(batch, event_ids=ids) if trains(self) else batch


class TooFewEventIds(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        return replace(batch, event_ids=("train-0",))


class NegativeWeights(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        weights = np.full(len(batch.images), -1, np.float32)
        return replace(batch, weights=weights) if trains(self) else batch


class SoftLabelsThatDontSum(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        if self._config.augmentation is None or self._config.multi_label:
            return batch
        return replace(batch, soft_labels={"species": np.ones((len(batch.images), 3), np.float32)})


class WeightsInEvaluation(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        return replace(batch, weights=np.ones(len(batch.images), np.float32))


class WrongSteps(FaultyStream):
    @property
    def steps(self) -> int:
        return self._stream.steps + 1


class LosesSamples(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        short = len(batch.images) < self._config.batch_size
        return (
            Batch(batch.images[:1], {k: v[:1] for k, v in batch.labels.items()}) if short else batch
        )


class IgnoresEpoch(FaultyStream):
    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        return super().epoch(0, start_step)


class IgnoresSeed(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        augmentation = self._config.augmentation
        if augmentation is not None and augmentation.flip:
            batch.images[:] = np.random.default_rng().integers(0, 256, batch.images.shape)
        return batch


class IgnoresStartStep(FaultyStream):
    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        return super().epoch(index)


class Brighter(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        return (
            batch
            if self._config.augmentation is None
            else Batch(batch.images + np.uint8(2), batch.labels)
        )


class WrongEvaluationPixels(FaultyStream):
    def change_batch(self, batch: Batch) -> Batch:
        return (
            Batch(batch.images + np.uint8(1), batch.labels)
            if self._config.augmentation is None
            else batch
        )


class LeavesAThread(FaultyStream):
    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        if self._config.batch_size == 1:
            threading.Thread(target=threading.Event().wait, args=(2,), name="forgotten").start()
        return super().epoch(index, start_step)


class EndsEarly(FaultyStream):
    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        try:
            yield from super().epoch(index, start_step)
        except RuntimeError:
            return


class HidesLocation(FaultyStream):
    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        try:
            yield from super().epoch(index, start_step)
        except InputError:
            raise InputError("a record is bad") from None


class SkippedIsZero(FaultyStream):
    skipped = 0


def faulty(fault: Callable[[BatchStream, LoaderConfig], BatchStream]) -> Loader:
    return replace(
        VALID, open=lambda dataset, split, config: fault(VALID.open(dataset, split, config), config)
    )


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (FloatImages, r"images: expected uint8 \(5, 32, 40, 3\), got float32 \(5, 32, 40, 3\)"),
        (LongLabels, r"the label 'species': expected int32 \(5,\), got int64 \(5,\)"),
        (FloatImagesInTraining, r"a batch in training .*images: expected uint8 .*, got float32"),
        (
            FloatLabelsInTraining,
            r"a batch in training .*the label 'species': expected int32 .*, got float32",
        ),
        (
            OneHotLabelsInTraining,
            r"the label 'species': expected int32 \(5,\), got int32 \(5, 3\)",
        ),
        (
            ShufflesImagesInTraining,
            "an augmented image of the event 'train-.*' has the labels .*those of another image",
        ),
        (
            WrongEventIdsInTraining,
            "an augmented image of the event 'train-.*' has the event id 'train-.*'",
        ),
        (TooFewEventIds, "it has 1 event ids for 5 images"),
        (NegativeWeights, "weights has values that are not finite numbers from 0"),
        (SoftLabelsThatDontSum, "the soft label 'species' has rows that don't sum to 1"),
        (WeightsInEvaluation, "it has soft labels or weights, .*, in evaluation"),
        (WrongLabels, "'species' in the order of the files"),
        (
            WrongSteps,
            r"before the first batch in evaluation .*expected \(12, 3, 0\), got \(12, 4, 0\)",
        ),
        (
            LosesSamples,
            r"the sizes of the batches in evaluation .*expected \[5, 5, 2\], got \[5, 5, 1\]",
        ),
        (IgnoresEpoch, "another epoch gave the same images"),
        (IgnoresSeed, "the same seed and epoch gave different images"),
        (IgnoresStartStep, "start_step=1 gave different batches"),
        (
            Brighter,
            "without augmentation, images differ by 2.* grey levels from ctc.images, more than 1.5",
        ),
        (WrongEvaluationPixels, "evaluation gave different pixels than ctc.images"),
        (LeavesAThread, r"threads still running after close\(\) in evaluation .*: forgotten"),
        (EndsEarly, r"reading on after close\(\) raised no RuntimeError"),
        (
            HidesLocation,
            r"must name 'train-00001-of-00002\.tfrecord' and offset \d+: a record is bad",
        ),
        (
            SkippedIsZero,
            "`skipped` for one bad record in two epochs in evaluation .*expected 1, got 0",
        ),
    ],
)
def test_check_loader_reports_fault(fault, message) -> None:
    with pytest.raises(AssertionError, match=message):
        check_loader(faulty(fault))


def without(**fields: Any) -> Loader:
    """Return a loader that ignores these fields of its configuration."""
    return replace(
        VALID,
        open=lambda dataset, split, config: VALID.open(dataset, split, replace(config, **fields)),
    )


def test_check_loader_reports_ignored_multi_label() -> None:
    message = r"label 'species': expected int32 \(5, 3\), got int32 \(5,\)"
    with pytest.raises(AssertionError, match=message):
        check_loader(without(multi_label=()))


def test_check_loader_reports_ignored_weights() -> None:
    with pytest.raises(
        AssertionError,
        match="the first class of 'species' should be 82% of the samples, but is 33%",
    ):
        check_loader(without(draw_weights=None))


def test_check_loader_reports_overlapping_shards() -> None:
    def open_all(dataset, split, config):
        return VALID.open(dataset, split, replace(config, shard=(0, config.shard[1])))

    with pytest.raises(AssertionError, match="two shards have a sample in common"):
        check_loader(replace(VALID, open=open_all))


def test_check_loader_reports_split_that_is_ignored() -> None:
    def open_train(dataset, split, config):
        return VALID.open(dataset, "train", config)

    with pytest.raises(AssertionError, match="the split 'val' gave other images than its own"):
        check_loader(replace(VALID, open=open_train))


def test_check_loader_reports_missing_member() -> None:
    class WithoutSkipped:
        samples, steps, epoch, close = 1, 1, None, None

    with pytest.raises(
        AssertionError, match=r"returned a WithoutSkipped from open\(\) that has no skipped"
    ):
        check_loader(replace(VALID, open=lambda *_: WithoutSkipped()))


def test_check_loader_passes_soft_labels_weights_and_options() -> None:
    """A loader that mixes the second half of a batch with the first, as MixUp."""

    class Mixed(FaultyStream):
        def change_batch(self, batch: Batch) -> Batch:
            share = self._config.options["share"]
            if not trains(self) or self._config.multi_label:
                return batch
            turned = batch.images[::-1]
            mixed = ((1 - share) * batch.images + share * turned).round().astype(np.uint8)
            known = np.eye(3, dtype=np.float32)[batch.labels["species"]]
            soft = {"species": (1 - share) * known + share * known[::-1]}
            weights = np.ones(len(mixed), np.float32)
            return replace(batch, images=mixed, soft_labels=soft, weights=weights)

    share = Option("share", "Share of the other photo.", "number", default=0.5, maximum=1)
    record = replace(faulty(Mixed), options=(share,))
    check_loader(record, options={"share": np.float32(0.25).item()})


def test_check_loader_reports_unavailable_loader() -> None:
    with pytest.raises(AssertionError, match="'turbo' can't be checked here: no such chip"):
        check_loader(replace(VALID, available=lambda: "no such chip"))


def test_check_loader_reports_invalid_available() -> None:
    with pytest.raises(AssertionError, match="None or a reason, not False"):
        check_loader(replace(VALID, available=lambda: False))


def test_check_loader_leaves_given_dataset_unchanged(tmp_path) -> None:
    dataset = build_dataset(tmp_path / "mine", {"train": 7}, shards=1)
    before = {path: path.read_bytes() for path in dataset.folder.iterdir()}
    check_loader(VALID, dataset)
    assert {path: path.read_bytes() for path in dataset.folder.iterdir()} == before


@pytest.mark.subprocess
def test_testing_needs_no_test_framework() -> None:
    code = "import sys, ctc.testing; print('pytest' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "False\n"
    )
