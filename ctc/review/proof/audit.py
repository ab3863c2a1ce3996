"""What a random audit shows at any time of a review, and which events it draws next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest

from ctc.artifacts.review.about import read_about
from ctc.artifacts.review.claims import Claim, Proof
from ctc.artifacts.review.labels import read_labels
from ctc.review.proof.animals_lost import animals_lost_claim
from ctc.review.proof.precision import precision_claim
from ctc.review.proof.season import Season
from ctc.review.proof.strata import is_blank_sql, read_seasons, waiting_keys
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


def next_draws(
    connection: sqlite3.Connection, claims: Sequence[Claim], limit: int, skip: int = 0
) -> list[str]:
    """Return the keys of the events to answer next for the claims that are not shown.

    The claims take turns, each in its random order. `skip`: leave out the first ones.
    """
    labels = {label.name: label for label in read_labels(connection)}
    turns = []
    for claim in claims:
        if claim.state != "open" or claim.label not in labels:
            continue
        label = labels[claim.label]
        blank = is_blank_sql(label)
        for condition in _conditions(claim, blank):
            found = waiting_keys(connection, label, condition, claim.name, skip + limit)
            turns.append(found)
    keys = dict.fromkeys(key for key in chain(*zip_longest(*turns)) if key is not None)
    return list(keys)[skip : skip + limit]


def _season_claims(season: Season, targets: Targets) -> Iterator[Claim]:
    lost = animals_lost_claim(season, targets)
    if lost is not None:
        yield lost
    for name in season.classes:
        yield precision_claim(season, name, targets)


def _conditions(claim: Claim, blank: str) -> list[str]:
    if claim.kind == "precision":
        return [f"p.answer = :name AND NOT {blank}"]
    return [blank, f"NOT {blank}"] if claim.to_draw else [blank]
