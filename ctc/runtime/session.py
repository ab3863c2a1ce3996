"""Open a model file with onnxruntime and run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.file import ModelInfo
from ctc.errors import InputError
from ctc.runtime.config import DEFAULT_RUNTIME, RuntimeConfig
from ctc.runtime.device_images import DeviceImages
from ctc.runtime.metadata import input_shape, read_metadata
from ctc.runtime.model_bytes import ModelFile, read_model
from ctc.runtime.network import Network, open_network

if TYPE_CHECKING:
    import onnxruntime

ModelUse = Literal["labels", "features"]


@dataclass
class Model:
    """An opened model file: its metadata, and its network."""

    info: ModelInfo
    network: Network

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.network.path

    @property
    def session(self) -> onnxruntime.InferenceSession:
        """onnxruntime's session."""
        return self.network.session

    @property
    def runtime(self) -> RuntimeConfig:
        """How it is run; the provider is never `auto`."""
        return self.network.runtime

    @property
    def is_on_device(self) -> bool:
        """Whether the provider is fastest with one large batch at a time."""
        return self.network.is_on_device

    def with_runtime(self, runtime: RuntimeConfig) -> Model:
        """Return the same open network with other settings, such as a batch size."""
        return Model(self.info, replace(self.network, runtime=runtime))

    def predict(
        self, images: NDArray[np.uint8] | DeviceImages
    ) -> Mapping[str, NDArray[np.float32]]:
        """Return the probabilities per label, float32 (N, classes), of a batch of images.

        `images`: uint8 (N, height, width, 3), RGB, as `ctc.images.to_model_input` makes them, also
        in the memory of the device that the network runs on.
        Threads may call it at the same time. A batch that doesn't fit into memory is halved until
        it does, and so are all later ones. Raises InputError when the network can't be run.
        """
        return self.run(images, tuple(self.info.labels))

    def run(
        self, images: NDArray[np.uint8] | DeviceImages, outputs: Sequence[str]
    ) -> Mapping[str, NDArray[np.float32]]:
        """Return some outputs of the network, those in `info.outputs`: float32 (N, size) each.

        Like `predict`, which returns those of the labels; onnxruntime skips what only other
        outputs need.
        """
        return self.network.run_in_parts(images, outputs, self._check_output)

    def interrupt(self) -> None:
        """Stop the batches that are in the network at the moment; they raise InputError."""
        self.network.interrupt()

    def _check_output(self, name: str, values: NDArray[np.float32], photos: int) -> None:
        if values.shape != (photos, self.info.outputs[name]):
            raise InputError(f"model '{self.path}': output '{name}' has the shape {values.shape}")


def load_model(
    path: Path, runtime: RuntimeConfig = DEFAULT_RUNTIME, *, needs: ModelUse = "labels"
) -> Model:
    """Read and open a model file; see `read_model` and `open_model`."""
    return open_model(read_model(path), runtime, needs=needs)


def open_model(
    file: ModelFile, runtime: RuntimeConfig = DEFAULT_RUNTIME, *, needs: ModelUse = "labels"
) -> Model:
    """Open a model that ctc wrote, and run it once.

    `needs`: the outputs that it will be asked for; InputError if it has none of them.

    Raises CtcError for any other file, saying what is missing, for a provider that doesn't start,
    and for a network that doesn't answer within `first_run.TIMEOUT`.
    """

    def read_info(session: Any) -> ModelInfo:
        info = read_metadata(file.path, session)
        _check_use(file.path, info, needs)
        return info

    def empty_input(info: ModelInfo) -> NDArray[Any]:
        return np.zeros((1, *input_shape(info)), np.uint8)

    return Model(*open_network(file, runtime, read_info, empty_input))


def _check_use(path: Path, info: ModelInfo, needs: ModelUse) -> None:
    """Raise InputError unless the model has the outputs that it is needed for."""
    if needs == "labels" and not info.labels:
        raise InputError(
            f"model '{path}' has features but no classes: learn classes with `ctc probe`"
        )
    if needs == "features" and info.feature_size is None:
        raise InputError(
            f"model '{path}' has no features: write it again with `ctc export --features` "
            "or `ctc import --features`"
        )
