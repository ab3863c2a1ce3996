"""onnxruntime: open sessions, choose provider and batch size, read model metadata."""
