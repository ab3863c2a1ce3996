"""Stage 7: model.onnx behind HTTP."""
