"""Configuration of a run of a photo task, such as a prediction, and the summary of its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from ctc._version import __version__
from ctc.artifacts.cameras.clock_offsets import ClockOffsets
from ctc.artifacts.predictions import Failure
from ctc.detection.detector import DetectionConfig
from ctc.detection.tiles import TileConfig
from ctc.errors import UsageError, reason
from ctc.images.clips.frame_choice import FrameChoice
from ctc.images.listing.photo_table import TableColumns
from ctc.runtime.config import DEFAULT_RUNTIME, RuntimeConfig
from ctc.runtime.model_bytes import read_model
from ctc.storage.paths import path_beside

TruncatedPolicy = Literal["fail", "use"]
"""Whether a JPEG that is cut short fails, or is used with the missing part in grey."""
AUTO = "auto"
"""In place of a file with priors: they are estimated."""
DecodeDevice = Literal["cpu", "gpu"]
"""Where JPEGs are decoded, see `ctc/inference/gpu_decode`."""


@dataclass(frozen=True)
class ShardSpec:
    """Shard `number`, from 1, of `count`: every `count`-th event."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> ShardSpec:
        """Parse '3/16'. Raises UsageError for anything else."""
        number, slash, count = text.partition("/")
        if not (
            slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)
        ):
            raise UsageError(
                f"--shard '{text}' is not valid: write '3/16' for the third of 16 shards"
            )
        return cls(int(number), int(count))

    def part_path(self, output: Path) -> Path:
        """Return the path of the part file: 'p.csv.part-03-of-16'."""
        number = str(self.number).zfill(len(str(self.count)))
        return path_beside(output, f"{output.name}.part-{number}-of-{self.count}")


@dataclass(frozen=True)
class RunConfig:
    """The options that every command with a photo task has.

    `columns`: of the CSV files among the sources. `events_within`: see `UngroupedPhotos.max_gap`.
    `clock_offset`: CSV with the clocks that were wrong, which corrects times.
    `frames`: which frames of clips are used.
    `format_options`: the options of the output format that are given, by key; `engine_options`
    alike. `runtime`: its `threads` are those of each worker when there is an engine. `engine`: the
    engine that runs the task; None: this process. `max_failures`: the number of photos that may
    fail before the run ends. `update`: the output of an earlier run, whose answers are taken over.
    """

    model: Path
    sources: tuple[Path, ...]
    output: Path
    columns: TableColumns | None = None
    image_root: Path | None = None
    events_within: float | None = None
    clock_offset: Path | None = None
    frames: FrameChoice = field(default_factory=FrameChoice)
    format: str | None = None
    format_options: Mapping[str, Any] = field(default_factory=dict)
    runtime: RuntimeConfig = DEFAULT_RUNTIME
    truncated: TruncatedPolicy = "fail"
    decode: DecodeDevice = "cpu"
    shard: ShardSpec | None = None
    engine: str | None = None
    engine_options: Mapping[str, Any] = field(default_factory=dict)
    max_failures: int | None = None
    update: Path | None = None
    resume: bool = False
    overwrite: bool = False

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files and folders that are read, none of which may be the output."""
        names = ("detector", "repeats", "class_list", "geofence", "prior", "clock_offset")
        more = (getattr(self, name, None) for name in names)
        return (self.model, *self.sources, *(path for path in more if path is not None))

    def task_identity(self) -> Mapping[str, Any]:
        """Return what of the task's own options decides its answers; None for not given."""
        return {}

    def identity(self, model: str, photos: str) -> dict[str, str]:
        """Return what decides the answers, but not how they are written.

        `model` and `photos` are digests. See `RunHeader.identity`.
        """
        chosen = {
            **self.task_identity(),
            "--provider": self.runtime.provider,
            "--precision": self.runtime.precision,
            "--batch-size": self.runtime.batch_size,
            "--truncated": self.truncated,
            "--decode": None if self.decode == "cpu" else self.decode,
            "--clock-offset": self.clock_offset and ClockOffsets.read(self.clock_offset).digest,
            "--update": None if self.update is None else "yes",
        }
        given = {name: str(value) for name, value in chosen.items() if value is not None}
        return {"model": model, "photos": photos, "ctc": __version__, **given}


def boxes_identity(
    boxes: DetectionConfig, tiles: TileConfig, repeats: Path | None
) -> dict[str, Any]:
    """Return what of a detector's options decides its boxes; None for not given."""
    is_tiled = tiles.count > 1
    return {
        "--min-confidence": boxes.min_confidence,
        "--iou": boxes.max_iou,
        "--tiles": tiles.count if is_tiled else None,
        "--overlap": tiles.overlap if is_tiled else None,
        "--repeats": repeats and _digest(repeats, "list of repeats"),
    }


