"""Contract check of loaders: `check_loader`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ctc.artifacts.dataset import Dataset
from ctc.errors import InputError
from ctc.plugin.batch_checks import find_batch_fault
from ctc.plugin.loading import NO_AUGMENTATION, Batch, Loader, LoaderConfig
from ctc.plugin.option_values import bind_options
from ctc.testing.expect import check_record, expect, expect_equal
from ctc.testing.loader_pairing import check_pairing
from ctc.testing.loader_under_test import LoaderUnderTest
from ctc.testing.options import check_options, resolve_options
from ctc.testing.tiny_dataset import build_dataset, corrupt_record
from ctc.testing.weighted_sampling import check_weighted_sampling


def check_loader(
    loader: Loader,
    dataset: Dataset | None = None,
    tolerance: float = 1.5,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Raise AssertionError if `loader` breaks the contract of `ctc.plugin.Loader`, or can't run.

    `dataset`: a small one whose split `train` has at least six events; it is read about forty
    times. By default a dataset is generated in a temporary folder, as is one with a bad record.
    `tolerance`: how much unaugmented training images may differ from those of the evaluation path,
    as the mean in grey levels. `options`: values, by key, for options that should not have their
    default.
    """
    check_record(loader, Loader)
    check_options(loader)
    loader = bind_options(loader, resolve_options(loader.options, options))
    obstacle = loader.available()
    expect(
        obstacle is None or isinstance(obstacle, str),
        f"available() must return None or a reason, not {obstacle!r}",
    )
    expect(obstacle is None, f"the loader '{loader.name}' can't be checked here: {obstacle}")
    with TemporaryDirectory() as folder:
        tested = LoaderUnderTest(loader, dataset or build_dataset(Path(folder) / "dataset"))
        _check_sizes(tested)
        _check_batches(tested)
        _check_augmented_batches(tested)
        _check_epochs(tested)
        if loader.distorts:
            _check_distortions(tested)
        _check_sharding(tested)
        check_weighted_sampling(tested)
        _check_pixels(tested, tolerance)
        _check_splits(tested)
        check_pairing(tested)
        _check_close(tested)
        _check_bad_record(LoaderUnderTest(loader, build_dataset(Path(folder) / "damaged")))


def _check_sizes(tested: LoaderUnderTest) -> None:
    """Check the sizes of batches, and that samples and steps are known before the first batch.

    Only the last batch may be smaller; with `drop_remainder` it is left out.
    """
    for start in (tested.evaluation_config, tested.training_config):
        for config in (start, replace(start, image_choice="all", drop_remainder=True)):
            whole, rest = divmod(len(tested.expected_samples(config)), config.batch_size)
            sizes = [config.batch_size] * whole + (
                [rest] if rest and not config.drop_remainder else []
            )
            with closing(tested.open(config)) as stream:
                announced = (stream.samples, stream.steps, stream.skipped)
                actual = [len(batch.images) for batch in stream.epoch(0)]
            expect_equal(actual, sizes, f"the sizes of the batches {_describe(config)}")
            expect_equal(
                announced,
                (sum(sizes), len(sizes), 0),
                f"`samples`, `steps` and `skipped` before the first batch {_describe(config)}",
            )


def _check_batches(tested: LoaderUnderTest) -> None:
    """Check types, shapes and labels of batches in the order of the files.

    The label is the class of the event's first observation, or for multi-label labels of all.
    """
    for start in (tested.evaluation_config, tested.unaugmented_config):
        for config in (start, replace(start, multi_label=start.labels[:1])):
            batches, samples = tested.batches(config), tested.expected_samples(config)
            for batch in batches:
                _check_batch(batch, config, tested.dataset)
            ids = [event for batch in batches for event in batch.event_ids]
            expected = [sample.event_id for sample in samples]
            expect(
                not ids or ids == expected,
                f"`event_ids` are not those of the images {_describe(config)}",
            )
            for label in config.labels:
                actual = [
                    value for batch in batches for value in np.asarray(batch.labels[label]).tolist()
                ]
                what = f"'{label}' in the order of the files {_describe(config)}"
                expect_equal(actual, [sample.labels[label] for sample in samples], what)


def _check_batch(batch: Batch, config: LoaderConfig, dataset: Dataset) -> None:
    fault = find_batch_fault(batch, config, dataset.num_classes(config.labels), exact=True)
    expect(fault is None, f"a batch {_describe(config)}: {fault}")


def _check_augmented_batches(tested: LoaderUnderTest) -> None:
    """Check types and shapes of augmented batches, also with a multi-label label."""
    start = tested.training_config
    for config in (start, replace(start, multi_label=start.labels[:1])):
        for batch in tested.batches(config):
            _check_batch(batch, config, tested.dataset)


def _check_splits(tested: LoaderUnderTest) -> None:
    """Check that another split gives its own images."""
    config = tested.evaluation_config
    for split in tested.dataset.manifest.splits:
        other = replace(tested, split=split)
        if split == tested.split or not tested.dataset.event_count(split):
            continue
        expected = np.stack([sample.image for sample in other.expected_samples(config)])
        expect(
            np.array_equal(other.images(config), expected),
            f"the split '{split}' gave other images than its own",
        )


