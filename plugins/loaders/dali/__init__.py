"""Loader `dali`: NVIDIA DALI, on a GPU or a CPU."""
