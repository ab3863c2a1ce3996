"""Choice of the output with the classes, and of the tensor with the features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onnx import ModelProto

from ctc.errors import UsageError, shorten
from ctc.model_import.config import LAST_LAYER
from ctc.model_import.description import Description, first_said
from ctc.model_import.graph.ends import (
    Tensor,
    check_tensor,
    last_layer_input,
    output_names,
)

_MAX_LISTED = 8
_GIVE_CLASSES = (
    "give them by --classes FILE, or import its features alone with --features NAME (or "
    f"--features {LAST_LAYER}, the input of the last layer)"
)


@dataclass(frozen=True)
class ChosenOutputs:
    """Names of the tensors to keep: label → tensor, and of the features, None without."""

    labels: Mapping[str, str]
    features: str | None

    @property
    def names(self) -> list[str]:
        """Each tensor once."""
        found = [*self.labels.values(), *([self.features] if self.features is not None else [])]
        return list(dict.fromkeys(found))


def choose_outputs(
    model: ModelProto,
    tensors: Mapping[str, Tensor],
    descriptions: Sequence[Description],
    label: str,
) -> ChosenOutputs:
    """Choose the tensors to keep, by the descriptions and by the shapes; `label` is the only one.

    Raises UsageError where nothing names the classes and no features are asked for, and where
    several outputs may hold the classes.
    """
    classes, named = first_said(descriptions, "classes"), first_said(descriptions, "output_name")
    asked = first_said(descriptions, "features")
    if classes is None and asked is None:
        raise UsageError(f"nothing names the classes of the network: {_GIVE_CLASSES}")
    if named is not None:
        output: str | None = check_tensor(model, *named)
    else:
        candidates = _candidates(model, tensors, None if asked is None else asked[0])
        if asked is not None and not candidates and classes and classes[1] != "--classes":
            classes = None  # a file beside the network names classes that it doesn't put out
        if classes is None:
            candidates = _last_first(model, candidates)
        output = _choose(candidates, None if classes is None else len(classes[0]))
    features = None if asked is None else _features(model, *asked, output)
    has_label = classes is not None and output is not None and output != features
    return ChosenOutputs({label: str(output)} if has_label else {}, features)


def keep_labels(
    model: ModelProto, labels: Mapping[str, str], descriptions: Sequence[Description]
) -> ChosenOutputs:
    """Return the outputs of a network whose file says which labels it has, label → tensor."""
    asked = first_said(descriptions, "features")
    last = next(iter(labels.values()))
    return ChosenOutputs(labels, None if asked is None else _features(model, *asked, last))


def _candidates(
    model: ModelProto, tensors: Mapping[str, Tensor], features: str | None
) -> list[Tensor]:
    """Return the outputs that may be numbers per class: not those known to be maps or tokens."""
    found = [tensors[name] for name in output_names(model) if name != features]
    return [one for one in found if one.shape is None or _is_flat(one.shape)]


def _last_first(model: ModelProto, candidates: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs, those that the graph computes last first: classes come after features."""
    places = {name: at for at, node in enumerate(model.graph.node) for name in node.output}
    return sorted(candidates, key=lambda one: -places.get(one.name, -1))


def _is_flat(shape: Sequence[int | None]) -> bool:
    return len(shape) >= 2 and all(length == 1 for length in shape[2:])


def _choose(candidates: Sequence[Tensor], count: int | None) -> str | None:
    if count is not None and len(candidates) > 1:
        fitting = [one for one in candidates if one.shape and one.shape[1] == count]
        candidates = fitting or candidates
    if count is not None and not candidates:
        raise UsageError(
            "the network has no output with one number per class: it may be a detector or a "
            "segmentation network, or its classes are in an inner tensor: name it by --output-name"
        )
    if count is not None and len(candidates) > 1:
        names = ", ".join(str(one) for one in candidates[:_MAX_LISTED])
        raise UsageError(
            f"the network has {len(candidates)} outputs that may hold the classes ({names}): "
            "choose one by --output-name"
        )
    return candidates[0].name if candidates else None


def _features(model: ModelProto, name: str, origin: str, output: str | None) -> str:
    if name != LAST_LAYER:
        return check_tensor(model, name, origin)
    outputs = output_names(model)
    found = last_layer_input(model, output or outputs[0])
    if found is None and len(outputs) == 1:
        return outputs[0]
    if found is None:
        raise UsageError(
            f"{origin}: the network's last layer can't be told: give the name of a tensor, one of "
            + ", ".join(f"'{shorten(one)}'" for one in outputs[:_MAX_LISTED])
        )
    return check_tensor(model, found, origin)
