"""Augmentation options of `ctc train` and `ctc dataset preview`."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from ctc.cli.options.option import CommandOption


class AugmentationOption(CommandOption):
    """An option named after a field of `ctc.plugin.Augmentation`, with the default of the field."""

    def fallback(self) -> Any:
        """Return the default of the field."""
        from ctc.plugin import Augmentation

        return getattr(Augmentation(), self.name or "")


_option = partial(click.option, cls=AugmentationOption)
_UP_TO_HALF = click.FloatRange(0, 0.5)

AUGMENTATION_OPTIONS = (
    _option(
        "--color",
        type=click.Choice(["none", "little", "full_fast", "full_randomized"]),
        help="Colour augmentation; off for grayscale stacking.",
    ),
    _option("--crop", type=_UP_TO_HALF, help="Largest share of a side that is cut away."),
    _option("--zoom", type=_UP_TO_HALF, help="Largest share of a side to zoom in or out."),
    _option("--rotate", type=click.FloatRange(0, 180), help="Largest rotation, in degrees."),
    _option("--flip/--no-flip", default=None, help="Mirror half of the photos."),
    _option(
        "--randaugment",
        type=click.IntRange(0, 10),
        metavar="N",
        help="RandAugment: N random operations for each photo; 0: off.",
    ),
    _option(
        "--randaugment-magnitude",
        type=click.FloatRange(0, 10),
        metavar="M",
        help="Magnitude of the operations of --randaugment.",
    ),
    _option(
        "--random-erasing",
        type=click.FloatRange(0, 1),
        metavar="P",
        help="Probability that a box of a photo is filled with a colour.",
    ),
)
