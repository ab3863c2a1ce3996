"""The options of `ctc dataset`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ctc.dataset.crops import CropChoice, WithoutBox
from ctc.dataset.encode import StorageFormat
from ctc.errors import UsageError
from ctc.images.crop import check_margin

DEFAULT_SHARES = {"train": 0.9, "val": 0.05, "test": 0.05}
_NOT_FINGERPRINTED = ("threads", "max_failures")


@dataclass(frozen=True)
class DatasetConfig:
    """How a dataset is selected, split and stored.

    - `shares`: split → share of the events; the shares add up to 1.
    - `split_by`: meta column whose values are the splits.
    - `group_by`: meta column; events with the same value are put into the same split.
    - `balance`: label whose classes are downsampled to the rarest.
    - `up_sample`: label whose rarer classes are repeated in the train split, each event at most
      `up_sample_limit` times.
    - `keep`, `remove`: (label, class) pairs.
    - `image_root`: folder that relative paths start from; None for the inventory's.
    - `smallest_side`: in pixels; `quality`: of the JPEGs, 1–100.
    - `crop_box`: margin around the box to cut out, a share of its longer side; None for whole
      photos.
    - `crops`: whether the surest box of each photo is cut out, or all, each as an event.
    - `without_box`: with all boxes, what becomes of a photo without one; None for `leave-out`.
    - `max_failures`: number of photos that may fail before the build stops; None for no limit.

    `threads` and `max_failures` don't change the result.
    """

    shares: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))
    split_by: str | None = None
    group_by: str | None = None
    balance: str | None = None
    up_sample: str | None = None
    up_sample_limit: int = 10
    keep: tuple[tuple[str, str], ...] = ()
    remove: tuple[tuple[str, str], ...] = ()
    keep_multi_observation: bool = False
    image_root: Path | None = None
    smallest_side: int = 500
    quality: int = 90
    crop_box: float | None = None
    crops: CropChoice = "surest"
    without_box: WithoutBox | None = None
    events_per_shard: int = 5000
    seed: int = 0
    threads: int = 2
    max_failures: int | None = None

    def __post_init__(self) -> None:
        if self.split_by and self.group_by:
            raise UsageError(
                "--split-by and --group-by exclude each other: "
                "the values of the --split-by column are already the splits"
            )
        if self.balance and self.balance == self.up_sample:
            raise UsageError(
                f"--balance and --up-sample exclude each other for '{self.balance}': use only one"
            )
        if not self.split_by and abs(sum(self.shares.values()) - 1) > 1e-6:
            raise UsageError(
                f"the shares of --split add up to {sum(self.shares.values()):g}: "
                "they must add up to 1"
            )
        for name, share in self.shares.items():
            if not 0 < share <= 1:
                raise UsageError(
                    f"the share of split '{name}' is {share:g}: it must be above 0 and at most 1"
                )
        if self.crop_box is not None:
            check_margin(self.crop_box)
        elif self.crops == "all":
            raise UsageError("--crops all cuts out boxes: add --crop-box")
        if self.without_box is not None and self.crops != "all":
            raise UsageError(
                "--without-box is for --crops all: with the surest box, photos without one stay "
                "whole"
            )

    @property
    def storage_format(self) -> StorageFormat:
        """Size and quality of stored photos."""
        return StorageFormat(self.smallest_side, self.quality, self.crop_box)

    def fingerprint_fields(self) -> dict[str, Any]:
        """Return the options that determine the result, as JSON."""
        values = {
            name: value for name, value in asdict(self).items() if name not in _NOT_FINGERPRINTED
        }
        if self.crops == "surest":  # as it was before there was a choice
            del values["crops"], values["without_box"]
        return {
            **values,
            "image_root": None if self.image_root is None else self.image_root.as_posix(),
        }
