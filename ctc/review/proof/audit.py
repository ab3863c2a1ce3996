"""What a random audit shows at any time of a review."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from ctc.artifacts.review.about import read_about
from ctc.artifacts.review.claims import Claim, Proof
from ctc.review.proof.animals_lost import animals_lost_claim
from ctc.review.proof.precision import precision_claim
from ctc.review.proof.season import Season
from ctc.review.proof.strata import read_seasons
from ctc.review.proof.targets import Targets


def read_proof(connection: sqlite3.Connection, targets: Targets | None = None) -> Proof:
    """Return the claims about each label with one class per event, and how they stand.

    Classes of higher ranks and `unknown` have no claim.
    """
    chosen, about = targets or Targets(), read_about(connection)
    claims = [
        claim for season in read_seasons(connection) for claim in _season_claims(season, chosen)
    ]
    left_out = connection.execute(
        "SELECT count(DISTINCT r.event) FROM records r JOIN actions a ON a.number = r.action"
        " JOIN events e ON e.key = r.event WHERE a.made_at < ? AND e.is_gone = 0",
        [about.loaded_at],
    ).fetchone()[0]
    return Proof(chosen.confidence, about.loaded_at, left_out, tuple(claims))


def _season_claims(season: Season, targets: Targets) -> Iterator[Claim]:
    lost = animals_lost_claim(season, targets)
    if lost is not None:
        yield lost
    for name in season.classes:
        yield precision_claim(season, name, targets)
