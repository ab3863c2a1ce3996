"""Records that plugins return: a name, a one-line summary, and the callables that do the work.

A record never prints, registers or changes anything; heavy imports belong inside its callables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Box
from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.plugin.detection import Detector
from ctc.plugin.loading import Loader
from ctc.plugin.option import Option

if TYPE_CHECKING:
    import keras

MetaValue = str | int | float | tuple[float | None, ...] | tuple[str | None, ...] | None


@dataclass(frozen=True, slots=True)
class Observation:
    """One observation of an event; several observations may share an `event_id`.

    `images`: paths in time order, absolute or relative to the image root, with forward slashes.
    `labels`: every label with its class, None if missing. `meta`: further columns (text, number or
    None; or a tuple with a text, number or None for each image). `boxes`: the box of what was
    observed in each image, None where there is none; empty for no boxes at all.
    """

    event_id: str
    images: tuple[str, ...]
    labels: Mapping[str, str | None]
    meta: Mapping[str, MetaValue] = field(default_factory=dict)
    boxes: tuple[Box | None, ...] = field(default=(), kw_only=True)


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
    `ctc.errors.CtcError` if the source as a whole is unusable. In `ctc inventory`, `options` also
    has `image_root`: the folder of `--image-root`, or None. `default_image_root(source,
    options)` returns the folder that relative paths start from, unless `--image-root` is given.
    `columns_option`: the key of the repeatable option that names meta columns to keep, if there is
    one; the columns of `--location-from` and `--time-from` are added to its value. `is_general`: it
    recognizes sources by their kind alone, such as any CSV, so a format that also knows what is in
    the source goes before it.
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
    is_general: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class Pretrained:
    """Pretrained weights of a backbone: `ctc train --weights NAME`.

    `build` is like that of the backbone, options included, but the network has the weights, which
    are downloaded if necessary; it raises `ctc.errors.CtcError` if they are not available. `mean`,
    `std`: per channel (R, G, B) of pixels scaled to 0–1, with which images were standardised in
    pretraining; they replace those of the dataset.
    """

    name: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    build: Callable[..., keras.Model]


@dataclass(frozen=True)
class Backbone:
    """A network without a head: `ctc train --backbone NAME`.

    `build((height, width, 3))` returns a keras.Model from standardised float images (N, height,
    width, 3) to features (N, channels), and must import Keras inside. It raises
    `ctc.errors.UsageError` if the images are too small for the network. The network must convert to
    ONNX. `input_size`: the default (height, width). `pretrained`: weights to start from, the usual
    ones first. `open_weights(folder)` reads weights in a folder of the backbone's own format, `ctc
    train --weights FOLDER`, without downloading anything; it raises `ctc.errors.CtcError` if they
    don't fit. `options` are added to those of `ctc train`; where a backbone has any, the call is
    `build((height, width, 3), options)` with their values by key.
    """

    name: str
    summary: str
    input_size: tuple[int, int]
    build: Callable[..., keras.Model]
    pretrained: tuple[Pretrained, ...] = ()
    open_weights: Callable[[Path], Pretrained] | None = field(default=None, kw_only=True)
    options: tuple[Option, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregationContext:
    """What an aggregation gets to know about an event.

    `label`: the label that is aggregated. `classes`: those of the columns; where a multi-label
    label is taken class by class, `("absent", CLASS)`. `photos`: those of the rows, with their
    path, time, camera, place and meta values as far as they are known; `ctc evaluate` knows their
    paths only, and their attention where it is needed. `options`: the values of the aggregation's
    own options, by key. `weights`: how sure the detector is of each row (0–1), where rows are the
    boxes of a detector; empty for photos.
    """

    label: str
    classes: tuple[str, ...]
    photos: tuple[ImagePrediction, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: tuple[float, ...] = ()


@dataclass(frozen=True)
class Aggregation:
    """Aggregation of the photos of an event: `ctc predict --aggregation NAME`.

    `combine(probabilities)` or `combine(probabilities, context)`, which gets an
    `AggregationContext` if its second parameter has no default, takes a float array (images,
    classes) of probabilities with at least one row, and returns (classes,) as float32, which is not
    normalised again. Rows are in time order, but the result should not depend on it unless that is
    the purpose. All classes must be treated alike.

    For a multi-label label, `combine` gets each class separately, as (images, 2) with the
    probabilities that the class is absent and present. With `by_class` it gets all classes at once,
    since it treats every class separately anyway. `options` are added to those of the commands with
    `--aggregation`. `needs_attention`: it is for models with a learnt pooling, whose photos have
    `attention`, and not for boxes.
    """

    name: str
    summary: str
    combine: Callable[..., NDArray[np.float32]]
    by_class: bool = False
    options: tuple[Option, ...] = field(default=(), kw_only=True)
    needs_attention: bool = field(default=False, kw_only=True)

    @cached_property
    def takes_context(self) -> bool:
        """Whether `combine` has a second parameter without a default."""
        try:
            parameters = signature(self.combine).parameters.values()
        except (TypeError, ValueError):  # a function written in C
            return False
        positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        needed = [one for one in parameters if one.kind in positional and one.default is one.empty]
        return len(needed) > 1

    def run(
        self, probabilities: NDArray[np.float32], context: AggregationContext
    ) -> NDArray[np.float32]:
        """Return `combine(probabilities)`, with the context if it takes one."""
        if self.takes_context:
            return self.combine(probabilities, context)
        return self.combine(probabilities)


@dataclass(frozen=True)
class OutputContext:
    """Properties of a prediction file as a whole.

    `model`: the name of the model file. `labels`: per label its classes. `created`: start of the
    prediction in UTC; a resumed run keeps it. `image_root`: absolute folder that relative paths of
    photos start from. `options`: the values of the format's own options, by key. `notes`: what a
    reader of the file must know, such as classes that were left out. `aggregation`: the name of
    the aggregation. `version`: of the ctc that predicted. `provenance`: where the model comes from,
    as its file says. `input_size`: (height, width) of the model's input in pixels, None if not
    known. `model_digest`: of the model file. `settings`: what else the run's task decides, such as
    the number of features.
    """

    model: str
    labels: Mapping[str, tuple[str, ...]]
    created: datetime
    image_root: Path
    options: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    aggregation: str = field(default="", kw_only=True)
    version: str = field(default="", kw_only=True)
    provenance: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    input_size: tuple[int, int] | None = field(default=None, kw_only=True)
    model_digest: str = field(default="", kw_only=True)
    settings: Mapping[str, Any] = field(default_factory=dict, kw_only=True)


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


PluginRecord = InputFormat | Loader | Backbone | Detector | Aggregation | OutputFormat | Engine
