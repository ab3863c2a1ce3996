"""What a user chooses for a summary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ctc.ecology.records import Rule

Unit = Literal["station", "camera"]
LOCATION = "location"
CAMERA = "deploymentID"
"""Column with the camera of an event where none is named; it may be absent."""
UNITS: tuple[Unit, ...] = ("station", "camera")


@dataclass(frozen=True)
class SummaryConfig:
    """How to summarize.

    `label`: of predictions and inventories, '' for the first. `independence`: seconds. `rule`: see
    `records`. `unit`: what records are counted and effort is measured for. `occasion`: days.
    `species`: those to report, () for all animals. `clock_offset`: CSV with the clocks that were
    wrong, which corrects times. `time_zone`: of the cameras' clocks, for sun
    time, '' if not known. `location`, `camera`: names of columns. `draws`: how often the
    classifier's answers are drawn, None for as many as the number of events allows. `xlsx`: also
    write a workbook.
    """

    label: str = ""
    independence: int = 1_800
    rule: Rule = "last-record"
    unit: Unit = "station"
    occasion: int = 7
    species: tuple[str, ...] = ()
    clock_offset: Path | None = None
    time_zone: str = ""
    location: str = LOCATION
    camera: str = CAMERA
    draws: int | None = None
    seed: int = 0
    xlsx: bool = False
