"""The study of a search: its trials and their losses, in a journal file that survives a kill."""

from __future__ import annotations

import csv
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctc.errors import InputError, UsageError
from ctc.storage.atomic import write_text
from ctc.training.tuning.search_space import Choice, SearchSpace

if TYPE_CHECKING:
    import optuna

JOURNAL, TABLE = "study.journal", "trials.csv"
_NAME, _SETTINGS, _RUN, _ERROR = "ctc tune", "settings", "run", "error"
STARTUP_TRIALS = 5
"""Trials before the first one is pruned, and before the sampler learns from them."""


class Study:
    """The trials of a search in a folder.

    `settings`: what all trials have in common. Raises UsageError if the folder has a study with
    other settings, InputError if its journal can't be read.
    """

    def __init__(
        self, folder: Path, space: SearchSpace, settings: Mapping[str, Any], seed: int
    ) -> None:
        import optuna
        from optuna.storages.journal import JournalFileBackend

        _silence(optuna)
        self._optuna, self._folder, self._space, self._seed = optuna, folder, space, seed
        backend = JournalFileBackend(str(folder / JOURNAL))
        try:
            self._study = optuna.create_study(
                storage=optuna.storages.JournalStorage(backend),
                study_name=_NAME,
                direction="minimize",
                load_if_exists=True,
                pruner=optuna.pruners.MedianPruner(STARTUP_TRIALS, n_warmup_steps=1),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"'{folder / JOURNAL}' is damaged: choose another --output") from error
        self._check_settings({**settings, "space": {name: str(space[name]) for name in space}})

    def _check_settings(self, settings: Mapping[str, Any]) -> None:
        before = self._study.user_attrs.get(_SETTINGS)
        if before is None:
            self._study.set_user_attr(_SETTINGS, settings)
            return
        given = json.loads(json.dumps(settings))
        searched = [", ".join(some["space"]) for some in (before, given)]
        if searched[0] != searched[1]:
            raise UsageError(
                f"the study in '{self._folder}' searches {searched[0]}, not {searched[1]}: "
                "choose another --output"
            )
        for name in sorted({*before, *given}):
            if before.get(name) != given.get(name):
                raise UsageError(
                    f"the study in '{self._folder}' was started with "
                    f"{json.dumps(before.get(name))} as '{name}', not "
                    f"{json.dumps(given.get(name))}: choose another --output"
                )

    @property
    def done(self) -> int:
        """Number of trials that have ended: complete, pruned, or failed by their values."""
        return sum(map(self._has_ended, self._study.trials))

    def _has_ended(self, trial: optuna.trial.FrozenTrial) -> bool:
        states = self._optuna.trial.TrialState
        return trial.state in (states.COMPLETE, states.PRUNED) or _ERROR in trial.user_attrs

    def requeue_interrupted(self) -> None:
        """Queue the trials that an interrupted process left, with their values and run folders."""
        running = self._optuna.trial.TrialState.RUNNING
        for trial in self._study.get_trials(states=(running,)):
            self._study.tell(trial.number, state=self._optuna.trial.TrialState.FAIL)
            if set(trial.params) == set(self._space):
                kept = {_RUN: trial.user_attrs.get(_RUN, _run_name(trial.number))}
                self._study.enqueue_trial(trial.params, user_attrs=kept)

    def next_trial(self) -> tuple[optuna.trial.Trial, dict[str, Any], Path]:
        """Start a trial: return it, its values, and its run folder.

        The same trials before give the same values, in one process or several after each other.
        """
        self._study.sampler = self._optuna.samplers.TPESampler(
            n_startup_trials=STARTUP_TRIALS, seed=self._seed + len(self._study.trials)
        )
        trial = self._study.ask()
        values = {
            name: trial.suggest_categorical(name, tried.values)
            if isinstance(tried, Choice)
            else trial.suggest_float(name, tried.low, tried.high, log=tried.log)
            for name, tried in self._space.items()
        }
        run = trial.user_attrs.get(_RUN) or _run_name(trial.number)
        trial.set_user_attr(_RUN, run)
        return trial, values, self._folder / run

    def complete(self, trial: optuna.trial.Trial, loss: float) -> None:
        """End a trial with its lowest validation loss."""
        self._study.tell(trial, loss)
        self._write_table()

    def prune(self, trial: optuna.trial.Trial) -> None:
        """End a trial that falls behind the others."""
        self._study.tell(trial, state=self._optuna.trial.TrialState.PRUNED)
        self._write_table()

    def fail(self, trial: optuna.trial.Trial, error: Exception) -> None:
        """End a trial whose values can't be trained with."""
        trial.set_user_attr(_ERROR, str(error))
        self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        self._write_table()

    def best(self) -> tuple[Path, float, Mapping[str, Any]] | None:
        """Return run folder, loss and values of the best trial; None if none is complete."""
        complete = self._study.get_trials(states=(self._optuna.trial.TrialState.COMPLETE,))
        if not complete:
            return None
        best = min(complete, key=lambda trial: (trial.value, trial.number))
        return self._folder / best.user_attrs[_RUN], best.value or 0.0, best.params

    def _write_table(self) -> None:
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["run", "state", "val_loss", "epochs", *self._space])
        table.writerows(self._rows())
        write_text(self._folder / TABLE, text.getvalue())

    def _rows(self) -> Iterator[list[Any]]:
        """Yield a row per ended trial; the loss of a pruned one is its lowest."""
        for trial in filter(self._has_ended, self._study.trials):
            losses = trial.intermediate_values
            loss = trial.value if trial.value is not None else min(losses.values(), default="")
            state = "failed" if _ERROR in trial.user_attrs else trial.state.name.lower()
            run = trial.user_attrs[_RUN]
            yield [run, state, loss, len(losses), *(trial.params[name] for name in self._space)]


def _run_name(number: int) -> str:
    return f"trial-{number:04d}"


def _silence(optuna: Any) -> None:
    """Leave the narration to ctc."""
    optuna.logging.set_verbosity(logging.ERROR)
    for kind in ("ExperimentalWarning", "OptunaExperimentalWarning"):
        if category := getattr(optuna.exceptions, kind, None):
            warnings.simplefilter("ignore", category)
