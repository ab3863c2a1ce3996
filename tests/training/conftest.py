"""Fixtures for the tests of training: a numpy loader, plugins with it, a recording reporter."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import MISSING
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.run import Run
from ctc.images import decode, to_model_input
from ctc.images.eval_samples import read_events, record_table
from ctc.plugin import Batch, Loader, LoaderConfig
from ctc.plugin.manager import KINDS, LoadedRecord, Owner, Plugins, plugins
from ctc.testing import build_dataset
from ctc.training.config import TrainingConfig
from ctc.training.run_training import train
from ctc.training.trainer.trainer import TrainingResult


@dataclass
class ArrayStream:
    """A whole split in memory: the first photo of each event, its first observation."""

    images: np.ndarray
    labels: dict[str, np.ndarray]
    config: LoaderConfig
    interrupt_at: tuple[int, int] | None = None
    signal: int = signal.SIGINT
    skipped: int = 0
    closed: bool = False

    @property
    def samples(self) -> int:
        return len(self.images)

    @property
    def steps(self) -> int:
        return -(-self.samples // self.config.batch_size)

    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        order = np.arange(self.samples)
        if self.config.shuffle:
            order = np.random.default_rng([self.config.seed, index]).permutation(order)
        for step in range(start_step, self.steps):
            if self.config.shuffle and (index, step) == self.interrupt_at:
                signal.raise_signal(self.signal)
            chosen = order[step * self.config.batch_size :][: self.config.batch_size]
            yield Batch(
                self.images[chosen],
                {label: values[chosen] for label, values in self.labels.items()},
            )

    def close(self) -> None:
        self.closed = True


@dataclass
class ArrayLoader:
    """Keeps the configurations and streams that were opened.

    `interrupt_at`: the epoch and step of training before which `signal` is raised.
    """

    interrupt_at: tuple[int, int] | None = None
    signal: int = signal.SIGINT
    opened: dict[str, LoaderConfig] = field(default_factory=dict)
    streams: list[ArrayStream] = field(default_factory=list)

    def open(self, dataset: Dataset, split: str, config: LoaderConfig) -> ArrayStream:
        events = [event for _, event in read_events(dataset, split, record_table(dataset, split))]
        size = Preprocessing(config.height, config.width, config.resize)
        images = np.stack([to_model_input(decode(event.jpegs[0]), size) for event in events])
        labels = {
            label: np.array([event.labels.get(label, (MISSING,))[0] for event in events], np.int32)
            for label in config.labels
        }
        self.opened[split] = config
        self.streams.append(ArrayStream(images, labels, config, self.interrupt_at, self.signal))
        return self.streams[-1]


@dataclass
class RecordingReporter:
    """A reporter that keeps what it receives."""

    infos: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)
    bar_notes: list[str] = field(default_factory=list)

    def info(self, message: str) -> None:
        self.infos.append(message)

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    @contextmanager
    def progress(self, what: str, total: int | None) -> Iterator[_RecordingBar]:
        yield _RecordingBar(self.counted, self.bar_notes, what)


@dataclass
class _RecordingBar:
    counted: dict[str, int]
    notes: list[str]
    what: str

    def advance(self, done: int = 1, failed: int = 0) -> None:
        self.counted[self.what] = self.counted.get(self.what, 0) + done

    def note(self, text: str) -> None:
        self.notes.append(text)


def _config(folder: Path) -> TrainingConfig:
    dataset = build_dataset(folder / "dataset", {"train": 36, "val": 12, "test": 12}, 2, 60)
    return TrainingConfig(
        str(dataset.folder),
        str(folder / "run"),
        "small_cnn",
        ("species",),
        loader="arrays",
        height=16,
        width=20,
        batch_size=12,
        optimizer="sgd",
        epochs=3,
        learning_rate=0.05,
    )


@pytest.fixture
def config(tmp_path) -> TrainingConfig:
    """Options that learn the species of the tiny dataset in a few epochs of three steps."""
    return _config(tmp_path)


@pytest.fixture
def reporter() -> RecordingReporter:
    return RecordingReporter()


@pytest.fixture
def array_loader() -> ArrayLoader:
    return ArrayLoader()


def _with_arrays(array_loader: ArrayLoader) -> Plugins:
    kind = next(kind for kind in KINDS if kind.record_type is Loader)
    loader = Loader("arrays", "keeps a split in memory", lambda: None, array_loader.open)
    return Plugins(
        [*plugins().loaded, LoadedRecord(kind, loader, Owner("arrays", "tests", "1"))], []
    )


@pytest.fixture
def plugins_with_arrays(array_loader: ArrayLoader) -> Plugins:
    """The installed plugins and the loader `arrays`."""
    return _with_arrays(array_loader)


@pytest.fixture(scope="session")
def one_epoch(tmp_path_factory) -> TrainingResult:
    """The result of one epoch with `config`; not to be changed, see `after_one_epoch`."""
    config = replace(_config(tmp_path_factory.mktemp("one_epoch")), epochs=1)
    return train(config, _with_arrays(ArrayLoader()), RecordingReporter())


@pytest.fixture
def after_one_epoch(config, one_epoch) -> Run:
    """A run of `config` that finished after one epoch, to be changed."""
    return Run(Path(shutil.copytree(one_epoch.run.folder, config.output)))
