"""The checks of `ctc doctor`, in order. Each fails softly; what may crash, hang or take long to load runs in a process of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

from ctc.doctor import machine
from ctc.doctor.extras import Extra, extras, installed_version
from ctc.doctor.finding import Finding, checked
from ctc.doctor.folder import look_at_folder
from ctc.doctor.gpu import look_at_gpu
from ctc.doctor.probe import ask
from ctc.doctor.speed import for_a_million

SLOW, QUICK = 180, 60
"""Seconds after which a check of something large, or small, is given up."""
PREDICTING = "predicting"
GPU = "gpu"
_LOADING, _PREDICTING = "ctc.doctor.loading_speed", "ctc.doctor.prediction_speed"


def examine(folder: Path, model: Path | None, seconds: float) -> Iterator[Finding]:
    """`folder`: where a file is written for a moment; `model`: what to measure with, in place of a standard network; `seconds`: how long
    each measurement takes."""
    for name, look in (
        ("ctc", machine.versions),
        ("system", machine.system),
        ("processor", machine.processor),
        ("memory", machine.memory),
    ):
        yield checked(name, look)
    yield (gpu := checked(GPU, _gpu))
    shown: set[str] = set()
    for extra in extras():
        yield _extra(extra, shown)
        shown.update(extra.packages)
    yield checked("plugins", _plugins)
    yield checked("tensorflow", _tensorflow)
    yield checked("dali", partial(_dali, gpu.status == "ok"))
    yield checked("pictures", _pictures)
    yield from _providers()
    yield checked("folder", partial(look_at_folder, folder))
    for loader in ("turbo", "dali") if gpu.status == "ok" else ("turbo",):
        yield checked("loading", partial(_loading, loader, seconds))
    yield checked(PREDICTING, partial(_predicting, model, seconds))


def _gpu() -> Finding:
    return look_at_gpu(ask("ctc.hardware:nvidia_gpus", seconds=QUICK))


def _extra(extra: Extra, shown: Collection[str]) -> Finding:
    """What earlier ones brought is not told again."""
    name, values = f"extra {extra.name}", dict(extra.packages)
    if extra.missing:
        lacking = "not installed" if len(extra.missing) == len(values) else f"lacks {', '.join(extra.missing)}"
        return Finding(name, "absent", f"{lacking}: pip install 'camera-trap-classifier[{extra.name}]'", values)
    return Finding(
        name,
        "ok",
        ", ".join(f"{package} {version}" for package, version in values.items() if package not in shown),
        values,
    )


def _plugins() -> Finding:
    found = ask("ctc.doctor.plugins:loaded", seconds=QUICK)
    text = "; ".join((f"{found['built_in']} built in", *found["guests"], *found["broken"]))
    return Finding("plugins", "failed" if found["broken"] else "ok", text, found)


def _tensorflow() -> Finding:
    if installed_version("tensorflow") is None:
        return Finding("tensorflow", "absent", "not installed; the extra train brings it")
    found = ask("ctc.doctor.frameworks:start_tensorflow", seconds=SLOW)
    text = f"{found['version']} starts, with {found['gpus']} GPU(s); Keras {found['keras']} on {found['backend']}"
    return Finding("tensorflow", "ok", text, found)


def _dali(on_gpu: bool) -> Finding:
    if installed_version("nvidia-dali-cuda120") is None:
        return Finding("dali", "absent", "not installed; the extra dali brings it, on Linux")
    found = [ask("ctc.doctor.frameworks:start_dali", device, seconds=SLOW) for device in ("cpu", "mixed")[: 1 + on_gpu]]
    where = "the CPU and the GPU" if on_gpu else "the CPU"
    return Finding(
        "dali", "ok", f"{found[0]['version']} decodes on {where}", {"version": found[0]["version"], "gpu": on_gpu}
    )


def _pictures() -> Finding:
    found = ask("ctc.doctor.image_codecs:decoded", seconds=QUICK)
    faults = [f"{name}: {fault}" for name, fault in found.items() if fault]
    good = ", ".join(name for name, fault in found.items() if not fault)
    return Finding("pictures", "failed" if faults else "ok", "; ".join((*faults, f"read {good}")), found)


def _providers() -> Iterator[Finding]:
    installed: list[str] = []

    def ask_for_all() -> Finding:
        installed.extend(ask(f"{_PREDICTING}:providers", seconds=QUICK))
        return Finding("providers", "ok", ", ".join(installed), {"installed": installed})

    found = checked("providers", ask_for_all)
    if found.status == "failed":
        yield found
    for name in installed:
        yield checked(f"provider {name}", partial(_provider, name))


def _provider(name: str) -> Finding:
    took = ask(f"{_PREDICTING}:start_provider", name, seconds=SLOW)
    return Finding(f"provider {name}", "ok", f"runs a network, after {took:.2f} s", {"seconds": took})


def _loading(loader: str, seconds: float) -> Finding:
    if installed_version("google-crc32c") is None:
        return Finding("loading", "absent", "not measured: training needs the extra train")
    found = ask(f"{_LOADING}:loading", loader, str(seconds), seconds=SLOW + seconds)
    speed = found["photos_per_second"]
    text = f"{speed:,.0f} photos/s to train on, by '{loader}' with {found['threads']} thread(s) ({found['photo']})"
    return Finding("loading", "ok", f"{text}: your 1 million photos {for_a_million(speed)} an epoch at best", found)


def _predicting(model: Path | None, seconds: float) -> Finding:
    found = ask(f"{_PREDICTING}:predicting", str(model or ""), str(seconds), seconds=SLOW + seconds)
    speed = found["photos_per_second"]
    text = f"{speed:,.1f} photos/s by {found['network']} on '{found['provider']}' ({found['photo']})"
    return Finding(PREDICTING, "ok", f"{text}: your 1 million photos {for_a_million(speed)}", found)
