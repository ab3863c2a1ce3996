"""Summarize a survey: read, count, compute, write."""

from __future__ import annotations

import math
from pathlib import Path

from ctc.ecology.config import SummaryConfig
from ctc.ecology.figures import Figures, compute_figures
from ctc.ecology.files.camtrapr import operation_matrix, record_table, station_table
from ctc.ecology.files.matrices import history_tables, occasion_table
from ctc.ecology.files.summaries import metrics, observation_table, species_table, write_geojson
from ctc.ecology.files.tables import AnyTable, write_table
from ctc.ecology.files.wildlife_insights import wildlife_insights_tables
from ctc.ecology.files.workbook import write_workbook
from ctc.ecology.html.page import write_summary_page
from ctc.ecology.intervals import Figure
from ctc.ecology.readers.source import read_survey
from ctc.ecology.study import Study, count_survey
from ctc.errors import OutputExistsError, require_extra
from ctc.reporting import Reporter, counted
from ctc.storage.atomic import atomic_write
from ctc.storage.json_file import write_object

PAGE, METRICS, PLACES, WORKBOOK = "summary.html", "metrics.json", "stations.geojson", "summary.xlsx"


def summarize(
    source: Path,
    deployments: Path | None,
    output: Path,
    config: SummaryConfig,
    reporter: Reporter,
    overwrite: bool = False,
) -> Path:
    """Write the summary of a survey into the folder `output`, and return its page.

    Raises CtcError if something can't be read, or the folder exists and may not be replaced.
    """
    _check_output(output, overwrite)
    if config.xlsx:
        require_extra("ctc summarize --xlsx", "xlsx", ["openpyxl"])
    study = count_survey(read_survey(source, deployments, config), config)
    for warning in study.warnings:
        reporter.warn(warning)
    figures = compute_figures(study)
    with atomic_write(output) as folder:
        folder.mkdir()
        for note in _write(folder, source.name, study, figures):
            reporter.warn(note)
    for line in _lines(study, figures):
        reporter.info(line)
    return output / PAGE


def _check_output(output: Path, overwrite: bool) -> None:
    """Raise OutputExistsError unless `output` is new, or may be replaced: an earlier summary."""
    if not output.exists():
        return
    is_summary = (output / PAGE).is_file() and (output / METRICS).is_file()
    if not output.name or not is_summary:
        raise OutputExistsError(output, "it is no summary's folder; choose another --output")
    if not overwrite:
        raise OutputExistsError(output)


def _write(folder: Path, name: str, study: Study, figures: Figures) -> list[str]:
    main: list[AnyTable] = [
        species_table(figures),
        observation_table(study),
        station_table(study),
        operation_matrix(study),
        record_table(study),
    ]
    more: list[AnyTable] = [occasion_table(study), *wildlife_insights_tables(study)]
    for table in (*main, *more, *history_tables(study, figures)):
        write_table(folder, table)
    write_object(folder / METRICS, metrics(study, figures))
    write_geojson(folder / PLACES, study, figures)
    write_summary_page(folder / PAGE, name, study, figures)
    return write_workbook(folder / WORKBOOK, main) if study.config.xlsx else []


def _lines(study: Study, figures: Figures) -> list[str]:
    nights, unit = study.effort.trap_nights.sum(), study.config.unit
    units = counted(len(study.active), unit)
    records = counted(len(study.records), "independent record")
    lines = [f"{units}, {nights:,.1f} trap nights, {records}"]
    for one in figures.species[:8]:
        records = counted(round(one.hard.records.value), "record")
        text = f"{one.name}: {records}, {_interval(one.hard.rate, unit)} per 100 trap nights"
        if one.drawn is not None:
            text += f"; with the classifier's error {_interval(one.drawn.rate, unit)}"
        lines.append(text)
    return lines


def _interval(figure: Figure, unit: str) -> str:
    if math.isnan(figure.low):
        return f"{figure.value:.3g} (no interval from one {unit})"
    if figure.is_too_wide:
        return f"{figure.value:.3g} (too few {unit}s for an interval)"
    return f"{figure.value:.3g} ({figure.low:.3g} to {figure.high:.3g})"
