"""Options of `ctc import` that a list may set, with the checks of their values.

None of them names a file outside the download, or anything that is written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, get_args

from ctc.artifacts.boxes import CategoryType
from ctc.errors import InputError, did_you_mean, shorten
from ctc.model_import.catalogue.json_fields import JsonFields

MAX_NUMBER = 1e6
"""Of scale, means and standard deviations."""
_COLORS = 3
_CHOICES = {
    "resize": ("stretch", "fit-crop", "letterbox"),
    "layout": ("nchw", "nhwc"),
    "channels": ("rgb", "bgr"),
    "activation": ("softmax", "sigmoid", "none"),
}
_TEXTS = ("label", "input-name", "output-name", "features")
_NUMBERS: dict[str, Callable[[float], bool]] = {
    "scale": lambda value: 0 < value <= MAX_NUMBER,
    "mean": lambda value: abs(value) <= MAX_NUMBER,
    "std": lambda value: 0 < value <= MAX_NUMBER,
}
_SHARES = ("min-confidence", "iou")
_FOR_DETECTORS = ("detector", "category", "other-categories", *_SHARES)
_FOR_CLASSIFIERS = ("layout", "activation", "label", "input-name", "output-name", "features")
OPTIONS = ("classes", "size", *_CHOICES, *_TEXTS, *_NUMBERS, *_FOR_DETECTORS)
"""Their names: those of the command line without dashes in front."""
MAX_CATEGORIES = 1000


def check_options(
    given: object, what: str, beside: Collection[str], *, is_detector: bool = False
) -> Mapping[str, Any]:
    """Return the options by name: texts, numbers, tuples of numbers; `category` is an object.

    `beside`: names of the files that are fetched with the network, one of which `classes` may name.
    Raises InputError for an unknown option, one for another kind of network, or a value that it
    can't have.
    """
    fields = JsonFields(given, what, OPTIONS)
    others = _FOR_CLASSIFIERS if is_detector else _FOR_DETECTORS
    if wrong := next((name for name in others if fields.value(name) is not None), None):
        kinds = "classifiers" if is_detector else "detectors"
        raise InputError(f"{what}: '{wrong}' is for {kinds}: leave it out")
    found: dict[str, Any] = {
        "size": fields.size("size", 8192),
        **{name: fields.text(name) for name in ("classes", *_TEXTS, *_CHOICES)},
        **{name: _number(fields, name) for name in _NUMBERS},
        "detector": fields.text("detector"),
        "category": _categories(fields),
        "other-categories": fields.text("other-categories"),
        **{name: _share(fields, name) for name in _SHARES},
    }
    options = {name: value for name, value in found.items() if value is not None}
    for name, choices in {**_CHOICES, "other-categories": get_args(CategoryType)}.items():
        if name in options and options[name] not in choices:
            value = options[name]
            raise InputError(
                f"{what}: '{name}' is '{shorten(value)}'{did_you_mean(value, choices)}"
            )
    if "classes" in options and options["classes"] not in beside:
        raise InputError(
            f"{what}: 'classes' names '{shorten(options['classes'])}', which is not among the "
            "files in 'beside'"
        )
    return options


def _number(fields: JsonFields, name: str) -> float | tuple[float, ...] | None:
    """Return one number for `scale`, three for the others."""
    value = fields.value(name)
    if value is None:
        return None
    count = 1 if name == "scale" else _COLORS
    values = [value] if name == "scale" else value
    is_list = isinstance(values, list) and len(values) == count
    if not is_list or not all(_is_number(one) and _NUMBERS[name](one) for one in values):
        raise fields.fail(name, "a positive number" if count == 1 else "three numbers in range")
    return float(value) if name == "scale" else tuple(map(float, value))


def _share(fields: JsonFields, name: str) -> float | None:
    """Return a number from 0 to 1, None if it is missing or null."""
    value = fields.value(name)
    if value is not None and not (_is_number(value) and 0 <= value <= 1):
        raise fields.fail(name, "a number from 0 to 1")
    return None if value is None else float(value)


def _categories(fields: JsonFields) -> Mapping[str, str] | None:
    """Return what the categories of a detector mean, by name or number."""
    given, kinds = fields.value("category"), get_args(CategoryType)
    if given is None:
        return None
    if (
        not isinstance(given, dict)
        or not 1 <= len(given) <= MAX_CATEGORIES
        or not all(name.isprintable() and kind in kinds for name, kind in given.items())
    ):
        raise fields.fail("category", f"an object with one of {', '.join(kinds)} by category")
    return given


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= MAX_NUMBER
        and math.isfinite(value)
    )
