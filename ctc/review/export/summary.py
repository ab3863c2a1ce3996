"""What a review comes to: events, who answered how many, and how well they agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ctc.artifacts.review.records import EventState
from ctc.artifacts.review.store import ReviewStore
from ctc.reporting import counted
from ctc.review.agreement import Agreement, reviewer_agreements


@dataclass(frozen=True)
class ReviewSummary:
    """Counts of a store.

    `states`: events by state, without those that are gone. `reviewers`: how many events each of
    them answered. `gone`: events with answers that the predictions have no more. `missing`: a photo
    that was not there when it was last looked for, and how many there are.
    """

    states: Mapping[EventState, int]
    reviewers: Mapping[str, int]
    agreements: tuple[Agreement, ...]
    gone: int
    missing: tuple[str, int]

    def lines(self) -> Iterator[str]:
        """Yield what to print."""
        events = sum(self.states.values())
        answered = events - self.states.get("open", 0)
        by = ", ".join(f"{name} {count:,}" for name, count in self.reviewers.items())
        yield f"{answered:,} of {counted(events, 'event')} answered{f', by {by}' if by else ''}"
        if unsure := self.states.get("unsure", 0):
            yield f"{counted(unsure, 'event')} where people are not sure"
        if disagreements := self.states.get("disagreement", 0):
            yield f"{counted(disagreements, 'event')} where people disagree"
        for one in self.agreements:
            kappa = "" if one.kappa is None else f", Cohen's kappa {one.kappa:.2f}"
            first, second = one.reviewers
            yield (
                f"{first} and {second} agree on '{one.label}' in {one.agreed:,} of"
                f" {counted(one.events, 'event')}{kappa}"
            )


def summarize_review(store: ReviewStore) -> ReviewSummary:
    """Return the counts of a store."""
    with store.read() as connection:
        reviewers = connection.execute(
            "SELECT reviewer, count(*) FROM answers JOIN events ON key = event"
            " WHERE is_gone = 0 GROUP BY reviewer ORDER BY reviewer"
        ).fetchall()
        gone = connection.execute(
            "SELECT count(DISTINCT event) FROM answers JOIN events ON key = event WHERE is_gone"
        ).fetchone()[0]
        agreements = tuple(reviewer_agreements(connection))
        missing = connection.execute(
            "SELECT count(DISTINCT path), min(path) FROM photos"
            " JOIN events ON events.number = photos.event WHERE is_missing AND is_gone = 0"
        ).fetchone()
    counts = dict(tuple(row) for row in reviewers)
    return ReviewSummary(
        store.count_states(), counts, agreements, gone, (_text(missing[1]), missing[0])
    )


def _text(path: str | bytes | None) -> str:
    return path.decode(errors="backslashreplace") if isinstance(path, bytes) else path or ""
