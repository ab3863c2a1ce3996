"""The formats of boxes, and which one a file has."""

from __future__ import annotations

from pathlib import Path

from ctc.detection.outputs import coco, crops, megadetector, table
from ctc.errors import UsageError, did_you_mean
from ctc.plugin import OutputFormat

FORMATS = {
    one.name: one
    for one in (
        OutputFormat("megadetector", "MegaDetector's batch output", (".json",), megadetector.write),
        OutputFormat("csv", "a table with a row per box", (".csv",), table.write_csv),
        OutputFormat("parquet", "the rows of csv in typed columns", (".parquet",), table.write),
        OutputFormat("coco", "COCO's annotations, boxes in pixels", (".coco.json",), coco.write),
        OutputFormat("crops", "a folder per category with crops", (), crops.write, folder=True),
    )
}


def choose_format(output: Path, name: str | None) -> OutputFormat:
    """Return the format called `name`, or the one of the longest suffix of the output's name.

    Raises UsageError when there is none.
    """
    if name is not None:
        if name not in FORMATS:
            raise UsageError(f"no format of boxes called '{name}'{did_you_mean(name, FORMATS)}")
        return FORMATS[name]
    found = [
        (len(suffix), one)
        for one in FORMATS.values()
        for suffix in one.suffixes
        if output.name.lower().endswith(suffix)
    ]
    if not found:
        suffixes = ", ".join(f"'{suffix}'" for one in FORMATS.values() for suffix in one.suffixes)
        raise UsageError(
            f"the format of '{output}' is not known: end its name with {suffixes}, or add --format"
        )
    return max(found, key=lambda pair: pair[0])[1]
