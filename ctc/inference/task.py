"""Photo tasks: what a run asks of a network for each photo, and how its answers are kept.

A task has three parts, since a run has three places:

    PhotoTask     settings alone: decided once, pickled for the workers of an engine
    PhotoModel    the network, open, and how its outputs become the results of photos and events
    AnswerCodec   the answers in the lines of a journal, which `ctc merge` reads without a network

Reading, decoding, batches, journals, shards, engines and failures are the same for all tasks:
`pipeline` and `run` know these three alone. `ctc/inference/classification.py` is the first task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Box
from ctc.artifacts.label_schema import LabelSchema
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.predictions import Failure, Meta
from ctc.inference.decisions.decision import DECISIONS
from ctc.inference.events.event import Event
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.device_images import DeviceImages
from ctc.runtime.model_bytes import ModelFile

Outputs = Mapping[str, NDArray[np.float32]]
"""The outputs of a network for a batch, by name: float32 (N, …) each."""


class PhotoInfo(NamedTuple):
    """What is known about a photo besides the network's answer.

    `taken`, `camera`, `latitude`, `longitude`, `size`, `box`, `meta`: see `ImagePrediction`; all
    but `box` and `meta` are None if stacking didn't need the photo. `region`: (top, left, height,
    width) in pixels of the network input that show the photo, the rest of which is the border of a
    letterbox; None where it fills the input, and in a journal. `pixels`: of the upright photo,
    uint8 (height, width, 3), for a `PhotoModel` with a `kept_size`.
    """

    path: str
    taken: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    size: tuple[int, int] | None = None
    box: Box | None = None
    meta: Meta | None = None
    region: tuple[int, int, int, int] | None = None
    pixels: NDArray[np.uint8] | None = None


class PhotoContent(NamedTuple):
    """What a photo's file holds, by which `--update` recognizes it.

    `digest`: of its bytes, with the time of a frame of a clip behind. `size`: in bytes, 0 for the
    frame of a remote clip. `modified`, `changed`: times of the file in ns, 0 if they prove nothing;
    see `ctc/inference/update/content.py`.
    """

    digest: str
    size: int
    modified: int = 0
    changed: int = 0


class PhotoResult(Protocol):
    """The result of one photo; see `ImagePrediction` for the fields."""

    @property
    def path(self) -> str: ...
    @property
    def taken(self) -> str | None: ...
    @property
    def camera(self) -> str | None: ...
    @property
    def latitude(self) -> float | None: ...
    @property
    def longitude(self) -> float | None: ...
    @property
    def size(self) -> tuple[int, int] | None: ...
    @property
    def box(self) -> Box | None: ...
    @property
    def meta(self) -> Meta: ...


class EventAnswer(Protocol):
    """The answer for one event: its id, its photos that could be used, and its further columns.

    A frozen dataclass, as the secrets of URLs in these fields are replaced before they are written.
    """

    @property
    def id(self) -> str: ...
    @property
    def images(self) -> Sequence[PhotoResult]: ...
    @property
    def meta(self) -> Meta: ...


PhotoT = TypeVar("PhotoT", bound=PhotoResult)
EventT = TypeVar("EventT", bound=EventAnswer)
EventT_co = TypeVar("EventT_co", bound=EventAnswer, covariant=True)


@dataclass(frozen=True)
class TaskResult(Generic[EventT]):
    """The result of one event: a failure for each photo that can't be used, and a prediction, the
    task's answer, if at least one can.

    `contents`: of the answer's photos, in a run with `--update`, if none failed. `is_taken_over`:
    whether the answer is that of an earlier run.
    """

    failures: tuple[Failure, ...]
    prediction: EventT | None
    contents: tuple[PhotoContent, ...] = ()
    is_taken_over: bool = False

    @property
    def event_id(self) -> str:
        """The id of the event."""
        return self.prediction.id if self.prediction else self.failures[0].event_id

    @property
    def photos(self) -> int:
        """The number of photos that came in."""
        good = len(self.prediction.images) if self.prediction else 0
        return good + sum(not failure.of_event for failure in self.failures)

    @property
    def entries(self) -> tuple[EventT | Failure, ...]:
        """What an output format takes: the failures, then the prediction."""
        return (*self.failures, self.prediction) if self.prediction else self.failures


class Network(Protocol):
    """An open network, as `ctc.runtime.session.Model`."""

    @property
    def runtime(self) -> RuntimeConfig:
        """How it is run; the provider is never `auto`."""

    @property
    def is_on_device(self) -> bool:
        """Whether the provider is fastest with one large batch at a time."""

    def interrupt(self) -> None:
        """Stop the batches that are in the network at the moment."""


class PhotoModel(Protocol[PhotoT, EventT_co]):
    """An open network, and how its outputs become the results of photos and events.

    Threads call it at the same time.
    """

    @property
    def network(self) -> Network:
        """The network."""

    @property
    def preprocessing(self) -> Preprocessing:
        """How a photo becomes an input, and whether an event's photos are stacked."""

    @property
    def kept_size(self) -> tuple[int, int] | None:
        """The (height, width) of decoded photos that `answers` needs beside the network's outputs,
        larger where the photo is; None if it needs no pixels."""

    def run(self, images: NDArray[np.uint8] | DeviceImages) -> Outputs:
        """Run the network on a batch, uint8 (N, height, width, 3); InputError when that fails."""

    def answers(self, outputs: Outputs, inputs: Sequence[Sequence[PhotoInfo]]) -> list[Any]:
        """Return one answer per input, of which `outputs` may have more rows.

        `inputs`: the photos that each input shows, none where all of them failed. An answer is of
        any type, which `photo` takes; None: the outputs are not numbers, which fails the photos.
        """

    def photo(self, info: PhotoInfo, answer: Any) -> PhotoT:
        """Return the result of a photo, one of those that the answer's input shows."""

    def event(self, event: Event, photos: tuple[PhotoT, ...]) -> EventT_co:
        """Return the answer for an event, of which at least one photo could be used."""


