"""Open an onnxruntime session for a model in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import onnx

from ctc.errors import CtcError, MissingExtraError

if TYPE_CHECKING:
    import onnxruntime

_ERRORS_ONLY = 3


def open_session(
    model: onnx.ModelProto, optimized_path: Path | None = None
) -> onnxruntime.InferenceSession:
    """Open a session on the CPU.

    With `optimized_path`, only basic optimizations are applied, and the result is written there.
    Raises MissingExtraError without onnxruntime, CtcError when it can't run the model.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise MissingExtraError("ctc export", "cpu") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    if optimized_path is not None:
        options.optimized_model_filepath = str(optimized_path)
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    try:
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's exceptions share no base class
        reason = " ".join(str(error).split())[:300]
        raise CtcError(
            f"onnxruntime can't run the exported network ({reason}): train with another backbone"
        ) from error
