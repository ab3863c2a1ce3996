"""What an import is going to do, by options, files and graph; nothing has been run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from onnx import ModelProto

from ctc.artifacts.label_schema import check_classes, check_one_line
from ctc.errors import UsageError
from ctc.model_import.activation import choose_activation, find_activation
from ctc.model_import.config import DEFAULT_LABEL, ImportConfig
from ctc.model_import.description import Description, Taxonomy
from ctc.model_import.graph.choose_outputs import ChosenOutputs, choose_outputs, keep_labels
from ctc.model_import.graph.ends import known_tensors, photo_input, prune
from ctc.model_import.network import ForeignNetwork
from ctc.model_import.settings import (
    InputSettings,
    LabelSettings,
    Settings,
    check_label,
    input_settings,
)


@dataclass(frozen=True)
class ImportPlan:
    """What is kept of a network, and what is put around it.

    `model`: the part of the network that computes `outputs`. `labels`: empty without classes.
    `taxonomy`: of the classes of the only label, None if it is not known.
    """

    model: ModelProto
    outputs: ChosenOutputs
    inputs: InputSettings
    labels: tuple[LabelSettings, ...]
    taxonomy: Taxonomy | None
    licence: str | None
    source: str | None
    settings: Settings

    def lines(self) -> Iterator[str]:
        """Yield what was read, and from where."""
        return self.settings.lines()

    def warning(self) -> str | None:
        """Return a warning where the standardisation of the pixels is a guess."""
        said = any(self.settings.said(name) for name in ("scale", "mean", "std"))
        if said or self.inputs.standardises:
            return None
        return (
            "nothing says how the network's pixels are standardised: it gets them / 255. If it was "
            "trained with ImageNet's values, as most are, add --mean 0.485,0.456,0.406 "
            "--std 0.229,0.224,0.225"
        )


def plan_import(
    config: ImportConfig, network: ForeignNetwork, descriptions: Sequence[Description]
) -> ImportPlan:
    """Plan the import of a network; raises CtcError for what is missing or contradictory."""
    settings, model = Settings(descriptions), network.model
    if network.labels:
        _check_no_options(config, network)
        tensors = {label: one.tensor for label, one in network.labels.items()}
        outputs = keep_labels(model, tensors, descriptions)
    else:
        outputs = choose_outputs(model, known_tensors(model), descriptions, config.label)
    part = prune(model, outputs.names)
    labels = tuple(
        _label(settings, network, part, label, tensor) for label, tensor in outputs.labels.items()
    )
    ranks = settings.said("taxonomy") if len(labels) == 1 else None
    if ranks is not None:
        settings.tell("taxonomy", f"of {len(ranks[0]):,} classes", ranks[1])
    wanted = settings.said("input_name")
    tensor = photo_input(part, known_tensors(part), None if wanted is None else wanted[0])
    inputs = input_settings(settings, tensor, config.network)
    if outputs.features is not None:
        settings.tell("features", f"'{outputs.features}'", _origin(settings, "features"))
    licence, source = (settings.get(name).value for name in ("licence", "source"))
    return ImportPlan(
        part,
        outputs,
        inputs,
        labels,
        None if ranks is None else ranks[0],
        licence,
        source,
        settings,
    )


def _check_no_options(config: ImportConfig, network: ForeignNetwork) -> None:
    """Raise UsageError for options on the label of a network whose file names its labels."""
    for option, is_given in (
        ("--classes", config.classes is not None),
        ("--label", config.label != DEFAULT_LABEL),
        ("--output-name", config.output_name is not None),
    ):
        if is_given:
            raise UsageError(
                f"{option}: '{config.network}' says itself which labels it has "
                f"({', '.join(network.labels)}): leave the option out"
            )


def _label(
    settings: Settings, network: ForeignNetwork, model: ModelProto, label: str, tensor: str
) -> LabelSettings:
    check_label(label)
    if label in network.labels:
        given, origin = network.labels[label].classes, network.labels[label].origin
    else:
        said = settings.said("classes")
        if said is None:
            raise UsageError("nothing names the classes of the network: give --classes FILE")
        given, origin = said
    classes = check_classes(label, given)
    check_one_line(classes, origin)
    settings.tell("classes", f"{len(classes):,} of '{label}'", origin)
    settings.tell(f"output of '{label}'", f"'{tensor}'", _origin(settings, "output_name"))
    activation = choose_activation(settings, model, tensor)
    last = find_activation(model, tensor) if activation == "none" else activation
    several = None if last == "none" else last == "sigmoid"
    return LabelSettings(label, classes, origin, tensor, activation, several)


def _origin(settings: Settings, name: str) -> str:
    said = settings.said(name)
    return "the network" if said is None else said[1]
