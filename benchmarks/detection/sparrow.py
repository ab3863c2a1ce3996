"""Sparrow Engine on the network of network.py, in a Python that has sparrow-engine: PYTHON
benchmarks/detection/sparrow.py FOLDER CONFIDENCE PHOTO…

Prints the seconds per photo, after the first photos to warm up, and the number of boxes per photo.
"""

from __future__ import annotations

import sys
import time

import sparrow_engine  # type: ignore[import-not-found]

WARM_UP, ID = 8, "network"


def main() -> None:
    """Print the seconds per photo, and the boxes per photo."""
    folder, confidence, *photos = sys.argv[1:]
    sparrow_engine.init(device="cpu", model_dir=folder)
    sparrow_engine.detect(photos[:WARM_UP], model=ID, threshold=float(confidence))
    start = time.perf_counter()
    found = sparrow_engine.detect(photos, model=ID, threshold=float(confidence))
    took = time.perf_counter() - start
    assert len(found) == len(photos)
    print(took / len(photos), sum(map(len, found)) / len(photos))


if __name__ == "__main__":
    main()
