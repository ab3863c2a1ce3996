"""The graph on a GPU, built at the level of Python, for which no GPU is needed."""

from __future__ import annotations

from typing import Any

import pytest

from ctc.inference.gpu_decode import graph
from ctc.inference.gpu_decode.device import DaliDevice

pytest.importorskip("nvidia.dali", reason="needs DALI: pip install camera-trap-classifier[dali]")


@pytest.mark.parametrize("has_border", [False, True])
def test_gpu_graph_works_on_the_gpu_from_the_decoder_on(
    monkeypatch: pytest.MonkeyPatch, has_border: bool
) -> None:
    from nvidia.dali import fn, pipeline_def

    used: list[tuple[str, str]] = []
    decoders: list[dict[str, Any]] = []

    def watch(module: Any, name: str) -> None:
        operator = getattr(module, name)

        def record(image: Any, *inputs: Any, **how: Any) -> Any:
            used.append((name, image.device))
            decoders.extend([how] if module is fn.decoders else [])
            return operator(image, *inputs, **how)

        monkeypatch.setattr(module, name, record)

    for module, name in [(fn.decoders, "image"), (fn, "resize"), (fn, "slice"), (fn, "copy")]:
        watch(module, name)
    config = graph.GraphConfig(4, (32, 48), has_border, 2, DaliDevice(gpu=0))
    define = pipeline_def(batch_size=4, num_threads=2, device_id=0, enable_conditionals=True)
    assert define(graph._graph)(lambda: (), config) is not None
    assert {name: device for name, device in used if name != "image"} == {
        "resize": "gpu",
        "copy": "gpu",
        **({"slice": "gpu"} if has_border else {}),
    }
    (how,) = decoders
    assert (how["device"], how["affine"]) == ("mixed", False)
    assert how["hw_decoder_load"] == graph.HW_DECODER_LOAD
