"""Records that plugins return: a name, a one-line summary, and the callables that do the work.

A record never prints, registers or changes anything; heavy imports belong inside its callables.
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
    """A command-line option of a plugin, declared as data.

    `name` is the long option without dashes (`event-id`). The command line shows it in `--help`,
    parses it and passes the value to the plugin under the name with underscores (`event_id`): a
    tuple if `multiple`, else a value of `type` or `default`.
    """

    name: str
    help: str
    type: OptionType = "text"
    metavar: str | None = None
    required: bool = False
    multiple: bool = False
    default: str | int | float | bool | None = None

    @property
    def key(self) -> str:
        """The key under which the plugin receives the value."""
        return self.name.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Observation:
    """One observation of an event; several observations may share an `event_id`.

    `images`: paths in time order, absolute or relative to the image root, with forward slashes.
    `labels`: every label with its class, None if missing. `meta`: further columns (text, number or
    None; or a tuple of numbers and None, one per image).
    """

    event_id: str
    images: tuple[str, ...]
    labels: Mapping[str, str | None]
    meta: Mapping[str, MetaValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry of the source that gives no observation.

    `where` (path, row, id) and `reason` are shown to the user.
    """

    where: str
    reason: str


@dataclass(frozen=True)
class InputFormat:
    """A reader of labelled photos: `ctc inventory NAME SOURCE`.

    `recognizes(path)` returns whether a source is of this format, after a quick look, and never
    raises; `ctc inventory SOURCE` uses the only format that returns True. `read(source, options)`
    yields observations, and a `LeftOut` for everything it can't use; it raises
    `ctc.errors.CtcError` if the source as a whole is unusable. `default_image_root(source,
    options)` returns the folder that relative paths start from, unless `--image-root` is given.
    `columns_option`: the key of the repeatable option that names meta columns to keep, if there is
    one; the columns of `--location-from` and `--time-from` are added to its value.
    """

    name: str
    summary: str
    recognizes: Callable[[Path], bool]
    read: Callable[[Path, Mapping[str, Any]], Iterator[Observation | LeftOut]]
    default_image_root: Callable[[Path, Mapping[str, Any]], Path]
    source: str = "SOURCE"
    options: tuple[Option, ...] = ()
    example: str = ""
    columns_option: str | None = None


@dataclass(frozen=True)
class Augmentation:
    """Random augmentation of training photos; the neutral value of a field switches it off.

    `color`: `none`, `little`, `full_fast` or `full_randomized`. `crop`, `zoom`: the largest
    fraction of a side that is cut off or zoomed, 0–0.5. `rotate`: the largest angle in degrees,
    0–180. `flip`: mirror half of the photos. `preserve_aspect`: resize by fit-crop instead of
    stretching.
    """

    color: Literal["none", "little", "full_fast", "full_randomized"] = "full_randomized"
    crop: float = 0.1
    zoom: float = 0.1
    rotate: float = 5.0
    flip: bool = True
    preserve_aspect: bool = False


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
    augmented separately. It has no effect in evaluation.
    """

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
    """One batch.

    `images`: uint8 array (N, height, width, 3), RGB. `labels`: per label an int32 array (N,), −1 =
    missing; for a multi-label label (N, classes), 1 for each class of an observation, else 0, or a
    row of −1 = missing.
    """

    images: Any
    labels: Mapping[str, Any]


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
    `open(dataset, split, config)` opens a split.
    """

    name: str
    summary: str
    available: Callable[[], str | None]
    open: Callable[[Dataset, str, LoaderConfig], BatchStream]


@dataclass(frozen=True)
class Pretrained:
    """Pretrained weights of a backbone: `ctc train --weights NAME`.

    `build` is like that of the backbone, but the network has the weights, which are downloaded if
    necessary; it raises `ctc.errors.CtcError` if they are not available. `mean`, `std`: per channel
    (R, G, B) of pixels scaled to 0–1, with which images were standardised in pretraining; they
    replace those of the dataset.
    """

    name: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    build: Callable[[tuple[int, int, int]], keras.Model]


