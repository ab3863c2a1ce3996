"""Photos: read safely, orient, scale, resize; the same code for datasets, training, prediction."""

from ctc.images.decode import DecodeBuffer, cached_buffer, decode, is_jpeg, oriented_size
from ctc.images.files import IMAGE_SUFFIXES, is_image_name, read_photo
from ctc.images.resize import encode_jpeg, gray_stack, min_decode_size, shrink, to_model_input

__all__ = [
    "IMAGE_SUFFIXES",
    "DecodeBuffer",
    "cached_buffer",
    "decode",
    "encode_jpeg",
    "gray_stack",
    "is_image_name",
    "is_jpeg",
    "min_decode_size",
    "oriented_size",
    "read_photo",
    "shrink",
    "to_model_input",
]
