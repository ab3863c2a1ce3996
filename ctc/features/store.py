"""embeddings.parquet: the features of photos, or of the animals in them, a row each.

column                                   content
event_id, path                           as in the predictions of the same photos
datetime, camera, latitude, longitude    of the photo, else of its row in the table; may be null
box_category, box_confidence, box_x,
  box_y, box_width, box_height           of the animal, by a detector; fractions of the photo
…                                        the other meta columns, as text; of a dataset also `split`
features                                 fixed-size list of float32

The file's metadata hold, under `ctc_embeddings`, a JSON object with `format_version`,
`feature_size`, `model` (the name of its file), `model_digest` (BLAKE2b, 16 bytes, hexadecimal),
`ctc` and `folder`, from which relative paths start (null for a dataset, whose paths are
those of its inventory). With a detector, the rows of a photo are its animals, the surest first; a
photo without any has no row; and the object has `detector`, `detector_digest`, `min_confidence` and
`max_iou` too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Detection
from ctc.artifacts.file_kind import EMBEDDINGS_KEY, describe_other_kind
from ctc.artifacts.predictions import Failure
from ctc.errors import InputError, UsageError, reason, require_extra, shorten
from ctc.features.embed.results import EventFeatures, PhotoAnimals, PhotoFeatures
from ctc.plugin import OutputContext
from ctc.storage.json_file import json_type
from ctc.storage.remote_files import local_copy

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT_VERSION = 1
EVENT_ID, PATH, FEATURES = "event_id", "path", "features"
PHOTO_FIELDS = ("datetime", "camera", "latitude", "longitude")
BOX = ("box_category", "box_confidence", "box_x", "box_y", "box_width", "box_height")
"""Columns of the box of an animal, named as in a table of predicted boxes."""
FEATURE_SIZE, FOLDER = "feature_size", "folder"
DETECTOR, DETECTOR_DIGEST = "detector", "detector_digest"
MIN_CONFIDENCE, MAX_IOU = "min_confidence", "max_iou"
_OF_DETECTOR = (DETECTOR, DETECTOR_DIGEST, MIN_CONFIDENCE, MAX_IOU)
_BATCH_ROWS = 1_000
_GROUP_BYTES = 32 << 20
"""Size of a row group's features, about: what a reader has in memory at least."""
_Row = tuple[Any, ...]


def write_embeddings(
    entries: Iterator[EventFeatures | Failure], path: Path, context: OutputContext
) -> None:
    """Write the features of all events; failures have a file of their own.

    The first event decides the meta columns. `context.settings` has `feature_size` and `folder`,
    and what `EmbedAnimalsTask.facts` says of a detector.
    """
    require_extra("writing Parquet", "data", ["pyarrow"])
    import pyarrow.parquet as pq

    events = (entry for entry in entries if isinstance(entry, EventFeatures))
    first = next(events, None)
    size = int(context.settings[FEATURE_SIZE])
    meta = tuple(name for name in first.meta if name not in PHOTO_FIELDS) if first else ()
    schema = _schema(meta, size, DETECTOR in context.settings).with_metadata(
        {EMBEDDINGS_KEY: _about(context, size)}
    )
    rows = (row for event in chain([first] if first else [], events) for row in _rows(event, meta))
    rows_per_group = max(_BATCH_ROWS, _GROUP_BYTES // (4 * size))
    texts = [name for name in schema.names if name != FEATURES]
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=texts) as writer:
        while group := list(islice(rows, rows_per_group)):
            writer.write_batch(_to_batch(group, schema))


def _about(context: OutputContext, size: int) -> bytes:
    values = {
        "format_version": FORMAT_VERSION,
        FEATURE_SIZE: size,
        "model": context.model,
        "model_digest": context.model_digest,
        "ctc": context.version,
        FOLDER: context.settings[FOLDER],
        **{key: context.settings[key] for key in _OF_DETECTOR if key in context.settings},
    }
    return json.dumps(values, ensure_ascii=False).encode()


def _schema(meta: Iterable[str], size: int, with_boxes: bool) -> pa.Schema:
    """Return the columns; a meta column with the name of another gets the prefix `meta_`."""
    import pyarrow as pa

    types = dict.fromkeys(("latitude", "longitude", *BOX[1:]), pa.float64())
    names = (EVENT_ID, PATH, *PHOTO_FIELDS, *(BOX if with_boxes else ()))
    columns = {name: types.get(name, pa.string()) for name in names}
    for name in meta:
        while name in columns or name == FEATURES:
            name = f"meta_{name}"
        columns[name] = pa.string()
    features = pa.list_(pa.field("element", pa.float32(), nullable=False), size)
    return pa.schema([*columns.items(), (FEATURES, features)])


def _rows(event: EventFeatures, meta: tuple[str, ...]) -> Iterator[_Row]:
    for photo in event.images:
        own = {name: photo.meta.get(name) for name in PHOTO_FIELDS}
        exif = (photo.taken, photo.camera, photo.latitude, photo.longitude)
        taken, camera, latitude, longitude = (
            own[name] if value is None else value
            for name, value in zip(PHOTO_FIELDS, exif, strict=True)
        )
        start = (
            _to_text(event.id),
            _to_text(photo.path),
            _to_text(taken),
            _to_text(camera),
            _to_float(latitude),
            _to_float(longitude),
        )
        more = [_to_text(photo.meta.get(name)) for name in meta]
        for box, features in _cells(photo):
            yield (*start, *box, *more, features)


