"""Stage 4: a run folder becomes model.onnx."""
