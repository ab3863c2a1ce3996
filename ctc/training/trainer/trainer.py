"""The training loop: epochs until early stopping, then the test split with the best weights."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import islice

from ctc.artifacts.dataset import TEST, TRAIN, VALIDATION
from ctc.artifacts.run import Run
from ctc.errors import CtcError
from ctc.images.eval_samples import sample_count
from ctc.plugin import BatchStream, LoaderConfig
from ctc.reporting import Reporter
from ctc.training.callbacks import Callback, make_callbacks
from ctc.training.distributed.host_sums import HostSums
from ctc.training.metrics.history import Epoch, format_epoch
from ctc.training.metrics.metrics import MetricSums, SplitMetrics
from ctc.training.model.network import load_weights
from ctc.training.plan import TrainingPlan
from ctc.training.reporter import batch_progress
from ctc.training.run_folder import resume_hint, write_test_scores
from ctc.training.trainer.agreement import agree
from ctc.training.trainer.checkpoint_manager import CheckpointManager
from ctc.training.trainer.interruption import InterruptHandler
from ctc.training.trainer.messages import describe_end, describe_lower_rate
from ctc.training.trainer.restore import restore
from ctc.training.trainer.state import TrainState
from ctc.training.trainer.steps.device_batches import on_device
from ctc.training.trainer.steps.pending_steps import PendingSteps
from ctc.training.trainer.steps.step_errors import (
    NotANumberError,
    check_finite,
    raised_out_of_memory,
)
from ctc.training.trainer.steps.train_step import ModelRunner
from ctc.training.trainer.test_predictions import predict_test_split
from ctc.training.trainer.timing import step_timer, timed


@dataclass(frozen=True)
class TrainingResult:
    """Result of a training.

    `best`: the epoch whose weights are kept; `test`: None without a test split.
    """

    run: Run
    epochs: tuple[Epoch, ...]
    best: Epoch
    test: SplitMetrics | None


class Trainer:
    """Runs a training from its newest checkpoint, or from the start, to its end.

    Everything that it needs to continue is in the newest checkpoint: it may be killed at any
    moment, and another Trainer resumes it.
    """

    def __init__(
        self,
        plan: TrainingPlan,
        run: Run,
        reporter: Reporter,
        interrupt: InterruptHandler,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        self._plan, self._run, self._reporter = plan, run, reporter
        self._interrupt, self._topology = interrupt, plan.config.topology
        self._host_sums = HostSums(self._topology)
        self._checkpoint_manager = CheckpointManager(run, plan.config)
        own_callbacks = make_callbacks(run, plan.config) if self._topology.is_main else []
        self._callbacks = [*own_callbacks, *(callbacks if self._topology.is_main else ())]
        self._state, self._runner = self._restore(plan.config.accumulate)

    @property
    def is_finished(self) -> bool:
        """Whether no epoch is left to train."""
        return self._state.is_finished(self._plan.config.epochs)

    def fit(self) -> TrainingResult:
        """Train to the end and evaluate the test split."""
        self._notify_callbacks()
        if self.is_finished:
            end = self._describe_end()
            self._reporter.info(f"nothing is left to train in '{self._run.folder}': {end}")
        else:
            self._train()
        return self._finish()

    def _train(self) -> None:
        batches = self._plan.batches
        with ExitStack() as streams:

            def open_stream(split: str, config: LoaderConfig) -> BatchStream:
                stream = self._plan.loader.open(self._plan.dataset, split, config)
                return streams.enter_context(closing(stream))

            training = open_stream(TRAIN, batches.training_loader_config())
            validation = (
                open_stream(VALIDATION, batches.evaluation_loader_config())
                if self._plan.has_split(VALIDATION)
                else None
            )
            while not self.is_finished:
                if raised_out_of_memory(lambda: self._run_epoch(training, validation)):
                    self._retry_with_accumulation()
        if self._state.early_stopping.is_exhausted:
            self._reporter.info(self._describe_end())

    def _describe_end(self) -> str:
        return describe_end(self._state, self._plan.config, self._run)

    def _restore(self, accumulation_steps: int) -> tuple[TrainState, ModelRunner]:
        return restore(self._plan, self._checkpoint_manager, accumulation_steps)

    def _run_epoch(self, training: BatchStream, validation: BatchStream | None) -> None:
        state, base_lr = self._state, self._state.base_lr
        self._train_epoch(training)
        with self._runner.averaged_weights():
            validated = self._evaluate(validation, "validation") if validation else None
        learning_rate = self._plan.schedule.at(base_lr, state.epoch + 1)
        trained = state.totals.compute(self._plan.label_weights)
        epoch = Epoch(state.epoch, learning_rate, trained, validated)
        state.end_epoch(epoch)
        self._checkpoint_manager.on_epoch_end(state, self._runner)
        self._reporter.info(format_epoch(epoch, self._plan.config.epochs))
        self._notify_callbacks()
        if state.base_lr < base_lr:
            self._reporter.info(describe_lower_rate(state.base_lr, self._plan.config, epoch))
        if state.epoch == self._plan.config.head_epochs:
            self._state, self._runner = self._restore(state.accumulation_steps)

    def _train_epoch(self, stream: BatchStream) -> None:
        """Train the rest of the epoch."""
        state, config = self._state, self._plan.config
        steps = min(stream.steps, config.steps_per_epoch or stream.steps)
        images = (
            min(stream.samples, steps * self._plan.batches.local_batch_size)
            - state.totals.images // config.hosts
        )
        batches = islice(stream.epoch(state.epoch, state.step), max(0, steps - state.step))
        with (
            self._progress(f"epoch {state.epoch + 1}", images) as update,
            on_device(batches, config.topology.device_count) as placed,
            self._explain_nan(),
        ):
            pending = PendingSteps(state.totals, self._add_step)
            agreed = agree(timed(placed, state.totals), self._host_sums, self._is_interrupted)
            for step, (batch, counts, interrupted) in enumerate(agreed, state.step + 1):
                with step_timer(state.totals):
                    self._runner.set_learning_rate(self._learning_rate(step / steps))
                    mix = self._plan.mixing.draw(state.epoch, step - 1, batch.images.shape)
                    pending.append(self._runner.train_step(batch, mix, counts))
                update(len(batch.images), state.totals)
                if self._checkpoint_manager.should_save(step):
                    pending.flush()
                    self._checkpoint_manager.save(state, self._runner)
                self._save_and_stop_if_interrupted(interrupted, pending)
            with step_timer(state.totals):
                pending.flush()

    def _add_step(self, metrics: MetricSums) -> None:
        """Count a training step that is done."""
        self._state.step += 1
        self._state.totals += metrics
        check_finite(metrics)

    def _learning_rate(self, done: float) -> float:
        """Return the learning rate when `done`, 0–1, of the current epoch is done."""
        return self._plan.schedule.at(self._state.base_lr, self._state.epoch + done)

    def _evaluate(self, stream: BatchStream, description: str) -> SplitMetrics:
        """Return the metrics of the network on a whole split."""
        totals = MetricSums()

        def add(metrics: MetricSums) -> None:
            nonlocal totals
            totals += metrics
            check_finite(metrics)

        with (
            self._progress(description, stream.samples) as update,
            on_device(
                self._plan.batches.eval_batches(stream), self._topology.device_count
            ) as batches,
            self._explain_nan(),
        ):
            pending = PendingSteps(totals, add)
            agreed = agree(timed(batches, totals), self._host_sums, self._is_interrupted)
            for batch, _, interrupted in agreed:
                with step_timer(totals):
                    pending.append(self._runner.eval_step(batch))
                update(len(batch.images), totals)
                self._save_and_stop_if_interrupted(interrupted)
            with step_timer(totals):
                pending.flush()
        return totals.compute(self._plan.label_weights)

    def _finish(self) -> TrainingResult:
        state = self._state
        best = next(epoch for epoch in state.epochs if epoch.index == state.best_epoch)
        test = self._evaluate_test()
        for callback in self._callbacks:
            callback.on_train_end(test)
        return TrainingResult(self._run, tuple(state.epochs), best, test)

    def _evaluate_test(self) -> SplitMetrics | None:
        """Write the predictions and scores of the best weights on the test split.

        Only the main host does so, after the hosts have separated.
        """
        self._topology.shutdown()
        if not self._plan.has_split(TEST) or not self._topology.is_main:
            return None
        if self._topology.hosts > 1:
            self._runner = ModelRunner(self._plan, self._state.accumulation_steps)
        load_weights(self._runner.network, self._run.best_weights)
        photos = sample_count(self._plan.dataset, TEST, self._plan.preprocessing)
        with self._reporter.progress(TEST, photos) as bar:

            def on_progress(done: int) -> None:
                bar.advance(done)
                if self._interrupt.received_signal:
                    self._interrupt.reraise()

            metrics = predict_test_split(self._plan, self._runner, self._run, on_progress)
        write_test_scores(self._run, metrics)
        return metrics

    def _notify_callbacks(self) -> None:
        if self._state.epochs:
            for callback in self._callbacks:
                callback.on_epoch_end(self._state.epochs)

    def _progress(
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
                advice += f"; {resume_hint(self._run, f'--learning-rate {rate / 10:g}')}"
            raise NotANumberError(f"{error} {place}: {advice}") from None

    def _retry_with_accumulation(self) -> None:
        """Go back to the newest checkpoint and continue with twice as many micro-batches.

        Several hosts can't do this together when one of them is out of memory.
        """
        accumulation_steps = 2 * self._state.accumulation_steps
        if accumulation_steps > self._plan.batches.max_accumulation_steps:
            raise CtcError(
                "out of memory even with one photo at a time: "
                "choose smaller --height and --width, or another --backbone"
            )
        if self._topology.hosts > 1:
            raise CtcError(
                f"out of memory: {resume_hint(self._run, f'--accumulate {accumulation_steps}')}, "
                "on each host"
            )
        self._reporter.warn(
            f"out of memory: retrying with {accumulation_steps} gradient-accumulation steps "
            f"(same effective batch of {self._plan.batches.photos_per_step})"
        )
        del self._runner
        gc.collect()
        self._state, self._runner = self._restore(accumulation_steps)

    def _is_interrupted(self) -> bool:
        return self._interrupt.received_signal is not None

    def _save_and_stop_if_interrupted(
        self, interrupted: int, training: PendingSteps | None = None
    ) -> None:
        """Save a checkpoint and stop, on all hosts, if one of them received a signal.

        `interrupted`: how many of several hosts had received one, as all of them know. `training`:
        the steps to wait for before.
        """
        if interrupted or (self._topology.hosts == 1 and self._is_interrupted()):
            if training:
                training.flush()
            self._checkpoint_manager.save(self._state, self._runner)
            self._interrupt.reraise()
