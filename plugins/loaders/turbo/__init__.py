"""Loader `turbo`: libjpeg-turbo and OpenCV in threads; the default without a GPU."""
