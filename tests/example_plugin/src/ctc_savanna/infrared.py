"""A loader that turns some photos of the loader `turbo` grey, as if taken at night."""

from dataclasses import replace

import numpy as np

from ctc.plugin import Loader, Option, hookimpl

SHARE = Option(
    "grey-share", "Share of the photos to turn grey.", "number", default=0.3, minimum=0, maximum=1
)
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@hookimpl
def ctc_loaders():
    return [
        Loader(
            "infrared",
            "as turbo, with some of the training photos in grey, as at night",
            available,
            open_split,
            options=(SHARE,),
        )
    ]


def turbo():
    """Return the built-in loader `turbo`."""
    from ctc.plugin.manager import plugins

    return plugins().get(Loader, "turbo")


def available():
    return turbo().available()


def open_split(dataset, split, config):
    stream = turbo().open(dataset, split, config)
    augmented = config.augmentation is not None and config.augmentation.color != "none"
    share = config.options[SHARE.key]
    return InfraredStream(stream, config.seed, share) if augmented else stream


class InfraredStream:
    """The stream of another loader, with the same samples, steps and labels."""

    def __init__(self, stream, seed, share):
        self._stream, self._seed, self._share = stream, seed, share

    @property
    def samples(self):
        return self._stream.samples

    @property
    def steps(self):
        return self._stream.steps

    @property
    def skipped(self):
        return self._stream.skipped

    def epoch(self, index, start_step=0):
        """Choose grey photos by seed, epoch and step, so that an epoch can resume at any step."""
        for step, batch in enumerate(self._stream.epoch(index, start_step), start_step):
            rng = np.random.default_rng([self._seed, index, step])
            chosen = rng.random(len(batch.images)) < self._share
            yield replace(batch, images=to_grey(np.array(batch.images), chosen))

    def close(self):
        self._stream.close()


def to_grey(images, chosen):
    """Return uint8 (N, height, width, 3) with the `chosen` images in grey."""
    images[chosen] = (images[chosen] @ LUMA)[..., np.newaxis].round()
    return images
