"""What a check found."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

FORMAT, FORMAT_VERSION = "ctc-doctor", 1
Status = Literal["ok", "absent", "failed"]
_MARKS: Mapping[Status, str] = {"ok": "ok", "absent": "-", "failed": "FAIL"}


@dataclass(frozen=True)
class Finding:
    """`text`: what was found, or why it could not be, in a line; `values`: the same for programs.
    What is `absent` need not be there."""

    check: str
    status: Status
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """For people."""
        return f"{_MARKS[self.status]:<5}{self.check:<18}{self.text}"


def run_check(name: str, check: Callable[[], Finding]) -> Finding:
    """What `check` finds; what it raises becomes a finding as well, so that the other checks go
    on."""
    try:
        return check()
    except Exception as error:
        return Finding(name, "failed", error_text(error))


def findings_json(findings: Sequence[Finding], prediction_works: bool) -> str:
    """All of them as JSON; `prediction_works`: whether prediction does."""
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
    """In one line."""
    if isinstance(error, OSError) and error.strerror:
        where = f": '{error.filename}'" if error.filename else ""
        return f"{error.strerror.lower()}{where}"
    return " ".join(str(error).split()) or type(error).__name__
