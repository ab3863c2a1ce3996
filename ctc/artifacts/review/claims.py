"""What a random audit of a review shows of the predictions, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ctc.reporting import counted

ClaimKind = Literal["precision", "animals lost"]
ClaimState = Literal["shown", "open", "refuted"]


def state_of(is_shown: bool, is_refuted: bool) -> ClaimState:
    """Return the state of a claim."""
    if is_shown:
        return "shown"
    return "refuted" if is_refuted else "open"


@dataclass(frozen=True, slots=True)
class Claim:
    """A promise about the events of a season that are called `name`, and what the audit says.

    `precision`: of these events, at least the share `target` is right. `animals lost`: of all
    events with an animal, at most the share `target` is among these. `events`: how many there are.
    `drawn`: how many of them were drawn and answered, `right` of them right (or empty). `estimate`:
    the share that is right (or lost) by the draws, None without any. `bound`: the share that it is
    at least (or at most), valid at any time. `more`: further draws that show the claim, if as many
    are right as up to now; None if these would not. `threshold`: the lowest probability from which
    the claim is shown where it is not for all, and `threshold_events` how many events reach it.
    `to_draw`: how many of the `others`, events of other answers, the claim waits for first.
    """

    kind: ClaimKind
    label: str
    name: str
    target: float
    state: ClaimState
    events: int
    drawn: int
    right: int
    estimate: float | None
    bound: float
    more: int | None = None
    threshold: float | None = None
    threshold_events: int = 0
    to_draw: int = 0
    others: int = 0

    def describe(self) -> str:
        """Return what is claimed, how it stands, and what to do, in a line."""
        return f"{self.promise}: {self.verdict}"

    @property
    def promise(self) -> str:
        """What is claimed."""
        if self.kind == "precision":
            return f"at least {self.target:.1%} of the {self.events:,} '{self.name}' are right"
        return (
            f"at most {self.target:.1%} of the events with animals are among the {self.events:,}"
            f" '{self.name}'"
        )

    @property
    def state_text(self) -> str:
        """How it stands, in words."""
        return {"shown": "shown", "open": "not shown yet", "refuted": "does not hold"}[self.state]

    @property
    def next_step(self) -> str:
        """What would show it, or the threshold from which it holds; '' where it is shown."""
        if self.state == "shown":
            return ""
        if self.threshold is not None:
            return (
                f"it holds for the {self.threshold_events:,} with a probability of at least"
                f" {self.threshold:g}"
            )
        if self.state == "refuted":
            return ""
        if self.to_draw:
            return f"draw {self.to_draw:,} more of the other answers"
        if self.more is None:
            return "too few for it to be shown if it goes on like this"
        return f"{self.more:,} more if it goes on like this"

    @property
    def verdict(self) -> str:
        """How it stands, and what to do."""
        good = "right" if self.kind == "precision" else "empty"
        drawn = f"{self.right:,} of {self.drawn:,} drawn are {good}"
        return "; ".join(filter(None, (f"{self.state_text}, {drawn}", self.next_step)))


@dataclass(frozen=True, slots=True)
class Proof:
    """All claims of a store; each is wrongly shown with a probability of at most 1 − `confidence`.

    That holds whenever one looks. `since`: when the predictions came, UTC; `left_out` events had
    an answer before, from which the model may have learnt, and are in no claim.
    """

    confidence: float
    since: str
    left_out: int
    claims: tuple[Claim, ...]

    @property
    def is_enough(self) -> bool:
        """Whether all claims are shown."""
        return bool(self.claims) and all(claim.state == "shown" for claim in self.claims)

    def count_shown(self) -> str:
        """Return how many claims are shown, as words."""
        shown = sum(claim.state == "shown" for claim in self.claims)
        return f"{shown} of {counted(len(self.claims), 'claim')}"

    def to_json(self) -> dict[str, Any]:
        """Return all as JSON values, with `promise` and `verdict` of each claim."""
        claims = [
            {**asdict(one), "promise": one.promise, "verdict": one.verdict} for one in self.claims
        ]
        return {**asdict(self), "claims": claims, "is_enough": self.is_enough}

    def lines(self) -> Sequence[str]:
        """Return a line for each claim, after one that says how they stand."""
        first = f"the audit has shown {self.count_shown()}"
        return [first, *(claim.describe() for claim in self.claims)] if self.claims else []
