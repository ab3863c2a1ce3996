"""What every loader keeps to, as one check: `check_loader`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ctc.artifacts.dataset import Dataset
from ctc.errors import InputError
from ctc.plugin.records import Batch, Loader, LoaderConfig
from ctc.testing.draws import check_weighted_sampling
from ctc.testing.expect import expect, expect_equal
from ctc.testing.reading import LoaderUnderTest
from ctc.testing.tiny_dataset import build_dataset, corrupt_record


def check_loader(loader: Loader, dataset: Dataset | None = None, tolerance: float = 1.5) -> None:
    """Raise AssertionError when `loader` breaks the contract of `ctc.plugin.Loader`, or can't run
    here.

    `dataset`: a small one with a split `train` of at least six events; it is read some forty times.
    Without it one is drawn, in a temporary folder, as is one with a bad record. `tolerance`: by how
    many grey levels, in the mean, images with every augmentation off may differ from those of the
    evaluation path."""
    reason = loader.available()
    expect(
        reason is None or isinstance(reason, str),
        f"available() is None or a reason, not {reason!r}",
    )
    expect(reason is None, f"the loader '{loader.name}' can't be checked here: {reason}")
    with TemporaryDirectory() as folder:
        reading = LoaderUnderTest(loader, dataset or build_dataset(Path(folder) / "dataset"))
        _check_sizes(reading)
        _check_batches(reading)
        _check_epochs(reading)
        _check_sharding(reading)
        check_weighted_sampling(reading)
        _check_pixels(reading, tolerance)
        _check_close(reading)
        _check_bad_record(LoaderUnderTest(loader, build_dataset(Path(folder) / "damaged")))


def _check_sizes(reading: LoaderUnderTest) -> None:
    """Samples and steps are known before the first batch; only the last batch may be smaller, or is
    dropped."""
    for start in (reading.evaluation_config, reading.training_config):
        for config in (start, replace(start, image_choice="all", drop_remainder=True)):
            whole, rest = divmod(len(reading.expected_samples(config)), config.batch_size)
            sizes = [config.batch_size] * whole + (
                [rest] if rest and not config.drop_remainder else []
            )
            with closing(reading.open(config)) as stream:
                told = (stream.samples, stream.steps, stream.skipped)
                came = [len(batch.images) for batch in stream.epoch(0)]
            expect_equal(came, sizes, f"the sizes of the batches {_describe(config)}")
            expect_equal(
                told,
                (sum(sizes), len(sizes), 0),
                f"samples, steps and skipped beforehand {_describe(config)}",
            )


def _check_batches(reading: LoaderUnderTest) -> None:
    """Types and shapes, and in file order the classes of each event's first observation, or of
    all."""
    for start in (reading.evaluation_config, reading.unaugmented_config):
        for config in (start, replace(start, multi_label=start.labels[:1])):
            batches, samples = reading.batches(config), reading.expected_samples(config)
            for batch in batches:
                _check_batch(batch, config, reading.dataset.num_classes(config.multi_label))
            for label in config.labels:
                came = [
                    value for batch in batches for value in np.asarray(batch.labels[label]).tolist()
                ]
                what = f"'{label}' in the order of the files {_describe(config)}"
                expect_equal(came, [sample.labels[label] for sample in samples], what)


def _check_batch(batch: Batch, config: LoaderConfig, multi_label: Mapping[str, int]) -> None:
    images = np.asarray(batch.images)
    form = (images.dtype.name, images.shape[1:])
    expect_equal(
        form, ("uint8", (config.height, config.width, 3)), "the type and shape of an image"
    )
    expect_equal(sorted(batch.labels), sorted(config.labels), "the labels of a batch")
    for name, classes in batch.labels.items():
        form = (np.asarray(classes).dtype.name, np.asarray(classes).shape)
        row = (multi_label[name],) if name in multi_label else ()
        expect_equal(
            form, ("int32", (len(images), *row)), f"the type and shape of the label '{name}'"
        )


def _check_epochs(reading: LoaderUnderTest) -> None:
    """Seed and epoch decide what comes, and an epoch can be taken up at any step."""
    for config in (reading.training_config, reading.weighted_config):
        whole = reading.images(config, epoch=1)
        rest = whole[config.batch_size :]
        expect(
            np.array_equal(whole, reading.images(config, epoch=1)),
            "the same seed and epoch gave other images",
        )
        expect(
            np.array_equal(rest, reading.images(config, epoch=1, start_step=1)),
            "start_step=1 gave another rest",
        )
        expect(
            not np.array_equal(whole, reading.images(config, epoch=2)),
            "another epoch gave the same images",
        )
        other = replace(config, seed=config.seed + 1)
        expect(
            not np.array_equal(whole, reading.images(other, epoch=1)),
            "another seed gave the same images",
        )


def _check_sharding(reading: LoaderUnderTest) -> None:
    """Two readers make the same number of steps, and no sample comes to both."""
    for start in (reading.evaluation_config, reading.unaugmented_config):
        config = replace(start, shuffle=True)
        readers = [
            reading.batches(replace(config, shard=(number, 2)), epoch=1) for number in (0, 1)
        ]
        samples = Counter(image.tobytes() for image in reading.images(config, epoch=1))
        came = Counter(
            np.asarray(image).tobytes()
            for batches in readers
            for b in batches
            for image in b.images
        )
        expect_equal(
            len(readers[1]),
            len(readers[0]),
            f"the steps of the second of two readers {_describe(config)}",
        )
        expect(
            not came - samples,
            f"two readers have a sample in common, or one of their own, {_describe(config)}",
        )
        expect_equal(
            came.total(),
            samples.total() // 2 * 2,
            f"the samples of two readers together {_describe(config)}",
        )


def _check_pixels(reading: LoaderUnderTest, tolerance: float) -> None:
    """Evaluation gives the pixels of `ctc.images`; training with everything off nearly the same."""
    start = reading.unaugmented_config
    for config in (
        start,
        replace(start, resize="fit-crop"),
        replace(start, image_choice="all"),
        replace(start, image_choice="grayscale_stacking"),
    ):
        expected = np.stack([sample.image for sample in reading.expected_samples(config)]).astype(
            np.int16
        )
        exact = reading.images(replace(config, augmentation=None))
        expect(
            np.array_equal(exact, expected),
            f"evaluation gave other pixels than ctc.images {_describe(config)}",
        )
        difference = float(np.abs(reading.images(config) - expected).mean())
        within = f"{difference:.2f} grey levels from ctc.images, more than {tolerance}"
        expect(
            difference <= tolerance,
            f"with every augmentation off the images are {within}, {_describe(config)}",
        )


def _check_close(reading: LoaderUnderTest) -> None:
    """To close a stream in mid-epoch ends its threads; to read on is an error, not an early end."""
    for start in (reading.evaluation_config, reading.training_config):
        config = replace(start, batch_size=1)
        before = set(threading.enumerate())
        stream = reading.open(config)
        batches = stream.epoch(0)
        next(batches)
        stream.close()
        left = sorted(thread.name for thread in set(threading.enumerate()) - before)
        expect(not left, f"threads that go on after close() {_describe(config)}: {', '.join(left)}")
        try:
            next(batches, None)
        except RuntimeError:
            continue
        raise AssertionError(f"to read on after close() raised no RuntimeError {_describe(config)}")


def _check_bad_record(reading: LoaderUnderTest) -> None:
    """A bad record fails with its place; or it is skipped, counted once, and in training
    replaced."""
    events = len(reading.expected_samples(reading.unaugmented_config))
    file, offset = corrupt_record(reading.dataset)
    for config, samples in (
        (reading.evaluation_config, events - 1),
        (reading.unaugmented_config, events),
    ):
        try:
            reading.batches(config)
        except InputError as error:
            named = file in str(error) and str(offset) in str(error)
            expect(
                named, f"the error of a bad record must name '{file}' and offset {offset}: {error}"
            )
        else:
            raise AssertionError(
                f"a record with a wrong checksum raised no InputError {_describe(config)}"
            )
        with closing(reading.open(replace(config, on_bad_record="skip"))) as stream:
            came = [sum(len(batch.images) for batch in stream.epoch(epoch)) for epoch in (0, 1)]
            expect_equal(
                came, [samples] * 2, f"the samples when a bad record is skipped {_describe(config)}"
            )
            expect_equal(
                stream.skipped, 1, f"skipped, with one bad record in two epochs {_describe(config)}"
            )


def _describe(config: LoaderConfig) -> str:
    way = "in evaluation" if config.augmentation is None else "in training"
    several = f", multi_label={config.multi_label}" if config.multi_label else ""
    return f"{way} (image_choice='{config.image_choice}', resize='{config.resize}'{several})"
