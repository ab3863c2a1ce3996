"""The training itself: epochs until nothing improves, the best one kept, the test split at the end."""

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
from ctc.training.callbacks import followers
from ctc.training.metrics.history import Epoch, line
from ctc.training.metrics.metrics import PassResult, Totals
from ctc.training.model.network import load_weights
from ctc.training.plan import TEST, TRAIN, VALIDATION, Plan
from ctc.training.reporter import Narration, shown
from ctc.training.run_folder import how_to_go_on, write_test_scores
from ctc.training.trainer.checkpoint_manager import Keeper
from ctc.training.trainer.interruption import Interruption
from ctc.training.trainer.run_batches import NotANumberError, go_through, lacks_memory
from ctc.training.trainer.state import Progress
from ctc.training.trainer.test_predictions import predict_test_split
from ctc.training.trainer.train_step import Learner


@dataclass(frozen=True)
class TrainingResult:
    """What came of it. `best` is the epoch whose weights are kept; `test` is None without a test split."""

    run: Run
    epochs: tuple[Epoch, ...]
    best: Epoch
    test: PassResult | None


class Training:
    """A training under way. All that it can't do without lies in the newest checkpoint: it may end at any moment, and another one takes it
    up."""

    def __init__(self, plan: Plan, run: Run, narration: Narration) -> None:
        self._plan, self._run, self._narration = plan, run, narration
        self._keeper = Keeper(run, plan.config)
        self._followers = followers(run, plan.config) if plan.config.where.first else []

    def go(self) -> TrainingResult:
        """Train from the newest checkpoint, or the beginning, to the end."""
        plan = self._plan
        with Interruption(self._last_words) as self._interruption, ExitStack() as streams:
            self._take_up(plan.config.accumulate)
            self._tell_followers()
            training = streams.enter_context(closing(self._open(TRAIN)))
            validation = streams.enter_context(closing(self._open(VALIDATION))) if plan.has(VALIDATION) else None
            while not self._progress.over(plan.config.epochs):
                if lacks_memory(lambda: self._epoch(training, validation)):
                    self._take_smaller_parts()
            return self._result()

    def _take_up(self, parts: int) -> None:
        self._progress = Progress.beginning(self._plan.config, self._plan.learning_rate)
        self._progress.parts = parts
        self._learner = self._keeper.take_up(self._plan, self._progress)

    def _open(self, split: str) -> BatchStream:
        batches = self._plan.training_batches() if split == TRAIN else self._plan.evaluation_batches()
        return self._plan.loader.open(self._plan.dataset, split, batches)

    def _epoch(self, training: BatchStream, validation: BatchStream | None) -> None:
        progress, full = self._progress, self._progress.rate
        self._learn(training)
        looked = self._look(validation, "validation") if validation else None
        rate = self._plan.schedule.rate(full, progress.epoch + 1)
        epoch = Epoch(progress.epoch, rate, progress.totals.result(self._plan.label_weights), looked)
        progress.finish(epoch)
        self._keeper.finish_epoch(progress, self._learner)
        self._narration.say(line(epoch, self._plan.config.epochs))
        self._tell_followers()
        if progress.rate < full:
            waited = self._plan.config.reduce_lr_patience
            self._narration.say(f"learning rate lowered to {progress.rate:.3g}; epochs without a lower loss: {waited}")
        if progress.epoch == self._plan.config.head_epochs:
            self._take_up(progress.parts)

    def _learn(self, stream: BatchStream) -> None:
        """What is left of the epoch's training pass."""
        progress, config = self._progress, self._plan.config
        steps = min(stream.steps, config.steps_per_epoch or stream.steps)
        images = min(stream.samples, steps * self._plan.batch_size) - progress.totals.images // config.hosts
        batches = islice(stream.epoch(progress.epoch, progress.step), max(0, steps - progress.step))

        def act(batch: Batch, totals: Totals) -> None:
            progress.step += 1
            self._learner.set_rate(self._plan.schedule.rate(progress.rate, progress.epoch + progress.step / steps))
            self._learner.learn(batch, totals)

        with self._shown(f"epoch {progress.epoch + 1}", images) as count, self._overflow_told():
            for done in go_through(batches, act, progress.totals):
                count(done, progress.totals)
                if self._keeper.due(progress.step):
                    self._keeper.save(progress, self._learner)
                self._save_and_leave_if_asked()

    def _look(self, stream: BatchStream, what: str) -> PassResult:
        """How the network does on a whole split, always the same photos of it."""
        totals = Totals()
        with self._shown(what, stream.samples) as count, self._overflow_told():
            for done in go_through(self._plan.in_step(stream), self._learner.look, totals):
                count(done, totals)
                self._save_and_leave_if_asked()
        return totals.result(self._plan.label_weights)

    def _result(self) -> TrainingResult:
        progress = self._progress
        if progress.stopping.over:
            self._narration.say(f"stopped; epochs without a lower loss: {progress.stopping.epochs}")
        best = next(epoch for epoch in progress.epochs if epoch.index == progress.best)
        test = self._test()
        for follower in self._followers:
            follower.end(test)
        return TrainingResult(self._run, tuple(progress.epochs), best, test)

    def _test(self) -> PassResult | None:
        """The best epoch's scores on the test split, written to the run folder by the first host."""
        where = self._plan.config.where
        where.disband()
        if not self._plan.has(TEST) or not where.first:
            return None
        learner = self._learner if where.hosts == 1 else Learner(self._plan, self._progress.parts)
        load_weights(learner.network, self._run.best_weights)
        photos = sample_count(self._plan.dataset, TEST, self._plan.preprocessing)
        with self._narration.progress(TEST, photos) as bar:

            def answered(done: int) -> None:
                bar.advance(done)
                if self._interruption.asked:
                    self._leave()

            measured = predict_test_split(self._plan, learner, self._run, answered)
        write_test_scores(self._run, measured)
        return measured

    def _tell_followers(self) -> None:
        if self._progress.epochs:
            for follower in self._followers:
                follower.follow(self._progress.epochs)

    def _shown(self, what: str, images: int) -> AbstractContextManager[Callable[[int, Totals], None]]:
        return shown(self._narration, what, images, self._plan.label_weights)

    @contextmanager
    def _overflow_told(self) -> Iterator[None]:
        try:
            yield
        except NotANumberError as error:
            place = f"after step {self._progress.step} of epoch {self._progress.epoch + 1}"
            rate = self._progress.rate
            advice = f"lower --learning-rate, which is {rate:g}"
            if self._keeper.has_checkpoint:
                advice += f"; {how_to_go_on(self._run)} --learning-rate {rate / 10:g}"
            raise NotANumberError(f"{error} {place}: {advice}") from None

    def _take_smaller_parts(self) -> None:
        """Go back to the newest checkpoint, and on with batches taken in twice as many parts; several hosts can't do so together when
        one of them is out of memory."""
        parts, photos = 2 * self._progress.parts, self._plan.photos_per_step
        if parts > self._plan.most_parts:
            raise CtcError(
                "out of memory even with one photo at a time: take smaller --height and --width, or another --backbone"
            )
        if self._plan.config.hosts > 1:
            raise CtcError(f"out of memory: {how_to_go_on(self._run)} --accumulate {parts}, on each host")
        self._narration.warn(
            f"out of memory: each batch of {photos} is now taken in {parts} parts, which learns the same"
        )
        del self._learner
        gc.collect()
        self._take_up(parts)

    def _save_and_leave_if_asked(self) -> None:
        """On all hosts when one of them is asked."""
        if self._plan.config.where.gathered([self._interruption.asked is not None]).any():
            self._keeper.save(self._progress, self._learner)
            self._leave()

    def _leave(self) -> None:
        self._narration.say(how_to_go_on(self._run))
        self._interruption.leave()

    def _last_words(self) -> None:
        self._narration.say(f"interrupted in the middle of a long step; {how_to_go_on(self._run)}")
