"""Contract check of aggregations: `check_aggregation`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import ImagePrediction
from ctc.plugin.records import Aggregation, AggregationContext
from ctc.testing.expect import check_record, expect, expect_clean_run, expect_equal
from ctc.testing.options import OptionValues, check_options, resolve_options

PhotoProbabilities = NDArray[np.float32]


def check_aggregation(
    aggregation: Aggregation, options: Mapping[str, Any] | None = None, *, ordered: bool = False
) -> None:
    """Raise AssertionError if `aggregation` breaks the contract of `ctc.plugin.Aggregation`.

    `options`: values, by key, for options that should not have their default. `ordered`: the result
    may depend on the order of the photos; otherwise it must not. Takes milliseconds.
    """
    check_record(aggregation, Aggregation)
    check_options(aggregation)
    takes_options = aggregation.takes_context or not aggregation.options
    expect(takes_options, "it has options, but combine() doesn't get them: add 'context'")
    values = resolve_options(aggregation.options, options)
    tested = _AggregationUnderTest(aggregation, values)
    for what, photos in _example_events().items():
        _check_values(tested.combine(photos, what), photos, what)
    _check_order(tested, ordered)
    if aggregation.by_class:
        _check_by_class(tested)


class _AggregationUnderTest:
    """An aggregation with values for its options."""

    def __init__(self, aggregation: Aggregation, options: OptionValues) -> None:
        self._aggregation, self._options = aggregation, options

    def combine(
        self, photos: PhotoProbabilities, what: str, classes: Sequence[int] | None = None
    ) -> Any:
        """Return the combined probabilities; `classes`: the numbers of those of the columns."""
        names = tuple(f"class {number}" for number in classes or range(photos.shape[1]))
        context = AggregationContext(
            label="species", classes=names, photos=_photos(photos), options=self._options
        )
        given = photos.copy()
        with (
            self._options.expect_declared(f"combine() of {what}"),
            expect_clean_run(f"combine() of {what}"),
            np.errstate(all="ignore"),
        ):
            combined = self._aggregation.run(given, context)
        expect(np.array_equal(given, photos), f"combine() of {what} changed its input array")
        return combined


def _photos(photos: PhotoProbabilities) -> tuple[ImagePrediction, ...]:
    """Return photos of one event, a second apart; every other one without EXIF."""
    start = datetime(2016, 9, 25, 18, 35, 10)
    return tuple(
        ImagePrediction(
            f"north/{number}.jpg",
            {"species": values},
            (start + timedelta(seconds=number)).isoformat() if number % 2 else None,
        )
        for number, values in enumerate(photos)
    )


def _check_order(tested: _AggregationUnderTest, ordered: bool) -> None:
    """Check that the order of photos and classes doesn't matter, and that nothing is random."""
    photos = _random_probabilities(5, 4)
    combined = tested.combine(photos, "5 photos and 4 classes")
    again = tested.combine(photos, "5 photos and 4 classes")
    expect(np.array_equal(combined, again), "the same photos gave different values the second time")
    turned = tested.combine(photos[::-1].copy(), "5 photos in reverse order")
    expect(
        ordered or np.allclose(combined, turned, atol=1e-6),
        f"the order of the photos matters: {_format_values(combined)} became "
        f"{_format_values(turned)} (if this is intended, pass ordered=True)",
    )
    mirrored = tested.combine(
        photos[:, ::-1].copy(), "5 photos with the classes in another order", (3, 2, 1, 0)
    )
    expect(
        np.allclose(combined, mirrored[::-1], atol=1e-6),
        f"the order of the classes matters: {_format_values(combined)} became "
        f"{_format_values(mirrored[::-1])}",
    )


def _check_by_class(tested: _AggregationUnderTest) -> None:
    photos = _random_probabilities(5, 4)
    combined = tested.combine(photos, "5 photos and 4 classes")
    alone = np.concatenate(
        [tested.combine(photos[:, [i]], "one class of several", [i]) for i in range(4)]
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
