"""What the run that a model comes from adds to its evaluation: how training went, and the gradients that explain answers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.run import Run
from ctc.cli.console import say
from ctc.errors import MissingExtraError, UsageError
from ctc.inference.session import Model
from ctc.report.explain import FOLDER, Explanations, Method, choose, explain, write_explanations
from ctc.report.heat import Heat
from ctc.report.html.curves import History, read_history
from ctc.report.occlusion import occlusion_map
from ctc.report.scored import Scored


def history_of(folder: Path | None, model: ModelInfo | None = None) -> History:
    """How the training of the run went, epoch by epoch; none without a `folder`.

    Raises CtcError when it is no run with a history, or when it is not the run that the `model` comes from.
    """
    if folder is None:
        return ()
    run = Run(folder)
    info = run.read()
    if model:
        made = {key: model.provenance.get(key) for key in ("backbone", "seed", "dataset")}
        told = {"backbone": info.backbone, "seed": info.seed, "dataset": info.dataset["fingerprint"]}
        if (info.labels, info.preprocessing, told) != (model.labels, model.preprocessing, made):
            raise UsageError(f"the model does not come from '{folder}': give --run the folder it was exported from")
    return read_history(run)


def explained(
    model: Model, dataset: Dataset, split: str, scored: Scored, output: Path, options: dict[str, Any]
) -> Explanations:
    """What the model looked at, also written into `output`/explain."""
    heat, method = _heat(model, options["run"])
    chosen = choose(scored, options["explain"])
    found = Explanations(method, explain(heat, model.info.preprocessing, dataset, split, chosen))
    write_explanations(found, output)
    say(f"what the model looked at, by {method}: '{output / FOLDER}'")
    return found


def _heat(model: Model, folder: Path | None) -> tuple[Heat, Method]:
    gradients = _gradients(Run(folder)) if folder else None
    return (gradients, "Grad-CAM") if gradients else (partial(occlusion_map, model.predict), "occlusion")


def _gradients(run: Run) -> Heat | None:
    from ctc.plugin.manager import plugins
    from ctc.training.backend import start_backend

    try:
        start_backend()
    except MissingExtraError:
        say("TensorFlow is not installed: occlusion takes the place of Grad-CAM")
        return None
    from ctc.training.gradcam import gradcam

    return gradcam(run, plugins())
