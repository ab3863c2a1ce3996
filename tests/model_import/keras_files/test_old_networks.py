from __future__ import annotations

import pytest

from ctc.model_import.keras_files.old_networks import RESNETS, SMALL_CNN, convolutions, old_network


@pytest.mark.parametrize("name", [SMALL_CNN, *RESNETS])
def test_networks_differ_by_their_convolutions(name: str) -> None:
    graph = old_network(name, (64, 64), {"label/species": 4})
    assert sum(layer.kind == "Conv2D" for layer in graph.layers) == convolutions(name)
    counts = [convolutions(one) for one in (SMALL_CNN, *RESNETS)]
    assert len(set(counts)) == len(counts)
    assert graph.layers[-1].options["units"] == 4
