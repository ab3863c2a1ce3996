"""Groups of events that look alike, by the features of their photos.

Within the events of one answer, an event joins the first group whose first event it is as similar
to as hardly any two events of different answers are, else it begins a group. So a group holds no
chain of events that differ more and more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.features.store import EVENT_ID, PATH, Embeddings, to_unit
from ctc.review.load.drafts import EventDraft

BLOCK = 4_000
"""Events that are compared with each other, in the order of time; bounds time and memory."""
MAX_GROUP = 60
"""Events of a group: as many as one page shows."""
PAIRS = 20_000
"""Pairs of events with different answers by which the limit is found."""
FALSE_PAIRS = 0.001
"""The share of those pairs that are as similar as the limit."""
FALLBACK_LIMIT = 0.9
"""Cosine where all events have one answer."""
_ROWS = 10_000

Floats = NDArray[np.float32]


def event_features(embeddings: Embeddings, events: Sequence[EventDraft]) -> Floats:
    """Return (E, size): the mean unit feature of each event's photos or animals, of length 1.

    Rows belong to the event of their photo's path, else of their event id. An event without any
    is 0.
    """
    by_path = {path: at for at, event in enumerate(events) for path in event.photos}
    by_id = {event.id: at for at, event in enumerate(events)}
    ids, paths = (embeddings.table[name].to_pylist() for name in (EVENT_ID, PATH))
    owners = np.array(
        [by_path.get(path, by_id.get(own, -1)) for own, path in zip(ids, paths, strict=True)]
    )
    total = np.zeros((len(events), embeddings.feature_size), np.float32)
    for start, block in embeddings.unit_blocks(_ROWS):
        own = owners[start : start + len(block)]
        np.add.at(total, own[own >= 0], block[own >= 0])
    return to_unit(total)


def group_look_alikes(
    features: Floats, answers: Sequence[str], times: Sequence[str]
) -> list[int | None]:
    """Return the number of each event's group, None for an event that is alike to no other.

    `features` (E, size) are of length 1 or 0; `answers`, `times` (E,).
    """
    limit = similarity_limit(features, answers)
    by_answer = defaultdict(list)
    for event in np.flatnonzero(features.any(axis=1)).tolist():
        by_answer[answers[event]].append(event)
    groups: list[list[int]] = []
    for members in by_answer.values():
        members.sort(key=lambda event: times[event])
        for start in range(0, len(members), BLOCK):
            groups += _groups(features, members[start : start + BLOCK], limit)
    found: list[int | None] = [None] * len(features)
    for number, group in enumerate(one for one in groups if len(one) > 1):
        for event in group:
            found[event] = number
    return found


def similarity_limit(features: Floats, answers: Sequence[str]) -> float:
    """Return the cosine that FALSE_PAIRS of the pairs of events with different answers reach."""
    random = np.random.default_rng(0)
    known = np.flatnonzero(features.any(axis=1))
    if len(known) < 2:
        return FALLBACK_LIMIT
    one, other = random.choice(known, (2, PAIRS))
    names = np.unique(np.asarray(answers, object).astype(str), return_inverse=True)[1]
    differ = names[one] != names[other]
    if not differ.any():
        return FALLBACK_LIMIT
    cosines = np.einsum("ij,ij->i", features[one[differ]], features[other[differ]])
    return float(np.quantile(cosines, 1 - FALSE_PAIRS))


def _groups(features: Floats, members: Sequence[int], limit: float) -> list[list[int]]:
    rows = features[list(members)]
    free = np.ones(len(rows), np.bool_)
    groups = []
    for leader in range(len(rows)):
        if not free[leader]:
            continue
        alike = np.flatnonzero(free & (rows @ rows[leader] >= limit))
        chosen = [leader, *(one for one in alike.tolist() if one != leader)][:MAX_GROUP]
        free[chosen] = False
        groups.append([members[one] for one in chosen])
    return groups
