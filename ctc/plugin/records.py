"""What a plugin hands over: frozen records, a name and a one-line summary and the callables that do
the work.

A record never prints, registers or mutates anything; heavy imports belong inside its callables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.artifacts.preprocessing import ImageChoice, ResizeMode

if TYPE_CHECKING:
    import keras

    from ctc.artifacts.dataset import Dataset

MetaValue = str | int | float | tuple[float | None, ...] | None
OptionType = Literal["text", "integer", "number", "flag", "path"]


@dataclass(frozen=True)
class Option:
    """One command-line option of a plugin, as data; the command line shows it in `--help` and
    parses it.

    `name` is the long option without dashes (`event-id`); the plugin finds the value under it with
    underscores (`event_id`): a tuple when `multiple`, else a value of `type` or `default`."""

    name: str
    help: str
    type: OptionType = "text"
    metavar: str | None = None
    required: bool = False
    multiple: bool = False
    default: str | int | float | bool | None = None

    @property
    def key(self) -> str:
        """The name under which the value is handed over."""
        return self.name.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen in one event; several observations may share an `event_id`.

    `images` are paths in time order, absolute or relative to the image root, with forward slashes.
    `labels` maps every label to a class, None where it is missing. `meta` are further columns
    (text, number, or None; or a tuple of numbers and None, one per image)."""

    event_id: str
    images: tuple[str, ...]
    labels: Mapping[str, str | None]
    meta: Mapping[str, MetaValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something in the source that gives no observation: `where` (path, row, id) and `reason`,
    shown to the user."""

    where: str
    reason: str


@dataclass(frozen=True)
class InputFormat:
    """A way to find labelled photos: `ctc inventory NAME SOURCE`.

    `recognizes(path)` tells by a quick look whether a source is of this kind. `read(source,
    options)` yields observations, and a `LeftOut` for whatever it can't use; it raises
    `ctc.errors.CtcError` when the source as a whole is unusable. `default_image_root(source,
    options)` is the folder that relative paths start from, without `--image-root`."""

    name: str
    summary: str
    recognizes: Callable[[Path], bool]
    read: Callable[[Path, Mapping[str, Any]], Iterator[Observation | LeftOut]]
    default_image_root: Callable[[Path, Mapping[str, Any]], Path]
    source: str = "SOURCE"
    options: tuple[Option, ...] = ()
    example: str = ""


@dataclass(frozen=True)
class Augmentation:
    """How training photos are varied; every field's neutral value really switches it off.

    `color`: `none`, `little`, `full_fast` or `full_randomized`. `crop` and `zoom`: largest share of
    a side cut away or zoomed, 0–0.5. `rotate`: largest angle in degrees, 0–180. `flip`: mirror half
    of the photos. `preserve_aspect`: resize by fit-crop instead of stretching."""

    color: Literal["none", "little", "full_fast", "full_randomized"] = "full_randomized"
    crop: float = 0.1
    zoom: float = 0.1
    rotate: float = 5.0
    flip: bool = True
    preserve_aspect: bool = False


NO_AUGMENTATION = Augmentation(color="none", crop=0.0, zoom=0.0, rotate=0.0, flip=False)


@dataclass(frozen=True)
class SamplingWeights:
    """How often events come by their class of `label`: `weights`, above 0, one per class. In
    training an event has the largest weight that one of its observations gives it (only the first
    counts where only that is shown), 1 where all lack the label."""

    label: str
    weights: tuple[float, ...]


@dataclass(frozen=True)
class LoaderConfig:
    """What a loader shall deliver.

    `height`, `width`: size of the delivered images. `labels`: the labels wanted, in order.
    `image_choice`: which photo of an event. `multi_label`: those of `labels` that have the classes
    of all of an event's observations. `observation`: which observation's classes the others have in
    training when an event has several; in evaluation the first's. `augmentation` None means the
    evaluation path: the pixels of `ctc.images`, exactly. `shard` is (index, count): this reader's
    part of the events, same number of steps in each. `drop_remainder`: leave out a last partial
    batch. `on_bad_record` "skip": in training another sample takes the place of a bad one, so that
    the steps stay the same; in evaluation it is left out. `draw_weights`: in training an epoch has
    as many samples as ever, but draws them anew each time, with replacement: each as often, on
    average, as its event's weight says. An event that comes again is varied anew. In evaluation
    each comes once all the same."""

    height: int
    width: int
    labels: tuple[str, ...]
    batch_size: int = 128
    image_choice: ImageChoice = "random"
    observation: Literal["first", "random"] = "first"
    resize: ResizeMode = "stretch"
    augmentation: Augmentation | None = None
    shuffle: bool = True
    seed: int = 0
    threads: int = 2
    shard: tuple[int, int] = (0, 1)
    drop_remainder: bool = False
    on_bad_record: Literal["fail", "skip"] = "fail"
    multi_label: tuple[str, ...] = ()
    draw_weights: SamplingWeights | None = None


class Batch(NamedTuple):
    """`images`: uint8 array (N, height, width, 3), RGB. `labels`: per label an int32 array (N,), −1
    = missing; of a multi-label label (N, classes), 1 for each class that an observation has, else
    0, a row of −1 = missing."""

    images: Any
    labels: Mapping[str, Any]


class BatchStream(Protocol):
    """An opened split. Epochs are numbered from 0; the same epoch gives the same batches for the
    same seed."""

    @property
    def samples(self) -> int:
        """How many images one epoch holds."""

    @property
    def steps(self) -> int:
        """How many batches one epoch holds."""

    @property
    def skipped(self) -> int:
        """How many bad records were left out so far (only with `on_bad_record="skip"`)."""

    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        """The batches of epoch `index`, from `start_step` on."""

    def close(self) -> None:
        """Free threads, files and memory. To read an epoch on then raises RuntimeError."""


@dataclass(frozen=True)
class Loader:
    """A way from dataset to batches. `available()` gives None, or the reason why it can't run on
    this machine."""

    name: str
    summary: str
    available: Callable[[], str | None]
    open: Callable[[Dataset, str, LoaderConfig], BatchStream]


@dataclass(frozen=True)
class Pretrained:
    """Weights of a backbone that were learnt elsewhere: `ctc train --weights NAME`.

    `build` is the backbone's, but what it returns has the weights, fetched where they aren't yet;
    it raises `ctc.errors.CtcError` when they can't be had. `mean`, `std`: per channel R, G, B, of
    pixels scaled to 0–1: what pictures were standardised with when the weights were learnt, and are
    again, in place of the dataset's own."""

    name: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    build: Callable[[tuple[int, int, int]], keras.Model]


@dataclass(frozen=True)
class Backbone:
    """A network without its head.

    `build((height, width, 3))` returns a keras.Model from standardised float images (N, height,
    width, 3) to features (N, channels); Keras is imported inside; it raises `ctc.errors.UsageError`
    when the pictures are too small for the network. `input_size` is (height, width) by default. It
    must convert to ONNX. `pretrained`: weights to start from, the usual ones first."""

    name: str
    summary: str
    input_size: tuple[int, int]
    build: Callable[[tuple[int, int, int]], keras.Model]
    pretrained: tuple[Pretrained, ...] = ()


@dataclass(frozen=True)
class Aggregation:
    """From the photos of an event to the event: `combine` takes a float array (images, classes) of
    probabilities, at least one row, and returns (classes,) as float32; the caller renormalises
    nothing. Rows are in time order, which matters only where that is the point of it; every class
    is treated alike.

    Of a multi-label label it gets each class on its own, (images, 2) with the probability that it
    isn't there and that it is; or all of them at once when it treats every class on its own anyway,
    `by_class`."""

    name: str
    summary: str
    combine: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    by_class: bool = False


@dataclass(frozen=True)
class OutputContext:
    """What holds for a prediction file as a whole.

    `model`: the model file's name. `labels`: per label its classes. `created`: when the prediction
    began, in UTC; a run that is resumed keeps it. `image_root`: absolute; where relative paths of
    photos start. `options`: the values of the format's own options, by key. `notes`: what a reader
    must know of the predictions, such as classes that were left out."""

    model: str
    labels: Mapping[str, tuple[str, ...]]
    created: datetime
    image_root: Path
    options: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class OutputFormat:
    """A kind of prediction file: `ctc predict --output FILE`, with its `options` beside those of
    the command.

    `write(entries, path, context)` consumes events and failures one by one, in the order of the
    input, and writes the whole of `path`, which doesn't exist yet and gets its final name from the
    caller. A format without a place for failures passes over them: they are listed in a file of
    their own. `suffixes` (".csv",) choose the format; `folder`: it makes a folder of `path`."""

    name: str
    summary: str
    suffixes: tuple[str, ...]
    write: Callable[[Iterator[EventPrediction | Failure], Path, OutputContext], None]
    options: tuple[Option, ...] = ()
    folder: bool = False


class Task(Protocol):
    """What is to be done with many parts, in many places. It travels to them pickled: paths and
    settings, no pixels and no networks."""

    @property
    def cores(self) -> int:
        """How many CPU cores each worker shall have."""

    def open(self) -> Callable[[Any], Any]:
        """Called once in each worker: load what is needed, and return what does a part and gives
        its result. Both raise CtcError or OSError for what the user can mend."""


@dataclass(frozen=True)
class Engine:
    """Where work is done: `ctc predict --engine NAME`, with its `options` beside those of the
    command.

    `available()` gives None, or the reason why it can't run here. `map(work, parts, options)` opens
    the work in each of its workers, has every part done, and yields (part, result) as they finish,
    in any order. Parts can be pickled, and `str(part)` names one to the user. There may be
    millions: it takes one only when a worker will need it soon, two for each worker at most. A
    worker that dies is replaced, and its part done once more; a part that three workers died of is
    an InputError. A CtcError or OSError of the work ends it, as an error with the same message.
    When the iterator is closed, the workers go. `cores`: how many a worker has when the user
    doesn't say; None: all of this machine."""

    name: str
    summary: str
    available: Callable[[], str | None]
    map: Callable[[Task, Iterator[Any], Mapping[str, Any]], Iterator[tuple[Any, Any]]]
    cores: int | None = None
    options: tuple[Option, ...] = ()


PluginRecord = InputFormat | Loader | Backbone | Aggregation | OutputFormat | Engine
