"""Find the layout of a network's outputs."""

from __future__ import annotations

from collections.abc import Sequence

from ctc.errors import InputError
from ctc.plugin import Detector, OutputShape
from ctc.plugin.manager import plugins


class NoLayoutError(InputError):
    """Outputs that no layout of a detector fits, such as those of a classifier."""


def find_layout(
    outputs: Sequence[OutputShape], categories: int | None, candidates: Sequence[str] = ()
) -> Detector:
    """Return the detector whose layout the outputs have.

    `categories`: how many the network has, if known. `candidates`: names of detectors; all without.
    Raises NoLayoutError when none fits, and InputError when several do.
    """
    fitting = fitting_layouts(outputs, categories, candidates)
    if len(fitting) > 1:
        names = " and ".join(f"'{one.name}'" for one in fitting)
        raise InputError(
            f"its outputs, {describe_outputs(outputs)}, fit the layouts {names}: say which by "
            "`ctc import --detector`"
        )
    return fitting[0]


def fitting_layouts(
    outputs: Sequence[OutputShape], categories: int | None, candidates: Sequence[str] = ()
) -> list[Detector]:
    """Return the detectors whose layouts the outputs fit, at least one; see `find_layout`.

    Raises NoLayoutError when none fits, with the outputs and what each layout expects.
    """
    known = plugins().all(Detector)
    chosen = [plugins().get(Detector, name) for name in candidates] or list(known.values())
    fitting = [one for one in chosen if one.recognizes(outputs, categories)]
    if fitting:
        return fitting
    counted = "" if categories is None else f", and it names {categories} categories"
    expected = "; ".join(f"{one.name}: {one.expects}" for one in chosen)
    raise NoLayoutError(
        f"its outputs are {describe_outputs(outputs)}{counted}, which is no layout known "
        f"({expected})"
    )


def describe_outputs(outputs: Sequence[OutputShape]) -> str:
    """Return "output0 (N, 84, 8400)" for each output."""
    return ", ".join(
        f"{output.name} ({', '.join('N' if size is None else str(size) for size in output.shape)})"
        for output in outputs
    )
