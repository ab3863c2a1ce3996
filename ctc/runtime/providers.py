"""onnxruntime's execution providers: choose one, and check that it starts.

onnxruntime falls back to the CPU when a provider doesn't start; here that is an error, or with
`auto` the next provider is tried.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ctc.errors import CtcError, MissingExtraError, UsageError
from ctc.runtime.config import Precision, ProviderName, RuntimeConfig
from ctc.runtime.installed import conflict, missing_library, why_not_started

if TYPE_CHECKING:
    import onnxruntime

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Provider:
    """An execution provider.

    `name`: onnxruntime's. `extra`: the extra that installs it; `distribution`: its distribution.
    `is_device`: it has its own memory and is fastest with one large batch at a time.
    """

    name: str
    extra: str
    is_device: bool
    precisions: tuple[Precision, ...] = ("float32",)

    @property
    def distribution(self) -> str:
        return "onnxruntime" if self.extra == "cpu" else f"onnxruntime-{self.extra}"


PROVIDERS: Mapping[str, Provider] = {
    "cuda": Provider("CUDAExecutionProvider", "gpu", True, ("float32", "tf32")),
    "directml": Provider("DmlExecutionProvider", "directml", True),
    "coreml": Provider("CoreMLExecutionProvider", "cpu", True),
    "openvino": Provider("OpenVINOExecutionProvider", "openvino", False, ("float32", "bfloat16")),
    "cpu": Provider("CPUExecutionProvider", "cpu", False),
}
AUTO_ORDER: tuple[ProviderName, ...] = ("cuda", "directml", "openvino", "cpu")
"""The order in which `auto` tries providers.

Without CoreML, which may compute in half precision.
"""

SessionOpener = Callable[[str, Mapping[str, str]], "onnxruntime.InferenceSession"]


def create_session(
    runtime: RuntimeConfig, open_session: SessionOpener
) -> tuple[RuntimeConfig, onnxruntime.InferenceSession]:
    """Open a session on the provider of `runtime`, or on the first of AUTO_ORDER that starts.

    `open_session(onnxruntime's name, options)` opens a session and runs it once; any exception that
    it raises means that the provider doesn't start. Returns `runtime` with the provider's name, and
    the session. Raises CtcError when a provider that was chosen by name doesn't start, or when the
    CPU can't open the model.
    """
    if runtime.provider != "auto":
        return runtime, _create_on_provider(runtime, open_session)
    if problem := conflict():
        log.warning("%s", problem)
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
            log.warning("%s: using '%s' instead", refusal, name)
        return candidate, session
    if refusals:
        raise refusals[-1]
    raise UsageError(
        f"no installed provider computes in {runtime.precision}:"
        f" {_providers_with(runtime.precision)}"
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
        if problem := conflict(provider.distribution):
            raise CtcError(f"provider '{runtime.provider}' is lost: {problem}")
        raise MissingExtraError(f"provider '{runtime.provider}'", provider.extra)
    _preload_cuda_libraries(runtime.provider)
    try:
        session = open_session(provider.name, _provider_options(runtime))
        if session.get_providers()[0] != provider.name:
            raise RuntimeError(why_not_started(runtime.provider))
    except CtcError:
        raise
    except Exception as error:  # onnxruntime's exceptions share no base class
        lacks_library = missing_library(runtime.provider)
        cause = why_not_started(runtime.provider) if lacks_library else first_line(error)
        raise ProviderError(f"provider '{runtime.provider}' does not start: {cause}") from None
    return session


def _provider_options(runtime: RuntimeConfig) -> dict[str, str]:
    if runtime.provider == "openvino":
        # pinned threads would compete with those that decode
        hints = {
            "INFERENCE_PRECISION_HINT": runtime.precision.replace("float", "f"),
            "ENABLE_CPU_PINNING": "NO",
        }
        threads = str(runtime.threads)
        return {
            "device_type": "CPU",
            "num_of_threads": threads,
            "num_streams": threads,
            "load_config": json.dumps({"CPU": hints}),
        }
    if runtime.provider == "cuda":
        use_tf32 = str(int(runtime.precision == "tf32"))
        return {"use_tf32": use_tf32, "cudnn_conv_algo_search": "HEURISTIC"}
    return {}


def _available_providers() -> list[str]:
    import onnxruntime

    names: list[str] = onnxruntime.get_available_providers()
    return names


def _preload_cuda_libraries(provider: str) -> None:
    """Load CUDA's libraries from the installed packages; what onnxruntime prints is discarded."""
    import onnxruntime

    if provider == "cuda" and hasattr(onnxruntime, "preload_dlls"):
        with redirect_stdout(io.StringIO()):
            onnxruntime.preload_dlls()


def _providers_with(precision: str) -> str:
    able = [f"'{name}'" for name, provider in PROVIDERS.items() if precision in provider.precisions]
    return f"{' and '.join(able)} can"


def first_line(error: Exception) -> str:
    """Return the first line of an onnxruntime error.

    Without its prefix `[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : `.
    """
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rsplit(" : ", 1)[-1].rstrip(".")[:300]
