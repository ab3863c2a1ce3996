"""Checks of the batches that loaders yield: types, shapes and values of their arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ctc.plugin.loading import Batch, LoaderConfig

_TYPE = re.compile(r"(u?int|b?float)\d+")
_MAX_SUM_ERROR = 1e-3


def find_batch_fault(
    batch: Batch, config: LoaderConfig, classes: Mapping[str, int], *, exact: bool = False
) -> str | None:
    """Return what is wrong with a batch, or None.

    `classes`: the number of classes of each label of the dataset. Class numbers may have any type
    of integer, unless the check is `exact`.
    """
    size = len(batch.images)
    shape = (size, config.height, config.width, 3)
    fault = _array_fault("images", batch.images, ("uint8",), shape)
    if fault:
        return fault
    if set(batch.labels) != set(config.labels):
        return f"its labels are {sorted(batch.labels)}, not {sorted(config.labels)}"
    kinds = ("int32",) if exact else ("int8", "int16", "int64", "int32")
    faults = [
        _label_fault(name, values, kinds, size, classes[name], name in config.multi_label)
        for name, values in batch.labels.items()
    ]
    return next(filter(None, faults), None) or _extras_fault(batch, config, classes)


def _label_fault(
    name: str, values: Any, kinds: tuple[str, ...], size: int, classes: int, several: bool
) -> str | None:
    what, shape = f"the label '{name}'", (size, classes) if several else (size,)
    fault = _array_fault(what, values, kinds, shape)
    highest = 1 if several else classes - 1
    if fault or not size:
        return fault
    numbers = np.asarray(values)
    if numbers.min() < -1 or numbers.max() > highest:
        return f"{what} has numbers from {numbers.min()} to {numbers.max()}, not -1 to {highest}"
    return None


def _extras_fault(batch: Batch, config: LoaderConfig, classes: Mapping[str, int]) -> str | None:
    size = len(batch.images)
    if batch.event_ids and len(batch.event_ids) != size:
        return f"it has {len(batch.event_ids)} event ids for {size} images"
    if config.augmentation is None and (batch.soft_labels or batch.weights is not None):
        return "it has soft labels or weights, which are for training, in evaluation"
    unknown = sorted(set(batch.soft_labels) - set(config.labels))
    if unknown:
        return f"it has soft labels for '{unknown[0]}', which is not among its labels"
    for name, values in batch.soft_labels.items():
        fault = _soft_label_fault(name, values, (size, classes[name]), name in config.multi_label)
        if fault:
            return fault
    return None if batch.weights is None else _weights_fault(batch.weights, size)


def _soft_label_fault(name: str, values: Any, shape: tuple[int, ...], several: bool) -> str | None:
    what = f"the soft label '{name}'"
    fault = _array_fault(what, values, ("float64", "float32"), shape)
    if fault:
        return fault
    numbers = np.asarray(values)
    if not ((numbers >= 0) & (numbers <= 1)).all():
        return f"{what} has values that are not from 0 to 1"
    if not several and np.abs(numbers.sum(axis=1) - 1).max(initial=0) > _MAX_SUM_ERROR:
        return f"{what} has rows that don't sum to 1"
    return None


def _weights_fault(values: Any, size: int) -> str | None:
    fault = _array_fault("weights", values, ("float64", "float32"), (size,))
    numbers = np.asarray(values)
    if fault is None and not (np.isfinite(numbers) & (numbers >= 0)).all():
        return "weights has values that are not finite numbers from 0"
    return fault


def _array_fault(
    what: str, array: Any, kinds: tuple[str, ...], shape: tuple[int, ...]
) -> str | None:
    """Compare type and shape of an array of any framework, without copying it from a device."""
    found = _TYPE.search(str(getattr(array, "dtype", "")))
    form = found[0] if found else type(array).__name__
    actual = tuple(getattr(array, "shape", ()))
    if form in kinds and actual == shape:
        return None
    return f"{what}: expected {kinds[-1]} {shape}, got {form} {actual}"
