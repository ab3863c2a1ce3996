"""Write findings as the CSV file of `--clock-offset`, and those that are less sure beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctc.inventory.clocks.finding import ClockFinding
from ctc.inventory.clocks.offsets import HALF_DAY
from ctc.storage.atomic import atomic_write, remove
from ctc.storage.csv_writer import open_rows
from ctc.storage.paths import path_beside

COLUMNS = (
    *("deployment", "seconds", "from", "to", "from_file", "before_file"),
    *("finding", "events", "sure", "evidence"),
)
UNSURE_COLUMNS = (*COLUMNS, "at_least", "at_most")


def unsure_path(output: Path) -> Path:
    """Return the path of the findings that are less sure: 'offsets.unsure.csv'."""
    return path_beside(output, f"{output.stem}.unsure{output.suffix}")


def write_offsets(
    output: Path, findings: Sequence[ClockFinding], confidence: float
) -> tuple[int, int]:
    """Write both files, and return how many findings are in each.

    The second is left out, and one of an earlier time removed, if all are sure.
    """
    sure = [one for one in findings if one.is_sure(confidence)]
    unsure = [one for one in findings if not one.is_sure(confidence)]
    other = unsure_path(output)
    if unsure:
        limits = [(_number(one.low), _number(one.high)) for one in unsure]
        rows = [(*_row(one), *ends) for one, ends in zip(unsure, limits, strict=True)]
        _write(other, UNSURE_COLUMNS, rows)
    elif other.exists():
        remove(other)
    _write(output, COLUMNS, [_row(one) for one in sure])
    return len(sure), len(unsure)


def describe_offset(finding: ClockFinding) -> str:
    """Return '+1 d 02:00:00', or the limits of an offset that is not known."""
    if finding.seconds is not None:
        return _duration(finding.seconds)
    low, high = finding.low, finding.high
    if finding.kind == "12 hours off":
        return f"{_duration(HALF_DAY)} or {_duration(-HALF_DAY)}"
    if low is None and high is None:
        return "?"
    if low is None or high is None:
        return f"{_duration(low)} or more" if low is not None else f"{_duration(high or 0)} or less"
    return f"{_duration(low)} to {_duration(high)}" if low <= high else "?"


def _row(finding: ClockFinding) -> tuple[object, ...]:
    return (
        finding.camera,
        _number(finding.seconds),
        finding.start or "",
        finding.until or finding.end or "",
        finding.from_file,
        finding.before_file,
        finding.kind,
        finding.events,
        "" if finding.sure is None else f"{finding.sure:.6g}",
        finding.evidence,
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.15g}"


def _duration(seconds: float) -> str:
    sign, rest = "-" if seconds < 0 else "+", abs(round(seconds))
    days, rest = divmod(rest, 86_400)
    hours, rest = divmod(rest, 3_600)
    clock = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return f"{sign}{days:,} d {clock}" if days else f"{sign}{clock}"


def _write(path: Path, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    with atomic_write(path) as partial, open_rows(partial) as file:
        file.writerow(columns)
        file.writerows(rows)