def detector_setup(
    detector: Path | None, boxes: DetectionConfig, tiles: TileConfig, cascade: bool = False
) -> str:
    """Return how a detector is used, see `PredictionSetup`; '' for none.

    Its digest, the options that change its boxes where they are given, and whether it is the second
    of a cascade.
    """
    if detector is None:
        return ""
    given = {name: value for name, value in boxes_identity(boxes, tiles, None).items() if value}
    options = [f"{name} {given[name]}" for name in given]
    return " ".join([read_model(detector).digest, *options, *["--cascade"] * cascade])


@dataclass(frozen=True)
class PredictConfig(RunConfig):
    """The options of `ctc predict`.

    `sets`: the probability with which the prediction set of an event is to hold the truth; None for
    no sets. `drop_blanks`: mark the events that are blank by the model's promise. `cascade`: see
    `ctc/inference/cascade.py`.
    `threshold`, `class_list`, `strangers`: see `make_postprocessor`. `flips`: take the mean with
    the mirror image of each photo, or of each crop of a detector. `aggregation`: its name, or
    'auto' for that which the model learnt, else the mean. `aggregation_options`: the
    options of the aggregation that are given, by key. `detector`: the file of a detector, whose
    boxes are predicted in place of whole photos; `boxes`, `tiles`: how it is used; `repeats`: the
    file of a `RepeatList`, whose boxes are set aside. `roll_up`: answer at the lowest rank that is
    sure. `geofence`: the file that says where classes live; `country`: where all events were, such
    as 'KE' or 'US-NJ'; `country_column`, `region_column`: of the table, where they differ from the
    usual names. `prior`: the file with how common classes are here, or 'auto' to estimate it, for
    each group of events with one value in the column `prior_by`.
    """

    aggregation: str = "mean"
    threshold: float | None = None
    class_list: Path | None = None
    strangers: bool = True
    flips: bool = False
    aggregation_options: Mapping[str, Any] = field(default_factory=dict)
    detector: Path | None = None
    boxes: DetectionConfig = field(default_factory=DetectionConfig)
    tiles: TileConfig = field(default_factory=TileConfig)
    repeats: Path | None = None
    roll_up: bool = False
    sets: float | None = None
    drop_blanks: bool = False
    cascade: bool = False
    geofence: Path | None = None
    country: str | None = None
    country_column: str | None = None
    region_column: str | None = None
    prior: Path | None = None
    prior_by: str | None = None

    def task_identity(self) -> Mapping[str, Any]:
        """See `RunConfig`."""
        return {
            "--aggregation": self.aggregation,
            **{
                f"--{key.replace('_', '-')}": value
                for key, value in sorted(self.aggregation_options.items())
            },
            "--threshold": self.threshold,
            "--classes": self.class_list and _digest(self.class_list, "class list"),
            "--strangers": None if self.strangers else "no",
            "--flips": "yes" if self.flips else None,
            **(boxes_identity(self.boxes, self.tiles, self.repeats) if self.detector else {}),
            "--detector": self.detector and read_model(self.detector).digest,
            "--roll-up": "yes" if self.roll_up else None,
            "--sets": self.sets,
            "--drop-blanks": "yes" if self.drop_blanks else None,
            "--cascade": "yes" if self.cascade else None,
            "--geofence": self.geofence and _digest(self.geofence, "geofence"),
            "--country": self.country,
            "--country-column": self.country_column,
            "--region-column": self.region_column,
            "--prior": self.prior and _prior_identity(self.prior),
            "--prior-by": self.prior_by,
        }


@dataclass(frozen=True)
class Summary:
    """The result of a run.

    `events`: how many got an answer. `photos`: how many came in, `resumed` of them in an earlier
    run. `failed`: the number of entries in the file `failures`, of which `first_failures` are the
    first; `truncated` of them are JPEGs or clips that are cut short. `seconds`: how long it took.
    `notes`: what the user should know about the sources, as far as it was not known before.
    `set_aside`: how many boxes are repeats, None without a list of them. `left_out`: how many
    photos have no row in the output, since no animal was found in them. `decided`: what decisions
    tell of their answers. `taken_over`: how many photos have their answers from the output of
    `update`, `gone`: how many of its photos are there no more, None if that is not known.
    """

    events: int
    photos: int
    resumed: int
    failed: int
    failures: Path
    first_failures: tuple[Failure, ...]
    seconds: float
    truncated: int = 0
    notes: tuple[str, ...] = ()
    set_aside: int | None = None
    left_out: int = 0
    decided: tuple[str, ...] = ()
    taken_over: int = 0
    gone: int | None = None


def _prior_identity(prior: Path) -> str:
    return AUTO if str(prior) == AUTO else _digest(prior, "prior")


def _digest(path: Path, what: str) -> str:
    try:
        return blake2b(path.read_bytes(), digest_size=8).hexdigest()
    except OSError as error:
        raise UsageError(f"the {what} '{path}' can't be read: {reason(error)}") from None
