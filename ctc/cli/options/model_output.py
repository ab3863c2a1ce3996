"""The check of a model file that a command is about to write."""

from __future__ import annotations

from pathlib import Path

from ctc.errors import OutputExistsError, UsageError

SUFFIX = ".onnx"


def check_model_output(output: Path, overwrite: bool) -> None:
    """Raise UsageError unless a model file may be written to `output`, before any work is done.

    Its name must have the suffix by which ctc and other programs know such files.
    """
    if output.is_dir():
        raise UsageError(
            f"'{output}' is a folder: give --output the name of a file, such as "
            f"'{output / 'model.onnx'}'"
        )
    if output.suffix.lower() != SUFFIX:
        raise UsageError(
            f"'{output.name}' can't be the name of a model, which is an ONNX file: "
            f"use --output '{output.name}{SUFFIX}'"
        )
    if output.exists() and not overwrite:
        raise OutputExistsError(output)
