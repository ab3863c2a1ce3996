"""What a run with `--update` takes over, decided before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ctc.errors import UsageError
from ctc.inference.config import RunConfig
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.reader import read_header
from ctc.inference.task import AnswerCodec
from ctc.inference.update.answers import EarlierAnswers, EarlierRun, answers_path
from ctc.runtime.config import RuntimeConfig
from ctc.storage.paths import absolute_path

DECIDED_LATER = (
    "--threshold",
    "--roll-up",
    "--sets",
    "--drop-blanks",
    "--geofence",
    "--country",
    "--country-column",
    "--region-column",
    "--prior",
    "--prior-by",
    "--clock-offset",
)
"""Options that change nothing about what the network says, so that they may be others now."""


@dataclass(frozen=True)
class UpdatePlan:
    """`earlier`: the header of the answers to take over, None for none, for which `note` gives the
    reason."""

    earlier: RunHeader | None = None
    note: str = ""

    def runtime(self, asked: RuntimeConfig) -> RuntimeConfig:
        """Return what runs the network: that of the earlier run, with the threads asked for."""
        return replace(self.earlier.runtime, threads=asked.threads) if self.earlier else asked


def plan_update(config: RunConfig, model_digest: str, is_unfinished: bool = False) -> UpdatePlan:
    """Return what a run takes over; `is_unfinished`: it began earlier, and was interrupted.

    Nothing for a first run, and with `--overwrite` where the earlier one had another model or other
    options. Raises UsageError for both without `--overwrite`, and where no answers were kept.
    """
    if config.update is None:
        return UpdatePlan()
    if not config.update.name:
        raise UsageError(f"--update '{config.update}' is a folder: give the output of a run")
    earlier = read_header(answers_path(config.update))
    if earlier is None:
        return _plan_first(config, is_unfinished)
    difference = _difference(earlier, config.identity(model_digest, ""))
    if difference is None:
        return UpdatePlan(earlier)
    if not config.overwrite:
        raise UsageError(
            f"'{config.update}' was made with {difference}: use the same model and options, or add "
            "--overwrite to predict everything again"
        )
    return UpdatePlan(None, f"nothing is taken over from '{config.update}', made with {difference}")


def updates_itself(config: RunConfig) -> bool:
    """Return whether the run replaces the output that it takes answers from."""
    return config.update is not None and (
        absolute_path(str(config.update)) == absolute_path(str(config.output))
    )


def _plan_first(config: RunConfig, is_unfinished: bool) -> UpdatePlan:
    update = config.update
    assert update is not None
    if updates_itself(config) and (config.overwrite or is_unfinished or not update.exists()):
        return UpdatePlan(None, f"'{answers_path(update)}' is not there yet: all is predicted")
    remedy = (
        "add --overwrite to predict everything once more"
        if updates_itself(config)
        else "predict everything once with the same file for --output and --update"
    )
    raise UsageError(
        f"'{update}' can't be updated without '{answers_path(update).name}' beside it, which a run "
        f"with --update keeps: {remedy}"
    )


def _difference(earlier: RunHeader, identity: Mapping[str, str]) -> str | None:
    """Return how the answers of the earlier run are others, in words; None if they are not."""
    passed_over = {"photos", *DECIDED_LATER}

    def lasting(values: Mapping[str, str]) -> dict[str, str]:
        return {key: value for key, value in values.items() if key not in passed_over}

    known = replace(earlier, identity=lasting(earlier.identity))
    return known.describe_mismatch(lasting(identity))


def read_earlier(
    config: RunConfig, plan: UpdatePlan, header: RunHeader, codec: AnswerCodec[Any, Any]
) -> EarlierAnswers[Any, Any] | None:
    """Return the answers that a run with this header takes over, indexed; None for none.

    Raises InputError for a damaged file.
    """
    if plan.earlier is None or config.update is None:
        return None
    by_path = getattr(config, "repeats", None) is not None
    earlier = EarlierRun(answers_path(config.update), header.folder, header.image_root, by_path)
    return earlier.read(codec)
