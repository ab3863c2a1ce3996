"""Taxonomy of the label that is written: the model's, or that of `--taxonomy`."""

from __future__ import annotations

from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.taxonomy import Taxonomy
from ctc.artifacts.taxonomy_file import listed, match_classes, read_taxonomy
from ctc.plugin import Option, OutputContext
from ctc.reporting import counted

TAXONOMY = Option(
    "taxonomy",
    "CSV with the kingdom, …, genus, species of classes, or SpeciesNet's labels, for scientific "
    "names and ranks of the package.  [default: the model's]",
    "path",
    "FILE",
)


def label_taxonomy(context: OutputContext, label: str) -> tuple[Taxonomy, tuple[str, ...]]:
    """Return the taxonomy of a label, empty without one, and notes for the package's readers.

    Raises CtcError for a file that can't be read.
    """
    path = context.options[TAXONOMY.key]
    if path is None:
        return context.settings.get("taxonomy", {}).get(label, {}), ()
    classes = context.labels[label]
    found = match_classes(read_taxonomy(path, classes), classes)
    missing = [name for name in found.missing if observation_type(name) == "animal"]
    if not missing:
        return found.taxonomy, ()
    have = counted(len(missing), "class has", "classes have")
    return found.taxonomy, (f"{have} no row in '{path.name}': {listed(missing)}",)
