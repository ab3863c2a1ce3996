"""Folders of memory cards, which a camera numbers: all of them are one camera.

Names: the DCF standard (CIPA DC-009), three digits and five characters, and those that makers of
camera traps use: Reconyx RECNX, Bushnell EK113, Browning _BTCF, Stealth Cam STLTH, Cuddeback CUDDY,
Spypoint DSCIM, Moultrie MFCAM, Tactacam SYCAM; MEDIA and BMCIM of several.
"""

from __future__ import annotations

import re

CARD_FOLDER = (
    r"(?i)(?:^|/)(?:DCIM(?:/[1-9]\d\d[A-Z0-9_]{5})?"
    r"|[1-9]\d\d(?:RECNX|EK\d{3}|_BTCF|STLTH|CUDDY|DSCIM|MFCAM|SYCAM|MEDIA|BMCIM"
    r"|MSDCF|CANON|NIKON|_PANA|OLYMP|_FUJI|GOPRO))$"
)
"""Folders in which a camera numbers its photos, as the end of a path: of one card, one camera.

Below DCIM any name of the standard, elsewhere those of makers.
"""
_CARD_FOLDER = re.compile(CARD_FOLDER)


def camera_folder(folder: str) -> str:
    """Return the folder of a camera's photos, without the folders that it numbers itself.

    `north/DCIM/100RECNX` and `north/DCIM/101RECNX` are both `north`. Slashes are forward slashes.
    """
    return _CARD_FOLDER.sub("", folder.rstrip("/"))