@dataclass(frozen=True)
class Backbone:
    """A network without a head: `ctc train --backbone NAME`.

    `build((height, width, 3))` returns a keras.Model from standardised float images (N, height,
    width, 3) to features (N, channels), and must import Keras inside. It raises
    `ctc.errors.UsageError` if the images are too small for the network. The network must convert to
    ONNX. `input_size`: the default (height, width). `pretrained`: weights to start from, the usual
    ones first.
    """

    name: str
    summary: str
    input_size: tuple[int, int]
    build: Callable[[tuple[int, int, int]], keras.Model]
    pretrained: tuple[Pretrained, ...] = ()


@dataclass(frozen=True)
class Aggregation:
    """Aggregation of the photos of an event: `ctc predict --aggregation NAME`.

    `combine` takes a float array (images, classes) of probabilities with at least one row, and
    returns (classes,) as float32, which is not normalised again. Rows are in time order, but the
    result should not depend on it unless that is the purpose. All classes must be treated alike.

    For a multi-label label, `combine` gets each class separately, as (images, 2) with the
    probabilities that the class is absent and present. With `by_class` it gets all classes at once,
    since it treats every class separately anyway.
    """

    name: str
    summary: str
    combine: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    by_class: bool = False


@dataclass(frozen=True)
class OutputContext:
    """Properties of a prediction file as a whole.

    `model`: the name of the model file. `labels`: per label its classes. `created`: start of the
    prediction in UTC; a resumed run keeps it. `image_root`: absolute folder that relative paths of
    photos start from. `options`: the values of the format's own options, by key. `notes`: what a
    reader of the file must know, such as classes that were left out.
    """

    model: str
    labels: Mapping[str, tuple[str, ...]]
    created: datetime
    image_root: Path
    options: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class OutputFormat:
    """A writer of prediction files: `ctc predict --output FILE --format NAME`.

    `write(entries, path, context)` consumes events and failures one by one, in the order of the
    input, and writes all of `path`, which does not exist yet; the caller gives it its final name. A
    format that can't store failures ignores them, since they are also listed in a file of their
    own. `suffixes` (".csv",) select the format from a file name. `folder`: `path` is a folder.
    `options` are added to those of the command.
    """

    name: str
    summary: str
    suffixes: tuple[str, ...]
    write: Callable[[Iterator[EventPrediction | Failure], Path, OutputContext], None]
    options: tuple[Option, ...] = ()
    folder: bool = False


class Task(Protocol):
    """Work on many parts, which is pickled and sent to the workers.

    It contains paths and settings, not pixels or networks.
    """

    @property
    def cores(self) -> int:
        """Number of CPU cores for each worker."""

    def open(self) -> Callable[[Any], Any]:
        """Load what is needed and return the function that turns a part into its result.

        Called once in each worker. Both raise CtcError or OSError for errors that the user can fix.
        """


@dataclass(frozen=True)
class Engine:
    """A place where tasks run: `ctc predict --engine NAME`.

    `available()` returns None, or the reason why the engine can't run here. `map(task, parts,
    options)` opens the task in each of its workers, runs every part, and yields (part, result) as
    parts finish, in any order. Parts can be pickled, and `str(part)` names one for the user. There
    may be millions: take a part only when a worker will need it soon, at most two per worker. If a
    worker dies, it is replaced and its part is run again; a part that kills three workers raises
    InputError. A CtcError or OSError of the task stops the map, with the same message. When the
    iterator is closed, the workers stop. `cores`: the default number of cores per worker; None: all
    of this machine. `options` are added to those of the command.
    """

    name: str
    summary: str
    available: Callable[[], str | None]
    map: Callable[[Task, Iterator[Any], Mapping[str, Any]], Iterator[tuple[Any, Any]]]
    cores: int | None = None
    options: tuple[Option, ...] = ()


PluginRecord = InputFormat | Loader | Backbone | Aggregation | OutputFormat | Engine
