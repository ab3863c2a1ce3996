"""Stage 7: serve model.onnx over HTTP."""
