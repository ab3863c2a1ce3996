"""Dataset folder: the manifest `dataset.json`, TFRecord shards and their index files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ctc.artifacts.file_kind import describe_other_kind
from ctc.artifacts.label_schema import check_classes
from ctc.errors import (
    MAX_QUOTED,
    InputError,
    UsageError,
    describe_damage,
    did_you_mean,
    shorten,
)
from ctc.storage.json_file import check_format, read_object, write_object

MANIFEST = "dataset.json"
LEFT_OUT = "left_out.csv"
FORMAT = "ctc-dataset"
FORMAT_VERSION = 1

TRAIN, VALIDATION, TEST = "train", "val", "test"
"""Names of the splits that `ctc train` reads."""

MULTIPLE_OBSERVATIONS = "more than one observation"
"""Key in `left_out["event_count"]` of a manifest: events left out for several observations."""


@dataclass(frozen=True)
class Shard:
    """One TFRecord file of a split.

    `file`: its name in the folder. `events`, `images`: the numbers in it. `bytes`: its size.
    `sha256`: the checksum of its contents.
    """

    file: str
    events: int
    images: int
    bytes: int
    sha256: str

    @property
    def index_file(self) -> str:
        """The name of its index file."""
        return self.file.removesuffix(".tfrecord") + ".idx"


@dataclass(frozen=True)
class Label:
    """A question asked of every event (species, count, …), with its classes.

    `classes`: in the order of their numbers. `counts[split][i]`: number of observations of class i.
    """

    name: str
    classes: tuple[str, ...]
    counts: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Manifest:
    """Contents of dataset.json.

    `splits`: the shards of each split. `shrink`: the rule by which photos were made smaller.
    `channel_mean`, `channel_std`: per channel (R, G, B) over the stored pixels of the train split,
    scaled to 0–1. `left_out`: counts per reason and the first entries; all entries are in
    left_out.csv. `made_by`: version and options that made the dataset.
    """

    splits: Mapping[str, tuple[Shard, ...]]
    labels: tuple[Label, ...]
    shrink: Mapping[str, Any]
    channel_mean: tuple[float, float, float]
    channel_std: tuple[float, float, float]
    left_out: Mapping[str, Any] = field(default_factory=dict)
    made_by: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "made_by": dict(self.made_by),
            "splits": {
                split: {
                    "events": sum(shard.events for shard in shards),
                    "images": sum(shard.images for shard in shards),
                    "shards": [{**asdict(shard), "index": shard.index_file} for shard in shards],
                }
                for split, shards in self.splits.items()
            },
            "labels": {
                label.name: {
                    "classes": list(label.classes),
                    "counts": {
                        split: dict(zip(label.classes, counts, strict=True))
                        for split, counts in label.counts.items()
                    },
                }
                for label in self.labels
            },
            "shrink": dict(self.shrink),
            "channel_mean": list(self.channel_mean),
            "channel_std": list(self.channel_std),
            "left_out": dict(self.left_out),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Manifest:
        mean, std = data["channel_mean"], data["channel_std"]
        return cls(
            splits={
                split: tuple(map(_parse_shard, entry["shards"]))
                for split, entry in data["splits"].items()
            },
            labels=tuple(
                Label(
                    name,
                    check_classes(name, entry["classes"]),
                    {
                        s: tuple(c[name] for name in entry["classes"])
                        for s, c in entry["counts"].items()
                    },
                )
                for name, entry in data["labels"].items()
            ),
            shrink=_parse_mapping(data["shrink"]),
            channel_mean=(float(mean[0]), float(mean[1]), float(mean[2])),
            channel_std=(float(std[0]), float(std[1]), float(std[2])),
            left_out=_parse_mapping(data["left_out"]),
            made_by=_parse_mapping(data["made_by"]),
        )


@dataclass(frozen=True)
class Dataset:
    """A dataset: its files are in `folder`.

    `source`: the remote path that it was downloaded from, if any.
    """

    folder: Path
    manifest: Manifest
    source: Path | None = None

    @property
    def display_path(self) -> Path:
        """The path to show to the user: `source`, or else `folder`."""
        return self.source or self.folder

    @classmethod
    def read(cls, folder: Path) -> Dataset:
        """Read the manifest of the dataset in `folder`; `open_dataset` also downloads a remote one.

        Raises CtcError if `folder` is not a dataset, or was written by a newer ctc.
        """
        path = folder / MANIFEST
        if other := describe_other_kind(folder, "dataset"):
            raise UsageError(other)
        if not folder.exists():
            raise UsageError(f"dataset '{folder}' does not exist: make one with `ctc dataset`")
        data = read_object(path, "the manifest of a dataset that `ctc dataset` made")
        check_format(data, path, FORMAT, FORMAT_VERSION)
        try:
            return cls(folder, Manifest.from_json(data))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, InputError) as error:
            damage = shorten(describe_damage(error), 2 * MAX_QUOTED)
            raise InputError(f"'{path}' is damaged ({damage}): build the dataset again") from None

    def save(self) -> None:
        """Write dataset.json.

        It must be the last file, since its presence marks a complete dataset.
        """
        write_object(self.folder / MANIFEST, self.manifest.to_json())

    def shards(self, split: str) -> tuple[Shard, ...]:
        """Return the shards of a split; raises UsageError if it does not exist."""
        if split not in self.manifest.splits:
            known = did_you_mean(split, self.manifest.splits)
            raise UsageError(f"'{self.display_path}' has no split called '{split}'{known}")
        return self.manifest.splits[split]

    def event_count(self, split: str) -> int:
        """Return the number of events of a split."""
        return sum(shard.events for shard in self.shards(split))

    def label(self, name: str) -> Label:
        """Return the label `name`; raises UsageError if it does not exist."""
        known = {label.name: label for label in self.manifest.labels}
        if name not in known:
            raise UsageError(
                f"'{self.display_path}' has no label called '{name}'{did_you_mean(name, known)}"
            )
        return known[name]

    def num_classes(self, labels: Iterable[str]) -> dict[str, int]:
        """Return the number of classes of each of the labels."""
        return {name: len(self.label(name).classes) for name in labels}

    def fingerprint(self) -> str:
        """Return a hash of the shards' checksums, which is equal for equal records."""
        import hashlib

        shards = [
            shard.sha256
            for split in sorted(self.manifest.splits)
            for shard in self.manifest.splits[split]
        ]
        return hashlib.sha256("\n".join(shards).encode()).hexdigest()


def _parse_mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"not an object: {value!r}")
    return value


def _parse_shard(entry: Mapping[str, Any]) -> Shard:
    """Return a shard from JSON; raises ValueError for wrong types or a file outside the folder."""
    shard = Shard(entry["file"], entry["events"], entry["images"], entry["bytes"], entry["sha256"])
    texts, numbers = (shard.file, shard.sha256), (shard.events, shard.images, shard.bytes)
    if not (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(number, int) and number >= 0 for number in numbers)
        and shard.sha256.isascii()
    ):
        raise ValueError(f"wrong types: {shard}")
    if Path(shard.file).name != shard.file or not shard.file.endswith(".tfrecord"):
        raise ValueError(f"not the name of a shard: '{shard.file}'")
    return shard
