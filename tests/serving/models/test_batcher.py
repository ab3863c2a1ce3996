"""Batches that requests share, and requests that wait too long for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ctc.runtime.session import Model

BATCH_OF_FOUR = {"batch_size": 4, "max_batch_wait": 3600.0}
"""The network waits until the batch has four photos."""


def test_batcher_unites_photos_of_several_requests(serve, jpeg) -> None:
    server = serve(**BATCH_OF_FOUR)
    with ThreadPoolExecutor() as clients:
        replies = [
            clients.submit(server.send_photo, jpeg((60 * number, 0, 99))) for number in range(4)
        ]
    foxes = [
        reply.result().json["predictions"][0]["labels"]["species"]["probabilities"]["fox"]
        for reply in replies
    ]
    assert sorted(foxes) == foxes
    assert len(set(foxes)) == 4
    assert server.figure('ctc_batch_photos_count{model="model"}') == 1


def test_service_gives_up_a_prediction_that_takes_too_long(serve, jpeg) -> None:
    server = serve(limits={"timeout": 1}, **BATCH_OF_FOUR)
    reply = server.send_photo(jpeg())
    assert (reply.status, reply.error.startswith("no response within 1 s")) == (504, True)
    assert server.figure("ctc_queue_photos") == 0


def test_batcher_pads_a_lone_photo_on_a_device_to_one_slot(serve, jpeg, monkeypatch) -> None:
    sizes: list[int] = []
    ask = Model.run

    def watch(
        model: Model, images: NDArray[np.uint8], outputs: Sequence[str]
    ) -> Mapping[str, NDArray[np.float32]]:
        sizes.append(len(images))
        return ask(model, images, outputs)

    monkeypatch.setattr(Model, "is_on_device", True)
    monkeypatch.setattr(Model, "run", watch)
    server = serve(batch_size=64, max_batch_wait=0.0)
    assert server.send_photo(jpeg()).status == 200
    assert sizes == [1]
