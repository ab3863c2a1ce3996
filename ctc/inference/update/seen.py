"""Which photos of an earlier run are gone."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np

from ctc.inference.task import TaskResult
from ctc.inference.update.index import AnswerIndex
from ctc.inference.update.places import Places


class SeenPhotos:
    """The photos of a run, of which 16 bytes each are kept."""

    def __init__(self, earlier: AnswerIndex, places: Places) -> None:
        self._earlier, self._places = earlier, places
        self._paths, self._digests = array("q"), array("q")

    def add(self, result: TaskResult[Any]) -> None:
        """Note the photos of a result, those that failed among them."""
        photos = result.prediction.images if result.prediction else ()
        for one in (*photos, *result.failures):
            self._paths.append(hash(self._places.of(one.path)))
        self._digests.extend(hash(one.digest) for one in result.contents)

    def gone(self) -> int:
        """Return how many photos of the earlier run this one has neither under their path nor with
        the same contents."""
        earlier = self._earlier
        is_there = np.isin(earlier.paths, np.asarray(self._paths, np.int64))
        is_there |= np.isin(earlier.digests, np.asarray(self._digests, np.int64))
        return int((~is_there).sum())
