"""Stage 5: model.onnx and photos become predictions."""
