"""Sparrow Engine on the networks of models.py, in a Python that has sparrow-engine: PYTHON
benchmarks/prediction/sparrow.py MODEL.sparrow PHOTO…

Prints the seconds per photo, after the first photos to warm up.
"""

from __future__ import annotations

import sys
import time

import sparrow_engine  # type: ignore[import-not-found]

WARM_UP, ID = 8, "network"


def main() -> None:
    """Print the seconds per photo."""
    folder, *photos = sys.argv[1:]
    sparrow_engine.init(device="cpu", model_dir=folder)
    sparrow_engine.classify(photos[:WARM_UP], model=ID)
    start = time.perf_counter()
    found = sparrow_engine.classify(photos, model=ID)
    assert len(found) == len(photos)
    print((time.perf_counter() - start) / len(photos))


if __name__ == "__main__":
    main()
