"""What a random audit of a review shows of the predictions, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

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
    def verdict(self) -> str:
        """How it stands, and what to do."""
        drawn = f"{self.right:,} of {self.drawn:,} drawn are {self._good}"
        if self.state == "shown":
            return f"shown, {drawn}"
        if self.threshold is not None:
            return (
                f"{self._not}, {drawn}; it holds for the {self.threshold_events:,} with a"
                f" probability of at least {self.threshold:g}"
            )
        if self.state == "refuted":
            return f"does not hold, {drawn}"
        if self.to_draw:
            return f"not shown yet, {drawn}; draw {self.to_draw:,} more of the other answers"
        if self.more is None:
            return f"not shown yet, {drawn}, too few for it to be shown if it goes on like this"
        return f"not shown yet, {drawn}; {self.more:,} more if it goes on like this"

    @property
    def _good(self) -> str:
        return "right" if self.kind == "precision" else "empty"

    @property
    def _not(self) -> str:
        return "does not hold" if self.state == "refuted" else "not shown yet"


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

    def to_json(self) -> dict[str, Any]:
        """Return all as JSON values, with `promise` and `verdict` of each claim."""
        claims = [
            {**asdict(one), "promise": one.promise, "verdict": one.verdict} for one in self.claims
        ]
        return {**asdict(self), "claims": claims, "is_enough": self.is_enough}

    def lines(self) -> Sequence[str]:
        """Return a line for each claim, after one that says how they stand."""
        shown = sum(claim.state == "shown" for claim in self.claims)
        first = f"the audit has shown {shown} of {len(self.claims)} claims"
        return [first, *(claim.describe() for claim in self.claims)] if self.claims else []
