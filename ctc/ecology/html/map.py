"""A map of stations as inline SVG: circles by rate, without a background from the network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from ctc.ecology.survey import Floats

WIDTH, HEIGHT, MARGIN = 640, 420, 30
_RADIUS = (4.0, 16.0)
_METRES = 111_195
"""Of a degree of latitude."""


def station_map(names: Sequence[str], latitude: Floats, longitude: Floats, rate: Floats) -> Markup:
    """Draw the stations with a known place; the area of a circle grows with its rate.

    `latitude`, `longitude`, `rate` (n,); a station without effort is an empty circle, one with a
    rate of 0 a small cross. Returns '' if no place is known.
    """
    known = np.flatnonzero(~np.isnan(latitude) & ~np.isnan(longitude))
    if not len(known):
        return Markup("")
    x, y, scale = _project(latitude[known], longitude[known])
    most = float(np.nanmax(np.nan_to_num(rate[known]), initial=0)) or 1.0
    marks = [
        _mark(names[at], float(px), float(py), float(rate[at]), most)
        for at, px, py in zip(known.tolist(), x, y, strict=True)
    ]
    box = Markup('<svg class="chart map" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        WIDTH, HEIGHT, f"Map of {len(known)} stations; the highest rate is {most:.3g}"
    )
    ground = Markup('<rect class="map-ground" width="{}" height="{}"/>').format(WIDTH, HEIGHT)
    return box + ground + Markup("").join(marks) + _scale_bar(scale) + Markup("</svg>")


def _project(latitude: Floats, longitude: Floats) -> tuple[Floats, Floats, float]:
    """Return pixels, and pixels per metre: equirectangular, true at the middle latitude."""
    middle = math.radians(float(latitude.min() + latitude.max()) / 2)
    around = float(longitude[0])
    east = (np.mod(longitude - around + 180, 360) - 180) * math.cos(middle)
    wide, high = float(np.ptp(east)), float(np.ptp(latitude))
    room = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN - 20
    factor = min(room[0] / max(wide, 1e-4), room[1] / max(high, 1e-4))
    x = WIDTH / 2 + (east - (east.min() + east.max()) / 2) * factor
    y = (HEIGHT - 20) / 2 - (latitude - (latitude.min() + latitude.max()) / 2) * factor
    return x, y, factor / _METRES


def _mark(name: str, x: float, y: float, rate: float, most: float) -> Markup:
    title = Markup("<title>{}: {}</title>").format(
        name, "no effort" if math.isnan(rate) else f"{rate:.3g} per 100 trap nights"
    )
    if rate == 0:
        cross = "M{:.1f} {:.1f}l6 6m0 -6l-6 6"
        return Markup('<path class="map-none" d="' + cross + '">{}</path>').format(
            x - 3, y - 3, title
        )
    share = 0.0 if math.isnan(rate) else math.sqrt(rate / most)
    radius = _RADIUS[0] + (_RADIUS[1] - _RADIUS[0]) * share
    kind = "map-unknown" if math.isnan(rate) else "map-station"
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{:.1f}">{}</circle>').format(
        kind, x, y, radius, title
    )


def _scale_bar(scale: float) -> Markup:
    """Draw a round length of at most a third of the width."""
    metres = WIDTH / 3 / scale
    power = 10 ** math.floor(math.log10(metres))
    length = next(step * power for step in (5, 2, 1) if step * power <= metres)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    return Markup(
        '<path class="map-scale" d="M{0} {1}v6h{2:.1f}v-6"/><text x="{3:.1f}" y="{4}">{5}</text>'
    ).format(MARGIN, HEIGHT - 22, length * scale, MARGIN + length * scale + 8, HEIGHT - 14, text)
