"""Choice of the saliency method: Grad-CAM with a training run, else occlusion."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ctc.artifacts.run import Run
from ctc.errors import MissingExtraError
from ctc.evaluation.explain.explain import SaliencyMethod
from ctc.evaluation.explain.occlusion import occlusion_map
from ctc.evaluation.explain.saliency import SaliencyFn
from ctc.reporting import Reporter
from ctc.runtime.session import Model


def choose_method(
    model: Model, run: Path | None, reporter: Reporter
) -> tuple[SaliencyFn, SaliencyMethod]:
    """Return Grad-CAM if `run` is given and its network allows it, else occlusion."""
    gradcam = _load_gradcam(Run(run), reporter) if run else None
    if gradcam:
        return gradcam, "Grad-CAM"
    return partial(occlusion_map, model.predict), "occlusion"


def _load_gradcam(run: Run, reporter: Reporter) -> SaliencyFn | None:
    from ctc.plugin.manager import plugins
    from ctc.training.distributed.backend import start_backend

    try:
        start_backend()
    except MissingExtraError:
        reporter.info("TensorFlow is not installed: using occlusion instead of Grad-CAM")
        return None
    from ctc.evaluation.explain.gradcam import gradcam

    return gradcam(run, plugins())
