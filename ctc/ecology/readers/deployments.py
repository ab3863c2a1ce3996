"""Tables of deployments, as a study needs them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from ctc.artifacts.camtrap_dp.deployments import DeploymentRow, read_deployment_rows
from ctc.ecology.survey import Deployments, Times


def read_deployments(path: Path) -> Deployments:
    """Read a CSV table with one row per deployment; raises CtcError if it can't be read."""
    return to_deployments(read_deployment_rows(path))


def to_deployments(rows: Sequence[DeploymentRow]) -> Deployments:
    """Return deployments with the times of the cameras' clocks."""
    gaps = [
        (number, np.datetime64(_clock(low), "s"), np.datetime64(_clock(high), "s"))
        for number, row in enumerate(rows)
        for low, high in row.gaps
    ]
    return Deployments(
        tuple(row.camera for row in rows),
        tuple(row.station for row in rows),
        _times([row.start for row in rows]),
        _times([row.end for row in rows]),
        np.array([row.latitude for row in rows], float),
        np.array([row.longitude for row in rows], float),
        tuple(gaps),
        since=_times([row.since for row in rows]),
        until=_times([row.until for row in rows]),
    )


def _times(moments: Sequence[datetime]) -> Times:
    return np.array([_clock(one) for one in moments], "datetime64[s]")


def _clock(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
