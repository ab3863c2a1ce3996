"""MixUp and CutMix: each photo of a batch is mixed with another one, its partner, of that batch.

What is drawn depends on seed, epoch, step and host alone, so that a resumed training mixes the same
photos. The whole batch is mixed before it is split into micro-batches.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from keras import ops
from numpy.typing import NDArray

_STREAM = 0x4D4958
"""Keeps these numbers apart from those of loaders, which draw by seed, epoch and step as well."""


class Box(NamedTuple):
    """Pixels from `top` to before `bottom` and from `left` to before `right`."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, eq=False)
class Mix:
    """How a batch is mixed: each photo i with the photo `partner[i]`, (N,).

    `share`: how much of a photo is itself, 0–1. The partner fills the `box` (CutMix); without one,
    its pixels are blended in (MixUp).
    """

    partner: NDArray[np.int32]
    share: float
    box: Box | None = None

    @property
    def dominant(self) -> NDArray[np.int32]:
        """The photo that makes up half or more of each mixed photo, (N,)."""
        return self._own if self.share >= 0.5 else self.partner

    @property
    def other(self) -> NDArray[np.int32]:
        """The photo that makes up the rest, (N,)."""
        return self.partner if self.share >= 0.5 else self._own

    @property
    def dominant_share(self) -> float:
        """Share of the `dominant` photo, 0.5–1."""
        return max(self.share, 1.0 - self.share)

    @property
    def _own(self) -> NDArray[np.int32]:
        return np.arange(len(self.partner), dtype=np.int32)


@dataclass(frozen=True)
class Mixing:
    """Draws how the batches of a training are mixed.

    `mixup`: α of MixUp, `cutmix`: α of CutMix, each 0 = off. Both draw the share of a photo from
    Beta(α, α), once for a batch, and pair the photos at random. With both on, each batch is mixed
    in one of the two ways, with equal chances.

    MixUp: Zhang et al. 2018, https://arxiv.org/abs/1710.09412. CutMix: Yun et al. 2019,
    https://arxiv.org/abs/1905.04899; the box has the aspect ratio of the photo and its centre
    anywhere; where it reaches beyond the photo it is cut, and the share is that of the area.
    """

    mixup: float
    cutmix: float
    seed: int
    host: int = 0

    def draw(self, epoch: int, step: int, shape: tuple[int, ...]) -> Mix | None:
        """Return how the batch of images of `shape` (N, height, width, …) is mixed; None if not."""
        if not self.mixup and not self.cutmix:
            return None
        rng = np.random.default_rng([self.seed, epoch, step, self.host, _STREAM])
        partner = rng.permutation(shape[0]).astype(np.int32)
        chance, down, right = rng.random(3)
        cuts = bool(self.cutmix) and (not self.mixup or chance < 0.5)
        alpha = self.cutmix if cuts else self.mixup
        share = float(rng.beta(alpha, alpha))
        if not cuts:
            return Mix(partner, share)
        height, width = shape[1:3]
        box = _box(share, down * height, right * width, height, width)
        area = (box.bottom - box.top) * (box.right - box.left)
        return Mix(partner, 1.0 - area / (height * width), box)


def mix_images(images: Any, mix: Mix) -> Any:
    """Return the mixed images of a batch of uint8 images (N, height, width, 3), on their device.

    Blended pixels are rounded.
    """
    partners = ops.take(images, mix.partner, axis=0)
    if mix.box:
        return ops.where(_mask(mix.box, images.shape[1:3]), partners, images)
    own, others = ops.cast(images, "float32"), ops.cast(partners, "float32")
    return ops.cast(others + mix.share * (own - others) + 0.5, "uint8")


def _box(share: float, y: float, x: float, height: int, width: int) -> Box:
    """Return the box with the centre (y, x) that leaves `share` of a photo, cut at its edges."""
    side = math.sqrt(1.0 - share) / 2.0
    top, bottom = (round(min(max(y + reach * height, 0), height)) for reach in (-side, side))
    left, right = (round(min(max(x + reach * width, 0), width)) for reach in (-side, side))
    return Box(top, bottom, left, right)


def _mask(box: Box, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return (1, height, width, 1): which pixels are in the box."""
    mask = np.zeros((1, *size, 1), np.bool_)
    mask[:, box.top : box.bottom, box.left : box.right] = True
    return mask
