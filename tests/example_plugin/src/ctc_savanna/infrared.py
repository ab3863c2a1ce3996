"""A loader that shows the network more nights: it takes the batches of `turbo`, and some photos
lose their colour."""

import numpy as np

from ctc.plugin import Batch, Loader, hookimpl

SHARE = 1 / 3
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@hookimpl
def ctc_loaders():
    return [
        Loader(
            "infrared",
            "as turbo, but in training a third of the photos is grey, as by night",
            available,
            open_split,
        )
    ]


def turbo():
    """The built-in loader, by the name that users know."""
    from ctc.plugin.manager import plugins

    return plugins().get(Loader, "turbo")


def available():
    return turbo().available()


def open_split(dataset, split, config):
    stream = turbo().open(dataset, split, config)
    varied = config.augmentation is not None and config.augmentation.color != "none"
    return Nights(stream, config.seed) if varied else stream


class Nights:
    """The stream of another loader, with the same samples, steps and labels."""

    def __init__(self, stream, seed):
        self._stream, self._seed = stream, seed

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
        """Seed, epoch and step decide which photos are grey, so that an epoch can be taken up
        anywhere."""
        for step, batch in enumerate(self._stream.epoch(index, start_step), start_step):
            rng = np.random.default_rng([self._seed, index, step])
            yield Batch(
                darkened(np.array(batch.images), rng.random(len(batch.images)) < SHARE),
                batch.labels,
            )

    def close(self):
        self._stream.close()


def darkened(images, chosen):
    """uint8 (N, height, width, 3): those that are `chosen` without their colour."""
    images[chosen] = (images[chosen] @ LUMA)[..., np.newaxis].round()
    return images
