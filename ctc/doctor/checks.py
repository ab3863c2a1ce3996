"""The checks of `ctc doctor`, in order.

A check that fails becomes a finding, and the other checks continue. What may crash, hang or take
long to load runs in its own process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

from ctc.doctor import machine
from ctc.doctor.extras import CORE, Extra, core_packages, extras, installed_version
from ctc.doctor.finding import Finding, run_check
from ctc.doctor.folder import check_folder
from ctc.doctor.gpu import check_gpu
from ctc.doctor.probe import run_probe
from ctc.doctor.speed import time_for_a_million
from ctc.reporting import counted
from ctc.runtime.installed import conflict, onnxruntime_distributions

SLOW_TIMEOUT, QUICK_TIMEOUT = 180, 60
"""Seconds after which a check of something large, or small, is stopped."""
MAX_LISTED, MAX_MISSING = 12, 3
"""Packages that are listed in a line: of what is installed, and of what is missing."""
PREDICTION_CHECK = "predicting"
GPU_CHECK = "gpu"
_LOADING_MODULE, _PREDICTION_MODULE = "ctc.doctor.loading_speed", "ctc.doctor.prediction_speed"


def run_checks(folder: Path, model: Path | None, seconds: float) -> Iterator[Finding]:
    """Run all checks and yield what each finds.

    `folder`: where a temporary file is written. `model`: what to measure with, None for a standard
    network. `seconds`: how long each measurement takes.
    """
    for name, check in (
        ("ctc", machine.versions),
        ("system", machine.system),
        ("processor", machine.processor),
        ("memory", machine.memory),
    ):
        yield run_check(name, check)
    yield run_check("core", partial(_check_extra, core_packages(), ()))
    yield (gpu := run_check(GPU_CHECK, _check_gpu))
    yield run_check("onnxruntime", _check_onnxruntime)
    listed: set[str] = set()
    for extra in extras():
        yield _check_extra(extra, listed)
        listed.update(extra.packages)
    yield run_check("plugins", _check_plugins)
    yield run_check("tensorflow", _check_tensorflow)
    yield run_check("dali", partial(_check_dali, gpu.status == "ok"))
    yield run_check("pictures", _check_pictures)
    yield from _check_providers()
    yield run_check("folder", partial(check_folder, folder))
    for loader in ("turbo", "dali") if gpu.status == "ok" else ("turbo",):
        yield run_check("loading", partial(_measure_loading, loader, seconds))
    yield run_check(PREDICTION_CHECK, partial(_measure_prediction, model, seconds))


def _check_gpu() -> Finding:
    gpus = run_probe("ctc.hardware:nvidia_gpus", timeout=QUICK_TIMEOUT)
    decoder = run_probe("ctc.hardware:has_hardware_jpeg_decoder", timeout=QUICK_TIMEOUT)
    return check_gpu(gpus, decoder)


def _check_extra(extra: Extra, listed: Collection[str]) -> Finding:
    """Report the packages of an extra; those in `listed` have been reported already."""
    name, values = f"extra {extra.name}" if extra.name != CORE else CORE, dict(extra.packages)
    if extra.missing:
        problem = (
            "not installed"
            if len(extra.missing) == len(values)
            else f"missing {_list_names(extra.missing)}"
        )
        if extra.name == CORE:
            return Finding(CORE, "failed", f"{problem}: install ctc again", values)
        return Finding(
            name, "absent", f"{problem}: pip install 'camera-trap-classifier[{extra.name}]'", values
        )
    own = [package for package in values if package not in listed]
    text = ", ".join(f"{package} {values[package]}" for package in own[:MAX_LISTED])
    more = f" and {len(own) - MAX_LISTED} more" if len(own) > MAX_LISTED else ""
    return Finding(name, "ok", text + more or "nothing more than the extras above", values)


def _list_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_MISSING} more" if len(names) > MAX_MISSING else ""
    return ", ".join(names[:MAX_MISSING]) + more


def _check_onnxruntime() -> Finding:
    found = onnxruntime_distributions()
    text = ", ".join(f"{name} {version}" for name, version in found.items())
    if problem := conflict():
        return Finding("onnxruntime", "failed", f"{text}: {problem}", found)
    if not found:
        return Finding(
            "onnxruntime", "absent", "not installed: install the extra cpu, gpu or openvino", found
        )
    return Finding("onnxruntime", "ok", text, found)


def _check_plugins() -> Finding:
    found = run_probe("ctc.doctor.plugins:plugin_summary", timeout=QUICK_TIMEOUT)
    text = "; ".join((f"{found['built_in']} built in", *found["guests"], *found["broken"]))
    return Finding("plugins", "failed" if found["broken"] else "ok", text, found)


def _check_tensorflow() -> Finding:
    if installed_version("tensorflow") is None:
        return Finding("tensorflow", "absent", "not installed; it is part of the extra train")
    found = run_probe("ctc.doctor.frameworks:start_tensorflow", timeout=SLOW_TIMEOUT)
    text = (
        f"{found['version']} starts, with {counted(found['gpus'], 'GPU')}; "
        f"Keras {found['keras']} on {found['backend']}"
    )
    return Finding("tensorflow", "ok", text, found)


def _check_dali(on_gpu: bool) -> Finding:
    if installed_version("nvidia-dali-cuda120") is None:
        return Finding("dali", "absent", "not installed; it is part of the extra dali, on Linux")
    found = [
        run_probe("ctc.doctor.frameworks:start_dali", device, timeout=SLOW_TIMEOUT)
        for device in ("cpu", "mixed")[: 1 + on_gpu]
    ]
    where = "the CPU and the GPU" if on_gpu else "the CPU"
    return Finding(
        "dali",
        "ok",
        f"{found[0]['version']} decodes on {where}",
        {"version": found[0]["version"], "gpu": on_gpu},
    )


def _check_pictures() -> Finding:
    found = run_probe("ctc.doctor.image_codecs:check_image_formats", timeout=QUICK_TIMEOUT)
    errors = [f"{name}: {error}" for name, error in found.items() if error]
    good = ", ".join(name for name, error in found.items() if not error)
    return Finding(
        "pictures", "failed" if errors else "ok", "; ".join((*errors, f"decodes {good}")), found
    )


def _check_providers() -> Iterator[Finding]:
    installed: list[str] = []

    def list_providers() -> Finding:
        installed.extend(
            run_probe(f"{_PREDICTION_MODULE}:installed_providers", timeout=QUICK_TIMEOUT)
        )
        return Finding("providers", "ok", ", ".join(installed), {"installed": installed})

    found = run_check("providers", list_providers)
    if found.status == "failed":
        yield found
    for name in installed:
        yield run_check(f"provider {name}", partial(_check_provider, name))


def _check_provider(name: str) -> Finding:
    seconds = run_probe(f"{_PREDICTION_MODULE}:start_provider", name, timeout=SLOW_TIMEOUT)
    return Finding(
        f"provider {name}", "ok", f"runs a network, after {seconds:.2f} s", {"seconds": seconds}
    )


def _measure_loading(loader: str, seconds: float) -> Finding:
    if installed_version("google-crc32c") is None:
        return Finding("loading", "absent", "not measured: training needs the extra train")
    found = run_probe(
        f"{_LOADING_MODULE}:measure_loading_speed",
        loader,
        str(seconds),
        timeout=SLOW_TIMEOUT + seconds,
    )
    speed = found["photos_per_second"]
    text = (
        f"{speed:,.0f} photos/s for training, by '{loader}' "
        f"with {counted(found['threads'], 'thread')} ({found['photo']})"
    )
    return Finding(
        "loading",
        "ok",
        f"{text}: an epoch of 1 million photos takes {time_for_a_million(speed)} at best",
        found,
    )


def _measure_prediction(model: Path | None, seconds: float) -> Finding:
    found = run_probe(
        f"{_PREDICTION_MODULE}:measure_prediction_speed",
        str(model or ""),
        str(seconds),
        timeout=SLOW_TIMEOUT + seconds,
    )
    speed = found["photos_per_second"]
    text = (
        f"{speed:,.1f} photos/s by {found['network']} on '{found['provider']}' ({found['photo']})"
    )
    return Finding(
        PREDICTION_CHECK, "ok", f"{text}: 1 million photos take {time_for_a_million(speed)}", found
    )