def _cells(photo: PhotoFeatures | PhotoAnimals) -> Iterator[tuple[_Row, NDArray[np.float32]]]:
    """Yield the cells of BOX, if there are any, and the features, for each row of a photo."""
    if isinstance(photo, PhotoFeatures):
        yield (), photo.features
        return
    for one in photo.animals:
        yield _box_cells(one.detection), one.features


def _box_cells(one: Detection) -> _Row:
    box = one.box
    return one.category, box.confidence, box.x, box.y, box.width, box.height


def _to_batch(rows: list[_Row], schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    *columns, features = zip(*rows, strict=True)
    arrays = [pa.array(cells, kind) for cells, kind in zip(columns, schema.types[:-1], strict=True)]
    values = pa.array(np.concatenate(features).astype(np.float32, copy=False))
    arrays.append(pa.FixedSizeListArray.from_arrays(values, type=schema.types[-1]))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _to_text(value: str | float | None) -> str | None:
    """Return the value as text; bytes of file names that are not UTF-8 are escaped."""
    return None if value is None else str(value).encode(errors="backslashreplace").decode()


def _to_float(value: str | float | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


@dataclass(frozen=True)
class Embeddings:
    """An embeddings file: all its columns but the features in memory, the features on the disk.

    `table`: the columns without `features`. `about`: the JSON object of the metadata.
    """

    path: Path
    table: pa.Table
    about: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Embeddings:
        """Read the file at `path`; raises CtcError if `ctc embed` did not write it."""
        require_extra("reading embeddings", "data", ["pyarrow"])
        import pyarrow as pa
        import pyarrow.parquet as pq

        if other := describe_other_kind(path, "embeddings"):
            raise UsageError(other)
        try:
            with pq.ParquetFile(local_copy(path)) as file:
                about = _parse_about(path, file.schema_arrow)
                names = [name for name in file.schema_arrow.names if name != FEATURES]
                return cls(path, file.read(names), about)
        except FileNotFoundError:
            raise UsageError(f"'{path}' is not there: make it with `ctc embed`") from None
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"'{path}' can't be read: {reason(error)}") from None

    @property
    def feature_size(self) -> int:
        """Numbers per photo."""
        return int(self.about[FEATURE_SIZE])

    @property
    def model_digest(self) -> str:
        """The digest of the model file; features of different models can't be compared."""
        return str(self.about.get("model_digest", ""))

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def has_boxes(self) -> bool:
        """Whether the rows are animals that a detector found, not whole photos."""
        return DETECTOR in self.about

    def box(self, row: int) -> Mapping[str, Any]:
        """Return the values of BOX of a row; `has_boxes`."""
        return {name: self.table[name][row].as_py() for name in BOX}

    @property
    def folder(self) -> Path | None:
        """The folder that relative paths start from, None where that is not known."""
        folder = self.about.get(FOLDER)
        return Path(folder) if isinstance(folder, str) else None

    def blocks(self, rows: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the number of the first row and the features (≤ `rows`, size) of consecutive rows.

        Raises InputError for a damaged file.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        start = 0
        try:
            with pq.ParquetFile(local_copy(self.path), pre_buffer=False) as file:
                for batch in file.iter_batches(rows, columns=[FEATURES]):
                    values = batch.column(0).flatten().to_numpy(zero_copy_only=False)
                    block = values.reshape(batch.num_rows, self.feature_size)
                    yield start, block
                    start += batch.num_rows
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InputError(f"'{self.path}' is damaged: {reason(error)}") from None

    def take(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Return the features of some rows, (rows, size), in one pass over the file."""
        wanted = np.asarray(rows, np.int64)
        found = np.empty((len(wanted), self.feature_size), np.float32)
        for start, block in self.blocks(_BATCH_ROWS):
            here = (wanted >= start) & (wanted < start + len(block))
            found[here] = block[wanted[here] - start]
        return found

    def unit_blocks(self, rows: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield blocks as `blocks` does, each row divided by its length; see `to_unit`."""
        for start, block in self.blocks(rows):
            yield start, to_unit(block)


def to_unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows divided by their lengths, so that products are cosines; 0 stays 0."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(
        features, lengths, out=np.zeros_like(features), where=lengths > 0
    )
    return unit


def _parse_about(path: Path, schema: pa.Schema) -> Mapping[str, Any]:
    """Return the JSON object of the metadata; raises CtcError for another file."""
    text = (schema.metadata or {}).get(EMBEDDINGS_KEY.encode())
    missing = [name for name in (EVENT_ID, PATH, FEATURES) if name not in schema.names]
    if text is None or missing:
        raise UsageError(f"'{path}' has no embeddings: give the file that `ctc embed` wrote")
    try:
        about = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"'{path}' is damaged: its metadata is not JSON") from None
    if not isinstance(about, dict):
        raise InputError(f"'{path}' is damaged: its metadata is {json_type(about)}")
    version, size = about.get("format_version"), about.get(FEATURE_SIZE)
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise InputError(
            f"'{path}' has format version {shorten(str(version))}, this ctc reads up to"
            f" {FORMAT_VERSION}: update ctc"
        )
    kind = schema.field(FEATURES).type
    if DETECTOR in about and (lost := [name for name in BOX if name not in schema.names]):
        raise InputError(f"'{path}' is damaged: it has no column '{lost[0]}' of its boxes")
    if not isinstance(size, int) or getattr(kind, "list_size", None) != size or size < 1:
        raise InputError(f"'{path}' is damaged: its features are {kind}, not {size} numbers")
    return about
