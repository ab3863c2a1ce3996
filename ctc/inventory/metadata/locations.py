"""Fill the column `location` from the folders of photos, or from another column."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ctc.artifacts.arrow_columns import LOCATION
from ctc.artifacts.cameras.card_folders import CARD_FOLDER
from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.inventory.config import FOLDER
from ctc.inventory.metadata.exif_metadata import fill_column
from ctc.reporting import counted

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)


def fill_location(inventory: Inventory, source: str) -> Inventory:
    """Fill `location` from the photos' FOLDER or from a meta column.

    Says so where the source has given every location already. Raises UsageError if there is no such
    column.
    """
    is_full = LOCATION in inventory.meta and not inventory.table[LOCATION].null_count
    if is_full and source != LOCATION:
        log.warning(
            "--location-from %s changes nothing: the source gives the location of every event",
            source,
        )
    if source == FOLDER:
        folders = _FolderLocations(inventory)
        for note in folders.notes():
            log.warning(note)
        return fill_column(inventory, LOCATION, folders.locations)
    inventory.check_meta(source)
    return fill_column(inventory, LOCATION, inventory.table[source])


def photo_folders(inventory: Inventory) -> pa.ChunkedArray:
    """Return the folder of each row's first photo, relative to the image root; '.' for the root.

    If the first folder below the root is the class in all rows, it is left out where a further one
    follows, and so are the folders that a camera numbers itself (see `camera_folder`). Where these
    are all that follows it, the first folders are taken for those of cameras.
    """
    return _FolderLocations(inventory).folders


class _FolderLocations:
    """What folders of photos tell: `folders`, see `photo_folders`, and `locations`.

    `locations` are null where the folder is that of a class alone.
    """

    def __init__(self, inventory: Inventory) -> None:
        import pyarrow.compute as pc

        full = _relative_folders(inventory)
        self._cameras = self._in_class = full.slice(0, 0)
        top = pc.replace_substring_regex(full, r"/.*$", "")
        folder = pc.replace_substring_regex(full, CARD_FOLDER, "")
        is_root = pc.equal(folder, "")
        is_top = pc.and_not(pc.equal(folder, top), is_root)
        is_card = pc.and_(is_top, pc.not_equal(full, top))
        is_class = _is_class(inventory, top)
        if is_class and pc.any(is_card).as_py() and pc.all(pc.or_(is_top, is_root)).as_py():
            self._cameras, is_class = full.filter(is_card), False
        if is_class:
            folder = pc.replace_substring_regex(folder, r"^[^/]*/", "")
            self._in_class = full.filter(is_top)
        self.folders = pc.if_else(is_root, ".", folder)
        self.locations = pc.if_else(is_top, None, self.folders) if is_class else self.folders

    def notes(self) -> Iterator[str]:
        """Yield lines for the user on folders that may be of cameras or of classes."""
        if len(self._cameras):
            yield (
                "--location-from folder: the first folders are taken for those of cameras, not of"
                " classes, since folders of memory cards are in them, such as"
                f" '{self._cameras[0]}': with `ctc inventory folders`, add --unlabelled"
            )
        if len(self._in_class):
            what = counted(len(self._in_class), "photo is", "photos are")
            yield (
                f"--location-from folder: {what} directly in the folder of a class (first:"
                f" '{self._in_class[0]}'), which tells no location, so 'location' stays empty: if"
                " the folders are those of cameras, use `ctc inventory folders … --unlabelled`"
            )


def _relative_folders(inventory: Inventory) -> pa.ChunkedArray:
    """Return the folder of each row's first photo, relative to the image root; '' for the root."""
    import pyarrow.compute as pc

    root = inventory.image_root.as_posix().rstrip("/") + "/"
    photo = pc.list_element(inventory.table[IMAGES], 0)
    photo = pc.if_else(
        pc.starts_with(photo, root), pc.utf8_slice_codeunits(photo, len(root)), photo
    )
    return pc.replace_substring_regex(photo, r"/?[^/]*$", "")


def _is_class(inventory: Inventory, top: pa.ChunkedArray) -> bool:
    """Return whether the first folder is the class in all rows."""
    import pyarrow.compute as pc

    name = pc.utf8_trim_whitespace(top)
    same = (pc.equal(name, inventory.table[label]) for label in inventory.labels)
    return any(pc.all(one, skip_nulls=False).as_py() for one in same)
