"""schemathesis asks whatever the server's own OpenAPI document allows and forbids; no answer may be
a 5xx or differ from the document."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

IMPOSSIBLE = "positive_data_acceptance,negative_data_rejection"
"""No schema can say what a photo is, and 413 counts as no refusal there."""


def test_no_request_gets_another_answer_than_the_document_says(
    server, jpeg, tmp_path: Path
) -> None:
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
            IMPOSSIBLE,
            "--generation-database",
            "none",
        ],
    ]
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=quiet
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert server.send_photo(jpeg()).status == 200
