"""Contract check of aggregations: `check_aggregation`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.plugin.records import Aggregation
from ctc.testing.expect import check_record, expect, expect_clean_run, expect_equal

PhotoProbabilities = NDArray[np.float32]


def check_aggregation(aggregation: Aggregation, *, ordered: bool = False) -> None:
    """Raise AssertionError if `aggregation` breaks the contract of `ctc.plugin.Aggregation`.

    `ordered`: the result may depend on the order of the photos; otherwise it must not. Takes
    milliseconds.
    """
    check_record(aggregation, Aggregation)
    for what, photos in _example_events().items():
        _check_values(_combine(aggregation, photos, what), photos, what)
    photos = _random_probabilities(5, 4)
    combined = _combine(aggregation, photos, "5 photos and 4 classes")
    again = _combine(aggregation, photos, "5 photos and 4 classes")
    expect(np.array_equal(combined, again), "the same photos gave different values the second time")
    turned = _combine(aggregation, photos[::-1].copy(), "5 photos in reverse order")
    expect(
        ordered or np.allclose(combined, turned, atol=1e-6),
        f"the order of the photos matters: {_format_values(combined)} became "
        f"{_format_values(turned)} (if this is intended, pass ordered=True)",
    )
    mirrored = _combine(
        aggregation, photos[:, ::-1].copy(), "5 photos with the classes in another order"
    )
    expect(
        np.allclose(combined, mirrored[::-1], atol=1e-6),
        f"the order of the classes matters: {_format_values(combined)} became "
        f"{_format_values(mirrored[::-1])}",
    )
    if aggregation.by_class:
        alone = np.concatenate(
            [_combine(aggregation, photos[:, [i]], "one class of several") for i in range(4)]
        )
        became = f"{_format_values(alone)} became {_format_values(combined)} together"
        expect(
            np.allclose(alone, combined, atol=1e-6),
            f"by_class says that classes are independent, but {became}",
        )


def _example_events() -> dict[str, PhotoProbabilities]:
    sure = np.eye(3, dtype=np.float32)
    return {
        "one photo": _random_probabilities(1, 3),
        "one class": np.ones((4, 1), np.float32),
        "3 photos and 5 classes": _random_probabilities(3, 5),
        "5 photos and 2 classes": _random_probabilities(5, 2),
        "photos that are all sure of the second class": np.repeat(sure[1:2], 4, axis=0),
        "photos that are each sure of another class": sure,
        "5,000 photos that agree": np.repeat(_random_probabilities(1, 3), 5_000, axis=0),
    }


def _combine(aggregation: Aggregation, photos: PhotoProbabilities, what: str) -> Any:
    given = photos.copy()
    with expect_clean_run(f"combine() of {what}"), np.errstate(all="ignore"):
        combined = aggregation.combine(given)
    expect(np.array_equal(given, photos), f"combine() of {what} changed its input array")
    return combined


def _check_values(combined: Any, photos: PhotoProbabilities, what: str) -> None:
    form = (
        type(combined).__name__,
        str(getattr(combined, "dtype", "")),
        getattr(combined, "shape", ()),
    )
    expect_equal(
        form, ("ndarray", "float32", photos.shape[1:]), f"type and shape of the result for {what}"
    )
    expect(
        bool(np.isfinite(combined).all()),
        f"{what} gave {_format_values(combined)}, which are not all finite",
    )
    within = bool((combined >= 0).all() and (combined <= 1 + 1e-5).all())
    expect(within, f"{what} gave {_format_values(combined)}, not probabilities from 0 to 1")
    top, expected = int(combined.argmax()), int(photos[0].argmax())
    agreed = not (photos == photos[0]).all() or top == expected
    expect(agreed, f"{what}: every photo says class {expected}, the event says class {top}")


def _random_probabilities(photos: int, classes: int) -> PhotoProbabilities:
    """Return rows that sum to 1, with no two equal values."""
    values = np.random.default_rng([photos, classes]).random((photos, classes)) + 0.05
    return np.asarray(values / values.sum(axis=1, keepdims=True), np.float32)


def _format_values(values: NDArray[Any]) -> str:
    return str([round(float(value), 4) for value in values])
