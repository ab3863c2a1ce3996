"""Remove folders, user and machine names from findings, which go into public issues."""

from __future__ import annotations

import getpass
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ctc.doctor.finding import Finding

_PLACEHOLDER = "…"
_SEGMENT = r"[^\\/\s'\":,;()]+"
_QUOTED = re.compile(r"(?<=')(?:[A-Za-z]:)?[\\/][^']*[\\/](?=[^'\\/]+')")
_PATH = re.compile(rf"(?<![\w/\\.])(?:[A-Za-z]:|~)?[\\/](?:{_SEGMENT}[\\/])+(?={_SEGMENT})")
_MIN_NAME_LENGTH = 3
"""Shorter names are parts of too many words."""


class Redactor:
    """Replaces `folders`, folders of absolute paths, user and machine names by `…`."""

    def __init__(self, folders: Iterable[Path]) -> None:
        known = {*map(str, folders), _home(), str(Path.cwd()), tempfile.gettempdir(), sys.prefix}
        self._folders = sorted((folder.rstrip("/\\") for folder in known), key=len, reverse=True)
        names = [re.escape(name) for name in _identifying_names() if len(name) >= _MIN_NAME_LENGTH]
        self._names = re.compile(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)") if names else None

    def redact(self, finding: Finding) -> Finding:
        """Return the finding with all of them replaced."""
        return replace(
            finding, text=self._redact_text(finding.text), values=self._redact_value(finding.values)
        )

    def _redact_value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._redact_value(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._redact_value(one) for one in value]
        return self._redact_text(value) if isinstance(value, str) else value

    def _redact_text(self, text: str) -> str:
        for folder in filter(None, self._folders):
            text = text.replace(folder, _PLACEHOLDER)
        text = _PATH.sub(f"{_PLACEHOLDER}/", _QUOTED.sub(f"{_PLACEHOLDER}/", text))
        return self._names.sub(_PLACEHOLDER, text) if self._names else text


def _home() -> str:
    return os.path.expanduser("~")  # noqa: PTH111 (Path.home raises where there is none)


def _identifying_names() -> Iterable[str]:
    yield platform.node()
    yield platform.node().partition(".")[0]
    # some containers have no entry for the user
    with suppress(OSError, KeyError, ImportError):
        yield getpass.getuser()
