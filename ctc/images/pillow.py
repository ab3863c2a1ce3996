"""Photos opened with Pillow: other formats than JPEG, and unusual JPEGs.

Imported when the first such photo comes: importing Pillow and its formats takes 0.1 s.
"""

from __future__ import annotations

import io
import warnings
from typing import BinaryIO

from PIL import (
    BmpImagePlugin,  # noqa: F401  (Image.open finds only the formats whose plugins are imported)
    GifImagePlugin,  # noqa: F401
    Image,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from ctc.errors import ImageError
from ctc.images.listing.file_kinds import decoder_message, unknown_image
from ctc.images.metadata.photo_header import MAX_PIXELS

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF")
_ORIENTATION = 0x0112

# more than MAX_PIXELS is an error; Pillow's warning at half of it would only be noise
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# what Pillow warns of, such as a damaged EXIF block or index of an MPO, leaves the pixels sound
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def open_file(file: BinaryIO) -> Image.Image:
    """Open a photo of one of the FORMATS; a damaged one may raise any exception."""
    return Image.open(file, formats=FORMATS)


def open_photo_bytes(data: bytes) -> Image.Image:
    """Open the bytes of a photo; raises ImageError with the reason."""
    try:
        image = open_file(io.BytesIO(data))
    except UnidentifiedImageError:
        raise unknown_image(data) from None
    except Image.DecompressionBombError:
        raise ImageError(f"more than {MAX_PIXELS} pixels") from None
    except Exception as error:  # a broken header makes Pillow raise almost anything
        raise ImageError(decoder_message(error)) from None
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(f"more than {MAX_PIXELS} pixels")
    return image


def exif_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation 1–8; 1 if there is none or the EXIF block is damaged."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a damaged EXIF block makes Pillow raise almost anything
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
