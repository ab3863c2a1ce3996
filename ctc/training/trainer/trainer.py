"""The training itself: epochs until nothing improves, the best one kept, the test split at the
end."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import islice

from ctc.artifacts.run import Run
from ctc.errors import CtcError
from ctc.images.eval_samples import sample_count
from ctc.plugin import Batch, BatchStream
from ctc.reporting import Reporter
from ctc.training.callbacks import make_callbacks
from ctc.training.metrics.history import Epoch, format_epoch
from ctc.training.metrics.metrics import MetricSums, SplitMetrics
from ctc.training.model.network import load_weights
from ctc.training.plan import TEST, TRAIN, VALIDATION, TrainingPlan
from ctc.training.reporter import batch_progress
from ctc.training.run_folder import resume_hint, write_test_scores
from ctc.training.trainer.checkpoint_manager import CheckpointManager
from ctc.training.trainer.interruption import InterruptHandler
from ctc.training.trainer.run_batches import NotANumberError, raised_out_of_memory, run_batches
from ctc.training.trainer.state import TrainState
from ctc.training.trainer.test_predictions import predict_test_split
from ctc.training.trainer.train_step import ModelRunner


@dataclass(frozen=True)
class TrainingResult:
    """What came of it. `best` is the epoch whose weights are kept; `test` is None without a test
    split."""

    run: Run
    epochs: tuple[Epoch, ...]
    best: Epoch
    test: SplitMetrics | None


class Trainer:
    """A training under way. All that it can't do without lies in the newest checkpoint: it may end
    at any moment, and another one takes it up."""

    def __init__(self, plan: TrainingPlan, run: Run, reporter: Reporter) -> None:
        self._plan, self._run, self._reporter = plan, run, reporter
        self._checkpoint_manager = CheckpointManager(run, plan.config)
        self._callbacks = make_callbacks(run, plan.config) if plan.config.topology.is_main else []

    def fit(self) -> TrainingResult:
        """Train from the newest checkpoint, or the beginning, to the end."""
        plan = self._plan
        with InterruptHandler(self._on_forced_exit) as self._interrupt, ExitStack() as streams:
            self._restore(plan.config.accumulate)
            self._notify_callbacks()
            training = streams.enter_context(closing(self._open_stream(TRAIN)))
            validation = (
                streams.enter_context(closing(self._open_stream(VALIDATION)))
                if plan.has_split(VALIDATION)
                else None
            )
            while not self._state.is_finished(plan.config.epochs):
                if raised_out_of_memory(lambda: self._run_epoch(training, validation)):
                    self._retry_with_accumulation()
            return self._finish()

    def _restore(self, accumulation_steps: int) -> None:
        self._state = TrainState.initial(self._plan.config, self._plan.learning_rate)
        self._state.accumulation_steps = accumulation_steps
        self._runner = self._checkpoint_manager.restore_latest(self._plan, self._state)

    def _open_stream(self, split: str) -> BatchStream:
        batches = (
            self._plan.training_loader_config()
            if split == TRAIN
            else self._plan.evaluation_loader_config()
        )
        return self._plan.loader.open(self._plan.dataset, split, batches)

    def _run_epoch(self, training: BatchStream, validation: BatchStream | None) -> None:
        progress, full = self._state, self._state.base_lr
        self._train_epoch(training)
        looked = self._evaluate(validation, "validation") if validation else None
        rate = self._plan.schedule.at(full, progress.epoch + 1)
        epoch = Epoch(
            progress.epoch, rate, progress.totals.compute(self._plan.label_weights), looked
        )
        progress.end_epoch(epoch)
        self._checkpoint_manager.on_epoch_end(progress, self._runner)
        self._reporter.info(format_epoch(epoch, self._plan.config.epochs))
        self._notify_callbacks()
        if progress.base_lr < full:
            waited = self._plan.config.reduce_lr_patience
            self._reporter.info(
                f"learning rate lowered to {progress.base_lr:.3g}; epochs without a lower loss: {waited}"
            )
        if progress.epoch == self._plan.config.head_epochs:
            self._restore(progress.accumulation_steps)

    def _train_epoch(self, stream: BatchStream) -> None:
        """What is left of the epoch's training pass."""
        progress, config = self._state, self._plan.config
        steps = min(stream.steps, config.steps_per_epoch or stream.steps)
        images = (
            min(stream.samples, steps * self._plan.local_batch_size)
            - progress.totals.images // config.hosts
        )
        batches = islice(stream.epoch(progress.epoch, progress.step), max(0, steps - progress.step))

        def act(batch: Batch, totals: MetricSums) -> None:
            progress.step += 1
            self._runner.set_learning_rate(
                self._plan.schedule.at(progress.base_lr, progress.epoch + progress.step / steps)
            )
            self._runner.train_step(batch, totals)

        with (
            self._batch_progress(f"epoch {progress.epoch + 1}", images) as count,
            self._explain_nan(),
        ):
            for done in run_batches(batches, act, progress.totals):
                count(done, progress.totals)
                if self._checkpoint_manager.should_save(progress.step):
                    self._checkpoint_manager.save(progress, self._runner)
                self._save_and_stop_if_interrupted()

    def _evaluate(self, stream: BatchStream, description: str) -> SplitMetrics:
        """How the network does on a whole split, always the same photos of it."""
        totals = MetricSums()
        with self._batch_progress(description, stream.samples) as count, self._explain_nan():
            for done in run_batches(
                self._plan.eval_batches(stream), self._runner.eval_step, totals
            ):
                count(done, totals)
                self._save_and_stop_if_interrupted()
        return totals.compute(self._plan.label_weights)

    def _finish(self) -> TrainingResult:
        progress = self._state
        if progress.early_stopping.is_exhausted:
            self._reporter.info(
                f"stopped; epochs without a lower loss: {progress.early_stopping.patience}"
            )
        best = next(epoch for epoch in progress.epochs if epoch.index == progress.best_epoch)
        test = self._evaluate_test()
        for follower in self._callbacks:
            follower.on_train_end(test)
        return TrainingResult(self._run, tuple(progress.epochs), best, test)

    def _evaluate_test(self) -> SplitMetrics | None:
        """The best epoch's scores on the test split, written to the run folder by the first
        host."""
        where = self._plan.config.topology
        where.shutdown()
        if not self._plan.has_split(TEST) or not where.is_main:
            return None
        learner = (
            self._runner
            if where.hosts == 1
            else ModelRunner(self._plan, self._state.accumulation_steps)
        )
        load_weights(learner.network, self._run.best_weights)
        photos = sample_count(self._plan.dataset, TEST, self._plan.preprocessing)
        with self._reporter.progress(TEST, photos) as bar:

            def answered(done: int) -> None:
                bar.advance(done)
                if self._interrupt.received_signal:
                    self._stop()

            measured = predict_test_split(self._plan, learner, self._run, answered)
        write_test_scores(self._run, measured)
        return measured

    def _notify_callbacks(self) -> None:
        if self._state.epochs:
            for follower in self._callbacks:
                follower.on_epoch_end(self._state.epochs)

    def _batch_progress(
        self, description: str, images: int
    ) -> AbstractContextManager[Callable[[int, MetricSums], None]]:
        return batch_progress(self._reporter, description, images, self._plan.label_weights)

    @contextmanager
    def _explain_nan(self) -> Iterator[None]:
        try:
            yield
        except NotANumberError as error:
            place = f"after step {self._state.step} of epoch {self._state.epoch + 1}"
            rate = self._state.base_lr
            advice = f"lower --learning-rate, which is {rate:g}"
            if self._checkpoint_manager.has_checkpoint:
                advice += f"; {resume_hint(self._run)} --learning-rate {rate / 10:g}"
            raise NotANumberError(f"{error} {place}: {advice}") from None

    def _retry_with_accumulation(self) -> None:
        """Go back to the newest checkpoint, and on with batches taken in twice as many parts;
        several hosts can't do so together when one of them is out of memory."""
        parts, photos = 2 * self._state.accumulation_steps, self._plan.photos_per_step
        if parts > self._plan.max_accumulation_steps:
            raise CtcError(
                "out of memory even with one photo at a time: take smaller --height and --width, or another --backbone"
            )
        if self._plan.config.hosts > 1:
            raise CtcError(
                f"out of memory: {resume_hint(self._run)} --accumulate {parts}, on each host"
            )
        self._reporter.warn(
            f"out of memory: each batch of {photos} is now taken in {parts} parts, which learns the same"
        )
        del self._runner
        gc.collect()
        self._restore(parts)

    def _save_and_stop_if_interrupted(self) -> None:
        """On all hosts when one of them is asked."""
        if self._plan.config.topology.all_gather(
            [self._interrupt.received_signal is not None]
        ).any():
            self._checkpoint_manager.save(self._state, self._runner)
            self._stop()

    def _stop(self) -> None:
        self._reporter.info(resume_hint(self._run))
        self._interrupt.reraise()

    def _on_forced_exit(self) -> None:
        self._reporter.info(f"interrupted in the middle of a long step; {resume_hint(self._run)}")
