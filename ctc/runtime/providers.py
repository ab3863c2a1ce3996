"""What runs the network: onnxruntime's execution providers, started for real before they are
trusted.

onnxruntime itself falls back to the CPU when a provider doesn't start; here that is an error, or
with `auto` the next provider's turn."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from ctc.errors import CtcError, MissingExtraError, UsageError

if TYPE_CHECKING:
    import onnxruntime

ProviderName = Literal["auto", "cpu", "cuda", "tensorrt", "openvino", "coreml", "directml"]
Precision = Literal["float32", "float16", "bfloat16"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RuntimeConfig:
    """What shall run the network, with which arithmetic. `workers`: how many batches may be in the
    network at a time."""

    provider: ProviderName = "auto"
    precision: Precision = "float32"
    workers: int = 1


@dataclass(frozen=True)
class Provider:
    """`name` is onnxruntime's; `extra` brings it. `is_device`: it has memory of its own, and one
    large batch at a time serves it best."""

    name: str
    extra: str
    is_device: bool
    precisions: tuple[Precision, ...] = ("float32",)


PROVIDERS: Mapping[str, Provider] = {
    "cuda": Provider("CUDAExecutionProvider", "gpu", True),
    "tensorrt": Provider("TensorrtExecutionProvider", "gpu", True, ("float32", "float16")),
    "directml": Provider("DmlExecutionProvider", "directml", True),
    "coreml": Provider("CoreMLExecutionProvider", "cpu", True),
    "openvino": Provider("OpenVINOExecutionProvider", "openvino", False, ("float32", "bfloat16")),
    "cpu": Provider("CPUExecutionProvider", "cpu", False),
}
AUTO_ORDER: tuple[ProviderName, ...] = ("cuda", "directml", "openvino", "cpu")
"""In this order. Not TensorRT, which compiles for minutes before the first photo, nor CoreML, which
may compute in half precision."""

SessionOpener = Callable[[str, Mapping[str, str]], "onnxruntime.InferenceSession"]


def create_session(
    runtime: RuntimeConfig, open_session: SessionOpener
) -> tuple[RuntimeConfig, onnxruntime.InferenceSession]:
    """The engine's provider, or the first of AUTO that works, with a session on it.

    `open_session(onnxruntime's name, options)` opens a session and runs it once; whatever it raises
    means that the provider doesn't start. Raises CtcError for a provider that is asked for by name,
    or when a CPU can't open the model."""
    if runtime.provider != "auto":
        return runtime, _create_on_provider(runtime, open_session)
    refusals: list[ProviderError] = []
    for name in AUTO_ORDER:
        candidate = replace(runtime, provider=name)
        if (
            PROVIDERS[name].name not in _available_providers()
            or runtime.precision not in PROVIDERS[name].precisions
        ):
            continue
        try:
            session = _create_on_provider(candidate, open_session)
        except ProviderError as error:
            refusals.append(error)
            continue
        for refusal in refusals:
            log.warning("%s: going on with '%s'", refusal, name)
        return candidate, session
    if refusals:
        raise refusals[-1]
    raise UsageError(
        f"no provider that is installed computes in {runtime.precision}: {_providers_with(runtime.precision)}"
    )


class ProviderError(CtcError):
    """A provider is installed but doesn't start."""


def _create_on_provider(
    runtime: RuntimeConfig, open_session: SessionOpener
) -> onnxruntime.InferenceSession:
    provider = PROVIDERS[runtime.provider]
    if runtime.precision not in provider.precisions:
        reason = f"provider '{runtime.provider}' can't compute in {runtime.precision}"
        raise UsageError(f"{reason}: {_providers_with(runtime.precision)}")
    if provider.name not in _available_providers():
        raise MissingExtraError(f"provider '{runtime.provider}'", provider.extra)
    _preload_cuda_libraries(runtime.provider)
    try:
        session = open_session(provider.name, _provider_options(runtime))
        if session.get_providers()[0] != provider.name:
            raise RuntimeError("onnxruntime went over to the CPU; a driver or a library is missing")
    except CtcError:
        raise
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise ProviderError(
            f"provider '{runtime.provider}' does not start: {first_line(error)}"
        ) from None
    return session


def _provider_options(runtime: RuntimeConfig) -> dict[str, str]:
    if runtime.provider == "openvino":
        # pinned threads would stand in the way of those that decode
        hints = {
            "INFERENCE_PRECISION_HINT": runtime.precision.replace("float", "f"),
            "ENABLE_CPU_PINNING": "NO",
        }
        workers = str(runtime.workers)
        return {
            "device_type": "CPU",
            "num_of_threads": workers,
            "num_streams": workers,
            "load_config": json.dumps({"CPU": hints}),
        }
    if runtime.provider == "cuda":
        return {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}
    return {"trt_fp16_enable": "1"} if runtime.precision == "float16" else {}


def _available_providers() -> list[str]:
    import onnxruntime

    names: list[str] = onnxruntime.get_available_providers()
    return names


def _preload_cuda_libraries(provider: str) -> None:
    """Let onnxruntime find CUDA's libraries among the installed packages; it prints what it
    misses."""
    import onnxruntime

    if provider in ("cuda", "tensorrt") and hasattr(onnxruntime, "preload_dlls"):
        with redirect_stdout(io.StringIO()):
            onnxruntime.preload_dlls()


def _providers_with(precision: str) -> str:
    able = [f"'{name}'" for name, provider in PROVIDERS.items() if precision in provider.precisions]
    return f"{' and '.join(able)} can"


def first_line(error: Exception) -> str:
    """onnxruntime's reason without its prefix `[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : `."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rsplit(" : ", 1)[-1].rstrip(".")[:300]


PROVIDER_NAMES: tuple[str, ...] = get_args(ProviderName)
PRECISIONS: tuple[str, ...] = get_args(Precision)
