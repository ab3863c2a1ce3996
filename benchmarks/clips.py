"""Speed of reading the frames of a clip, beside PyAV alone.

    python -m benchmarks.clips [--seconds 20] [--repeats 5]

A clip of the demo's world, 1920 × 1080 pixels, 30 frames per second, is encoded as H.264. Each
contender reads it to RGB pixels: every frame, or one per second. Contenders take turns, and the
medians of their processor time, of all threads, are compared. OpenCV alone shows what its own
conversion costs; ctc's frames are the bytes of files, decoded as the pipeline does it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np

from ctc.demo.camera import event_light, expose
from ctc.demo.drawing.animals import KINDS
from ctc.demo.drawing.habitats import HABITATS
from ctc.demo.drawing.scenery import draw_scene
from ctc.demo.events import single_event
from ctc.images import decode, read_photo
from ctc.images.clips.names import frame_path

RATE, WIDTH, HEIGHT = 30, 1920, 1080


def write_clip(path: Path, seconds: int) -> int:
    """Write the clip, whose picture pans slowly; return the number of frames."""
    rng = np.random.default_rng(1)
    scene = draw_scene(rng, HABITATS[0])
    event = single_event(rng, scene, KINDS[0], night=False)
    picture = expose(rng, scene, event, event_light(rng, scene, event), 0)[0]
    large = cv2.resize(picture, (WIDTH + 256, HEIGHT + 64), interpolation=cv2.INTER_CUBIC)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(seconds * RATE):
            left, top = number % 256, number % 64
            shown = large[top : top + HEIGHT, left : left + WIDTH]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(shown), format="rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return seconds * RATE


def read_with_pyav(path: Path, step: int) -> int:
    """Decode all frames, and convert every `step`-th to RGB."""
    taken = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for number, frame in enumerate(container.decode(stream)):
            if number % step == 0:
                taken += frame.to_ndarray(format="rgb24").shape[0] == HEIGHT
    return taken


def read_with_ctc(path: Path, step: int, frames: int) -> int:
    """Read every `step`-th frame by its path."""
    times = (number / RATE for number in range(0, frames, step))
    frames_read = (read_photo(frame_path(str(path), seconds)) for seconds in times)
    return sum(decode(frame).shape[0] == HEIGHT for frame in frames_read)


def read_with_opencv(path: Path, step: int) -> int:
    """Decode all frames, and convert every `step`-th to RGB."""
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    taken, number, frame = 0, 0, None
    while video.grab():
        if number % step == 0:
            frame = video.retrieve(frame)[1]
            taken += cv2.cvtColor(frame, cv2.COLOR_BGR2RGB).shape[0] == HEIGHT
        number += 1
    return taken


def measure(contenders: dict[str, Callable[[], int]], repeats: int) -> dict[str, float]:
    """Return the median processor seconds of each contender; they take turns after one run each."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repeats + 1):
        for name, run in contenders.items():
            start = time.process_time()
            run()
            if turn:
                seconds[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def main() -> None:
    """Print a row per choice of frames."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    cv2.setNumThreads(1)  # as in the pipeline
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        frames = write_clip(path, given.seconds)
        print(f"{frames} frames of {WIDTH}×{HEIGHT}, H.264, PyAV {av.__version__}")
        for step, what in ((1, "every frame"), (RATE, "one frame per second")):
            found = measure(
                {
                    "PyAV": lambda step=step: read_with_pyav(path, step),
                    "OpenCV": lambda step=step: read_with_opencv(path, step),
                    "ctc": lambda step=step: read_with_ctc(path, step, frames),
                },
                given.repeats,
            )
            speeds = ", ".join(f"{name} {frames / took:.0f}/s" for name, took in found.items())
            ratio, alone = found["PyAV"] / found["ctc"], found["PyAV"] / found["OpenCV"]
            print(f"{what}: {speeds} decoded per core")
            print(f"  ctc / PyAV = {ratio:.2f}, OpenCV / PyAV = {alone:.2f}")


if __name__ == "__main__":
    main()
