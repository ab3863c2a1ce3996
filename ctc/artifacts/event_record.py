"""Record of a dataset: one event as a plain `tf.train.Example`.

    event/id                     bytes
    image/encoded                bytes, the event's baseline 4:2:0 JPEGs, concatenated
    image/sizes                  int64 list, the byte length of each JPEG
    image/height, image/width    int64 lists
    label/<name>                 int64 list, one class number per observation, -1 = missing
    image/paths, meta            bytes, JSON

Field numbers:
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/example/feature.proto
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

from ctc.errors import InputError

MISSING = -1


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event.

    `sizes`: (height, width) of each JPEG in pixels. `labels`: per label one class number per
    observation, MISSING where it is not known.
    """

    event_id: str
    jpegs: tuple[bytes, ...]
    sizes: tuple[tuple[int, int], ...]
    labels: Mapping[str, tuple[int, ...]]
    paths: tuple[str, ...]
    meta: Mapping[str, Any]

    def encode(self) -> bytes:
        """Return the serialised Example; equal events give equal bytes."""
        example = _example_class()()
        features = example.features.feature

        def put_bytes(name: str, value: bytes) -> None:
            features[name].bytes_list.value.append(value)

        def put_ints(name: str, values: Sequence[int]) -> None:
            features[name].int64_list.value.extend(values)

        put_bytes("event/id", self.event_id.encode())
        put_bytes("image/encoded", b"".join(self.jpegs))
        put_ints("image/sizes", [len(jpeg) for jpeg in self.jpegs])
        put_ints("image/height", [height for height, _ in self.sizes])
        put_ints("image/width", [width for _, width in self.sizes])
        for name, values in self.labels.items():
            put_ints(f"label/{name}", values)
        put_bytes("image/paths", _json_bytes(list(self.paths)))
        put_bytes("meta", _json_bytes(dict(self.meta)))
        encoded: bytes = example.SerializeToString(deterministic=True)
        return encoded

    @classmethod
    def decode(cls, data: bytes) -> EventRecord:
        """Return the event of a serialised Example; raises InputError if it is not valid."""
        from google.protobuf.message import DecodeError

        example = _example_class()()
        try:
            example.ParseFromString(data)
            features = example.features.feature
            missing = {
                "event/id",
                "image/encoded",
                "image/sizes",
                "image/height",
                "image/width",
            } - set(features)
            if missing:
                raise InputError(f"the record has no feature '{min(missing)}'")
            return cls(
                event_id=features["event/id"].bytes_list.value[0].decode(),
                jpegs=_split_jpegs(
                    features["image/encoded"].bytes_list.value[0],
                    features["image/sizes"].int64_list.value,
                ),
                sizes=tuple(
                    zip(
                        features["image/height"].int64_list.value,
                        features["image/width"].int64_list.value,
                        strict=True,
                    )
                ),
                labels={
                    name.removeprefix("label/"): tuple(features[name].int64_list.value)
                    for name in sorted(features)
                    if name.startswith("label/")
                },
                paths=tuple(json.loads(features["image/paths"].bytes_list.value[0])),
                meta=json.loads(features["meta"].bytes_list.value[0]),
            )
        except (DecodeError, IndexError, TypeError, ValueError, RecursionError) as error:
            raise InputError(f"the record is not an event: {error}") from None


def multi_hot(observed: Sequence[int], classes: int) -> list[int]:
    """Return the multi-hot vector of a label with `classes` classes: 1 for each observed class.

    All values are MISSING when no observation of the event has the label.
    """
    seen = set(observed) - {MISSING}
    return [int(number in seen) for number in range(classes)] if seen else [MISSING] * classes


def _split_jpegs(encoded: bytes, sizes: Sequence[int]) -> tuple[bytes, ...]:
    ends = list(accumulate(sizes))
    if not ends or ends[-1] != len(encoded):
        raise InputError(
            f"'image/sizes' add up to {ends[-1] if ends else 0} bytes, "
            f"'image/encoded' has {len(encoded)}"
        )
    return tuple(encoded[end - size : end] for size, end in zip(sizes, ends, strict=True))


def _json_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@cache
def _example_class() -> Any:
    """Return the message class of tf.train.Example.

    It is in a descriptor pool of its own, so that TensorFlow can define the same message.
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="ctc/example.proto", package="ctc", syntax="proto3"
    )

    def message(name: str) -> Any:
        return file.message_type.add(name=name)

    def add(owner: Any, name: str, number: int, kind: int, **more: Any) -> None:
        owner.field.add(
            name=name,
            number=number,
            type=kind,
            label=more.pop("label", field.LABEL_OPTIONAL),
            **more,
        )

    add(message("BytesList"), "value", 1, field.TYPE_BYTES, label=field.LABEL_REPEATED)
    add(message("FloatList"), "value", 1, field.TYPE_FLOAT, label=field.LABEL_REPEATED)
    add(message("Int64List"), "value", 1, field.TYPE_INT64, label=field.LABEL_REPEATED)
    feature = message("Feature")
    feature.oneof_decl.add(name="kind")
    for number, kind in enumerate(("bytes_list", "float_list", "int64_list"), start=1):
        type_name = ".ctc." + kind.title().replace("_", "")
        add(feature, kind, number, field.TYPE_MESSAGE, type_name=type_name, oneof_index=0)
    features = message("Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    add(entry, "key", 1, field.TYPE_STRING)
    add(entry, "value", 2, field.TYPE_MESSAGE, type_name=".ctc.Feature")
    add(
        features,
        "feature",
        1,
        field.TYPE_MESSAGE,
        type_name=".ctc.Features.FeatureEntry",
        label=field.LABEL_REPEATED,
    )
    add(message("Example"), "features", 1, field.TYPE_MESSAGE, type_name=".ctc.Features")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("ctc.Example"))
