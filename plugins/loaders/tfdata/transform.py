"""From a JPEG to a training image as TensorFlow operations.

The order is zoom, crop, rotate, resize, flip, colour. Zoom and crop choose a region of the photo
(zooming out reaches beyond it: black). The JPEG is decoded at the smallest scale that is large
enough, and only within the region. Rotation, resize and flip are one affine transform.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from ctc.plugin import Augmentation, LoaderConfig

from ..common.augment import COLOR_DRAWS, VIEW_DRAWS
from ..common.choices import STACKED_PHOTOS, should_preserve_aspect, stacks_photos
from . import color, rand_augment


class RegionTensors(NamedTuple):
    """Region of a photo in fractions of its height and width, as float tensors.

    It may reach beyond 0–1.
    """

    top: Any
    left: Any
    height: Any
    width: Any


@dataclass(frozen=True)
class TfImageTransform:
    """Transform from JPEGs to training images (uint8, height × width × 3)."""

    height: int
    width: int
    preserve_aspect: bool
    is_stacked: bool
    augmentation: Augmentation

    @classmethod
    def from_config(cls, config: LoaderConfig, augmentation: Augmentation) -> TfImageTransform:
        """Return the transform of a loader configuration."""
        preserve_aspect = should_preserve_aspect(config, augmentation)
        size = config.height, config.width
        return cls(*size, preserve_aspect, stacks_photos(config), augmentation)

    def apply(self, jpegs: Any, seed: Any) -> Any:
        """Return the image of one sample.

        `jpegs` is string (1,), or (3,) when stacked. `seed` is int64 (2,); the same seed gives the
        same image. Stacked photos share zoom, crop, angle and flip, and keep their colours.
        """
        import tensorflow as tf

        augmentation = self.augmentation
        draws = tf.random.stateless_uniform([VIEW_DRAWS + COLOR_DRAWS], seed)
        distortion = None
        if augmentation.randaugment:
            chosen = rand_augment.draw_operations(augmentation, seed)
            distortion = rand_augment.distortion(augmentation, *chosen, (self.height, self.width))
        if self.is_stacked:
            photos = [
                tf.image.rgb_to_grayscale(self._transform_photo(jpegs[i], draws, distortion))
                for i in range(STACKED_PHOTOS)
            ]
            image = tf.concat(photos, axis=2)
        else:
            image = self._transform_photo(jpegs[0], draws, distortion)
            if augmentation.color != "none":
                image = 255.0 * color.recolor(image / 255.0, augmentation.color, draws[VIEW_DRAWS:])
            if augmentation.randaugment:
                image = rand_augment.change_colors(image, augmentation, *chosen)
        if augmentation.random_erasing:
            image = rand_augment.erase(image, augmentation.random_erasing, seed)
        return tf.cast(image + 0.5, tf.uint8)

    def _transform_photo(self, jpeg: Any, draws: Any, distortion: Any) -> Any:
        """Return the photo as float32 (height, width, 3) in 0–255.

        `distortion`: a (3, 3) matrix from pixels of the image to those without it, or None.
        """
        import tensorflow as tf

        shape = tf.cast(tf.image.extract_jpeg_shape(jpeg)[:2], tf.float32)
        region = self._sample_region(draws)
        scale = self._downscale_power(shape, region)
        scaled = tf.math.ceil(shape / tf.cast(2**scale, tf.float32))
        region = self._fit_aspect(region, scaled)
        warped = bool(self.augmentation.rotate or self.augmentation.zoom or distortion is not None)
        # a distorted image may show any part of the photo
        window = (
            _window(region, scaled, margin=1.0 if warped else 0.0)
            if distortion is None
            else tf.cast(tf.concat([[0.0, 0.0], scaled], axis=0), tf.int32)
        )
        pixels = tf.cast(_decode(jpeg, scale, window), tf.float32)
        mirrored = draws[5] < 0.5 if self.augmentation.flip else tf.constant(False)
        if warped:
            image = self._warp(pixels, region, scaled, window, draws[4], mirrored, distortion)
        else:
            image = tf.image.resize(pixels, [self.height, self.width])
            if self.augmentation.flip:
                image = tf.cond(mirrored, lambda: tf.reverse(image, [1]), lambda: image)
        return tf.ensure_shape(image, [self.height, self.width, 3])

    def _sample_region(self, draws: Any) -> RegionTensors:
        """Zoom about the centre, then crop anywhere in the zoomed region."""
        zoomed = 1.0 + self.augmentation.zoom * (2.0 * draws[0] - 1.0)
        share = zoomed * (1.0 - self.augmentation.crop * draws[1])
        start = (1.0 - zoomed) / 2.0
        return RegionTensors(
            start + draws[2] * (zoomed - share), start + draws[3] * (zoomed - share), share, share
        )

    def _fit_aspect(self, region: RegionTensors, scaled: Any) -> RegionTensors:
        """Return the central part of the region that has the output's aspect ratio.

        Without `preserve_aspect` it is the region itself.
        """
        import tensorflow as tf

        if not self.preserve_aspect:
            return region
        aspect = self.height / self.width * scaled[1] / scaled[0]
        height = region.height * tf.minimum(1.0, aspect)
        width = region.width * tf.minimum(1.0, 1.0 / aspect)
        top, left = (
            region.top + (region.height - height) / 2.0,
            region.left + (region.width - width) / 2.0,
        )
        return RegionTensors(top, left, height, width)

    def _downscale_power(self, shape: Any, region: RegionTensors) -> Any:
        """Return how often, 0–3, the photo can be halved before it is decoded.

        The region stays at least as large as the output.
        """
        import tensorflow as tf

        pixels = shape * tf.stack([region.height, region.width])
        wanted = tf.constant([self.height, self.width], tf.float32)
        enough = [tf.reduce_all(tf.math.ceil(pixels / 2.0**power) >= wanted) for power in (1, 2, 3)]
        return tf.reduce_sum(tf.cast(tf.stack(enough), tf.int32))

    def _warp(
        self,
        pixels: Any,
        region: RegionTensors,
        scaled: Any,
        window: Any,
        draw: Any,
        mirrored: Any,
        distortion: Any,
    ) -> Any:
        """Sample `pixels` (the `window` of the scaled photo) through rotation, resize and flip.

        Black outside. An output pixel (x, y) comes from (a·x + b·y + c, d·x + e·y + f), as
        ImageProjectiveTransformV3 defines it.
        """
        import tensorflow as tf

        angle = (2.0 * draw - 1.0) * self.augmentation.rotate * math.pi / 180.0
        cosine, sine = tf.cos(angle), tf.sin(angle)
        sign = tf.where(mirrored, -1.0, 1.0)
        step_x = sign * region.width * scaled[1] / self.width
        step_y = region.height * scaled[0] / self.height
        start = tf.cast(window[:2], tf.float32)
        centre_y = (region.top + region.height / 2.0) * scaled[0] - 0.5 - start[0]
        centre_x = (region.left + region.width / 2.0) * scaled[1] - 0.5 - start[1]
        a, b, d, e = cosine * step_x, -sine * step_y, sine * step_x, cosine * step_y
        middle_x, middle_y = (self.width - 1) / 2.0, (self.height - 1) / 2.0
        c = centre_x - a * middle_x - b * middle_y
        f = centre_y - d * middle_x - e * middle_y
        entries = [a, b, c, d, e, f]
        if distortion is not None:
            matrix = tf.stack([tf.stack(entries[:3]), tf.stack(entries[3:])]) @ distortion
            entries = tf.unstack(tf.reshape(matrix, [6]))
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pixels[tf.newaxis],
            transforms=tf.stack([*entries, 0.0, 0.0])[tf.newaxis],
            output_shape=[self.height, self.width],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
        )[0]


def _window(region: RegionTensors, scaled: Any, margin: float) -> Any:
    """Return (top, left, height, width) of the region in whole pixels of the scaled photo.

    A margin is added as far as the photo reaches; rounding is that of `ctc.images`.
    """
    import tensorflow as tf

    share = tf.stack([region.height, region.width])
    size = tf.maximum(tf.floor(share * scaled + 0.5), 1.0)
    centre = (tf.stack([region.top, region.left]) + share / 2.0) * scaled
    corner = tf.floor(centre - size / 2.0 + 1e-3)
    start = tf.clip_by_value(corner - margin, 0.0, scaled - 1.0)
    end = tf.clip_by_value(corner + size + margin, start + 1.0, scaled)
    return tf.cast(tf.concat([start, end - start], axis=0), tf.int32)


def _decode(jpeg: Any, scale: Any, window: Any) -> Any:
    """Decode the window of the photo scaled down by 2^`scale`."""
    import tensorflow as tf

    def at(ratio: int) -> Any:
        return lambda: tf.raw_ops.DecodeAndCropJpeg(
            contents=jpeg,
            crop_window=window,
            channels=3,
            ratio=ratio,
            fancy_upscaling=False,
            dct_method="INTEGER_FAST",
        )

    return tf.switch_case(scale, [at(1), at(2), at(4), at(8)])
