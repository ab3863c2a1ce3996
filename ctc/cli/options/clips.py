"""Options that choose the frames of clips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.option import CommandOption, option

if TYPE_CHECKING:
    from ctc.images.clips.frame_choice import FrameChoice

_NAMES = ("frame_rate", "frames", "frames_by")
_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "--frame-rate",
        {
            "type": click.FloatRange(0, 1_000, min_open=True),
            "metavar": "N",
            "show_default": "1",
            "help": "Frames of a clip to use, per second.",
        },
    ),
    (
        "--frames",
        {
            "type": click.IntRange(1),
            "metavar": "N",
            "help": "Frames of a clip to use, whatever its length.",
        },
    ),
    (
        "--frames-by",
        {
            "type": click.Choice(["time", "change"]),
            "default": "time",
            "help": "How --frames are chosen: spread evenly, or where the picture changes most.",
        },
    ),
)
CLIPS = tuple(option(name, **settings) for name, settings in _OPTIONS)
"""Which frames of clips are used."""


def clip_options() -> list[click.Option]:
    """Return the same options as parameters."""
    return [CommandOption([name], **settings) for name, settings in _OPTIONS]


def pop_frames(options: dict[str, Any]) -> FrameChoice:
    """Take the values of CLIPS out of `options`; raises UsageError if they exclude each other."""
    from ctc.images.clips.frame_choice import make_frame_choice

    return make_frame_choice(*(options.pop(name) for name in _NAMES))
