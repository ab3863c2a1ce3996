"""Fill the column `location` from the folders of photos, or from another column."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ctc.artifacts.arrow_columns import LOCATION
from ctc.artifacts.cameras.card_folders import CARD_FOLDER
from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.inventory.config import FOLDER
from ctc.inventory.metadata.exif_metadata import fill_column

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
        return fill_column(inventory, LOCATION, photo_folders(inventory))
    inventory.check_meta(source)
    return fill_column(inventory, LOCATION, inventory.table[source])


def photo_folders(inventory: Inventory) -> pa.ChunkedArray:
    """Return the folder of each row's first photo, relative to the image root; '.' for the root.

    If the first folder below the root is the class in all rows, it is left out, and so are the
    folders that a camera numbers itself (see `camera_folder`).
    """
    import pyarrow.compute as pc

    root = inventory.image_root.as_posix().rstrip("/") + "/"
    photo = pc.list_element(inventory.table[IMAGES], 0)
    photo = pc.if_else(
        pc.starts_with(photo, root), pc.utf8_slice_codeunits(photo, len(root)), photo
    )
    folder = pc.replace_substring_regex(photo, r"/?[^/]*$", "")
    top = pc.replace_substring_regex(folder, r"/.*$", "")
    if any(
        pc.all(
            pc.equal(pc.utf8_trim_whitespace(top), inventory.table[label]), skip_nulls=False
        ).as_py()
        for label in inventory.labels
    ):
        folder = pc.replace_substring_regex(folder, r"^[^/]*/", "")
    folder = pc.replace_substring_regex(folder, CARD_FOLDER, "")
    return pc.if_else(pc.equal(folder, ""), ".", folder)
