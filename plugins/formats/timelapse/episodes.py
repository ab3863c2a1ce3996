"""Episodes: events that Timelapse made of photos that follow each other closely.

It writes them into a field as `23:1|7`, the first of the 7 photos of episode 23, or without the
number of the episode (`1|7`), or with nothing else (`23`).
"""

from __future__ import annotations

import re

_EPISODE = re.compile(r"(?:(?P<id>\d+):)?(?P<number>\d+)\|(?P<of>\d+)")


def is_episode(cell: str) -> bool:
    """Return whether a cell can only be an episode: it has the number of the photo in it."""
    return _EPISODE.fullmatch(cell.strip()) is not None


class EpisodeReader:
    """Names the events of rows, which come in the order of the table."""

    def __init__(self) -> None:
        self._last = ("", 0, "", "")
        self._event = ""

    def event_id(self, folder: str, cell: str, photo: str) -> str:
        """Return the id of a row's event.

        That is the episode in its folder, since numbers may begin anew in each; another text as it
        is; the photo where the cell is empty. Without the number of the episode, the photos 1, 2, …
        of a run are one, named after its first photo.
        """
        text = cell.strip()
        found = _EPISODE.fullmatch(text)
        if found is None:
            self._last = ("", 0, "", "")
            return f"{folder or '.'}#{text}" if text.isdecimal() else text or photo
        if found["id"]:
            return f"{folder or '.'}#{found['id']}"
        here = (folder, int(found["number"]), found["of"], photo)
        goes_on = (folder, here[1] - 1, found["of"]) == self._last[:3]
        if not (goes_on or here == self._last):  # the same photo again has another observation
            self._event = photo
        self._last = here
        return self._event
