"""The OpenAPI document, held against the server by schemathesis.

It sends what the document allows and forbids; no response may be a 5xx or differ from the document.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.subprocess, pytest.mark.slow]

EXCLUDED_CHECKS = "positive_data_acceptance,negative_data_rejection"
"""No schema can describe a photo, and 413 doesn't count as a rejection there."""


def test_openapi_document_describes_every_response(server, jpeg, tmp_path: Path) -> None:
    check(server, tmp_path)
    assert server.send_photo(jpeg()).status == 200


def test_openapi_document_describes_corrections(serve, jpeg, tmp_path: Path) -> None:
    server = serve(store=tmp_path / "review.sqlite")
    check(server, tmp_path, "--include-path-regex", "corrections")
    assert server.send_photo(jpeg()).status == 200


def check(server, tmp_path: Path, *options: str) -> None:
    """Let schemathesis check the server."""
    command = [
        *[
            sys.executable,
            "-m",
            "schemathesis.cli",
            "run",
            f"{server.url}/openapi.json",
            "--seed",
            "1",
            "--no-color",
        ],
        *[
            "--phases",
            "coverage,fuzzing",
            "--max-examples",
            "5",
            "--exclude-checks",
            EXCLUDED_CHECKS,
            "--generation-database",
            "none",
        ],
        *options,
    ]
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=quiet
    )
    assert done.returncode == 0, done.stdout + done.stderr
