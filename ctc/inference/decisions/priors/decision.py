"""Priors: classes that are commoner or rarer at a place than where the model was calibrated.

p'(k) ∝ p(k) · share here(k) / trained share(k), of events, photos and boxes. The shares here come
from a file, or from a look at all events, see `shares.py`; then only where these differ surely from
the trained ones. The model's thresholds were fitted without it, and are left out where it is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ctc.artifacts.predictions import EventPrediction
from ctc.inference.decisions.priors.clusters import group_of
from ctc.inference.decisions.priors.estimates import Estimate, SeenEvents, write_estimates
from ctc.inference.decisions.priors.shares import Floats, Trained
from ctc.inference.decisions.probabilities import answer, change_label, weighted
from ctc.reporting import counted

PRIORS, BEFORE_PRIOR = "priors", "before_prior"
MAX_TOLD = 3
"""Classes whose shares the report tells."""


@dataclass
class Priors:
    """A `Decision`. `trained`: by label. `given`: the shares here by label, None to estimate them,
    for the groups of events with one value in the column `by`. `keeps_thresholds`: they are no
    model's."""

    classes: Mapping[str, Sequence[str]]
    trained: Mapping[str, Trained]
    given: Mapping[str, Floats] | None = None
    by: str | None = None
    keeps_thresholds: bool = False
    estimates: dict[tuple[str, str], Estimate] = field(default_factory=dict)
    answers: int = 0
    changed: int = 0

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Priors:
        """Return the decision of `choose_priors`."""
        given = settings["given"]
        return cls(
            settings["classes"],
            {
                label: Trained(np.array(shares), events)
                for label, (shares, events) in settings["trained"].items()
            },
            given and {label: np.array(shares) for label, shares in given.items()},
            settings["by"],
            settings["keeps_thresholds"],
        )

    @property
    def looks_first(self) -> bool:
        """See `Decision`."""
        return self.given is None

    def look(self, events: Iterable[EventPrediction]) -> None:
        """Estimate the shares of each group."""
        seen: dict[tuple[str, str], SeenEvents] = {}
        for event in events:
            for label in self.trained:
                group = seen.setdefault((label, group_of(event.meta, self.by)), SeenEvents())
                values = np.asarray(event.probabilities[label], np.float32)
                group.values.frombytes(values.tobytes())
                group.clusters.add(event)
        self.estimates = {
            (label, name): group.estimate(self.trained[label])
            for (label, name), group in seen.items()
        }

    def decide(self, event: EventPrediction) -> EventPrediction:
        """See `Decision`."""
        for label in self.trained if self.given is None else self.given:
            event = self._correct(event, label)
        return event

    def _correct(self, event: EventPrediction, label: str) -> EventPrediction:
        self.answers += 1
        shares = self._shares(event, label)
        if shares is None:
            return event.with_columns(label, {BEFORE_PRIOR: None})
        weights = shares / self.trained[label].shares
        corrected = change_label(event, label, partial(weighted, weights=weights))
        if not self.keeps_thresholds:
            kept = {name: one for name, one in event.thresholds.items() if name != label}
            corrected = replace(corrected, thresholds=kept)
        before = answer(event, label)
        is_changed = before != answer(corrected, label)
        self.changed += is_changed
        return corrected.with_columns(label, {BEFORE_PRIOR: before if is_changed else None})

    def _shares(self, event: EventPrediction, label: str) -> Floats | None:
        if self.given is not None:
            return self.given[label]
        found = self.estimates[label, group_of(event.meta, self.by)]
        return found.shares if found.differs else None

    def report(self) -> tuple[str, ...]:
        """Return what was estimated and changed."""
        told = self._tell_groups() if self.by else self._tell_estimates()
        changed = f"prior: {self.changed:,} of {counted(self.answers, 'answer')} changed"
        corrects = self.given is not None or any(one.differs for one in self.estimates.values())
        return (*told, changed) if corrects else tuple(told)

    def _tell_estimates(self) -> Iterable[str]:
        for (label, _), found in self.estimates.items():
            evidence = f"p = {found.p_value:.2g}, {counted(found.events, 'event')} of"
            evidence = f"{evidence} {found.clusters}"
            if not found.differs:
                yield (
                    f"prior: no correction of '{label}': the shares of its classes may be those it"
                    f" was calibrated on ({evidence})"
                )
                continue
            yield (
                f"prior: '{label}' is corrected, since its classes are not as common here as where"
                f" it was calibrated ({evidence}): {self._tell_shares(label, found.shares)}"
            )

    def _tell_shares(self, label: str, here: Floats) -> str:
        trained = self.trained[label].shares
        most = np.argsort(-np.abs(here - trained), kind="stable")[:MAX_TOLD]
        named = (
            f"'{self.classes[label][one]}' {here[one]:.1%} in place of {trained[one]:.1%}"
            for one in most
        )
        return ", ".join(named)

    def _tell_groups(self) -> Iterable[str]:
        for label in self.trained:
            found = [one for (name, _), one in self.estimates.items() if name == label]
            differing = sum(one.differs for one in found)
            yield (
                f"prior: '{label}' is corrected in {differing:,} of"
                f" {counted(len(found), 'group')} by '{self.by}', where its classes are not as"
                " common as where it was calibrated"
            )

    def write_files(self, output: Path) -> None:
        """Write the shares that were estimated beside the output."""
        if self.given is None:
            trained = {label: one.shares for label, one in self.trained.items()}
            write_estimates(output, self.classes, trained, self.estimates)
