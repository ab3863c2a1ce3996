"""When the deployments of a camera began and ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import Ints
from ctc.artifacts.camtrap_dp.deployments import DeploymentRow, read_deployment_rows
from ctc.errors import InputError
from ctc.inventory.clocks.cameras import Camera
from ctc.inventory.clocks.offsets import Limits

Window = tuple[int, int]
"""First and last second that photos may have, since 1970 by the camera's clock."""


class Windows:
    """The spans of the deployments of a table; without a table, nothing is known of a camera."""

    def __init__(self, rows: Sequence[DeploymentRow] = ()) -> None:
        self._rows = rows

    @classmethod
    def read(cls, path: Path, cameras: Sequence[Camera]) -> Windows:
        """Read a table of deployments; raises CtcError, also if no camera is in it."""
        found = cls(read_deployment_rows(path))
        if not any(map(found.of, cameras)):
            raise InputError(
                f"no deployment of '{path}' is a location or deploymentID of the inventory, such"
                f" as '{cameras[0].name}': name them alike"
            )
        return found

    def of(self, camera: Camera) -> tuple[Window, ...]:
        """Return the spans of a camera's deployments: those of its name, else of its location."""
        own = [row for row in self._rows if row.camera == camera.name]
        names = set(camera.names)
        rows = own or [row for row in self._rows if {row.camera, row.station} & names]
        return tuple((_seconds(row.since), _seconds(row.until)) for row in rows)


def outside(times: NDArray[np.datetime64], windows: Sequence[Window]) -> NDArray[np.bool_]:
    """Return which times are in none of the windows, (n,); none if there are no windows."""
    if not windows:
        return np.zeros(len(times), bool)
    seconds = times.astype(np.int64)
    inside = [(seconds >= start) & (seconds <= end) for start, end in windows]
    return np.asarray(~np.logical_or.reduce(inside))


def window_limits(seconds: Ints, windows: Sequence[Window]) -> Limits:
    """Return the limits of an offset that puts times into the only window."""
    if len(windows) != 1:
        return Limits()
    ((start, end),) = windows
    return Limits(float(start - seconds.min()), float(end - seconds.max()))


def _seconds(moment: datetime) -> int:
    return int((moment.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds())
