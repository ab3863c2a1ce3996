"""Read a foreign network, by the format of its file."""

from __future__ import annotations

from pathlib import Path

from ctc.model_import.network import ForeignNetwork
from ctc.model_import.source.onnx_file import local_network, read_onnx


def read_network(path: Path) -> ForeignNetwork:
    """Return the network in a local or remote file; raises CtcError for one that can't be read."""
    local = local_network(path)
    model = read_onnx(path, local)
    return ForeignNetwork(model, "ONNX")
