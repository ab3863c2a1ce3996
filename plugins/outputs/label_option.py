"""Option `--label` of the formats that hold one label."""

from __future__ import annotations

from ctc.errors import UsageError, did_you_mean
from ctc.plugin import Option, OutputContext

LABEL = Option(
    "label", "Label (species, count …) to write.  [default: the model's first]", metavar="NAME"
)


def selected_label(context: OutputContext) -> str:
    """Return the label to write.

    Raises UsageError, with the closest name, when the model has no such label.
    """
    name = context.options[LABEL.key]
    if name is None:
        return next(iter(context.labels))
    if name not in context.labels:
        raise UsageError(
            f"model '{context.model}' has no label called '{name}'"
            f"{did_you_mean(name, context.labels)}"
        )
    return str(name)
