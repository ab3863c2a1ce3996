"""The model file: what a .onnx file says of itself."""