class PhotoTask(Protocol[PhotoT, EventT_co]):
    """What a run asks of a network: settings that can be pickled.

    `open` is called in the process that runs the network, `bind` where one is open already.
    """

    def open(self, file: ModelFile, runtime: RuntimeConfig) -> PhotoModel[PhotoT, EventT_co]:
        """Open the network; raises CtcError when it can't be run, or doesn't suit the task."""

    def bind(self, network: Any) -> PhotoModel[PhotoT, EventT_co]:
        """Return the task's model of a network that the run has opened for it."""

    def facts(self, network: Any) -> HeaderFacts:
        """Return what the results have in common, for the header of the journal."""


@dataclass(frozen=True)
class HeaderFacts:
    """What the results of a run have in common, as far as the task decides it.

    `schema`: the labels, none by default. `settings`: what else the answers in the journal and the
    output need, as JSON. `notes`, `input_size`, `provenance`: see `OutputContext`.
    """

    schema: LabelSchema = field(default_factory=lambda: LabelSchema({}))
    notes: tuple[str, ...] = ()
    input_size: tuple[int, int] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def with_decisions(self, decisions: Mapping[str, Any]) -> HeaderFacts:
        """Return the facts with the settings of decisions, by name, and the `notes` in them."""
        if not decisions:
            return self
        objects = (one for one in decisions.values() if isinstance(one, Mapping))
        notes = tuple(note for one in objects for note in one.get("notes", ()))
        settings = {**self.settings, DECISIONS: dict(decisions)}
        return replace(self, notes=(*self.notes, *notes), settings=settings)


class AnswerCodec(Protocol[PhotoT, EventT]):
    """The answers of a task as JSON, without loss; see `ctc/inference/journal/records.py`.

    The id, paths, times, sizes, boxes, meta values and failures are written for every task alike.
    """

    def photo_to_json(self, photo: PhotoT) -> Any:
        """Return the answer for a photo."""

    def photo_from_json(self, value: Any, info: PhotoInfo) -> PhotoT:
        """Return the result of a photo; ValueError or TypeError for what `photo_to_json` doesn't
        return."""

    def event_to_json(self, event: EventT) -> Any:
        """Return the answer for an event, without its id, photos and meta values."""

    def event_from_json(
        self, value: Any, event_id: str, meta: Meta, photos: tuple[PhotoT, ...]
    ) -> EventT:
        """Return the answer for an event; ValueError or TypeError as `photo_from_json`."""
