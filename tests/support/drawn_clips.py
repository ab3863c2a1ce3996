"""Clips of the demo's world, encoded by PyAV; each frame carries its number as a row of blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.demo.camera import event_light, expose
from ctc.demo.drawing.animals import KINDS
from ctc.demo.drawing.habitats import HABITATS
from ctc.demo.drawing.scenery import draw_scene
from ctc.demo.events import single_event

HEIGHT, WIDTH = 240, 320
RATE = 10
_BITS, _BLOCK, _MOMENTS = 8, 40, 5
Frame = NDArray[np.uint8]


@cache
def _moments() -> list[Frame]:
    """Return a few moments of an animal that walks through a scene."""
    rng = np.random.default_rng(3)
    scene = draw_scene(rng, HABITATS[0])
    event = replace(single_event(rng, scene, KINDS[0], night=False), photos=_MOMENTS)
    light = event_light(rng, scene, event)
    shown = [expose(rng, scene, event, light, moment)[0] for moment in range(_MOMENTS)]
    return [cv2.resize(one, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for one in shown]


def draw_frame(number: int) -> Frame:
    """Return frame `number`, uint8 (HEIGHT, WIDTH, 3)."""
    frame = _moments()[number * _MOMENTS // 64 % _MOMENTS].copy()
    for bit in range(_BITS):
        frame[:24, bit * _BLOCK : (bit + 1) * _BLOCK] = 230 if number >> bit & 1 else 20
    return frame


def frame_number(pixels: Frame) -> int:
    """Return the number that a decoded frame shows, at whatever size."""
    height, width = pixels.shape[0] // 20, pixels.shape[1] / _BITS
    lit = [
        pixels[height // 2, int((bit + 0.4) * width) : int((bit + 0.6) * width)].mean() > 125
        for bit in range(_BITS)
    ]
    return sum(int(one) << bit for bit, one in enumerate(lit))


def write_clip(
    path: Path,
    frames: int = 40,
    *,
    codec: str = "libx264",
    container: str | None = None,
    times: Sequence[float] | None = None,
    options: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    muxer: Mapping[str, str] | None = None,
) -> Path:
    """Write `frames` frames, at `times` in seconds or RATE per second."""
    base = Fraction(1, 1000) if times else Fraction(1, RATE)
    stamps = [round(time * 1000) for time in times] if times else range(frames)
    given = {"g": "20", "crf": "18"} if options is None else options
    with av.open(str(path), "w", format=container, options=dict(muxer or {})) as output:
        output.metadata.update(metadata or {})
        stream = output.add_stream(codec, rate=RATE, options=dict(given))
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = base
        for number, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(draw_frame(number), format="rgb24")
            frame.pts, frame.time_base = stamp, base
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    """Write a second of silence, without a picture."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=8000, layout="mono")
        samples = np.zeros((1, 8000), np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate = 8000
        output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


def turn(path: Path) -> Path:
    """Say in an MP4's header that its frames are to be turned by 90° clockwise."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    matrix = (0, 0x10000, 0, -0x10000, 0, 0, HEIGHT << 16, 0, 0x40000000)
    data[at : at + 36] = b"".join(one.to_bytes(4, "big", signed=True) for one in matrix)
    path.write_bytes(data)
    return path