def _check_epochs(tested: LoaderUnderTest) -> None:
    """Check that seed and epoch determine the batches, and that an epoch can start at any step."""
    for config in (tested.training_config, tested.weighted_config):
        whole = tested.images(config, epoch=1)
        rest = whole[config.batch_size :]
        expect(
            np.array_equal(whole, tested.images(config, epoch=1)),
            "the same seed and epoch gave different images",
        )
        expect(
            np.array_equal(rest, tested.images(config, epoch=1, start_step=1)),
            "start_step=1 gave different batches",
        )
        expect(
            not np.array_equal(whole, tested.images(config, epoch=2)),
            "another epoch gave the same images",
        )
        other = replace(config, seed=config.seed + 1)
        expect(
            not np.array_equal(whole, tested.images(other, epoch=1)),
            "another seed gave the same images",
        )


def _check_distortions(tested: LoaderUnderTest) -> None:
    """Check RandAugment and random erasing: each changes images, the same from any step on."""
    for start in (
        tested.unaugmented_config,
        replace(tested.unaugmented_config, image_choice="grayscale_stacking"),
    ):
        plain = tested.images(start)
        for augmentation in (
            replace(NO_AUGMENTATION, randaugment=3, randaugment_magnitude=8.0),
            replace(NO_AUGMENTATION, random_erasing=1.0),
        ):
            config = replace(start, augmentation=augmentation)
            whole, how = tested.images(config), _describe(config)
            changed = np.any(whole != plain, axis=(1, 2, 3)).mean()
            expect(changed > 0.3, f"{augmentation} changed {changed:.0%} of the images {how}")
            expect(
                np.array_equal(whole[config.batch_size :], tested.images(config, start_step=1)),
                f"start_step=1 gave different images with {augmentation} {how}",
            )
            expect(
                not np.array_equal(whole, tested.images(config, epoch=1)),
                f"another epoch gave the same images with {augmentation} {how}",
            )


def _check_sharding(tested: LoaderUnderTest) -> None:
    """Check that two shards have the same number of steps and no common sample."""
    for start in (tested.evaluation_config, tested.unaugmented_config):
        config = replace(start, shuffle=True)
        readers = [tested.batches(replace(config, shard=(number, 2)), epoch=1) for number in (0, 1)]
        samples = Counter(image.tobytes() for image in tested.images(config, epoch=1))
        actual = Counter(
            np.asarray(image).tobytes()
            for batches in readers
            for b in batches
            for image in b.images
        )
        expect_equal(
            len(readers[1]),
            len(readers[0]),
            f"the steps of the second of two shards {_describe(config)}",
        )
        expect(
            not actual - samples,
            "two shards have a sample in common, or one that is not in the split, "
            f"{_describe(config)}",
        )
        expect_equal(
            actual.total(),
            samples.total() // 2 * 2,
            f"the samples of two shards together {_describe(config)}",
        )


def _check_pixels(tested: LoaderUnderTest, tolerance: float) -> None:
    """Check that evaluation gives exactly the pixels of `ctc.images`, training nearly."""
    start = tested.unaugmented_config
    for config in (
        start,
        replace(start, resize="fit-crop"),
        replace(start, image_choice="all"),
        replace(start, image_choice="grayscale_stacking"),
    ):
        expected = np.stack([sample.image for sample in tested.expected_samples(config)]).astype(
            np.int16
        )
        exact = tested.images(replace(config, augmentation=None))
        expect(
            np.array_equal(exact, expected),
            f"evaluation gave different pixels than ctc.images {_describe(config)}",
        )
        difference = float(np.abs(tested.images(config) - expected).mean())
        within = f"{difference:.2f} grey levels from ctc.images, more than {tolerance}"
        expect(
            difference <= tolerance,
            f"without augmentation, images differ by {within}, {_describe(config)}",
        )


def _check_close(tested: LoaderUnderTest) -> None:
    """Check that closing a stream ends its threads, and that reading on is an error."""
    for start in (tested.evaluation_config, tested.training_config):
        config = replace(start, batch_size=1)
        before = set(threading.enumerate())
        stream = tested.open(config)
        batches = stream.epoch(0)
        next(batches)
        stream.close()
        left = sorted(thread.name for thread in set(threading.enumerate()) - before)
        expect(
            not left, f"threads still running after close() {_describe(config)}: {', '.join(left)}"
        )
        try:
            next(batches, None)
        except RuntimeError:
            continue
        raise AssertionError(f"reading on after close() raised no RuntimeError {_describe(config)}")


def _check_bad_record(tested: LoaderUnderTest) -> None:
    """Check that a bad record is an error with its location, or is skipped and counted once.

    When skipped in training, another sample replaces it.
    """
    events = len(tested.expected_samples(tested.unaugmented_config))
    file, offset = corrupt_record(tested.dataset)
    for config, samples in (
        (tested.evaluation_config, events - 1),
        (tested.unaugmented_config, events),
    ):
        try:
            tested.batches(config)
        except InputError as error:
            named = file in str(error) and str(offset) in str(error)
            expect(
                named, f"the error of a bad record must name '{file}' and offset {offset}: {error}"
            )
        else:
            raise AssertionError(
                f"a record with a wrong checksum raised no InputError {_describe(config)}"
            )
        with closing(tested.open(replace(config, on_bad_record="skip"))) as stream:
            actual = [sum(len(batch.images) for batch in stream.epoch(epoch)) for epoch in (0, 1)]
            expect_equal(
                actual,
                [samples] * 2,
                f"the samples when a bad record is skipped {_describe(config)}",
            )
            expect_equal(
                stream.skipped, 1, f"`skipped` for one bad record in two epochs {_describe(config)}"
            )


def _describe(config: LoaderConfig) -> str:
    way = "in evaluation" if config.augmentation is None else "in training"
    several = f", multi_label={config.multi_label}" if config.multi_label else ""
    return f"{way} (image_choice='{config.image_choice}', resize='{config.resize}'{several})"
