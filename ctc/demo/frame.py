"""Size of the photos of the demo's cameras, in pixels."""

from __future__ import annotations

WIDTH, HEIGHT = 640, 480
STRIP = 26  # rows of the information strip below the scene
ROWS = HEIGHT - STRIP
FOCAL = 560.0  # about 60° across
