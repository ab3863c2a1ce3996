"""Records of data loaders: what is asked of them, and the batches that they yield."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ctc.artifacts.model.preprocessing import ImageChoice, LoaderResize
from ctc.plugin.option import Option

if TYPE_CHECKING:
    from ctc.artifacts.dataset import Dataset


@dataclass(frozen=True)
class Augmentation:
    """Random augmentation of training photos; the neutral value of a field switches it off.

    `color`: `none`, `little`, `full_fast` or `full_randomized`. `crop`, `zoom`: the largest
    fraction of a side that is cut off or zoomed, 0–0.5. `rotate`: the largest angle in degrees,
    0–180. `flip`: mirror half of the photos. `preserve_aspect`: resize by fit-crop instead of
    stretching.

    Only a loader with `distorts` gets other values than these: `randaugment`: number of operations
    of RandAugment, 0 = off, all with the `randaugment_magnitude`, 0–10. `random_erasing`:
    probability, 0–1, that a box of an image is filled with one colour.
    """

    color: Literal["none", "little", "full_fast", "full_randomized"] = "full_randomized"
    crop: float = 0.1
    zoom: float = 0.1
    rotate: float = 5.0
    flip: bool = True
    preserve_aspect: bool = False
    randaugment: int = field(default=0, kw_only=True)
    randaugment_magnitude: float = field(default=5.0, kw_only=True)
    random_erasing: float = field(default=0.0, kw_only=True)

    @property
    def distorts(self) -> bool:
        """Whether RandAugment or random erasing is on."""
        return bool(self.randaugment or self.random_erasing)


NO_AUGMENTATION = Augmentation(color="none", crop=0.0, zoom=0.0, rotate=0.0, flip=False)


@dataclass(frozen=True)
class SamplingWeights:
    """Weights for sampling events by their class of `label`: one weight above 0 per class.

    In training, an event has the largest weight of its observations (of the first only, if only
    that is shown), or 1 if none of them has the label.
    """

    label: str
    weights: tuple[float, ...]


@dataclass(frozen=True)
class LoaderConfig:
    """What a loader delivers.

    `height`, `width`: size of the images in pixels. `labels`: in this order. `image_choice`: which
    photo of an event. `multi_label`: those of `labels` that have the classes of all observations of
    an event. `observation`: for the other labels, which observation of an event is used in
    training; evaluation uses the first. `augmentation`: None means the evaluation path, whose
    pixels are exactly those of `ctc.images`. `shard`: (index, count), the part of the events that
    this reader gets; all parts have the same number of steps. `drop_remainder`: leave out an
    incomplete last batch. `on_bad_record` "skip": in training, another sample replaces a bad one,
    so that the number of steps stays the same; in evaluation, the bad one is left out.
    `draw_weights`: in training, an epoch has its usual number of samples, drawn with replacement in
    each epoch, so that on average an event appears in proportion to its weight; repeated events are
    augmented separately. It has no effect in evaluation. `options`: the values of the loader's own
    options, by key.
    """

    height: int
    width: int
    labels: tuple[str, ...]
    batch_size: int = 128
    image_choice: ImageChoice = "random"
    observation: Literal["first", "random"] = "first"
    resize: LoaderResize = "stretch"
    augmentation: Augmentation | None = None
    shuffle: bool = True
    seed: int = 0
    threads: int = 2
    shard: tuple[int, int] = (0, 1)
    drop_remainder: bool = False
    on_bad_record: Literal["fail", "skip"] = "fail"
    multi_label: tuple[str, ...] = ()
    draw_weights: SamplingWeights | None = None
    options: Mapping[str, Any] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch.

    `images`: uint8 array (N, height, width, 3), RGB. `labels`: per label an int32 array (N,), −1 =
    missing; for a multi-label label (N, classes), 1 for each class of an observation, else 0, or a
    row of −1 = missing.

    `event_ids`: the event of each image, or empty if the loader doesn't know them. In training
    only, `soft_labels`: per label that has any, a float array (N, classes) of targets from 0 to 1,
    which the loss takes in place of `labels`; rows of a label with one class per image sum to 1.
    Metrics, and which images have the label, still go by `labels`. `weights`: a float array (N,) of
    factors, 0 or more, of each image's loss.
    """

    images: Any
    labels: Mapping[str, Any]
    event_ids: tuple[str, ...] = field(default=(), kw_only=True)
    soft_labels: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    weights: Any = field(default=None, kw_only=True)


class BatchStream(Protocol):
    """An open split.

    Epochs are numbered from 0; for the same seed, the same epoch gives the same batches.
    """

    @property
    def samples(self) -> int:
        """Number of images in an epoch."""

    @property
    def steps(self) -> int:
        """Number of batches in an epoch."""

    @property
    def skipped(self) -> int:
        """Number of bad records that were left out so far (with `on_bad_record="skip"`)."""

    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        """Yield the batches of epoch `index`, starting with `start_step`."""

    def close(self) -> None:
        """Free threads, files and memory; reading on in an epoch then raises RuntimeError."""


@dataclass(frozen=True)
class Loader:
    """A data loader: `ctc train --loader NAME`.

    `available()` returns None, or the reason why the loader can't run on this machine.
    `open(dataset, split, config)` opens a split. `options` are added to those of `ctc train`.
    `distorts`: whether it offers RandAugment and random erasing; without it `ctc train` refuses
    those options.
    """

    name: str
    summary: str
    available: Callable[[], str | None]
    open: Callable[[Dataset, str, LoaderConfig], BatchStream]
    options: tuple[Option, ...] = field(default=(), kw_only=True)
    distorts: bool = field(default=False, kw_only=True)
