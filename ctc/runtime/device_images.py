"""Images in the memory of a device, for a network that runs on the same device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnxruntime

_BYTES_PER_PIXEL = 3


@dataclass(frozen=True)
class DeviceImages:
    """A batch of images, uint8 (N, height, width, 3), RGB, one block of memory.

    `device`: as onnxruntime calls it, such as 'cuda' or 'cpu'. `pointer`: the address of the first
    byte. `owner`: keeps the memory while this object lives.
    """

    device: str
    device_id: int
    pointer: int
    shape: tuple[int, int, int, int]
    owner: Any = field(repr=False)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, part: slice) -> DeviceImages:
        """Return consecutive images, in the same memory."""
        first, end, _ = part.indices(len(self))
        height, width = self.shape[1:3]
        return replace(
            self,
            pointer=self.pointer + first * height * width * _BYTES_PER_PIXEL,
            shape=(max(0, end - first), *self.shape[1:]),
        )

    def run(
        self,
        session: onnxruntime.InferenceSession,
        outputs: Sequence[str],
        options: onnxruntime.RunOptions,
    ) -> list[Any]:
        """Run the network on the images where they are; the outputs come to the host.

        Raises what onnxruntime raises.
        """
        binding = session.io_binding()
        binding.bind_input(
            session.get_inputs()[0].name,
            self.device,
            self.device_id,
            np.uint8,
            list(self.shape),
            self.pointer,
        )
        for name in outputs:
            binding.bind_output(name)
        session.run_with_iobinding(binding, options)
        found: list[Any] = binding.copy_outputs_to_cpu()
        return found
