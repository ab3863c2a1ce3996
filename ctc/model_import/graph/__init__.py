"""Edit a foreign ONNX graph: its ends, its batch axis, what stands around it."""
