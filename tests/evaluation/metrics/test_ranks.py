"""Accuracy by rank."""

from __future__ import annotations

import numpy as np

from ctc.artifacts.event_record import MISSING
from ctc.evaluation.answers.predictions import FOREIGN
from ctc.evaluation.metrics.ranks import rank_slices
from ctc.evaluation.statistics.clusters import Clusters

CLASSES = ("blank", "fox", "wolf", "lynx")
TAXONOMY = {
    "fox": {"family": "Canidae", "genus": "Vulpes"},
    "wolf": {"family": "Canidae", "genus": "Canis"},
    "coyote": {"family": "Canidae", "genus": "Canis"},
    "lynx": {"family": "Felidae", "genus": "Lynx"},
    "puma": {"family": "Felidae", "genus": "Puma"},
    "Canidae": {"family": "Canidae"},
}
FOREIGN_NAMES = {3: "coyote", 4: "puma", 6: "Canidae", 7: "yeti"}
TRUTH = np.array([0, 1, 2, FOREIGN, FOREIGN, MISSING, FOREIGN, FOREIGN], np.int32)
PROBABILITIES = np.array(
    [
        [0.9, 0.1, 0.0, 0.0],  # a blank, right
        [0.1, 0.2, 0.3, 0.4],  # a fox: the lynx is surest, but dogs have 0.5
        [0.1, 0.2, 0.6, 0.1],  # a wolf, right
        [0.1, 0.2, 0.6, 0.1],  # a coyote: right genus
        [0.1, 0.1, 0.2, 0.6],  # a puma: right family
        [0.1, 0.2, 0.6, 0.1],
        [0.1, 0.4, 0.3, 0.2],  # no genus is known
        [0.1, 0.4, 0.3, 0.2],  # not in the taxonomy
    ],
    np.float32,
)


def slices() -> dict[str, tuple[int, float]]:
    n = len(TRUTH)
    clusters = Clusters(np.arange(n), np.arange(n))
    event = np.arange(n, dtype=np.int32)
    found = rank_slices(clusters, event, TRUTH, FOREIGN_NAMES, PROBABILITIES, CLASSES, TAXONOMY)
    return {one.name: (one.n, one.top_1.value) for one in found}


def test_rank_slices_add_up_probabilities_and_count_unknown_species_by_their_taxon() -> None:
    assert slices() == {"genus": (5, 3 / 5), "family": (6, 6 / 6), "kingdom": (6, 6 / 6)}
