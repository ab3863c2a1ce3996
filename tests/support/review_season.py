"""A review store with a season of events, and an observer who answers as it truly was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from review_events import Clock

from ctc.artifacts.review.about import StoreAbout
from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.claims import Claim
from ctc.artifacts.review.clock import to_text
from ctc.artifacts.review.records import ReviewEvent, ReviewLabel, ReviewPhoto, ReviewPrediction
from ctc.artifacts.review.store import ReviewStore
from ctc.review.proof.audit import read_proof
from ctc.review.proof.draws import next_draws
from ctc.review.proof.targets import Targets

CLASSES = ("fox", "wolf", "empty")
SPECIES = ReviewLabel("species", CLASSES, CLASSES)


def make_predicted(name: str, answer: str, confidence: float, dropped: bool = False) -> ReviewEvent:
    prediction = ReviewPrediction(answer, confidence, columns={"dropped": dropped})
    blank = confidence if answer == "empty" else 0.0
    photos = (ReviewPhoto(f"{name}.jpg"),)
    return ReviewEvent("", name, 0, photos, predictions={"species": prediction}, blank=blank)


class Season:
    """A store, with the true class of each event by id."""

    def __init__(self, store: ReviewStore, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.truth: dict[str, str] = {}
        self.ann = store.ensure_reviewer("Ann")

    def load(self, events: Sequence[ReviewEvent], *truth: str) -> None:
        """Load predictions; `truth`: the true classes, '' for as predicted, as the rest are."""
        self.clock.now += 60
        about = StoreAbout(loaded_at=to_text(self.clock.now))
        self.store.replace_events(events, [SPECIES], about)
        self.clock.now += 60
        for event, name in zip(events, truth, strict=False):
            self.truth[event.id] = name

    def answer(self, keys: Sequence[str], name: str | None = None) -> None:
        """Answer events, as is true or as `name` says."""
        for event in self.store.events(keys):
            known = name or self.truth.get(event.id) or event.predictions["species"].answer
            self.store.answer(self.ann, [event.key], Answer({"species": (known,)}))

    def draw(self, number: int) -> None:
        """Answer the next events of the audit."""
        self.answer(self.next(number))

    def next(self, number: int) -> list[str]:
        """Return the keys of the next events of the audit."""
        with self.store.read() as connection:
            drawn = next_draws(connection, read_proof(connection).claims, number)
        return [one.key for one in drawn]

    def claims(self, targets: Targets | None = None) -> dict[str, Claim]:
        """Return the claims by name."""
        with self.store.read() as connection:
            return {claim.name: claim for claim in read_proof(connection, targets).claims}


@contextmanager
def open_season(path: Path) -> Iterator[Season]:
    clock = Clock()
    with ReviewStore.open(path, make=True, clock=clock) as store:
        yield Season(store, clock)
