"""How far a review is, and how fast it goes."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from ctc.artifacts.review.clock import to_text
from ctc.artifacts.review.store import ReviewStore
from ctc.review.agreement import reviewer_agreements

SPEED_SECONDS = 600.0
"""The speed is that of the answers of this time."""


def read_progress(store: ReviewStore, now: float | None = None) -> dict[str, Any]:
    """Return the events by state, and per reviewer how many answers there are.

    `recent`: events that were answered within SPEED_SECONDS; `seconds`: since the first of these.
    `agreements`: how well each pair of reviewers agrees, see `reviewer_agreements`.
    """
    end = time.time() if now is None else now
    since = to_text(end - SPEED_SECONDS)
    with store.read() as connection:
        rows = connection.execute(
            "SELECT reviewer, count(*) AS answers FROM answers JOIN events ON key = event"
            " WHERE is_gone = 0 GROUP BY reviewer ORDER BY reviewer"
        ).fetchall()
        agreements = [asdict(one) for one in reviewer_agreements(connection)]
        recent = connection.execute(
            "SELECT reviewer, count(*) AS events, (julianday(:now) - julianday(min(made_at))) *"
            " 86400 AS seconds FROM answers WHERE made_at >= :since GROUP BY reviewer",
            {"since": since, "now": to_text(end)},
        ).fetchall()
    speeds = {row["reviewer"]: row for row in recent}
    return {
        "states": store.count_states(),
        "agreements": agreements,
        "reviewers": [
            {
                "name": row["reviewer"],
                "answers": row["answers"],
                "recent": speeds[row["reviewer"]]["events"] if row["reviewer"] in speeds else 0,
                "seconds": speeds[row["reviewer"]]["seconds"] if row["reviewer"] in speeds else 0,
            }
            for row in rows
        ],
    }
