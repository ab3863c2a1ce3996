"""Line and bar charts as inline SVG.

Lines differ by dashes as well as by colour (Okabe & Ito's palette, style.css).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 92, 36, 14, 58
BAR_WIDTH, BAR_HEIGHT = 160, 14
SMALLEST_DOT, LARGEST_DOT = 3, 11
LINE_STYLES = 6
"""Number of classes `.line-0`, `.line-1`, … in style.css."""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """An axis; `is_percent`: values are shares from 0 to 1, `is_integer`: they are counts."""

    title: str
    low: float
    high: float
    is_percent: bool = False
    is_integer: bool = False

    def ticks(self) -> list[float]:
        """Return about five round values between both ends."""
        span = self.high - self.low
        raw = span / 5
        power = 10 ** math.floor(math.log10(raw))
        steps = (power * factor for factor in (1, 2, 2.5, 5, 10))
        step = next(
            one for one in steps if one >= raw * 0.999 and not (self.is_integer and one % 1)
        )
        first = math.ceil(self.low / step - 1e-9)
        return [number * step for number in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def format_value(self, value: float) -> str:
        """Return a value as text, with its unit."""
        if self.is_integer:
            return f"{value:,.0f}"
        return f"{value * 100:.3g} %" if self.is_percent else f"{value:.4g}"


@dataclass(frozen=True)
class Line:
    """A line with gaps at NaN; with `weights` (0 to 1), its points are dots of that area."""

    name: str
    points: Points
    weights: Sequence[float] = ()


@dataclass(frozen=True)
class Band:
    """An area between two lines."""

    name: str
    low: Points
    high: Points


def line_chart(
    summary: str,
    x: Axis,
    y: Axis,
    lines: Sequence[Line],
    *,
    band: Band | None = None,
    diagonal: bool = False,
) -> Markup:
    """Draw lines; `summary` is the text for screen readers, `diagonal` adds the line y = x."""
    parts = [*_grid(x, y)]
    if band:
        parts.append(_polygon([*band.low, *reversed(band.high)], x, y, "band"))
    if diagonal:
        parts.append(_polyline([(x.low, x.low), (x.high, x.high)], x, y, "diagonal"))
    for number, line in enumerate(lines):
        kind = f"line line-{number % LINE_STYLES}"
        parts += [_polyline(piece, x, y, kind) for piece in _split_at_gaps(line.points)]
        parts += [
            _dot(point, weight, x, y, f"dot dot-{number % LINE_STYLES}")
            for point, weight in zip(line.points, line.weights, strict=False)
        ]
    box = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        WIDTH, HEIGHT, summary
    )
    return _legend(lines, band) + box + Markup("").join(parts) + Markup("</svg>")


def share_bar(value: float, low: float, high: float) -> Markup:
    """Draw a bar for a share from 0 to 1 with its interval; nothing for NaN."""
    if math.isnan(value):
        return Markup("")
    at = [round(share * BAR_WIDTH, 1) for share in (value, low, high)]
    return Markup(
        '<svg class="bar" viewBox="0 0 {w} {h}" width="{w}" height="{h}" aria-hidden="true">'
        '<rect class="bar-ground" width="{w}" height="{h}"/>'
        '<rect class="bar-value" width="{value}" height="{h}"/>'
        '<path class="bar-interval"'
        ' d="M{low} {middle}H{high}M{low} {up}V{down}M{high} {up}V{down}"/></svg>'
    ).format(
        w=BAR_WIDTH,
        h=BAR_HEIGHT,
        value=at[0],
        low=at[1],
        high=at[2],
        middle=BAR_HEIGHT / 2,
        up=3,
        down=BAR_HEIGHT - 3,
    )


def bar_chart(summary: str, x_title: str, bars: Sequence[tuple[str, int]]) -> Markup:
    """Draw vertical bars with their names below."""
    y = Axis("", 0, max(1, *(value for _, value in bars)), is_integer=True)
    step = (WIDTH - LEFT - RIGHT) / len(bars)
    box = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        WIDTH, HEIGHT, summary
    )
    parts = [*_y_grid(y), _x_title(x_title)]
    for number, (name, value) in enumerate(bars):
        left, top = LEFT + (number + 0.1) * step, _y_pixel(value, y)
        parts.append(
            Markup(
                '<rect class="bar-value" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
            ).format(left, top, 0.8 * step, HEIGHT - BOTTOM - top)
        )
        parts.append(_text(left + 0.4 * step, HEIGHT - BOTTOM + 22, name, "middle"))
    return box + Markup("").join(parts) + Markup("</svg>")


def _grid(x: Axis, y: Axis) -> Iterable[Markup]:
    yield from _y_grid(y)
    for value in x.ticks():
        pixel = _x_pixel(value, x)
        yield _grid_line(pixel, TOP, pixel, HEIGHT - BOTTOM)
        yield _text(pixel, HEIGHT - BOTTOM + 22, x.format_value(value), "middle")
    yield _x_title(x.title)


def _y_grid(y: Axis) -> Iterable[Markup]:
    for value in y.ticks():
        pixel = _y_pixel(value, y)
        yield _grid_line(LEFT, pixel, WIDTH - RIGHT, pixel)
        yield _text(LEFT - 6, pixel + 4, y.format_value(value), "end")
    middle = (TOP + HEIGHT - BOTTOM) / 2
    yield Markup(
        '<text class="axis" transform="translate(18 {}) rotate(-90)" text-anchor="middle">{}</text>'
    ).format(middle, y.title)


def _x_title(title: str) -> Markup:
    return Markup('<text class="axis" x="{}" y="{}" text-anchor="middle">{}</text>').format(
        (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, title
    )


def _legend(lines: Sequence[Line], band: Band | None) -> Markup:
    sample = Markup(
        '<li><svg viewBox="0 0 36 10" width="36" height="10" aria-hidden="true">'
        '<path class="{}" d="{}"/></svg> {}</li>'
    )
    entries = [
        sample.format(f"line line-{number % LINE_STYLES}", "M0 5H36", line.name)
        for number, line in enumerate(lines)
    ]
    entries += [sample.format("band", "M0 0H36V10H0Z", band.name)] if band else []
    return (
        Markup('<ul class="legend">{}</ul>').format(Markup("").join(entries))
        if len(entries) > 1
        else Markup("")
    )


def _split_at_gaps(points: Points) -> list[list[tuple[float, float]]]:
    pieces: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if math.isfinite(y):
            pieces[-1].append((x, y))
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _polyline(points: Points, x: Axis, y: Axis, kind: str) -> Markup:
    if len(points) == 1:
        return _dot(points[0], 0, x, y, kind)
    return Markup('<polyline class="{}" points="{}"/>').format(kind, _svg_points(points, x, y))


def _polygon(points: Points, x: Axis, y: Axis, kind: str) -> Markup:
    return Markup('<polygon class="{}" points="{}"/>').format(kind, _svg_points(points, x, y))


def _svg_points(points: Points, x: Axis, y: Axis) -> str:
    return " ".join(f"{_x_pixel(px, x):.1f},{_y_pixel(py, y):.1f}" for px, py in points)


def _dot(point: tuple[float, float], weight: float, x: Axis, y: Axis, kind: str) -> Markup:
    """Draw a dot whose area grows with the weight."""
    radius = SMALLEST_DOT + (LARGEST_DOT - SMALLEST_DOT) * math.sqrt(weight)
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"/>').format(
        kind, _x_pixel(point[0], x), _y_pixel(point[1], y), radius
    )


def _x_pixel(value: float, x: Axis) -> float:
    return LEFT + (value - x.low) / (x.high - x.low) * (WIDTH - LEFT - RIGHT)


def _y_pixel(value: float, y: Axis) -> float:
    return HEIGHT - BOTTOM - (value - y.low) / (y.high - y.low) * (HEIGHT - TOP - BOTTOM)


def _grid_line(x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<path class="rule" d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>').format(x1, y1, x2, y2)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        x, y, anchor, text
    )
