"""onnxruntime sessions: open, choose a provider, choose a batch size, read model metadata."""
