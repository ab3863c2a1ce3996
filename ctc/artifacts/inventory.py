"""The inventory file, inventory.parquet: one row per observation.

    event_id          string
    images            list of strings in time order: paths with forward slashes, relative to the
                      image root or absolute, or URLs
    <label>           string, one column per label, null = missing
    <meta>            all other columns

The metadata of the schema hold, under `ctc`, a JSON object with the format version, the names of
the labels, the image root, and what was left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ctc.artifacts.file_kind import describe_other_kind
from ctc.errors import InputError, MissingExtraError, UsageError, did_you_mean, reason
from ctc.storage.atomic import atomic_write
from ctc.storage.paths import parse_path
from ctc.storage.remote_files import local_copy

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT_VERSION = 1
EVENT_ID = "event_id"
IMAGES = "images"
MOST_IN_A_PHOTO = "most_in_a_photo"
"""Column with the most individuals of the row's species in one photo of the event, where they are
not the sum of the event's counts of it; null elsewhere."""
_METADATA_KEY = b"ctc"


@dataclass(frozen=True)
class Inventory:
    """Observations as an Arrow table, with the names of its label columns.

    All columns but `event_id`, `images` and the labels are meta columns. `image_root`: the folder
    of relative paths. `left_out`: per reason, how many entries of the source gave no observation.
    """

    table: pa.Table
    labels: tuple[str, ...]
    image_root: Path
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def meta(self) -> tuple[str, ...]:
        """The names of the meta columns."""
        return tuple(
            name for name in self.table.column_names if name not in (EVENT_ID, IMAGES, *self.labels)
        )

    def check_label(self, name: str) -> None:
        """Raise UsageError, with the closest name, if there is no such label."""
        if name not in self.labels:
            raise UsageError(
                f"the inventory has no label called '{name}'{did_you_mean(name, self.labels)}"
            )

    def check_meta(self, name: str) -> None:
        """Raise UsageError, with the closest name, if there is no such meta column."""
        if name not in self.meta:
            places = ": `ctc inventory --location-from` adds it" if name == "location" else ""
            near = places or did_you_mean(name, self.meta)
            raise UsageError(f"the inventory has no meta column called '{name}'{near}")

    def write(self, path: Path) -> None:
        """Write the inventory atomically as Parquet (zstd)."""
        import pyarrow.parquet as pq

        about = {
            "format_version": FORMAT_VERSION,
            "labels": list(self.labels),
            "image_root": self.image_root.as_posix(),
            "left_out": dict(self.left_out),
        }
        metadata = {
            **(self.table.schema.metadata or {}),
            _METADATA_KEY: json.dumps(about, ensure_ascii=False).encode(),
        }
        with atomic_write(path) as partial:
            pq.write_table(
                self.table.replace_schema_metadata(metadata), partial, compression="zstd"
            )

    @classmethod
    def read(cls, path: Path) -> Inventory:
        """Read the inventory at `path`.

        Raises CtcError if `ctc inventory` did not write it, or packages to read it are missing.
        """
        table = _read_parquet(path, "read_table")
        about = _parse_metadata(table.schema.metadata or {}, path)
        _check_columns(table, about["labels"], path)
        return cls(
            table, tuple(about["labels"]), parse_path(about["image_root"]), about["left_out"]
        )

    @staticmethod
    def read_image_root(path: Path) -> Path:
        """Return the image root of the inventory at `path` without reading its rows.

        Raises CtcError as `read` does.
        """
        return parse_path(
            _parse_metadata(_read_parquet(path, "read_schema").metadata or {}, path)["image_root"]
        )


def _read_parquet(path: Path, read: Literal["read_table", "read_schema"]) -> Any:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError(f"reading the inventory '{path}'", "data") from None
    if not path.is_file():
        raise UsageError(
            describe_other_kind(path, "inventory")
            or f"inventory '{path}' does not exist: create one with `ctc inventory`"
        )
    try:
        return getattr(pq, read)(local_copy(path))
    except (pa.ArrowException, OSError) as error:
        if other := describe_other_kind(path, "inventory"):
            raise UsageError(other) from None
        if isinstance(error, OSError) and error.strerror:
            raise InputError(f"'{path}' can't be read: {reason(error)}") from None
        raise InputError(
            f"'{path}' can't be read as Parquet: it is of another kind, or damaged; "
            "create one with `ctc inventory`"
        ) from None


def _check_columns(table: pa.Table, labels: list[str], path: Path) -> None:
    import pyarrow as pa

    columns = {EVENT_ID, IMAGES, *labels}
    if not columns <= set(table.column_names):
        raise InputError(
            f"'{path}' has no column '{min(columns - set(table.column_names))}': "
            "create the inventory again"
        )
    if not (pa.types.is_list(table[IMAGES].type) or pa.types.is_large_list(table[IMAGES].type)):
        raise InputError(
            f"'{path}' has no lists in its column '{IMAGES}': create the inventory again"
        )


def _parse_metadata(metadata: Mapping[bytes, bytes], path: Path) -> dict[str, Any]:
    if _METADATA_KEY not in metadata:
        if other := describe_other_kind(path, "inventory"):
            raise UsageError(other)
        raise InputError(
            f"'{path}' is not an inventory: its Parquet metadata has no 'ctc' entry; "
            "create one with `ctc inventory`"
        )
    try:
        about: dict[str, Any] = json.loads(metadata[_METADATA_KEY])
        if about["format_version"] > FORMAT_VERSION:
            raise InputError(
                f"'{path}' has format version {about['format_version']}, "
                f"this ctc reads up to {FORMAT_VERSION}: update ctc"
            )
        sound = all(
            map(
                isinstance,
                (about["labels"], about["image_root"], about["left_out"]),
                (list, str, dict),
            )
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise InputError(
            f"'{path}' is not an inventory: the 'ctc' entry of its metadata is damaged; "
            "create the inventory again"
        )
    return about
