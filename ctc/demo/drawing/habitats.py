"""The habitats of the demo's cameras: colours and vegetation."""

from __future__ import annotations

from dataclasses import dataclass

from ctc.demo.drawing.figure import Colour


@dataclass(frozen=True)
class Habitat:
    """Colours (RGB, 0–1) and vegetation of a habitat.

    `grass_cover` is 0–1; `trunks`, `bushes` and `rocks` are numbers of things. `wooded`: share of
    the horizon that is covered by trees, 0–1.
    """

    name: str
    soil: Colour
    patches: Colour
    grass: Colour
    foliage: Colour
    bark: Colour
    sky: Colour
    grass_cover: float
    trunks: int
    bushes: int
    rocks: int
    wooded: float
    path: Colour | None = None
    banded_bark: bool = False


HABITATS: tuple[Habitat, ...] = (
    Habitat(
        "meadow", (0.33, 0.38, 0.17), (0.42, 0.40, 0.22), (0.36, 0.47, 0.17), (0.20, 0.30, 0.12),
        (0.30, 0.25, 0.19), (0.74, 0.82, 0.90), 0.9, 3, 4, 1, 0.5,
    ),
    Habitat(
        "pinewood", (0.33, 0.25, 0.17), (0.26, 0.27, 0.14), (0.30, 0.36, 0.16), (0.12, 0.20, 0.12),
        (0.33, 0.23, 0.17), (0.72, 0.76, 0.78), 0.3, 9, 3, 2, 1.0,
    ),
    Habitat(
        "birchwood", (0.42, 0.35, 0.20), (0.52, 0.42, 0.20), (0.45, 0.48, 0.20), (0.40, 0.44, 0.16),
        (0.54, 0.51, 0.46), (0.82, 0.86, 0.88), 0.5, 6, 4, 1, 0.9, banded_bark=True,
    ),
    Habitat(
        "heath", (0.40, 0.33, 0.27), (0.38, 0.27, 0.32), (0.47, 0.40, 0.26), (0.30, 0.29, 0.17),
        (0.34, 0.29, 0.25), (0.76, 0.80, 0.84), 0.6, 2, 5, 4, 0.3,
    ),
    Habitat(
        "riverbank", (0.50, 0.45, 0.36), (0.40, 0.38, 0.33), (0.38, 0.44, 0.20), (0.24, 0.34, 0.16),
        (0.36, 0.31, 0.26), (0.78, 0.84, 0.88), 0.35, 5, 5, 6, 0.8, (0.36, 0.44, 0.46),
    ),
    Habitat(
        "steppe", (0.58, 0.48, 0.30), (0.50, 0.38, 0.24), (0.66, 0.57, 0.32), (0.40, 0.40, 0.20),
        (0.38, 0.31, 0.24), (0.80, 0.86, 0.92), 0.8, 2, 3, 3, 0.3, (0.66, 0.56, 0.40),
    ),
    Habitat(
        "track", (0.34, 0.30, 0.19), (0.29, 0.33, 0.15), (0.33, 0.42, 0.16), (0.17, 0.26, 0.11),
        (0.28, 0.23, 0.18), (0.72, 0.78, 0.82), 0.6, 7, 5, 2, 0.9, (0.48, 0.41, 0.31),
    ),
)  # fmt: skip
