"""Decode the JPEGs of a batch with NVIDIA DALI, in the memory of the device that predicts."""
