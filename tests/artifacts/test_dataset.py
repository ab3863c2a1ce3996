"""Manifests of datasets that others wrote: refused in one line, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from ctc.artifacts.dataset import MANIFEST, Dataset
from ctc.errors import InputError

VALUES: tuple[Any, ...] = (None, True, 1, -1, 1e999, "x", [], {}, [[1]], {"a": 1}, "\ud800")
Place = tuple[str | int, ...]


@pytest.fixture
def dataset(tiny_dataset) -> Dataset:
    return tiny_dataset()


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the place of every value in a JSON document, of lists the first two."""
    yield place
    inside = value.items() if isinstance(value, dict) else ()
    inside = list(enumerate(value))[:2] if isinstance(value, list) else inside
    for key, one in inside:
        yield from places(one, (*place, key))


def replaced(document: Any, place: Place, value: Any) -> Any:
    if not place:
        return value
    changed = deepcopy(document)
    holder = changed
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return changed


def use(dataset: Dataset, text: str) -> None:
    (dataset.folder / MANIFEST).write_text(text)
    opened = Dataset.read(dataset.folder)
    opened.fingerprint()
    opened.num_classes(label.name for label in opened.manifest.labels)
    assert all(opened.event_count(split) >= 0 for split in opened.manifest.splits)
    json.dumps(opened.manifest.to_json(), indent=1)


def refusal(dataset: Dataset, text: str) -> str:
    """Return why the manifest is refused; empty if it can be used."""
    try:
        use(dataset, text)
    except InputError as error:
        return str(error)
    return ""


def test_dataset_with_hostile_manifest_is_whole_or_refused_in_one_line(dataset) -> None:
    good = json.loads((dataset.folder / MANIFEST).read_text())
    for place in places(good):
        for value in VALUES:
            reason = refusal(dataset, json.dumps(replaced(good, place, value)))
            assert "\n" not in reason
            assert len(reason) < 500


@pytest.mark.parametrize("depth", [900, 100_000])
def test_dataset_with_deep_manifest_is_refused_or_whole(dataset, depth: int) -> None:
    good = (dataset.folder / MANIFEST).read_text()
    deep = good.replace('"left_out": {}', f'"left_out": {{"a": {"[" * depth}{"]" * depth}}}')
    assert deep != good
    assert refusal(dataset, deep).rpartition(": ")[2] in (
        "",
        "a number or its nesting is too long",
    )


def test_dataset_with_a_class_twice_is_refused(dataset) -> None:
    manifest = json.loads((dataset.folder / MANIFEST).read_text())
    label, entry = next(iter(manifest["labels"].items()))
    entry["classes"][1] = entry["classes"][0]
    with pytest.raises(InputError, match=f"the label '{label}' has the class '.*' more than once"):
        use(dataset, json.dumps(manifest))
