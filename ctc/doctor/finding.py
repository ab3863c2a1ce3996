"""The result of a check."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ctc.errors import reason

FORMAT, FORMAT_VERSION = "ctc-doctor", 1
Status = Literal["ok", "absent", "failed"]
_MARKS: Mapping[Status, str] = {"ok": "ok", "absent": "-", "failed": "FAIL"}


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    `text`: what was found, or the reason of the failure, in one line; `values`: the same for
    programs. Status `absent`: not installed, and not required.
    """

    check: str
    status: Status
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """Return the finding as a line for people."""
        return f"{_MARKS[self.status]:<5}{self.check:<18}{self.text}"


def run_check(name: str, check: Callable[[], Finding]) -> Finding:
    """Return the finding of `check`; an exception becomes a finding with the status `failed`."""
    try:
        return check()
    except Exception as error:
        return Finding(name, "failed", error_text(error))


def findings_json(findings: Sequence[Finding], prediction_works: bool) -> str:
    """Return all findings as a JSON document."""
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "prediction_works": prediction_works,
    }
    return json.dumps(
        {**document, "findings": [asdict(found) for found in findings]},
        indent=1,
        ensure_ascii=False,
    )


def error_text(error: BaseException) -> str:
    """Return an error in one line, with the file that it is about."""
    if isinstance(error, OSError) and error.strerror:
        file = f": '{error.filename}'" if error.filename else ""
        return f"{reason(error)}{file}"
    return " ".join(str(error).split()) or type(error).__name__
