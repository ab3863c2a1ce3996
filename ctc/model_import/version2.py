"""Networks of camera-trap-classifier 2.x: what the files beside one say of it.

2.x wrote a whole Keras network, `best_model.hdf5`, whose outputs are called `label/species`, and
two JSON files: `label_mappings.json`, from label to class to number, and `image_processing.json`.
https://github.com/marco-willi/camera-trap-classifier, version 2.1: `train.py`, `data/image.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ctc.errors import InputError, describe_damage, shorten
from ctc.model_import.config import Triple
from ctc.model_import.description import Description
from ctc.model_import.network import NamedOutput
from ctc.storage.json_file import read_object
from ctc.storage.paths import is_remote

FORMAT = "camera-trap-classifier 2.x"
OUTPUT_PREFIX = "label/"
"""Of the names of outputs."""
CLASSES_FILES = ("label_mappings.json", "label_mapping.json")
PROCESSING_FILE = "image_processing.json"
_STACKING = "grayscale_stacking"
_DAMAGED = (KeyError, TypeError, ValueError, AttributeError)


def is_version2(outputs: Collection[str]) -> bool:
    """Return whether outputs have the names that 2.x gave them."""
    return bool(outputs) and all(name.startswith(OUTPUT_PREFIX) for name in outputs)


def describe_version2(
    path: Path, outputs: Mapping[str, int]
) -> tuple[Mapping[str, NamedOutput], tuple[Description, ...]]:
    """Return the labels with their classes, and what `image_processing.json` says.

    `outputs`: name → number of classes. There are no labels if there is no file of classes and one
    output, whose classes `--classes` may name. Raises InputError for a file that is missing,
    damaged, or of another network.
    """
    if is_remote(path):
        raise InputError(
            f"network '{path}' is of {FORMAT}: download it with its '{CLASSES_FILES[0]}' and "
            f"'{PROCESSING_FILE}', and import from there"
        )
    folder = path.absolute().parent
    found = next((folder / name for name in CLASSES_FILES if (folder / name).is_file()), None)
    if found is None and len(outputs) > 1:
        raise InputError(
            f"network '{path}' is of {FORMAT} and has {len(outputs)} labels: put its "
            f"'{CLASSES_FILES[0]}' beside it, which names their classes"
        )
    processing = folder / PROCESSING_FILE
    if not processing.is_file():
        raise InputError(
            f"network '{path}' is of {FORMAT}: put its '{PROCESSING_FILE}' beside it, which says "
            "how photos were standardised"
        )
    labels = {} if found is None else _read_labels(found, outputs)
    return labels, (_read_processing(processing),)


def _read_labels(path: Path, outputs: Mapping[str, int]) -> Mapping[str, NamedOutput]:
    given = read_object(path, "the classes of a network of 2.x")
    return {
        (label := output.removeprefix(OUTPUT_PREFIX)): NamedOutput(
            output, tuple(_ordered(path, given, label, size)), path.name
        )
        for output, size in outputs.items()
    }


def _ordered(path: Path, given: Mapping[str, Any], label: str, size: int) -> Iterator[str]:
    numbers = given.get(label)
    if not isinstance(numbers, dict):
        raise InputError(
            f"'{path}' has no classes of '{shorten(label)}', which the network answers: "
            "it is of another network"
        )
    by_number: dict[int, str] = {}
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int):
            raise InputError(f"'{path}': the class '{shorten(name)}' has no number")
        if number in by_number:
            raise InputError(
                f"'{path}': '{shorten(by_number[number])}' and '{shorten(name)}' of "
                f"'{shorten(label)}' are both number {number}: leave one of them out"
            )
        by_number[number] = str(name)
    if sorted(by_number) != list(range(size)):
        raise InputError(
            f"'{path}' numbers {len(by_number)} classes of '{shorten(label)}', the network has "
            f"{size}, from 0 to {size - 1}: it is of another network"
        )
    yield from (by_number[number] for number in range(size))


def _read_processing(path: Path) -> Description:
    given = read_object(path, "how 2.x made the input of a network from a photo")
    try:
        choice = given.get("image_choice_for_sets", "random")
        return Description(
            path.name,
            size=(int(given["output_height"]), int(given["output_width"])),
            resize="fit-crop" if given.get("preserve_aspect_ratio") else "stretch",
            scale=255.0,
            mean=_triple(given.get("image_means", [0.0] * 3)),
            std=_triple(given.get("image_stdevs", [1.0] * 3), positive=True),
            layout="nhwc",
            channels="rgb",
            image_choice="grayscale_stacking" if choice == _STACKING else None,
        )
    except _DAMAGED as error:
        raise InputError(f"'{path}' is damaged: {describe_damage(error)}") from None


def _triple(given: Any, positive: bool = False) -> Triple:
    red, green, blue = (float(one) for one in given)
    if positive and min(red, green, blue) <= 0:
        raise ValueError("a standard deviation is not above 0")
    return red, green, blue
