"""Request and response formats: multipart, TensorFlow Serving, KServe v2."""
