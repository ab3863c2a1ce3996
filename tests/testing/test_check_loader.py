"""The check of loaders finds each way to break the contract, and says which."""

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
from ctc.plugin import Batch, BatchStream, Loader, LoaderConfig
from ctc.testing import build_dataset, check_loader
from ctc_plugins.loaders.turbo.loader import ctc_loaders

(SOUND,) = ctc_loaders()


class Changed:
    """The stream of a sound loader, whose parts can be replaced: a fault is a subclass."""

    def __init__(self, stream: BatchStream, config: LoaderConfig) -> None:
        self._stream, self._config = stream, config

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        for batch in self._stream.epoch(index, start_step):
            yield self.changed(batch)

    def changed(self, batch: Batch) -> Batch:
        return batch


class FloatImages(Changed):
    def changed(self, batch: Batch) -> Batch:
        return Batch(batch.images.astype(np.float32), batch.labels)


class LongLabels(Changed):
    def changed(self, batch: Batch) -> Batch:
        return Batch(
            batch.images, {name: classes.astype(np.int64) for name, classes in batch.labels.items()}
        )


class OtherLabels(Changed):
    def changed(self, batch: Batch) -> Batch:
        return Batch(batch.images, {name: classes[::-1] for name, classes in batch.labels.items()})


class OneStepTooMany(Changed):
    @property
    def steps(self) -> int:
        return self._stream.steps + 1


class LosesSamples(Changed):
    def changed(self, batch: Batch) -> Batch:
        short = len(batch.images) < self._config.batch_size
        return (
            Batch(batch.images[:1], {k: v[:1] for k, v in batch.labels.items()}) if short else batch
        )


class AlwaysTheSame(Changed):
    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        return super().epoch(0, start_step)


class NeverTheSame(Changed):
    def changed(self, batch: Batch) -> Batch:
        augmentation = self._config.augmentation
        if augmentation is not None and augmentation.flip:
            batch.images[:] = np.random.default_rng().integers(0, 256, batch.images.shape)
        return batch


class NoResuming(Changed):
    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        return super().epoch(index)


class Brighter(Changed):
    def changed(self, batch: Batch) -> Batch:
        return (
            batch
            if self._config.augmentation is None
            else Batch(batch.images + np.uint8(2), batch.labels)
        )


class OtherEvaluation(Changed):
    def changed(self, batch: Batch) -> Batch:
        return (
            Batch(batch.images + np.uint8(1), batch.labels)
            if self._config.augmentation is None
            else batch
        )


class LeavesAThread(Changed):
    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        if self._config.batch_size == 1:
            threading.Thread(target=threading.Event().wait, args=(2,), name="forgotten").start()
        return super().epoch(index, start_step)


class EndsEarly(Changed):
    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        try:
            yield from super().epoch(index, start_step)
        except RuntimeError:
            return


class NamesNoPlace(Changed):
    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        try:
            yield from super().epoch(index, start_step)
        except InputError:
            raise InputError("a record is bad") from None


class CountsNothing(Changed):
    skipped = 0


def faulty(fault: Callable[[BatchStream, LoaderConfig], BatchStream]) -> Loader:
    return replace(
        SOUND, open=lambda dataset, split, config: fault(SOUND.open(dataset, split, config), config)
    )


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (FloatImages, r"type and shape of an image: expected \('uint8', .*got \('float32'"),
        (LongLabels, r"type and shape of the label 'species': expected \('int32', .*got \('int64'"),
        (OtherLabels, "'species' in the order of the files"),
        (
            OneStepTooMany,
            r"samples, steps and skipped beforehand in evaluation .*expected \(12, 3, 0\), got \(12, 4, 0\)",
        ),
        (
            LosesSamples,
            r"the sizes of the batches in evaluation .*expected \[5, 5, 2\], got \[5, 5, 1\]",
        ),
        (AlwaysTheSame, "another epoch gave the same images"),
        (NeverTheSame, "the same seed and epoch gave other images"),
        (NoResuming, "start_step=1 gave another rest"),
        (
            Brighter,
            "with every augmentation off the images are 2.* grey levels from ctc.images, more than 1.5",
        ),
        (OtherEvaluation, "evaluation gave other pixels than ctc.images"),
        (LeavesAThread, r"threads that go on after close\(\) in evaluation .*: forgotten"),
        (EndsEarly, r"to read on after close\(\) raised no RuntimeError"),
        (
            NamesNoPlace,
            r"must name 'train-00001-of-00002\.tfrecord' and offset \d+: a record is bad",
        ),
        (
            CountsNothing,
            "skipped, with one bad record in two epochs in evaluation .*expected 1, got 0",
        ),
    ],
)
def test_a_fault_is_told(fault, message) -> None:
    with pytest.raises(AssertionError, match=message):
        check_loader(faulty(fault))


def without(**fields: Any) -> Loader:
    """A loader that knows nothing of some fields of its configuration."""
    return replace(
        SOUND,
        open=lambda dataset, split, config: SOUND.open(dataset, split, replace(config, **fields)),
    )


def test_a_loader_that_takes_the_first_of_several_observations_is_told() -> None:
    message = r"type and shape of the label 'species': expected \('int32', \(5, 3\)\), got \('int32', \(5,\)\)"
    with pytest.raises(AssertionError, match=message):
        check_loader(without(multi_label=()))


def test_a_loader_that_draws_evenly_whatever_the_weights_is_told() -> None:
    with pytest.raises(
        AssertionError,
        match="the first class of 'species' should be 82% of the samples, but is 33%",
    ):
        check_loader(without(draw_weights=None))


def test_readers_that_get_the_same_samples_are_told() -> None:
    def open_all(dataset, split, config):
        return SOUND.open(dataset, split, replace(config, shard=(0, config.shard[1])))

    with pytest.raises(AssertionError, match="two readers have a sample in common"):
        check_loader(replace(SOUND, open=open_all))


def test_a_loader_that_can_not_run_here_is_told_with_its_reason() -> None:
    with pytest.raises(AssertionError, match="'turbo' can't be checked here: no such chip"):
        check_loader(replace(SOUND, available=lambda: "no such chip"))


def test_available_gives_none_or_a_reason() -> None:
    with pytest.raises(AssertionError, match="None or a reason, not False"):
        check_loader(replace(SOUND, available=lambda: False))


def test_a_dataset_of_the_author_is_read_and_left_as_it_is(tmp_path) -> None:
    dataset = build_dataset(tmp_path / "mine", {"train": 7}, shards=1)
    before = {path: path.read_bytes() for path in dataset.folder.iterdir()}
    check_loader(SOUND, dataset)
    assert {path: path.read_bytes() for path in dataset.folder.iterdir()} == before


def test_no_test_framework_is_needed() -> None:
    code = "import sys, ctc.testing; print('pytest' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "False\n"
    )
