"""Why a photo of an inventory is not where it was looked for, and what to change."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from ctc.storage.paths import is_remote, join_path

MAX_FOLDERS = 1000


def explain_missing(photo: str, root: Path) -> str:
    """Return where a missing photo was looked for, and the next step: a message's second half.

    `photo`: its path in the inventory, with forward slashes.
    """
    looked = f"looked for '{join_path(root, photo)}'"
    if is_remote(root):
        return f"{looked}; check --image-root"
    surplus = _surplus_folder(photo, root)
    if surplus:
        start = str(root.as_posix()).removesuffix(f"/{surplus.strip('/')}")
        if start != root.as_posix():
            return f"{looked}; give --image-root '{start}'"
        return f"{looked}; take '{surplus}' away from the start of the paths"
    if PurePosixPath(photo).is_absolute() or PureWindowsPath(photo).is_absolute():
        return f"{looked}; the path is absolute, so --image-root has no effect: correct the path"
    folder = _folder_with(photo, root)
    return f"{looked}; " + (f"give --image-root '{folder}'" if folder else "check --image-root")


def _surplus_folder(photo: str, root: Path) -> str | None:
    """Return the start of the path without which the photo is there, as on another computer."""
    parts = photo.split("/")
    for count in range(1, len(parts)):
        if _exists(root.joinpath(*parts[count:])):
            return "/".join(parts[:count]) + "/"
    return None


def _folder_with(photo: str, root: Path) -> Path | None:
    """Return the folder directly in `root` in which the photo is, if there is one."""
    try:
        names = sorted(path.name for path in root.iterdir())[:MAX_FOLDERS]
    except OSError:  # it can't be read, so that nothing is found there
        return None
    return next((root / name for name in names if _exists(root / name / photo)), None)


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False
