"""The true boxes of the drawn animals, in the form of MegaDetector's results.

https://lila.science/megadetector-output-format, so that `ctc inventory megadetector` reads them.
Each detection has the key `species` besides, which readers of the format ignore.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ctc.demo.camera import SeenAnimal
from ctc.storage.atomic import atomic_write

BOXES = "boxes.json"
"""Name of the file, in the folder of the demo."""
_ANIMAL = "1"
_DIGITS = 5


def write_boxes(path: Path, shown: Mapping[str, Sequence[SeenAnimal]]) -> None:
    """Write the animals of each photo, by its path below the folder of photos."""
    document = {
        "info": {"format_version": "1.3", "detector": "the truth of the drawn photos"},
        "detection_categories": {_ANIMAL: "animal", "2": "person", "3": "vehicle"},
        "images": [
            {"file": file, "detections": [_detection(one) for one in animals]}
            for file, animals in shown.items()
        ],
    }
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _detection(seen: SeenAnimal) -> dict[str, Any]:
    box = seen.box
    return {
        "category": _ANIMAL,
        "conf": 1.0,
        "bbox": [round(side, _DIGITS) for side in (box.x, box.y, box.width, box.height)],
        "species": seen.species,
    }
