"""Find the layout of a network's outputs."""

from __future__ import annotations

from collections.abc import Sequence

from ctc.errors import InputError
from ctc.plugin import Detector, OutputShape
from ctc.plugin.manager import plugins


def find_layout(
    outputs: Sequence[OutputShape], categories: int | None, candidates: Sequence[str] = ()
) -> Detector:
    """Return the detector whose layout the outputs have.

    `categories`: how many the network has, if known. `candidates`: names of detectors; all without.
    Raises InputError when none fits, with the outputs and what each layout expects, and when
    several do.
    """
    known = plugins().all(Detector)
    chosen = [plugins().get(Detector, name) for name in candidates] or list(known.values())
    fitting = [one for one in chosen if one.recognizes(outputs, categories)]
    if len(fitting) == 1:
        return fitting[0]
    shapes = describe_outputs(outputs)
    if fitting:
        names = " and ".join(f"'{one.name}'" for one in fitting)
        raise InputError(
            f"its outputs, {shapes}, fit the layouts {names}: say which by `ctc import --detector`"
        )
    counted = "" if categories is None else f", and it names {categories} categories"
    expected = "; ".join(f"{one.name}: {one.expects}" for one in chosen)
    raise InputError(f"its outputs are {shapes}{counted}, which is no layout known ({expected})")


def describe_outputs(outputs: Sequence[OutputShape]) -> str:
    """Return "output0 (N, 84, 8400)" for each output."""
    return ", ".join(
        f"{output.name} ({', '.join('N' if size is None else str(size) for size in output.shape)})"
        for output in outputs
    )
