"""From clips to the paths of their chosen frames."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

from ctc.errors import ImageError
from ctc.images.clips.files import clip_info, refuse_truncated
from ctc.images.clips.frame_choice import FrameChoice
from ctc.images.clips.names import frame_path, is_clip_path
from ctc.reporting import counted

THREADS = 4
_MAX_SHOWN = 3


@dataclass
class FrameChooser:
    """Chooses the frames of clips; each clip is opened once.

    `truncated`: whether clips that are cut off are used, or fail. `cut`: those that are used, and
    at which second they end. `unreadable`: those that can't be used, and why.
    """

    choice: FrameChoice = field(default_factory=FrameChoice)
    truncated: Literal["use", "fail"] = "use"
    cut: dict[str, float] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def expand(self, path: str) -> tuple[str, ...]:
        """Return the paths of a clip's frames; any other path alone, as that of a clip that fails.

        Reading the path of a clip that fails raises ImageError, with the reason.
        """
        if not is_clip_path(path):
            return (path,)
        if path not in self._known:
            self._known[path] = self._choose(path)
        return self._known[path]

    def expand_all(self, paths: Iterable[str]) -> list[str]:
        """Return the paths with the frames of each clip in its place; opens clips in threads."""
        given = list(paths)
        clips = [path for path in given if is_clip_path(path) and path not in self._known]
        if clips:
            with ThreadPoolExecutor(THREADS, "ctc-clips") as pool:
                list(pool.map(self.expand, clips))
        return [frame for path in given for frame in self.expand(path)]

    @property
    def found_clips(self) -> bool:
        """Whether a clip has been among the paths."""
        return bool(self._known)

    def notes(self) -> tuple[str, ...]:
        """Return what the user should know about the clips."""
        if not self.cut:
            return ()
        shown = [f"'{clip}' at {last:.1f} s" for clip, last in sorted(self.cut.items())]
        more = ", …" if len(shown) > _MAX_SHOWN else ""
        what = counted(len(shown), "clip is", "clips are")
        return (
            f"{what} cut off, and what is there is used: {', '.join(shown[:_MAX_SHOWN])}{more}",
        )

    def _choose(self, clip: str) -> tuple[str, ...]:
        try:
            info = clip_info(clip)
            if self.truncated == "fail":
                refuse_truncated(info.container)
            times = self.choice.times(clip, info)
        except ImageError as error:
            self.unreadable[clip] = str(error)
            return (clip,)
        if info.container.cut:
            self.cut[clip] = info.last
        return tuple(frame_path(clip, time) for time in times)
