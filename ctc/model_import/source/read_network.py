"""Read a foreign network, by the format of its file."""

from __future__ import annotations

from pathlib import Path

from ctc.errors import InputError
from ctc.model_import.network import ForeignNetwork
from ctc.model_import.source.file_signature import recognize_signature
from ctc.model_import.source.onnx_file import local_network, read_header, read_onnx
from ctc.model_import.source.zip_file import describe_zip


def read_network(path: Path, size: tuple[int, int] | None = None) -> ForeignNetwork:
    """Return the network in a local or remote file; raises CtcError for one that can't be read.

    `size`: (height, width) of photos, for a network of Keras that takes any; None if not known.
    """
    local = local_network(path)
    signature = recognize_signature(read_header(local))
    if signature == "zip" and (other := describe_zip(local)):
        raise InputError(f"network '{path}' is {other}")
    if signature in ("zip", "hdf5"):
        from ctc.model_import.keras_files.read import read_keras

        return read_keras(path, local, size)
    model = read_onnx(path, local)
    return ForeignNetwork(model, "ONNX")
