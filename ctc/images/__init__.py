"""Pictures: read safely, orient, scale, resize. The one place that does so, for datasets, training and prediction alike."""

from ctc.images.decode import Scratch, decode, is_jpeg, upright_size
from ctc.images.files import IMAGE_SUFFIXES, is_image_name, read_photo
from ctc.images.resize import as_input, encode_jpeg, gray_stack, scale_needed, shrink

__all__ = [
    "IMAGE_SUFFIXES",
    "Scratch",
    "as_input",
    "decode",
    "encode_jpeg",
    "gray_stack",
    "is_image_name",
    "is_jpeg",
    "read_photo",
    "scale_needed",
    "shrink",
    "upright_size",
]
