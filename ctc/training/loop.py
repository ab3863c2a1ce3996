"""The training itself: epochs until nothing improves, the best one kept, the test split at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import keras

from ctc.artifacts.run import Run
from ctc.plugin import BatchStream
from ctc.plugin.manager import Plugins
from ctc.training.backend import versions
from ctc.training.config import TrainingConfig
from ctc.training.history import Epoch, line, write_history
from ctc.training.network import build_scores, load_weights, save_weights, with_probabilities
from ctc.training.output import check_output, describe, run_folder, write_test_scores
from ctc.training.passes import EachStep, PassResult, evaluate, learn
from ctc.training.patience import Patience, ReduceOnPlateau
from ctc.training.plan import TEST, TRAIN, VALIDATION, Plan, prepare
from ctc.training.trainee import Trainee, make_optimizer

PLATEAU_MIN_DELTA = 1e-4


class Advance(Protocol):
    """A progress bar."""

    def advance(self, done: int = 1, failed: int = 0) -> None:
        """`done` more images are through."""


class Narration(Protocol):
    """Where the training tells how it goes."""

    def say(self, message: str) -> None:
        """A line."""

    def progress(self, what: str, total: int | None) -> AbstractContextManager[Advance]:
        """A bar that counts `total` images."""


@dataclass(frozen=True)
class TrainingResult:
    """What came of it. `best` is the epoch whose weights are kept; `test` is None without a test split."""

    run: Run
    epochs: tuple[Epoch, ...]
    best: Epoch
    test: PassResult | None


def train(config: TrainingConfig, plugins: Plugins, narration: Narration, *, overwrite: bool = False) -> TrainingResult:
    """Train as `config` says and leave a run folder.

    Raises CtcError, before anything is written, when something asked for isn't there or the output is; and when the loss overflows.
    """
    plan = prepare(config, plugins)
    run = Run(Path(plan.config.output))
    check_output(run, overwrite)
    with run_folder(run, describe(plan, versions())):
        return _Training(plan, run, narration).go()


@dataclass
class _Training:
    """State of one training."""

    plan: Plan
    run: Run
    narration: Narration
    epochs: list[Epoch] = field(default_factory=list)
    best: Epoch | None = None

    def __post_init__(self) -> None:
        plan, config = self.plan, self.plan.config
        keras.utils.set_random_seed(config.seed)
        size = plan.preprocessing
        scores = build_scores(plan.backbone, plan.class_counts, size.height, size.width, *plan.channel_statistics())
        self.network = with_probabilities(scores)
        self.trainee = Trainee(scores, plan.label_weights)
        optimizer = make_optimizer(config.optimizer, plan.learning_rate, plan.weight_decay)
        self.trainee.compile(optimizer, jit_compile=_compiled())
        self.rate = plan.learning_rate
        self.stopping = Patience(config.early_stopping_patience)
        self.plateau = ReduceOnPlateau(
            Patience(config.reduce_lr_patience, PLATEAU_MIN_DELTA), config.reduce_lr_factor, config.min_learning_rate
        )

    def go(self) -> TrainingResult:
        self._introduce()
        with ExitStack() as streams:
            training = streams.enter_context(closing(self._open(TRAIN)))
            validation = streams.enter_context(closing(self._open(VALIDATION))) if self.plan.has(VALIDATION) else None
            for index in range(self.plan.config.epochs):
                self._finish(self._epoch(index, training, validation))
                if self.stopping.over:
                    self.narration.say(f"stopped; epochs without a lower loss: {self.stopping.epochs}")
                    break
        assert self.best is not None  # config.epochs is at least 1
        return TrainingResult(self.run, tuple(self.epochs), self.best, self._test())

    def _introduce(self) -> None:
        plan = self.plan
        size = f"{plan.preprocessing.height}×{plan.preprocessing.width}"
        self.narration.say(
            f"training '{plan.backbone.name}' at {size} on {plan.dataset.events(TRAIN):,} events of '{plan.dataset.folder}', "
            f"fed by the loader '{plan.loader.name}'"
        )
        if not plan.has(VALIDATION):
            self.narration.say(f"there is no split '{VALIDATION}': early stopping goes by the training loss")

    def _open(self, split: str) -> BatchStream:
        batches = self.plan.training_batches() if split == TRAIN else self.plan.evaluation_batches()
        return self.plan.loader.open(self.plan.dataset, split, batches)

    def _epoch(self, index: int, training: BatchStream, validation: BatchStream | None) -> Epoch:
        steps = self.plan.config.steps_per_epoch
        images = training.samples if steps is None else min(training.samples, steps * self.plan.config.batch_size)
        with self._bar(f"epoch {index + 1}", images) as each_step:
            learnt = learn(self.trainee, training, index, steps, each_step)
        looked = self._evaluate(validation, "validation") if validation else None
        return Epoch(index, self.rate, learnt, looked)

    def _finish(self, epoch: Epoch) -> None:
        """Keep the weights if they are the best, note the epoch, and set the next learning rate."""
        self.epochs.append(epoch)
        if self.stopping.improves(epoch.watched_loss):
            self.best = epoch
            save_weights(self.network, self.run.best_weights)
        write_history(self.run.history, self.epochs)
        self.narration.say(line(epoch, self.plan.config.epochs))
        rate = self.plateau.next_rate(epoch.watched_loss, epoch.learning_rate)
        if rate < epoch.learning_rate:
            waited = self.plateau.patience.epochs
            self.narration.say(f"learning rate lowered to {rate:.3g}; epochs without a lower loss: {waited}")
            self.trainee.optimizer.learning_rate = self.rate = rate

    def _test(self) -> PassResult | None:
        """The best epoch's scores on the test split, written to the run folder."""
        if not self.plan.has(TEST):
            return None
        load_weights(self.network, self.run.best_weights)
        with closing(self._open(TEST)) as stream:
            measured = self._evaluate(stream, "test")
        write_test_scores(self.run, measured)
        return measured

    def _evaluate(self, stream: BatchStream, what: str) -> PassResult:
        with self._bar(what, stream.samples) as each_step:
            return evaluate(self.trainee, stream, each_step)

    @contextmanager
    def _bar(self, what: str, images: int) -> Iterator[EachStep]:
        with self.narration.progress(what, images) as bar:
            yield bar.advance


def _compiled() -> bool:
    """JAX must be compiled; TensorFlow's own kernels are faster on a CPU than what XLA makes (small_cnn: 329 and 231 img/s, and 6 s
    of compiling for every batch size)."""
    return bool(keras.backend.backend() != "tensorflow")
