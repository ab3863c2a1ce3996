"""How training photos are varied: the options of `ctc train` and `ctc dataset preview`."""

from __future__ import annotations

import click

UP_TO_HALF = click.FloatRange(0, 0.5)

AUGMENTATION_OPTIONS = (
    click.option(
        "--color",
        type=click.Choice(["none", "little", "full_fast", "full_randomized"]),
        help="Colour augmentation.",
    ),
    click.option("--crop", type=UP_TO_HALF, help="Largest share of a side cut away."),
    click.option("--zoom", type=UP_TO_HALF, help="Largest share of a side zoomed."),
    click.option("--rotate", type=click.FloatRange(0, 180), help="Largest angle in degrees."),
    click.option("--flip/--no-flip", default=None, help="Mirror half of the photos."),
)
