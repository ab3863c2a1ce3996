"""Choices of a loader configuration that several modules act on.

`image_choice`: `first` and `random` take one photo of an event, `all` makes every photo a sample,
`grayscale_stacking` puts the grey values of up to three photos into the channels of one image.
"""

from __future__ import annotations

from collections.abc import Sequence

from ctc.plugin import Augmentation, LoaderConfig

STACKED_PHOTOS = 3


def takes_all_photos(config: LoaderConfig) -> bool:
    """Return whether every photo of an event is a sample of its own."""
    return config.image_choice == "all"


def takes_random_photo(config: LoaderConfig) -> bool:
    """Return whether a sample is a random photo of its event."""
    return config.image_choice == "random"


def stacks_photos(config: LoaderConfig) -> bool:
    """Return whether the photos of a sample become the grey channels of one image."""
    return config.image_choice == "grayscale_stacking"


def choose_photos(config: LoaderConfig, count: int, photo: int, draw: float) -> Sequence[int]:
    """Return the numbers of the photos of a sample, of an event with `count` photos.

    `photo` is the number in the sampling order, `draw` a uniform number in 0–1.
    """
    if stacks_photos(config):
        return range(min(count, STACKED_PHOTOS))
    if takes_random_photo(config):
        return (int(draw * count),)
    return (min(photo, count - 1),)


def should_recolor(config: LoaderConfig, augmentation: Augmentation) -> bool:
    """Return whether colours change; stacked photos keep theirs."""
    return augmentation.color != "none" and not stacks_photos(config)


def should_preserve_aspect(config: LoaderConfig, augmentation: Augmentation) -> bool:
    """Return whether images keep the photo's aspect ratio."""
    return config.resize == "fit-crop" or augmentation.preserve_aspect
