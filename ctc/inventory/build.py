"""Observations become an inventory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.errors import InputError, MissingExtraError, PluginError, UsageError
from ctc.plugin.records import InputFormat, LeftOut, Observation

if TYPE_CHECKING:
    import pyarrow as pa

RESERVED = (EVENT_ID, IMAGES)
LOOK_AT = 100


@dataclass(frozen=True)
class Built:
    """The inventory, what was left out of it, and how many of the first photos are not where they should be."""

    inventory: Inventory
    left_out: tuple[LeftOut, ...]
    looked_at: int
    missing: int


def build_inventory(
    input_format: InputFormat, source: Path, options: Mapping[str, Any], image_root: Path | None = None
) -> Built:
    """Read `source`; raises CtcError when it gives no observation at all."""
    _need_packages()
    root = (image_root or input_format.default_image_root(source, options)).absolute()
    if not root.is_dir() and source.exists():
        raise UsageError(f"image root '{root}' is not a folder")
    observations, left_out = _sort_out(input_format.read(source, options))
    if not observations:
        why = Counter(entry.reason for entry in left_out).most_common(1)
        raise InputError(f"'{source}' gives no observation" + (f": {why[0][0]} ({why[0][1]} times)" if why else ""))
    labels = tuple(observations[0].labels)
    inventory = Inventory(_table(observations, labels), labels, root, Counter(entry.reason for entry in left_out))
    first = [root / path for observation in observations[:LOOK_AT] for path in observation.images][:LOOK_AT]
    return Built(inventory, tuple(left_out), len(first), sum(not path.exists() for path in first))


def _need_packages() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise MissingExtraError("ctc inventory", "data") from None


def _sort_out(entries: Iterable[Observation | LeftOut]) -> tuple[list[Observation], list[LeftOut]]:
    observations: list[Observation] = []
    left_out: list[LeftOut] = []
    for entry in entries:
        if isinstance(entry, Observation):
            observations.append(entry)
        elif isinstance(entry, LeftOut):
            left_out.append(entry)
        else:
            raise PluginError(f"an input format gave a {type(entry).__name__}, not an Observation or a LeftOut")
    return observations, left_out


def _table(observations: list[Observation], labels: tuple[str, ...]) -> pa.Table:
    import pyarrow as pa

    meta = tuple(observations[0].meta)
    clash = [name for name in (*labels, *meta) if name in RESERVED]
    twice = [name for name, count in Counter((*labels, *meta)).items() if count > 1]
    if clash or twice:
        raise UsageError(
            f"'{(clash + twice)[0]}' can't be used as a column name twice: rename the column in the source"
        )
    text = pa.string()
    columns: dict[str, pa.Array] = {
        EVENT_ID: pa.array([entry.event_id for entry in observations], text),
        IMAGES: pa.array([entry.images for entry in observations], pa.list_(text)),
    }
    for label in labels:
        columns[label] = pa.array([entry.labels[label] for entry in observations], text)
    for name in meta:
        columns[name] = _column([entry.meta[name] for entry in observations])
    return pa.table(columns)


def _column(values: list[Any]) -> pa.Array:
    """Numbers stay numbers; a column that mixes kinds is text."""
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
