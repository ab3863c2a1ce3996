"""`ctc merge`: the parts of a run that was split with `--shard` become one output, as if it had not
been."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctc.artifacts.failures import failure_path
from ctc.inference.config import Summary
from ctc.inference.run.output_checks import check_overwrite, choose_format
from ctc.inference.run.output_writer import write_output
from ctc.inference.run.resume import output_context
from ctc.inference.run.shards import ShardOutputs
from ctc.inference.run.stats import ProgressCallback, RunStats
from ctc.plugin.manager import Plugins
from ctc.plugin.option_values import option_values


@dataclass(frozen=True)
class MergeConfig:
    """`format_options`: those options of the output format that are given, by key."""

    parts: tuple[Path, ...]
    output: Path
    format: str | None = None
    format_options: Mapping[str, Any] = field(default_factory=dict)
    overwrite: bool = False


def merge(config: MergeConfig, plugins: Plugins, advance: ProgressCallback) -> Summary:
    """Raises CtcError when a part is missing, there twice, not complete or of another run, and as
    `Job.run` does."""
    start = time.perf_counter()
    output_format = choose_format(config.output, config.format, plugins)
    options = option_values(output_format, config.format_options)
    check_overwrite(config.output, output_format, config.parts, config.overwrite)
    parts = ShardOutputs.load(config.parts)
    tally = RunStats(advance)
    write_output(
        parts.read_results(),
        config.output,
        output_format,
        output_context(parts.header, options),
        tally,
    )
    failures = failure_path(config.output)
    tally.require_any_prediction(failures)
    return tally.summary(failures, start)
